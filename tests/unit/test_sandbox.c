/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sandbox: what a confined worker and a loader can still do and what not;
 * each try in a child of its own.  Walls that this kernel or container does
 * not allow are left out (then the child says so by its exit code).
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox.h"

#define WORKS	0
#define DENIED	1
#define NO_WALL	2	/* no seccomp, or no Landlock, here */

#if defined(POSTERN_SANITIZER) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static char dir[] = "/tmp/test_sandbox.XXXXXX";
static char inside[64], fresh[64];

static int
result(bool works)
{
	return works ? WORKS : DENIED;
}

static int
try_unix_socket(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0) != -1);
}

static int
try_inet_socket(void)
{
	return result(socket(AF_INET, SOCK_DGRAM, 0) != -1);
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
try_ptrace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
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

/* SIGIO, or another signal, to any process of this user. */
static int
try_kill_by_input(void)
{
	return result(fcntl(0, F_SETOWN, getppid()) == 0);
}

static int
try_signal_of_input(void)
{
	return result(fcntl(0, F_SETSIG, SIGKILL) == 0);
}

/* Of an open file that others share. */
static int
try_flags(void)
{
	return result(fcntl(0, F_SETFL, 0) == 0);
}

static int
try_some_fcntl(void)
{
	int copy = fcntl(0, F_DUPFD_CLOEXEC, 3);

	return result(copy != -1 && fcntl(copy, F_GETFL) != -1 &&
	    fcntl(copy, F_GETFD) == FD_CLOEXEC);
}

static int
try_mount_namespace(void)
{
	return result(unshare(CLONE_NEWNS) == 0);
}

static int
try_read(void)
{
	return result(open(inside, O_RDONLY) != -1);
}

static int
try_make(void)
{
	return result(open(fresh, O_RDWR | O_CREAT, 0600) != -1 &&
	    unlink(fresh) == 0 && mkdir(fresh, 0700) == 0 &&
	    rmdir(fresh) == 0);
}

static int
try_chmod(void)
{
	return result(chmod(inside, 0777) == 0 || fchmodat(AT_FDCWD, dir,
	    0777, 0) == 0 || errno != EPERM);
}

static int
try_read_etc(void)
{
	return result(open("/etc/passwd", O_RDONLY) != -1);
}

static int
try_write_outside(void)
{
	return result(open("/tmp", O_TMPFILE | O_RDWR, 0600) != -1);
}

/* Far more than the headroom. */
static int
try_memory(void)
{
	return result(mmap(NULL, (size_t)4 << 30, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
	    MAP_FAILED);
}

static int
try_some_memory(void)
{
	char *p = malloc((size_t)100 << 20);

	if (p == NULL)
		return DENIED;
	memset(p, 1, (size_t)100 << 20);
	return result(p[12345] == 1);
}

static int
try_large_file(void)
{
	int fd = open(inside, O_RDWR);

	return result(fd != -1 && pwrite(fd, "x", 1, (off_t)64 << 20) == 1);
}

/* abort() shall be told from a forbidden call. */
static int
try_abort(void)
{
	abort();
}

enum who { WORKER, LOADER };

static const struct {
	enum who who;
	int	(*try)(void);
	int	 want;		/* or minus a signal */
	unsigned wall;		/* that must be there for it */
} rows[] = {
	{ WORKER, try_unix_socket, -SIGSYS, WALL_CALLS },
	{ WORKER, try_inet_socket, -SIGSYS, WALL_CALLS },
	{ WORKER, try_connect, -SIGSYS, WALL_CALLS },
	{ WORKER, try_fork, -SIGSYS, WALL_CALLS },
	{ WORKER, try_exec, -SIGSYS, WALL_CALLS },
	{ WORKER, try_ptrace, -SIGSYS, WALL_CALLS },
	{ WORKER, try_code, -SIGSYS, WALL_CALLS },
	{ WORKER, try_kill, -SIGSYS, WALL_CALLS },
	{ WORKER, try_kill_by_input, -SIGSYS, WALL_CALLS },
	{ WORKER, try_signal_of_input, -SIGSYS, WALL_CALLS },
	{ WORKER, try_flags, DENIED, WALL_CALLS },
	{ WORKER, try_some_fcntl, WORKS, 0 },
	{ WORKER, try_abort, -SIGABRT, WALL_CALLS },
	{ WORKER, try_read, WORKS, 0 },
	{ WORKER, try_make, WORKS, 0 },
	{ WORKER, try_chmod, DENIED, WALL_CALLS },
	{ WORKER, try_some_memory, WORKS, 0 },
	{ WORKER, try_memory, DENIED, 0 },
	{ WORKER, try_large_file, DENIED, 0 },
	{ WORKER, try_read_etc, DENIED, WALL_FILES },
	{ WORKER, try_write_outside, DENIED, WALL_FILES },
	{ LOADER, try_unix_socket, WORKS, 0 },
	{ LOADER, try_inet_socket, DENIED, WALL_CALLS },
	{ LOADER, try_exec, -SIGSYS, WALL_CALLS },
	{ LOADER, try_ptrace, -SIGSYS, WALL_CALLS },
	{ LOADER, try_mount_namespace, -SIGSYS, WALL_CALLS },
	{ LOADER, try_fork, WORKS, 0 },
	{ LOADER, try_read, WORKS, 0 },
	{ LOADER, try_make, WORKS, 0 },
	{ LOADER, try_read_etc, WORKS, 0 },
	{ LOADER, try_write_outside, DENIED, WALL_FILES },
};

static void __attribute__((noreturn))
child(size_t i)
{
	struct scanconf c = { .scan_size = 16 << 20, .database = dir };
	struct env env = { .conf = &c };
	unsigned walls;

	if (freopen("/dev/null", "w", stderr) == NULL)
		_exit(99);
	sandbox_main();
	walls = rows[i].who == WORKER ? sandbox_worker(&c, dir) :
	    sandbox_loader(&env, dir);
	if ((walls & rows[i].wall) != rows[i].wall)
		_exit(NO_WALL);
	_exit(rows[i].try());
}

/* How a child ended: its code, or minus a signal. */
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
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
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
			fail_msg("row %zu ended with %d", i, got);
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
	snprintf(inside, sizeof(inside), "%s/file", dir);
	snprintf(fresh, sizeof(fresh), "%s/fresh", dir);
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
