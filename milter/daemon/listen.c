/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: opens, guards and ends the milter socket.
 *
 * State is set before threads start and only read afterwards, except by
 * listen_end() in the main thread and the nudge's ports.  Who may connect is
 * read from the current configuration, so a reload changes it.
 */
#include "config.h"

#include "listen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "sock.h"

#define SYSTEMD_FIRST_FD	3	/* SD_LISTEN_FDS_START */
/* Refused connections are logged at most so often. */
#define REFUSALS_LOGGED_MS	1000
#define SPEC_MAX		160
/* Room for the answer of getpwuid_r(). */
#define PASSWD_MAX		4096

static _Atomic int listening = -1;
static bool passed_by_systemd;
/* The name is given up, or stays with systemd. */
static _Atomic bool ended;
/*
 * Where the last nudges on an inet socket came from (0: nowhere), since they
 * may be accepted late.
 */
#define NUDGES_KNOWN	64
static _Atomic unsigned nudge_ports[NUDGES_KNOWN];
static char unix_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

/* The path, when the descriptor is a unix socket. */
static void
learn_path(int fd)
{
	struct sockaddr_un un = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(un);

	if (getsockname(fd, (struct sockaddr *)&un, &len) == 0 &&
	    un.sun_family == AF_UNIX)
		snprintf(unix_path, sizeof(unix_path), "%s", un.sun_path);
}

/* The user that we will be must be able to connect (the nudge). */
static int
give_to_user(const char *path, const struct conf *c, char **error_r)
{
	struct passwd pw, *found = NULL;
	char room[PASSWD_MAX];

	if (c->user[0] == '\0' || geteuid() != 0)
		return 0;
	if (getpwnam_r(c->user, &pw, room, sizeof(room), &found) != 0 ||
	    found == NULL) {
		if (asprintf(error_r, "%s: no such user '%s' (setting user)",
		    c->path, c->user) < 0)
			*error_r = NULL;
		return -1;
	}
	/* Not through a link that somebody put there meanwhile. */
	if (lchown(path, pw.pw_uid, (gid_t)-1) < 0) {
		if (asprintf(error_r, "cannot give %s to user %s: %s", path,
		    c->user, strerror(errno)) < 0)
			*error_r = NULL;
		return -1;
	}
	return 0;
}

static int
open_own(const struct conf *c, char **error_r)
{
	const char *at = strchr(c->socket, ':') + 1;
	int fd;

	if (strncmp(c->socket, "inet", 4) == 0)
		return sock_listen_inet(at, error_r);
	fd = sock_listen_unix(at, c->socket_mode, c->socket_group, error_r);
	if (fd >= 0 && give_to_user(at, c, error_r) < 0)
		return -1;
	return fd;
}

#ifdef HAVE_MILTER_FD

bool
listen_is(int fd)
{
	return fd >= 0 && fd == listening;
}

const char *
listen_open(const struct conf *c, char **error_r)
{
	static char spec[SPEC_MAX];

	if (sock_activated() > 0) {
		passed_by_systemd = true;
		listening = SYSTEMD_FIRST_FD;
	} else {
		listening = open_own(c, error_r);
		if (listening < 0)
			return NULL;
	}
	learn_path(listening);
	snprintf(spec, sizeof(spec), "fd:%d", listening);
	return spec;
}

#else

/*
 * A libmilter without "fd:N" makes the socket itself, as the user that we have
 * become, with the mode that the umask leaves and the group of its folder.
 * Nobody else in this program calls accept(), so the first call names the
 * listening descriptor.
 */
bool
listen_is(int fd)
{
	listening = fd;
	return true;
}

/* "inet:192.0.2.1:8891" as "inet:8891@192.0.2.1". */
static void
milter_spec(const char *ours, char *spec, size_t size)
{
	const char *addr = strchr(ours, ':') + 1;
	const char *port = strrchr(ours, ':') + 1;
	int n = (int)(port - 1 - addr);

	if (strncmp(ours, "unix:", 5) == 0)
		snprintf(spec, size, "%s", ours);
	else if (addr[0] == '[')
		snprintf(spec, size, "inet6:%s@%.*s", port, n - 2, addr + 1);
	else
		snprintf(spec, size, "inet:%s@%.*s", port, n, addr);
}

/* Ours is made first, for its checks, and then taken away. */
const char *
listen_open(const struct conf *c, char **error_r)
{
	static char spec[SPEC_MAX];
	int fd = open_own(c, error_r);

	if (fd < 0)
		return NULL;
	learn_path(fd);
	close(fd);
	if (unix_path[0] != '\0')
		unlink(unix_path);
	umask(0777 & ~c->socket_mode);
	milter_spec(c->socket, spec, sizeof(spec));
	return spec;
}

#endif

static bool
user_listed(const struct conf_strings *users, uid_t uid)
{
	struct passwd pw, *found = NULL;
	char room[PASSWD_MAX];

	if (users->n == 0 || uid == 0 || uid == geteuid())
		return true;
	if (getpwuid_r(uid, &pw, room, sizeof(room), &found) != 0 ||
	    found == NULL)
		return false;
	for (size_t i = 0; i < users->n; i++)
		if (strcmp(users->v[i], pw.pw_name) == 0)
			return true;
	return false;
}

/* One thread accepts; a stranger in a loop must not fill the log. */
static bool
may_warn(void)
{
	static int64_t next;
	int64_t now = clock_ms();

	if (now < next)
		return false;
	next = now + REFUSALS_LOGGED_MS;
	return true;
}

static bool
peer_allowed(const struct conf *c, const struct sock_peer *p)
{
	char ip[IPADDR_STRLEN];

	if (p->local) {
		if (user_listed(&c->socket_users, p->uid))
			return true;
		if (may_warn())
			log_warn("refused a connection of uid %ld (pid %ld): "
			    "its user is not in socket-users", (long)p->uid,
			    (long)p->pid);
		return false;
	}
	if (ipnets_have(c->socket_peers.v, c->socket_peers.n, &p->addr))
		return true;
	if (may_warn())
		log_warn("refused a connection from %s: not in socket-peers",
		    ipaddr_str(&p->addr, ip));
	return false;
}

static unsigned
port_of(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)ss)->sin_port);
	if (ss->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)ss)->sin6_port);
	return 0;
}

static unsigned
local_port(int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof(ss);

	return getsockname(fd, (struct sockaddr *)&ss, &n) < 0 ? 0 :
	    port_of(&ss);
}

static bool
nudged_from(unsigned port)
{
	for (size_t i = 0; i < NUDGES_KNOWN; i++)
		if (port != 0 && atomic_load(&nudge_ports[i]) == port)
			return true;
	return false;
}

/* Ours, whatever socket-peers says: from this host and from such a port. */
static bool
is_nudge(int fd)
{
	struct sockaddr_storage here = { 0 }, there = { 0 };
	socklen_t n = sizeof(here), k = sizeof(there);
	struct ipaddr a, b;

	if (getsockname(fd, (struct sockaddr *)&here, &n) < 0 ||
	    getpeername(fd, (struct sockaddr *)&there, &k) < 0 ||
	    !nudged_from(port_of(&there)))
		return false;
	ipaddr_from_sockaddr((struct sockaddr *)&here, &a);
	ipaddr_from_sockaddr((struct sockaddr *)&there, &b);
	return ipaddr_eq(&a, &b);
}

bool
listen_admits(int fd)
{
	struct sock_peer peer;
	const struct conf *c;
	bool yes;

	if (sock_peer(fd, &peer) < 0)
		return false;
	/* The socket of listen_end() has a name, but no mode: the nudge. */
	if (atomic_load(&ended))
		return peer.local && peer.uid == geteuid();
	if (!peer.local && is_nudge(fd))
		return true;
	c = conf_pin();
	yes = peer_allowed(c, &peer);
	conf_unpin(&c);
	return yes;
}

/*
 * To the address of the listening descriptor, which after listen_end() is
 * that of the socket in its place.  From the same address and a port that is
 * known before, so that listen_admits() can tell.
 */
static int
connect_to_self(void)
{
	static size_t next;	/* one thread nudges */
	struct sockaddr_storage at = { 0 }, from;
	socklen_t len = sizeof(at);
	int fd;

	if (getsockname(listening, (struct sockaddr *)&at, &len) < 0)
		return -1;
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd < 0)
		return -1;
	from = at;
	if (at.ss_family == AF_INET)
		((struct sockaddr_in *)&from)->sin_port = 0;
	else if (at.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&from)->sin6_port = 0;
	if (at.ss_family != AF_UNIX &&
	    bind(fd, (struct sockaddr *)&from, len) == 0)
		atomic_store(&nudge_ports[next++ % NUDGES_KNOWN],
		    local_port(fd));
	(void)connect(fd, (struct sockaddr *)&at, len);
	return fd;
}

void
listen_nudge(void)
{
	/* Not systemd's queue, which nobody serves when we have ended. */
	int fd = unix_path[0] != '\0' && !atomic_load(&ended) ?
	    sock_connect_unix(unix_path) : connect_to_self();

	if (fd >= 0)
		close(fd);
}

void
listen_end(void)
{
	int dead;

	if (listening < 0)
		return;
	atomic_store(&ended, true);
	if (!passed_by_systemd && unix_path[0] != '\0')
		unlink(unix_path);
	dead = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Bound to a name of the kernel's choice: nobody will connect. */
	if (dead < 0 || bind(dead, (struct sockaddr *)&(struct sockaddr_un){
	    .sun_family = AF_UNIX }, sizeof(sa_family_t)) < 0 ||
	    listen(dead, 1) < 0 || dup2(dead, listening) < 0)
		log_warn("cannot close the milter socket: %s",
		    strerror(errno));
	if (dead >= 0)
		close(dead);
}
