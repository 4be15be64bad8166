/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scan_cache: verdicts by content, their number, their order of going,
 * their versions; and waiting for what another asks.
 */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "scan_internal.h"

#define KEPT	100
#define V1	0x1111
#define V2	0x2222

static struct scan_cache *cache;

static int
begin(void **state)
{
	(void)state;
	cache = scan_cache_new(KEPT);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	scan_cache_free(&cache);
	assert_null(cache);
	return 0;
}

static struct scan_key
key_of(unsigned n)
{
	struct scan_key key = { .kind = SCAN_PART };

	memcpy(key.sha256, &n, sizeof(n));
	return key;
}

static struct scan_answer
answer(enum scan_status status, uint64_t version, const char *name)
{
	struct scan_answer a = { .status = status, .version = version };

	snprintf(a.name, sizeof(a.name), "%s", name);
	return a;
}

static enum scan_found
find(unsigned n, bool claim, struct scan_answer *a, struct scan_entry **e)
{
	struct scan_key key = key_of(n);

	return scan_cache_find(cache, &key, claim, a, e);
}

/* As after a question; false when it was known already. */
static bool
put(unsigned n, enum scan_status status, uint64_t version)
{
	struct scan_answer a = answer(status, version,
	    status == SCAN_CLEAN ? "" : "name");
	struct scan_answer known;
	struct scan_entry *e;

	if (find(n, true, &known, &e) != SCAN_FOUND_NOTHING)
		return false;
	scan_cache_settle(cache, &e, &a);
	assert_null(e);
	return true;
}

static bool
has(unsigned n)
{
	struct scan_answer a;
	struct scan_entry *e;

	return find(n, false, &a, &e) == SCAN_FOUND_VERDICT;
}

static void
test_verdicts(void **state)
{
	struct scan_answer a = answer(SCAN_NOT_SCANNED, V1, "encrypted"), got;
	struct scan_key key = key_of(1);
	struct scan_entry *e;

	(void)state;
	assert_false(has(1));
	snprintf(a.extensions, sizeof(a.extensions), "exe txt");
	assert_int_equal(find(1, true, &got, &e), SCAN_FOUND_NOTHING);
	assert_non_null(e);
	scan_cache_settle(cache, &e, &a);
	assert_int_equal(find(1, true, &got, &e), SCAN_FOUND_VERDICT);
	assert_int_equal(got.status, SCAN_NOT_SCANNED);
	assert_int_equal(got.version, V1);
	assert_string_equal(got.name, "encrypted");
	assert_string_equal(got.extensions, "exe txt");
	key.kind = SCAN_MESSAGE;
	assert_int_equal(scan_cache_find(cache, &key, false, &got, &e),
	    SCAN_FOUND_NOTHING);
	assert_null(e);
	/* A failure is no verdict. */
	assert_true(put(2, SCAN_FAILED, V1));
	assert_false(has(2));
	assert_int_equal(scan_cache_kept(cache), 1);
}

/* Never more than the setting; what was used last stays. */
static void
test_bound(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEPT; i++)
		assert_true(put(i, i % 2 ? SCAN_CLEAN : SCAN_VIRUS, V1));
	assert_true(has(0));
	for (unsigned i = 0; i < KEPT - 1; i++) {
		assert_true(put(1000 + i, SCAN_CLEAN, V1));
		assert_int_equal(scan_cache_kept(cache), KEPT);
	}
	assert_true(has(0));
	for (unsigned i = 1; i < KEPT; i++)
		assert_false(has(i));
	assert_true(has(1000));
}

static void
test_off(void **state)
{
	struct scan_cache *off = scan_cache_new(0);
	struct scan_answer a = answer(SCAN_CLEAN, V1, "");
	struct scan_key key = key_of(1);
	struct scan_entry *e;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(scan_cache_find(off, &key, true, &a, &e),
		    SCAN_FOUND_NOTHING);
		scan_cache_settle(off, &e, &a);
	}
	assert_int_equal(scan_cache_kept(off), 0);
	scan_cache_free(&off);
}

static uint64_t
version(bool *doubt_r)
{
	return scan_cache_version(cache, doubt_r);
}

/* A new version ends all that is kept; a late answer of the old nothing. */
static void
test_versions(void **state)
{
	struct scan_answer late = answer(SCAN_CLEAN, V1, ""), got;
	struct scan_entry *e;
	bool doubt;

	(void)state;
	assert_int_equal(version(&doubt), 0);
	put(1, SCAN_CLEAN, V1);
	assert_int_equal(version(&doubt), V1);
	assert_int_equal(find(2, true, &got, &e), SCAN_FOUND_NOTHING);
	put(3, SCAN_VIRUS, V2);
	assert_false(has(1));
	assert_true(has(3));
	scan_cache_settle(cache, &e, &late);
	assert_false(has(2));
	assert_true(has(3));
	assert_int_equal(version(&doubt), V2);
	assert_false(doubt);
	/* An old one, though asked later: not kept, but odd. */
	put(4, SCAN_CLEAN, V1);
	assert_false(has(4));
	assert_true(has(3));
	assert_int_equal(version(&doubt), V2);
	assert_true(doubt);
	/* A failure need not know a version. */
	put(5, SCAN_FAILED, 0);
	assert_int_equal(version(&doubt), V2);
}

/* That the scanner went back is believed as its status only. */
static void
test_status(void **state)
{
	uint64_t epoch;
	bool doubt;

	(void)state;
	epoch = scan_cache_epoch(cache);
	scan_cache_status(cache, V1, epoch);
	put(1, SCAN_CLEAN, V1);
	epoch = scan_cache_epoch(cache);
	put(2, SCAN_CLEAN, V2);
	/* Asked before the change was seen. */
	scan_cache_status(cache, V1, epoch);
	assert_int_equal(version(&doubt), V2);
	epoch = scan_cache_epoch(cache);
	put(3, SCAN_CLEAN, V1);
	scan_cache_status(cache, V1, epoch);
	assert_int_equal(version(&doubt), V1);
	assert_false(doubt);
	assert_false(has(1) || has(2) || has(3));
	put(3, SCAN_CLEAN, V1);
	assert_true(has(3));
	/* And forth: V2 is one that has gone now. */
	scan_cache_status(cache, V2, scan_cache_epoch(cache));
	assert_int_equal(version(&doubt), V2);
	assert_false(has(3));
}

/* Any number of versions. */
static void
test_many_versions(void **state)
{
	bool doubt;

	(void)state;
	for (unsigned i = 1; i < 100; i++) {
		put(i, SCAN_CLEAN, i);
		assert_int_equal(version(&doubt), i);
		assert_true(has(i));
		assert_false(has(i - 1));
	}
}

struct waiter {
	struct scan_entry *entry;
	int64_t		 deadline;
	int		 rc;
	struct scan_answer a;
};

static void *
wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	w->rc = scan_cache_wait(cache, &w->entry, w->deadline, &w->a);
	return NULL;
}

/* Asks for content 1, and has two threads wait for the end `a` of it. */
static void
wait_for(const struct scan_answer *a, struct waiter w[2])
{
	struct scan_answer got;
	struct scan_entry *mine;
	pthread_t threads[2];

	assert_int_equal(find(1, true, &got, &mine), SCAN_FOUND_NOTHING);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(find(1, true, &got, &w[i].entry),
		    SCAN_FOUND_DUE);
		w[i].deadline = clock_ms() + 20000;
		pthread_create(&threads[i], NULL, wait_in_thread, &w[i]);
	}
	usleep(20000);
	scan_cache_settle(cache, &mine, a);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static void
test_waiting(void **state)
{
	struct scan_answer virus = answer(SCAN_VIRUS, V1, "Virus");
	struct scan_answer failed = answer(SCAN_FAILED, 0, "no space");
	struct waiter w[2];

	(void)state;
	wait_for(NULL, w);
	assert_true(w[0].rc == 0 && w[1].rc == 0);
	wait_for(&failed, w);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(w[i].rc, 1);
		assert_int_equal(w[i].a.status, SCAN_FAILED);
		assert_string_equal(w[i].a.name, "no space");
	}
	wait_for(&virus, w);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(w[i].rc, 1);
		assert_int_equal(w[i].a.status, SCAN_VIRUS);
		assert_string_equal(w[i].a.name, "Virus");
		assert_null(w[i].entry);
	}
}

/* The verdict of a set that has gone is the asker's only. */
static void
test_waiting_old(void **state)
{
	struct scan_answer clean = answer(SCAN_CLEAN, V1, "");
	struct waiter w[2];

	(void)state;
	put(2, SCAN_CLEAN, V1);
	put(3, SCAN_CLEAN, V2);
	wait_for(&clean, w);
	assert_true(w[0].rc == 0 && w[1].rc == 0);
}

/* Not longer than the deadline; the end comes later, and is kept. */
static void
test_waiting_late(void **state)
{
	struct scan_answer clean = answer(SCAN_CLEAN, V1, ""), got;
	struct scan_entry *mine, *theirs;
	int64_t start = clock_ms();

	(void)state;
	find(1, true, &got, &mine);
	assert_int_equal(find(1, true, &got, &theirs), SCAN_FOUND_DUE);
	assert_int_equal(scan_cache_wait(cache, &theirs, start + 50, &got),
	    -1);
	assert_in_range(clock_ms() - start, 49, 5000);
	assert_int_equal(find(1, false, &got, &theirs), SCAN_FOUND_DUE);
	scan_cache_settle(cache, &mine, &clean);
	/* Settled before: no waiting, even past the deadline. */
	assert_int_equal(scan_cache_wait(cache, &theirs, start, &got), 1);
	assert_true(has(1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_bound),
		TEST(test_off),
		TEST(test_versions),
		TEST(test_status),
		TEST(test_many_versions),
		TEST(test_waiting),
		TEST(test_waiting_old),
		TEST(test_waiting_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
