/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock: listening sockets, peers, privileges.
 *
 * Called at start-up by each program, in its main thread; sock_peer() and
 * sock_connect_*() by any thread.  Descriptors are the caller's and are
 * closed on exec.  Errors are sentences for the operator, for the caller to
 * print and free; nothing is logged here.
 *
 * A unix socket is never open to more peers than asked for: its node is made
 * with mode 0600 through fchmod() before bind(), which needs no change of the
 * process's umask, and gets group and mode before listen().
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sock.h"

#define ACTIVATED_FIRST	3
#define ACTIVATED_MAX	64
#define NO_GROUP	((gid_t)-1)

static int __attribute__((format(printf, 2, 3)))
fail(char **error_r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(error_r, fmt, ap) < 0)
		*error_r = NULL;
	va_end(ap);
	return -1;
}

static int
fill_unix(const char *path, struct sockaddr_un *sun)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun->sun_path, path);
	return 0;
}

static void
close_keeping_errno(int fd)
{
	int kept = errno;

	close(fd);
	errno = kept;
}

/* Connects without waiting: a full queue is EAGAIN, never a hang. */
static int
connect_unix(const char *path, int type)
{
	struct sockaddr_un sun;
	int fd;

	if (fill_unix(path, &sun) != 0)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    fcntl(fd, F_SETFL, 0) != 0) {
		close_keeping_errno(fd);
		return -1;
	}
	return fd;
}

int
sock_connect_unix(const char *path)
{
	return connect_unix(path, SOCK_STREAM);
}

int
sock_connect_seqpacket(const char *path)
{
	return connect_unix(path, SOCK_SEQPACKET);
}

/*
 * Removes a socket that nobody serves; an error for all else that is there.
 * EPROTOTYPE: somebody serves a socket of another type.
 */
static int
clear_stale(const char *path, int type, char **error_r)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		return fail(error_r, "cannot look at %s: %m", path);
	}
	if (!S_ISSOCK(st.st_mode))
		return fail(error_r, "%s is there and is no socket; remove it "
		    "or choose another path", path);
	fd = connect_unix(path, type);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || errno == EAGAIN || errno == EPROTOTYPE)
		return fail(error_r, "somebody listens on %s already; stop "
		    "the other process or choose another path", path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return fail(error_r, "cannot tell whether %s is in use: %m",
		    path);
	if (unlink(path) != 0 && errno != ENOENT)
		return fail(error_r, "cannot remove the old socket %s: %m",
		    path);
	return 0;
}

static bool
given(const char *s)
{
	return s != NULL && s[0] != '\0';
}

static int
find_group(const char *name, gid_t *gid_r, char **error_r)
{
	struct group *gr;

	errno = 0;
	gr = getgrnam(name);
	if (gr == NULL && errno != 0)
		return fail(error_r, "cannot look up group %s: %m", name);
	if (gr == NULL)
		return fail(error_r, "there is no group %s", name);
	*gid_r = gr->gr_gid;
	return 0;
}

/* Group first: a change of owner may take mode bits away. */
static int
open_to(const char *path, mode_t mode, gid_t gid, char **error_r)
{
	int rc;

	if (gid != NO_GROUP && lchown(path, (uid_t)-1, gid) != 0)
		return fail(error_r, "cannot give the socket %s to group %u: "
		    "%m; start as root or as a member of it", path,
		    (unsigned)gid);
	rc = fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
	if (rc != 0 && errno == EOPNOTSUPP)	/* no /proc to do it by */
		rc = chmod(path, mode);
	if (rc != 0)
		return fail(error_r, "cannot set the mode of %s: %m", path);
	return 0;
}

static int
bind_unix(int fd, const char *path, const struct sockaddr_un *sun,
    mode_t mode, gid_t gid, char **error_r)
{
	if (fchmod(fd, 0600) != 0)
		return fail(error_r, "cannot set the mode of a socket: %m");
	if (bind(fd, (const struct sockaddr *)sun, sizeof(*sun)) != 0)
		return fail(error_r, "cannot create the socket %s: %m; its "
		    "folder must exist and be writable for us", path);
	if (open_to(path, mode, gid, error_r) != 0) {
		unlink(path);
		return -1;
	}
	if (listen(fd, SOMAXCONN) != 0) {
		fail(error_r, "cannot listen on %s: %m", path);
		unlink(path);
		return -1;
	}
	return 0;
}

static int
listen_unix(const char *path, int type, mode_t mode, const char *group,
    char **error_r)
{
	struct sockaddr_un sun;
	gid_t gid = NO_GROUP;
	int fd;

	if (!given(path))
		return fail(error_r, "the path of a socket is empty");
	if (fill_unix(path, &sun) != 0)
		return fail(error_r, "the path of a socket is too long (%zu "
		    "bytes, at most %zu): %s", strlen(path),
		    sizeof(sun.sun_path) - 1, path);
	if (given(group) && find_group(group, &gid, error_r) != 0)
		return -1;
	if (clear_stale(path, type, error_r) != 0)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(error_r, "cannot make a unix socket: %m");
	if (bind_unix(fd, path, &sun, mode, gid, error_r) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
sock_listen_unix(const char *path, mode_t mode, const char *group,
    char **error_r)
{
	return listen_unix(path, SOCK_STREAM, mode, group, error_r);
}

int
sock_listen_seqpacket(const char *path, mode_t mode, const char *group,
    char **error_r)
{
	return listen_unix(path, SOCK_SEQPACKET, mode, group, error_r);
}

/* 1 to 65535, or 0. */
static unsigned
parse_port(const char *s)
{
	unsigned v = 0;

	if (*s == '\0' || strlen(s) > 5)
		return 0;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return 0;
		v = v * 10 + (unsigned)(*s - '0');
	}
	return v <= 65535 ? v : 0;
}

/* "ADDRESS:PORT", with an IPv6 address in brackets. */
static int
parse_addrport(const char *s, struct ipaddr *addr, unsigned *port)
{
	char text[IPADDR_STRLEN];
	const char *colon = strrchr(s, ':');
	size_t n;
	bool brackets;

	if (colon == NULL)
		return -1;
	n = (size_t)(colon - s);
	brackets = n >= 2 && s[0] == '[' && s[n - 1] == ']';
	if (brackets) {
		s++;
		n -= 2;
	}
	if (n >= sizeof(text))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	*port = parse_port(colon + 1);
	if (*port == 0 || ipaddr_parse(text, addr) != 0)
		return -1;
	return brackets == (strchr(text, ':') != NULL) ? 0 : -1;
}

static socklen_t
fill_inet(const struct ipaddr *addr, unsigned port,
    struct sockaddr_storage *ss)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)addr->family;
	if (addr->family == AF_INET) {
		sin->sin_port = htons((uint16_t)port);
		memcpy(&sin->sin_addr, addr->b, 4);
		return sizeof(*sin);
	}
	sin6->sin6_port = htons((uint16_t)port);
	memcpy(&sin6->sin6_addr, addr->b, 16);
	return sizeof(*sin6);
}

int
sock_listen_inet(const char *addrport, char **error_r)
{
	struct sockaddr_storage ss;
	struct ipaddr addr;
	socklen_t n;
	unsigned port;
	int fd, on = 1;

	if (parse_addrport(addrport, &addr, &port) != 0)
		return fail(error_r, "%s is no address to listen on; write "
		    "127.0.0.1:8891 or [::1]:8891", addrport);
	n = fill_inet(&addr, port, &ss);
	fd = socket(addr.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(error_r, "cannot make a socket for %s: %m",
		    addrport);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, n) != 0 ||
	    listen(fd, SOMAXCONN) != 0) {
		fail(error_r, "cannot listen on %s: %m", addrport);
		close(fd);
		return -1;
	}
	return fd;
}

int
sock_peer(int fd, struct sock_peer *peer_r)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof(ss);
	struct ucred cred;

	*peer_r = (struct sock_peer){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	if (getpeername(fd, (struct sockaddr *)&ss, &n) != 0)
		return -1;
	if (ss.ss_family != AF_UNIX) {
		ipaddr_from_sockaddr((struct sockaddr *)&ss, &peer_r->addr);
		if (peer_r->addr.family != AF_UNSPEC)
			return 0;
		errno = EAFNOSUPPORT;
		return -1;
	}
	n = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0)
		return -1;
	peer_r->local = true;
	peer_r->uid = cred.uid;
	peer_r->gid = cred.gid;
	peer_r->pid = cred.pid;
	return 0;
}

int
sock_activated(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n;

	if (pid == NULL || fds == NULL || atol(pid) != (long)getpid())
		return 0;
	n = atol(fds);
	if (n < 1 || n > ACTIVATED_MAX)
		return 0;
	for (int fd = ACTIVATED_FIRST; fd < ACTIVATED_FIRST + n; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			return 0;
	return (int)n;
}

/* Changes all ids for good, and makes sure that there is no way back. */
static int
become(const char *user, uid_t uid, gid_t gid, char **error_r)
{
	uid_t r, e, s;

	if (initgroups(user, gid) != 0)
		return fail(error_r, "cannot set the groups of %s: %m", user);
	if (setresgid(gid, gid, gid) != 0)
		return fail(error_r, "cannot become group %u: %m",
		    (unsigned)gid);
	if (setresuid(uid, uid, uid) != 0)
		return fail(error_r, "cannot become user %s: %m", user);
	if (getresuid(&r, &e, &s) != 0 || r != uid || e != uid || s != uid ||
	    (uid != 0 && setuid(0) == 0))
		return fail(error_r, "could not give up the rights of root");
	return 0;
}

int
sock_drop_privileges(const char *user, const char *group, char **error_r)
{
	struct passwd *pw;
	gid_t gid;

	if (!given(user))
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL && errno != 0)
		return fail(error_r, "cannot look up user %s: %m", user);
	if (pw == NULL)
		return fail(error_r, "there is no user %s", user);
	gid = pw->pw_gid;
	if (given(group) && find_group(group, &gid, error_r) != 0)
		return -1;
	if (geteuid() == 0)
		return become(user, pw->pw_uid, gid, error_r);
	if (pw->pw_uid != geteuid())
		return fail(error_r, "cannot become user %s; start as root or "
		    "as that user", user);
	if (given(group) && gid != getegid())
		return fail(error_r, "cannot become group %s; start as root "
		    "or with that group", group);
	return 0;
}

size_t
sock_raise_nofile(size_t want)
{
	struct rlimit now, more;

	if (getrlimit(RLIMIT_NOFILE, &now) != 0)
		return 0;
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur >= want)
		return (size_t)now.rlim_cur;
	more = now;
	more.rlim_cur = want;
	if (more.rlim_max != RLIM_INFINITY && more.rlim_max < want)
		more.rlim_max = want;
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return want;
	now.rlim_cur = now.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &now) == 0)
		return (size_t)now.rlim_cur;
	getrlimit(RLIMIT_NOFILE, &now);
	return (size_t)now.rlim_cur;
}
