/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_journal_faults: what has been written is still read when the writer is
 * killed, the disk full, and files removed, cut short or filled with rubbish.
 */
#include "journal_fixture.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>

static void
test_repair(void **state)
{
	static const struct {
		const char *tail;
		size_t n;
	} tails[] = {
		{ "{\"id\":\"half", 11 }, { "x", 1 }, { "\0\0\0\0", 4 },
	};
	struct journal_reader *r = reader(NULL);
	static char zeros[200000];
	off_t size;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct journal *j = writer(&wide);

		put(j, (int)i, 10);
		journal_close(&j);
		size = size_of(segment(1));
		if (i < 3)
			put_file(segment(1), tails[i].tail, tails[i].n);
		else
			put_file(segment(1), zeros, sizeof(zeros));
		assert_int_equal(get(r, NULL), (int)i);
		assert_int_equal(get(r, NULL), -1);
		j = writer(&wide);
		assert_int_equal(size_of(segment(1)), size);
		journal_close(&j);
	}
	journal_reader_close(&r);
}

static void
test_bad_position(void **state)
{
	static const struct {
		const char *text;
		int first;		/* event that comes then */
		bool gap;
	} cases[] = {
		{ "", 0, true }, { "garbage", 0, true },
		{ "{\"v\":2,\"segment\":1,\"offset\":0}", 0, true },
		{ "{\"v\":1,\"segment\":-1,\"offset\":0}", 0, true },
		{ "{\"v\":1,\"segment\":0,\"offset\":0}", 0, true },
		{ "{\"v\":1,\"segment\":1}", 0, true },
		{ "{\"v\":1,\"segment\":1,\"offset\":0}", 0, false },
		{ "{\"v\":1,\"segment\":1,\"offset\":5}", 0, true },
		{ "{\"v\":1,\"segment\":1,\"offset\":999999}", 0, true },
		{ "{\"v\":1,\"segment\":3,\"offset\":0}", 0, true },
		{ "{\"v\":1,\"segment\":9999999999,\"offset\":7}", 0, true },
	};
	struct journal *j = writer(&wide);

	(void)state;
	put(j, 0, 10);
	put(j, 1, 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct journal_reader *r;
		bool gap = false;

		unlink(path_of("pos"));
		put_file(path_of("pos"), cases[i].text,
		    strlen(cases[i].text));
		r = reader("pos");
		assert_int_equal(get(r, &gap), cases[i].first);
		assert_int_equal(gap, cases[i].gap);
		assert_int_equal(get(r, &gap), 1);
		assert_int_equal(get(r, &gap), -1);
		commit(r);
		journal_reader_close(&r);
		r = reader("pos");
		assert_int_equal(get(r, &gap), -1);
		journal_reader_close(&r);
	}
	journal_close(&j);
}

/* Lines that are no events are skipped, the others come. */
static void
test_rubbish(void **state)
{
	static const char lines[] = "no json\n[1]\n\n{}\n{\"id\":1}\n\0\xff\n";
	static char long_line[3 * EVENT_MAX];
	struct journal *j = writer(&wide);
	struct journal_reader *r = reader(NULL);

	(void)state;
	put(j, 1, 10);
	journal_close(&j);
	put_file(segment(1), lines, sizeof(lines) - 1);
	memset(long_line, 'y', sizeof(long_line));
	long_line[sizeof(long_line) - 1] = '\n';
	put_file(segment(1), long_line, sizeof(long_line));
	j = writer(&wide);
	put(j, 2, 10);
	assert_int_equal(get(r, NULL), 1);
	assert_int_equal(get(r, NULL), 2);
	assert_int_equal(get(r, NULL), -1);
	journal_reader_close(&r);
	journal_close(&j);
}

/* A segment that was left with an unfinished line, and a later one. */
static void
test_unfinished(void **state)
{
	struct journal *j = writer(&wide);
	struct journal_reader *r = reader(NULL);

	(void)state;
	put(j, 1, 10);
	put_file(segment(1), "{\"id", 4);
	assert_int_equal(get(r, NULL), 1);
	assert_int_equal(get(r, NULL), -1);
	/* The writer sees that the segment is not as it left it. */
	put(j, 2, 10);
	assert_true(size_of(segment(2)) > 0);
	assert_int_equal(get(r, NULL), 2);
	assert_int_equal(get(r, NULL), -1);
	journal_reader_close(&r);
	journal_close(&j);
}

/* The segment under the writer, and those under the reader, are removed. */
static void
test_removed(void **state)
{
	static const struct journal_limits small = { .size = 8u * MIB };
	struct journal *j = writer(&small);
	struct journal_reader *r = reader("pos");
	bool gap = false;

	(void)state;
	put(j, 1, 10);
	assert_int_equal(get(r, &gap), 1);
	commit(r);
	assert_int_equal(unlink(segment(1)), 0);
	assert_int_equal(put(j, 2, 10), 0);
	assert_int_equal(get(r, &gap), 2);
	assert_false(gap);
	for (int i = 3; i < 80; i++)
		put(j, i, 40000);
	assert_int_equal(unlink(segment(3)), 0);
	assert_int_equal(get(r, &gap), 3);
	while (!gap)
		assert_int_not_equal(get(r, &gap), -1);
	journal_reader_close(&r);
	/* The remembered segment is gone. */
	gap = false;
	r = reader("pos");
	assert_int_equal(get(r, &gap), 2);
	assert_true(gap);
	journal_reader_close(&r);
	journal_close(&j);
}

/* The segment is cut short under the reader. */
static void
test_cut_short(void **state)
{
	struct journal *j = writer(&wide);
	struct journal_reader *r = reader(NULL);
	bool gap = false;
	off_t one;

	(void)state;
	put(j, 1, 10);
	one = size_of(segment(1));
	put(j, 2, 10);
	assert_int_equal(get(r, &gap), 1);
	assert_int_equal(get(r, &gap), 2);
	assert_int_equal(truncate(segment(1), one), 0);
	assert_int_equal(get(r, &gap), 1);
	assert_true(gap);
	put(j, 3, 10);
	assert_int_equal(get(r, &gap), 3);
	journal_reader_close(&r);
	journal_close(&j);
}

static off_t
all_segments(void)
{
	off_t sum = 0;

	for (unsigned i = 1; i < 100; i++)
		sum += size_of(segment(i)) == -1 ? 0 : size_of(segment(i));
	return sum;
}

/* Full while no descriptor is left to look into the folder with. */
static void
test_no_descriptor(void **state)
{
	static const struct journal_limits full = { .size = 4u * MIB,
		.age_s = 86400, .tempfail = true };
	static const struct journal_limits drop = { .size = 4u * MIB };
	struct journal *j = writer(&full);
	struct rlimit before, none;
	int n = 0;

	(void)state;
	while (put(j, n, 100000) == 0)
		n++;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 3, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(put(j, n, 100000), -1);
		journal_expire(j);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	journal_limit(j, &drop);
	for (int i = 0; i < 30; i++)
		assert_int_equal(put(j, n++, 100000), 0);
	assert_true(all_segments() <= (off_t)drop.size);
	journal_close(&j);
}

/* Disk full in the middle of a line: cut off, refused, and on again. */
static void
disk_full_child(void)
{
	struct rlimit l = { 3000, RLIM_INFINITY };
	struct journal *j = writer(&wide);
	int n = 0, rc = 0;

	signal(SIGXFSZ, SIG_IGN);
	rc |= setrlimit(RLIMIT_FSIZE, &l) != 0;
	while (put(j, n, 300) == 0 && n < 100)
		n++;
	rc |= n < 3 || n > 9 || size_of(segment(1)) % n != 0;
	rc |= put(j, n, 300) != -1;
	l.rlim_cur = RLIM_INFINITY;
	rc |= setrlimit(RLIMIT_FSIZE, &l) != 0;
	rc |= put(j, n, 300) != 0 || size_of(segment(2)) != -1;
	rc |= size_of(segment(1)) % (n + 1) != 0;
	_exit(rc);
}

static void
test_disk_full(void **state)
{
	struct journal_reader *r = reader(NULL);
	int status, n = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		disk_full_child();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	while (get(r, NULL) == n)
		n++;
	assert_true(n > 3);
	assert_int_equal(get(r, NULL), -1);
	journal_reader_close(&r);
}

/* Events told as written by a process that is killed at any moment. */
static void
killed_child(volatile int *told, int first)
{
	struct journal *j = writer(&wide);

	for (int i = first; i < first + 1000000; i++) {
		put(j, i, 20000 + (size_t)i % 30000);
		*told = i;
	}
	_exit(1);
}

static void
test_killed(void **state)
{
	volatile int *told = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct journal_reader *r = reader("pos");
	int status, next = 0, n;
	bool gap = false;

	(void)state;
	for (int round = 0; round < 12; round++) {
		pid_t child = fork();

		if (child == 0)
			killed_child(told, next);
		usleep(5000 + (useconds_t)round * 1777);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		journal_reader_close(&r);
		r = reader("pos");
		while ((n = get(r, &gap)) != -1)
			assert_int_equal(n, next++);
		commit(r);
		/* What was told to be written is there. */
		assert_true(next > *told || *told == 0);
	}
	assert_true(next > 0);
	assert_false(gap);
	journal_reader_close(&r);
	munmap((void *)(uintptr_t)told, sizeof(int));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(test_repair), T(test_bad_position), T(test_rubbish),
		T(test_unfinished), T(test_removed), T(test_cut_short),
		T(test_no_descriptor), T(test_disk_full), T(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
