/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_landlock: what is left after landlock_confine(), each row in a child of
 * its own; skipped where the kernel has none.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "landlock.h"

#define R LANDLOCK_MAY_READ
#define L LANDLOCK_MAY_LIST
#define W LANDLOCK_MAY_WRITE
#define NO_LANDLOCK 99

/* What a child tries; the bits of its exit code. */
#define READS	1
#define LISTS	2
#define WRITES	4
#define MAKES	8
#define REMOVES	16
#define OUTSIDE	32	/* reads what no row allows */

static char dir[] = "/tmp/test_landlock.XXXXXX";
static char file[64], fresh[64], sub[64], outside[] = "/etc/passwd";

static const struct {
	const char	*path;	/* NULL: dir; "": the file */
	unsigned	 rights, again;	/* again: of a second call; 0: none */
	int		 want;
} rows[] = {
	{ NULL, R, 0, READS },
	{ NULL, L, 0, LISTS },
	{ NULL, R | L, 0, READS | LISTS },
	{ NULL, W, 0, WRITES | MAKES | REMOVES },
	{ NULL, R | L | W, 0, READS | LISTS | WRITES | MAKES | REMOVES },
	{ NULL, 0, 0, 0 },
	{ "", R, 0, READS },
	{ "", R | L | W, 0, READS | WRITES },
	{ "/no/such/place", R, 0, 0 },
	{ NULL, R | L | W, R, READS },
	/* Nothing comes back. */
	{ NULL, R, R | L | W, READS },
};

static bool
opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

static int
try_all(void)
{
	DIR *d = opendir(dir);
	int got = d != NULL ? LISTS : 0;

	if (d != NULL)
		closedir(d);
	got |= opens(file, O_RDONLY) ? READS : 0;
	got |= opens(file, O_WRONLY | O_TRUNC) ? WRITES : 0;
	got |= opens(fresh, O_WRONLY | O_CREAT) && mkdir(sub, 0700) == 0 ?
	    MAKES : 0;
	got |= unlink(fresh) == 0 && rmdir(sub) == 0 ? REMOVES : 0;
	got |= opens(outside, O_RDONLY) ? OUTSIDE : 0;
	return got;
}

static void __attribute__((noreturn))
child(size_t i)
{
	struct landlock_path p = {
		.path = rows[i].path == NULL ? dir :
		    *rows[i].path == '\0' ? file : rows[i].path,
		.rights = rows[i].rights
	};
	if (freopen("/dev/null", "w", stderr) == NULL ||
	    landlock_confine(&p, 1) == -1)
		_exit(NO_LANDLOCK);
	p.rights = rows[i].again;
	if (p.rights != 0 && landlock_confine(&p, 1) == -1)
		_exit(NO_LANDLOCK);
	_exit(try_all());
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int status;
		pid_t pid;

		fflush(NULL);
		pid = fork();
		if (pid == 0)
			child(i);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == NO_LANDLOCK)
			skip();
		if (WEXITSTATUS(status) != rows[i].want)
			fail_msg("row %zu: %d", i, WEXITSTATUS(status));
	}
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(fresh, sizeof(fresh), "%s/fresh", dir);
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	return opens(file, O_WRONLY | O_CREAT) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(fresh);
	rmdir(sub);
	unlink(file);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
