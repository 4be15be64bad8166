/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_quarantine_limits: disks that are full, age and size, what crashes
 * leave, many threads.
 */
#include "config.h"

#include <sys/mount.h>
#include <sys/resource.h>

#include <pthread.h>

#include "quarantine_fixture.h"

/* A write that fails, at every stage of it, leaves nothing. */
static void
test_no_room_in_file(void **state)
{
	static const rlim_t at[] = { 0, 50, HEAD, HEAD + 1000, CHUNK };
	struct quarantine *q = open_it(MANY, 0);
	struct quarantine_stats stats;
	struct rlimit old, now;
	char *error;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		now = (struct rlimit){ at[i], old.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
		assert_null(put(q, span_make(big, CHUNK), &error));
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_non_null(strstr(error, "File too large"));
		free(error);
		assert_int_equal(files_in(folder, false), 0);
		quarantine_stats(q, &stats);
		assert_int_equal(stats.entries + stats.bytes, 0);
	}
	/* Room for the content, but not for its description. */
	now = (struct rlimit){ HEAD + 17, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	assert_null(put(q, span_make(big, 0), &error));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	free(error);
	assert_int_equal(files_in(folder, false), 0);
	put_ok(q, span_make(big, CHUNK));
	quarantine_close(&q);
}

/* A disk that is full; needs root for a small one. */
static void
test_disk_full(void **state)
{
	struct quarantine *q;
	char *error = NULL;
	unsigned before;

	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	if (mount("none", folder, "tmpfs", 0, "size=1m,mode=700") == -1)
		skip();
	q = open_it(MANY, 0);
	put_ok(q, span_make(big, 600000));
	before = files_in(folder, false);
	assert_int_equal(before, 2);
	assert_null(put(q, span_make(big, 600000), &error));
	assert_non_null(strstr(error, "No space left"));
	free(error);
	assert_int_equal(files_in(folder, false), before);
	put_ok(q, span_make(big, 100000));
	quarantine_close(&q);
	assert_int_equal(umount(folder), 0);
}

static void
test_expire_by_age(void **state)
{
	struct quarantine *q = open_it(MANY, 3 * DAY);
	int64_t now = clock_wall();
	char young[QUARANTINE_NAME_SIZE];
	struct quarantine_stats stats;
	json_t *all;

	(void)state;
	for (int day = 5; day >= 1; day--) {
		clock_set_wall(now - day * DAY - 60);
		strcpy(young, put_ok(q, span_of("x")));
	}
	clock_set_wall(now);
	assert_int_equal(quarantine_expire(q), 3);
	all = list();
	assert_int_equal(json_array_size(all), 2);
	assert_string_equal(json_string_value(json_object_get(
	    json_array_get(all, 1), "entry")), young);	/* oldest first */
	json_decref(all);
	quarantine_stats(q, &stats);
	assert_int_equal(stats.entries, 2);
	assert_int_equal(quarantine_expire(q), 0);
	quarantine_close(&q);
	q = open_it(MANY, 0);		/* for ever */
	clock_set_wall(now + 1000 * DAY);
	assert_int_equal(quarantine_expire(q), 0);
	quarantine_close(&q);
}

static void
test_expire_by_size(void **state)
{
	struct quarantine *q = open_it(1000000, 0);
	int64_t now = clock_wall();
	struct quarantine_stats stats;
	char names[12][QUARANTINE_NAME_SIZE], path[128];
	char *error;

	(void)state;
	for (int i = 0; i < 12; i++) {
		clock_set_wall(now - 1000 + i);
		strcpy(names[i], put_ok(q, span_make(big, 100000)));
		quarantine_stats(q, &stats);
		assert_true(stats.bytes <= 1000000);
	}
	for (int i = 0; i < 12; i++) {	/* the oldest went */
		path_of(path, names[i], ".json");
		assert_int_equal(access(path, F_OK), i < 3 ? -1 : 0);
		path_of(path, names[i], ".sealed");
		assert_int_equal(access(path, F_OK), i < 3 ? -1 : 0);
	}
	assert_null(put(q, span_make(big, 1000000), &error));
	assert_non_null(strstr(error, "larger than quarantine-size"));
	free(error);
	quarantine_stats(q, &stats);
	assert_int_equal(stats.entries, 9);	/* nothing went for it */
	assert_export(put_ok(q, span_make(big, 990000)),
	    span_make(big, 990000));
	quarantine_stats(q, &stats);
	assert_int_equal(stats.entries, 1);
	quarantine_close(&q);
}

/* Entries that posternctl has deleted give their room back. */
static void
test_deleted_elsewhere(void **state)
{
	struct quarantine *q = open_it(1000000, 0);
	char first[QUARANTINE_NAME_SIZE], name[QUARANTINE_NAME_SIZE];
	char path[128], *error = NULL;

	(void)state;
	strcpy(first, put_ok(q, span_make(big, 100000)));
	strcpy(name, put_ok(q, span_make(big, 600000)));
	assert_int_equal(quarantine_delete(folder, name, &error), 0);
	assert_int_equal(files_in(folder, false), 2);
	assert_int_equal(quarantine_delete(folder, name, &error), -1);
	free(error);
	put_ok(q, span_make(big, 600000));
	path_of(path, first, ".json");
	assert_int_equal(access(path, F_OK), 0);
	quarantine_close(&q);
}

/* What a crash left goes when it is old; strangers' files stay. */
static void
test_leftovers(void **state)
{
	static const char *const names[] = {
		"20261121T094112-4f0c9a1b2d3e4f50-1.sealed",
		"20261121T094112-4f0c9a1b2d3e4f51-1.json.new",
		"20261121T094112-4f0c9a1b2d3e4f52-1.json",
		"20261121T094112-4f0c9a1b2d3e4f53-1.sealed.bak",
		"README", "20261121T094112-1.json" };
	struct quarantine *q = open_it(MANY, 0);
	char path[128];
	json_t *all;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(path, names[i], "");
		write_file(path, "{}", 0600);
	}
	put_ok(q, span_of("x"));
	assert_int_equal(quarantine_expire(q), 0);	/* still young */
	all = list();
	assert_int_equal(json_array_size(all), 1);
	json_decref(all);
	clock_set_wall(clock_wall() + 2 * 3600);
	assert_int_equal(quarantine_expire(q), 3);
	assert_int_equal(files_in(folder, false), 2 + 3);
	quarantine_close(&q);
}

/* A description that is no JSON is told of, and the entry can go. */
static void
test_bad_description(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "1", "{\"a\":}" };
	struct quarantine *q = open_it(MANY, 0);
	const char *name = put_ok(q, span_of("x"));
	char path[128], *error;
	json_t *all, *d;

	(void)state;
	path_of(path, name, ".json");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(path, texts[i], 0600);
		all = list();
		d = json_array_get(all, 0);
		assert_non_null(json_object_get(d, "error"));
		assert_string_equal(json_string_value(json_object_get(d,
		    "entry")), name);
		json_decref(all);
	}
	assert_export(name, span_of("x"));
	assert_int_equal(unlink(path), 0);	/* a link out of the folder */
	assert_int_equal(symlink("/etc/hostname", path), 0);
	all = list();
	assert_non_null(json_object_get(json_array_get(all, 0), "error"));
	json_decref(all);
	assert_int_equal(quarantine_delete(folder, name, &error), 0);
	assert_int_equal(access("/etc/hostname", F_OK), 0);
	quarantine_close(&q);
}

#define THREADS 8
#define EACH 12

static void *
put_some(void *q)
{
	struct quarantine_stats stats;
	size_t n;

	for (int i = 0; i < EACH; i++) {
		n = 1000 * (size_t)(i + 1);
		if (put_ok(q, span_make(big, n)) == NULL)
			return q;
		quarantine_stats(q, &stats);
		/* One sweep may count what others finish meanwhile twice. */
		if (stats.bytes > 200000 + THREADS * 13000)
			return q;
		if (i % 5 == 0)
			quarantine_expire(q);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct quarantine *q = open_it(200000, DAY);
	struct quarantine_stats stats, real;
	pthread_t thread[THREADS];
	void *bad;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, put_some,
		    q), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &bad), 0);
		assert_null(bad);
	}
	quarantine_stats(q, &stats);
	quarantine_expire(q);
	quarantine_stats(q, &real);
	assert_true(real.bytes > 50000 && real.bytes <= stats.bytes);
	assert_int_equal(files_in(folder, false), 2 * real.entries);
	quarantine_close(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_room_in_file),
		TEST(test_disk_full),
		TEST(test_expire_by_age),
		TEST(test_expire_by_size),
		TEST(test_deleted_elsewhere),
		TEST(test_leftovers),
		TEST(test_bad_description),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
