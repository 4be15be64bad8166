/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_journal: ids, lines, segments, limits of size and age, positions: what
 * is written is read, whole, once and in order.
 */
#include "journal_fixture.h"

#include <pthread.h>
#include <utime.h>

#define THREADS	4
#define EACH	2000

static void
test_ids(void **state)
{
	char a[EVENT_ID_SIZE], b[EVENT_ID_SIZE];

	(void)state;
	clock_set_wall(1700000000);
	event_id(a);
	assert_int_equal(strlen(a), 26);
	assert_int_equal(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
	assert_memory_equal(a, "01HF7YAT00", 10);
	for (int i = 0; i < 10000; i++) {
		if (i == 5000)
			clock_set_wall(1600000000);	/* set back */
		event_id(b);
		assert_true(strcmp(a, b) < 0);
		memcpy(a, b, sizeof(a));
	}
	clock_set_wall(1700000001);
	event_id(b);
	assert_true(strcmp(a, b) < 0);
	assert_memory_equal(b, "01HF7YATZ8", 10);
}

static void
test_line(void **state)
{
	struct journal *j = writer(&wide);
	json_t *e, *body = json_pack("{s:s}", "text", "a\nb\"\xc3\xa4");
	json_t *empty = json_object(), *array = json_array();
	char id[EVENT_ID_SIZE], *error, text[512] = "", want[512];
	bool gap = false;
	struct journal_reader *r = reader(NULL);

	(void)state;
	clock_set_wall(1700000000);
	event_id(id);
	assert_int_equal(journal_write(j, id, "virus", "t\"1", body, &error),
	    0);
	assert_int_equal(journal_write(j, id, "passed", "", empty, &error),
	    0);
	assert_int_equal(journal_write(j, id, "passed", "", array, &error),
	    -1);
	free(error);
	assert_int_equal(journal_write(j, id, "passed", "\xff", empty,
	    &error), -1);
	free(error);
	snprintf(want, sizeof(want), "{\"id\":\"%s\",\"type\":\"virus\","
	    "\"time\":1700000000000,\"tenant\":\"t\\\"1\",\"v\":1,"
	    "\"text\":\"a\\nb\\\"\xc3\xa4\"}\n{\"id\":\"%s\",\"type\":"
	    "\"passed\",\"time\":1700000000000,\"tenant\":\"\",\"v\":1}\n",
	    id, id);
	FILE *f = fopen(segment(1), "r");
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_string_equal(text, want);
	assert_int_equal(journal_next(r, &e, &gap, &error), 1);
	assert_string_equal(json_string_value(json_object_get(e, "text")),
	    "a\nb\"\xc3\xa4");
	json_decref(e);
	assert_int_equal(get(r, &gap), 0);
	assert_int_equal(get(r, &gap), -1);
	assert_false(gap);
	journal_reader_close(&r);
	journal_close(&j);
	assert_null(j);
	json_decref(body);
	json_decref(empty);
	json_decref(array);
}

static void
test_too_long(void **state)
{
	struct journal *j = writer(&wide);
	struct journal_reader *r = reader(NULL);

	(void)state;
	assert_int_equal(put(j, 1, EVENT_MAX - 100), -1);
	assert_int_equal(put(j, 2, EVENT_MAX - 200), 0);
	assert_int_equal(get(r, NULL), 2);
	assert_int_equal(get(r, NULL), -1);
	journal_reader_close(&r);
	journal_close(&j);
}

static void
test_lock(void **state)
{
	struct journal *j = writer(&wide);
	char *error, who[64];

	(void)state;
	assert_null(journal_open(folder, "t", &wide, &error));
	snprintf(who, sizeof(who), "process %d writes", (int)getpid());
	assert_non_null(strstr(error, who));
	free(error);
	journal_close(&j);
	j = writer(&wide);
	journal_close(&j);
	assert_null(journal_open(folder, "../t", &wide, &error));
	free(error);
	assert_null(journal_open("/nonexistent/folder", "t", &wide, &error));
	free(error);
}

/* Goes on in the same segment; numbers are never used twice. */
static void
test_reopen(void **state)
{
	struct journal_reader *r = reader("pos");
	struct journal *j = writer(&wide);

	(void)state;
	put(j, 1, 10);
	journal_close(&j);
	j = writer(&wide);
	put(j, 2, 10);
	journal_close(&j);
	assert_int_equal(size_of(segment(2)), -1);
	assert_int_equal(get(r, NULL), 1);
	assert_int_equal(get(r, NULL), 2);
	assert_int_equal(unlink(segment(1)), 0);
	j = writer(&wide);
	put(j, 3, 10);
	journal_close(&j);
	assert_true(size_of(segment(2)) > 0);
	assert_int_equal(get(r, NULL), 3);
	journal_reader_close(&r);
}

static void *
write_many(void *arg)
{
	struct journal *j = arg;

	for (int i = 0; i < EACH; i++)
		if (put(j, i, 100 + (size_t)i % 400) != 0)
			return j;
	return NULL;
}

static void
start(pthread_t t[THREADS], struct journal *j)
{
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_many, j),
		    0);
}

/* All lines of all threads, while a reader follows over many segments. */
static void
test_threads(void **state)
{
	static const struct journal_limits many = { .size = 256u * MIB };
	struct journal *j = writer(&many);
	struct journal_reader *r = reader(NULL);
	pthread_t t[THREADS];
	int read = 0, idle = 0;
	bool gap = false;
	void *failed;

	(void)state;
	start(t, j);
	while (read < THREADS * EACH && idle < 20000) {
		if (get(r, &gap) >= 0) {
			read++;
			continue;
		}
		idle++;
		usleep(1000);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(read, THREADS * EACH);
	assert_int_equal(get(r, &gap), -1);
	assert_false(gap);
	journal_reader_close(&r);
	journal_close(&j);
}

/* In order across segments, with commits and new readers in between. */
static void
test_position(void **state)
{
	static const struct journal_limits small = { .size = 8u * MIB };
	struct journal *j = writer(&small);
	struct journal_reader *r;
	bool gap = false;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(put(j, i, 40000), 0);
	assert_true(size_of(segment(4)) > 0);
	for (int i = 0; i < 100;) {
		r = reader("pos");
		for (int k = 0; k < 7 && i < 100; k++)
			assert_int_equal(get(r, &gap), i++);
		commit(r);
		/* Given but not committed: comes again. */
		if (i < 100)
			assert_int_equal(get(r, &gap), i);
		journal_reader_close(&r);
	}
	r = reader("pos");
	assert_int_equal(get(r, &gap), -1);
	assert_false(gap);
	journal_reader_close(&r);
	journal_close(&j);
}

static void
test_full_drop(void **state)
{
	static const struct journal_limits tiny = { .size = MIB };
	struct journal *j = writer(&tiny);
	struct journal_reader *late = reader(NULL), *r = reader(NULL);
	int told = 0, n, last = -1;
	bool gap = false;
	struct segments seg = { 0 };
	char *error;

	(void)state;
	assert_int_equal(get(late, &gap), -1);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(put(j, i, 10000), 0);
		if (i == 0)
			assert_int_equal(get(late, &gap), 0);
	}
	assert_int_equal(segments_scan(&seg, folder, "t", &error), 0);
	assert_true(seg.bytes <= MIB + 1000 && seg.bytes > MIB / 2);
	assert_true(seg.v[0].number > 1);
	segments_free(&seg);
	while ((n = get(r, &gap)) != -1) {
		if (n == -2) {
			told++;
			continue;
		}
		assert_true(last == -1 ? n > 0 : n == last + 1);
		last = n;
	}
	assert_int_equal(last, 199);
	assert_true(told > 0);
	assert_false(gap);
	/* It had the first segment open, and then finds a later one. */
	while (!gap)
		assert_int_not_equal(n = get(late, &gap), -1);
	assert_true(n > 10 || n == -2);
	journal_reader_close(&r);
	journal_reader_close(&late);
	journal_close(&j);
}

static void
test_full_tempfail(void **state)
{
	static const struct journal_limits tiny = {
		.size = MIB, .tempfail = true
	};
	static const struct journal_limits more = {
		.size = 2 * MIB, .tempfail = true
	};
	struct journal *j = writer(&tiny);
	int n = 0;

	(void)state;
	while (put(j, n, 10000) == 0 && n < 1000)
		n++;
	assert_in_range(n, 95, 105);
	assert_int_equal(put(j, n, 10000), -1);
	journal_limit(j, &more);
	assert_int_equal(put(j, n, 10000), 0);
	while (put(j, n, 10000) == 0 && n < 1000)
		n++;
	/* Room made by hand counts at once. */
	assert_int_equal(unlink(segment(1)), 0);
	assert_int_equal(put(j, n, 10000), 0);
	journal_close(&j);
}

static void
set_age(const char *path, int64_t t)
{
	struct utimbuf times = { (time_t)t, (time_t)t };

	assert_int_equal(utime(path, &times), 0);
}

static void
test_age(void **state)
{
	static const struct journal_limits hour = {
		.size = 100 * MIB, .age_s = 3600
	};
	int64_t now = clock_wall();
	struct journal *j;
	struct journal_reader *r;

	(void)state;
	clock_set_wall(now - 4000);
	j = writer(&hour);
	put(j, 1, 10);
	clock_set_wall(now - 2500);
	put(j, 2, 10);
	assert_true(size_of(segment(2)) > 0);
	clock_set_wall(now);
	put(j, 3, 10);
	assert_true(size_of(segment(1)) == -1 && size_of(segment(2)) > 0);
	journal_close(&j);
	r = reader(NULL);
	assert_int_equal(get(r, NULL), 2);
	assert_int_equal(get(r, NULL), 3);
	journal_reader_close(&r);
	/* At the next open by the files' times, and while nothing comes. */
	set_age(segment(2), now - 3700);
	j = writer(&hour);
	assert_true(size_of(segment(2)) == -1 && size_of(segment(3)) > 0);
	clock_set_wall(now + 7200);
	journal_expire(j);
	assert_int_equal(size_of(segment(3)), -1);
	assert_int_equal(put(j, 4, 10), 0);
	assert_true(size_of(segment(4)) > 0);
	journal_close(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(test_ids), T(test_line), T(test_too_long), T(test_lock),
		T(test_reopen), T(test_threads), T(test_position),
		T(test_full_drop), T(test_full_tempfail), T(test_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
