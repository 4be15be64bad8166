/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tmpdir: directories for temporary files are made, and emptied however
 * they were left.  (The private memory is tested with the whole program.)
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tmpdir.h"

#define DEEP	3000	/* past PATH_MAX */
#define MANY	5000

static char place[] = "/tmp/test_tmpdir.XXXXXX";

static void
touch_at(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

/* A chain of directories below dir, with a file in each. */
static void
make_deep(int dir, unsigned depth)
{
	int at = dup(dir), next;

	for (unsigned i = 0; i < depth; i++) {
		assert_int_equal(mkdirat(at, "d", 0700), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(at);
		at = next;
		touch_at(at, "file");
	}
	close(at);
}

static int
make_place(char path[80])
{
	int fd;

	snprintf(path, 80, "%s/w0", place);
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	return fd;
}

static void
test_empty(void **state)
{
	char path[80], name[32];
	int fd = make_place(path);

	(void)state;
	assert_int_equal(tmpdir_empty(path), 0);
	make_deep(fd, DEEP);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		touch_at(fd, name);
	}
	/* Names that look like ours, and what points outside. */
	assert_int_equal(mkdirat(fd, ".up0", 0700), 0);
	assert_int_equal(mkdirat(fd, ".up0/in", 0700), 0);
	touch_at(fd, ".up1");
	assert_int_equal(symlinkat(place, fd, "link"), 0);
	assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
	/* Closed to its owner. */
	assert_int_equal(mkdirat(fd, "shut", 0700), 0);
	assert_int_equal(mkdirat(fd, "shut/in", 0700), 0);
	assert_int_equal(fchmodat(fd, "shut", 0, 0), 0);
	close(fd);
	assert_int_equal(tmpdir_empty(path), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(tmpdir_empty(path), -1);
}

static void
test_remove(void **state)
{
	char path[80];
	int fd = make_place(path);

	(void)state;
	make_deep(fd, 3);
	close(fd);
	assert_int_equal(tmpdir_remove(path), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(tmpdir_remove(path), -1);
	/* A link to a directory is not followed. */
	assert_int_equal(symlink("/etc", path), 0);
	assert_int_equal(tmpdir_empty(path), -1);
	assert_int_equal(unlink(path), 0);
}

static void
test_make(void **state)
{
	struct scanconf c = { .arena = arena_new(), .tmp = place,
	    .database = "/db", .path = "/conf", .socket = "/s" };
	struct tmpdir one, two;
	const char *where;
	char left[80], other[80];
	struct stat st;

	(void)state;
	assert_int_equal(tmpdir_make(&one, &c, &where), 0);
	assert_string_equal(where, place);
	assert_int_equal(stat(one.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_false(one.is_private);
	/* What a dead one left goes, what is not ours and the living stay. */
	snprintf(left, sizeof(left), "%s/postern-scan.dead00", place);
	snprintf(other, sizeof(other), "%s/other", place);
	assert_int_equal(mkdir(left, 0700), 0);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(tmpdir_make(&two, &c, &where), 0);
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(access(one.path, F_OK), 0);
	assert_int_equal(rmdir(other), 0);
	tmpdir_close(&one);
	assert_null(one.path);
	tmpdir_close(&one);
	tmpdir_close(&two);
	c.tmp = "/no/such/place";
	assert_int_equal(tmpdir_make(&one, &c, &where), -1);
	assert_string_equal(where, "/no/such/place");
	arena_free(&c.arena);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(place) != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(place);	/* fails when something was left */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_make),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
