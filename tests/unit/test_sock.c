/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sock: listening, peers, and giving up root.
 *
 * Works in a folder of its own.  What needs root is skipped without it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "sock.h"

static char dir[] = "/tmp/test_sock.XXXXXX";
static char path[64];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void
wrong(int rc, char **error, const char *part)
{
	assert_int_equal(rc, -1);
	assert_non_null(*error);
	if (strstr(*error, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", *error, part);
	free(*error);
	*error = NULL;
}

static void
test_unix(void **state)
{
	char *error = NULL;
	struct sock_peer peer;
	struct stat st;
	int fd, client, server;
	mode_t mask = umask(077);

	(void)state;
	fd = sock_listen_unix(path, 0660, NULL, &error);
	umask(mask);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	client = sock_connect_unix(path);
	assert_true(client >= 0);
	assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	server = accept(fd, NULL, NULL);
	assert_int_equal(sock_peer(server, &peer), 0);
	assert_true(peer.local);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.gid, getegid());
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(sock_peer(fd, &peer), -1);
	/* A live one stays. */
	wrong(sock_listen_unix(path, 0660, "", &error), &error,
	    "listens on");
	close(client);
	close(server);
	close(fd);
	/* The node is there, nobody answers. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(sock_connect_unix(path), -1);
	assert_int_equal(errno, ECONNREFUSED);
	fd = sock_listen_unix(path, 0600, NULL, &error);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
}

static void
test_unix_errors(void **state)
{
	char *error = NULL, text[300];
	int fd;

	(void)state;
	wrong(sock_listen_unix("", 0600, NULL, &error), &error, "empty");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wrong(sock_listen_unix(text, 0600, NULL, &error), &error,
	    "too long (299 bytes, at most 107)");
	assert_int_equal(sock_connect_unix(text), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	snprintf(text, sizeof(text), "%s/no/s", dir);
	wrong(sock_listen_unix(text, 0600, NULL, &error), &error, "folder");
	wrong(sock_listen_unix(path, 0600, "no-such-group", &error), &error,
	    "no group no-such-group");
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	wrong(sock_listen_unix(path, 0600, NULL, &error), &error,
	    "no socket");
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

/* A port that was free a moment ago. */
static unsigned
free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t n = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &n), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

static void
test_inet(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	char *error = NULL, text[64], name[IPADDR_STRLEN];
	unsigned port = free_port();
	struct sock_peer peer;
	int fd, client, server;

	(void)state;
	snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	fd = sock_listen_inet(text, &error);
	assert_true(fd >= 0);
	wrong(sock_listen_inet(text, &error), &error, "in use");
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)port);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&sin,
	    sizeof(sin)), 0);
	server = accept(fd, NULL, NULL);
	assert_int_equal(sock_peer(server, &peer), 0);
	assert_false(peer.local);
	assert_string_equal(ipaddr_str(&peer.addr, name), "127.0.0.1");
	close(client);
	close(server);
	close(fd);
}

static void
test_inet_errors(void **state)
{
	static const char *const cases[] = {
		"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
		"127.0.0.1:65536", "127.0.0.1:25x", "localhost:25", ":25",
		"::1:8891", "[127.0.0.1]:25", "[::1]", "[::1]25", "[::1:25",
		"127.0.0.1:000025",
	};
	char *error = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		wrong(sock_listen_inet(cases[i], &error), &error,
		    "no address");
}

static void
test_activated(void **state)
{
	char text[32];

	(void)state;
	unsetenv("LISTEN_PID");
	assert_int_equal(sock_activated(), 0);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", "1", 1);
	assert_int_equal(sock_activated(), 0);
	snprintf(text, sizeof(text), "%ld", (long)getpid());
	setenv("LISTEN_PID", text, 1);
	assert_true(dup2(2, 3) == 3);
	assert_int_equal(sock_activated(), 1);
	assert_int_equal(fcntl(3, F_GETFD), FD_CLOEXEC);
	setenv("LISTEN_FDS", "-1", 1);
	assert_int_equal(sock_activated(), 0);
	setenv("LISTEN_FDS", "1000000", 1);
	assert_int_equal(sock_activated(), 0);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	close(3);
}

static void
test_drop_errors(void **state)
{
	char *error = NULL;

	(void)state;
	assert_int_equal(sock_drop_privileges(NULL, NULL, &error), 0);
	assert_int_equal(sock_drop_privileges("", "x", &error), 0);
	wrong(sock_drop_privileges("no-such-user", NULL, &error), &error,
	    "no user no-such-user");
	wrong(sock_drop_privileges("nobody", "no-such-group", &error),
	    &error, "no group no-such-group");
	if (geteuid() == 0)
		return;
	wrong(sock_drop_privileges("root", NULL, &error), &error,
	    "start as root");
}

/* In a child: becomes nobody; its exit code says what was not right. */
static int
drop_in_child(void)
{
	struct passwd *pw = getpwnam("nobody");
	char *error = NULL;
	gid_t groups[64] = { 0, 4711 };

	if (setgroups(2, groups) != 0)
		return 7;
	if (sock_drop_privileges("nobody", NULL, &error) != 0)
		return 1;
	if (geteuid() != pw->pw_uid || getuid() != pw->pw_uid ||
	    getegid() != pw->pw_gid || getgid() != pw->pw_gid)
		return 2;
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
		return 3;
	for (int n = getgroups(64, groups); n > 0; n--)
		if (groups[n - 1] == 0 || groups[n - 1] == 4711)
			return 4;
	/* Once more is no error, somebody else is. */
	if (sock_drop_privileges("nobody", NULL, &error) != 0)
		return 5;
	return sock_drop_privileges("root", NULL, &error) == 0 ? 6 : 0;
}

static void
test_drop(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(drop_in_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_nofile(void **state)
{
	struct rlimit now;
	size_t got;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_true(sock_raise_nofile(1) >= 1);
	now.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(sock_raise_nofile(200), 200);
	got = sock_raise_nofile((size_t)1 << 40);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_true(got >= 200 && got == now.rlim_cur);
}

/* Packets stay apart, and the two types of socket do not mix. */
static void
test_seqpacket(void **state)
{
	char *error = NULL, text[8];
	struct stat st;
	int fd, client, server;

	(void)state;
	fd = sock_listen_seqpacket(path, 0640, NULL, &error);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	client = sock_connect_seqpacket(path);
	assert_true(client >= 0);
	assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	server = accept(fd, NULL, NULL);
	assert_true(server >= 0);
	assert_int_equal(write(client, "one", 3), 3);
	assert_int_equal(write(client, "two", 3), 3);
	assert_int_equal(read(server, text, sizeof(text)), 3);
	close(server);
	close(client);
	/* A live one stays, whichever kind wants its place. */
	wrong(sock_listen_seqpacket(path, 0600, NULL, &error), &error,
	    "listens on");
	wrong(sock_listen_unix(path, 0600, NULL, &error), &error,
	    "listens on");
	errno = 0;
	assert_int_equal(sock_connect_unix(path), -1);
	assert_int_equal(errno, EPROTOTYPE);
	close(fd);
	/* A stale one goes. */
	fd = sock_listen_seqpacket(path, 0600, NULL, &error);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_unix_errors),
		cmocka_unit_test(test_seqpacket),
		cmocka_unit_test(test_inet),
		cmocka_unit_test(test_inet_errors),
		cmocka_unit_test(test_activated),
		cmocka_unit_test(test_drop_errors),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_nofile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
