/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_confine: what a confined process can still do and what not; each try in
 * a child of its own.  Walls that this kernel or container does not allow are
 * left out (then the child says so by its exit code).
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "confine.h"

#define WORKS	0
#define DENIED	1
#define NO_WALL	2	/* no seccomp, or no Landlock, here */

#if defined(POSTERN_SANITIZER) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static char dir[] = "/tmp/test_confine.XXXXXX";
static char inside[64], outside[] = "/etc/passwd";

static int
result(bool works)
{
	return works ? WORKS : DENIED;
}

static int
try_socket(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0) != -1);
}

static int
try_connect(void)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };

	return result(connect(0, &sa, sizeof(sa)) != -1 || errno != EACCES);
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid != -1);
}

static int
try_exec(void)
{
	char *argv[] = { NULL };

	execv("/bin/true", argv);
	return DENIED;
}

static int
try_write(void)
{
	return result(open(inside, O_WRONLY) != -1);
}

static int
try_create(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s.new", inside);
	return result(open(path, O_RDONLY | O_CREAT, 0600) != -1);
}

static int
try_code(void)
{
	return result(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static int
try_kill(void)
{
	return result(kill(getppid(), 0) == 0);
}

static int
try_read(void)
{
	return result(open(inside, O_RDONLY) != -1);
}

static int
try_read_outside(void)
{
	return result(open(outside, O_RDONLY) != -1);
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t t;

	return result(pthread_create(&t, NULL, nothing, NULL) == 0 &&
	    pthread_join(t, NULL) == 0);
}

static const struct {
	int	(*try)(void);
	int	 want;
	unsigned wall;		/* that must be there for it */
} rows[] = {
	{ try_socket, DENIED, CONFINED_CALLS },
	{ try_connect, DENIED, CONFINED_CALLS },
	{ try_fork, DENIED, CONFINED_CALLS },
	{ try_exec, DENIED, CONFINED_CALLS },
	{ try_write, DENIED, CONFINED_CALLS },
	{ try_create, DENIED, CONFINED_CALLS },
	{ try_code, DENIED, CONFINED_CALLS },
	{ try_kill, DENIED, CONFINED_CALLS },
	{ try_read, WORKS, 0 },
	{ try_thread, WORKS, 0 },
	{ try_read_outside, DENIED, CONFINED_FILES },
};

static void __attribute__((noreturn))
child(size_t i)
{
	struct keytable *t = keytable_new();
	const char *error;

	t->cache = 1;
	keytable_add(t, "a.example", "s", inside, SIGN_RSA_SHA256, &error);
	if (freopen("/dev/null", "w", stderr) == NULL)
		_exit(99);
	if ((confine_process(t) & rows[i].wall) != rows[i].wall)
		_exit(NO_WALL);
	_exit(rows[i].try());
}

/* How a child ended; killed by the filter counts as denied. */
static int
outcome(size_t i)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(i);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return DENIED;
	if (!WIFEXITED(status))
		fail_msg("case %zu ended by signal %d", i, WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void
test_tries(void **state)
{
	size_t left_out = 0;

	(void)state;
	if (sanitized)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int got = outcome(i);

		if (got == NO_WALL)
			left_out++;
		else if (got != rows[i].want)
			fail_msg("case %zu ended with %d", i, got);
	}
	if (left_out > 0)
		print_message("%zu tries left out: no such wall here\n",
		    left_out);
}

static int
set_up(void **state)
{
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(inside, sizeof(inside), "%s/key", dir);
	f = fopen(inside, "w");
	assert_non_null(f);
	return fclose(f);
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(inside);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tries),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
