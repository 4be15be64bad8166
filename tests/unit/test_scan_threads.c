/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scan_threads: many calls at once: the same content is asked for once,
 * calls never wait for each other in a ring, one sender leaves room for
 * others, and all goes well when everything happens at once.
 */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "log.h"
#include "scan_client.h"
#include "scan_fake.h"

#define THREADS		16
#define WORKERS		4
#define IN_TIME_MS	30000	/* of a busy machine */
#define ITEMS_MAX	8
#define STRESS_MS	1500

static char dir[] = "/tmp/test_scan_threads.XXXXXX";
static char socket_path[64];
static struct fake *fake;
static struct scan_client *client;

/* One call in a thread. */
struct job {
	pthread_t	 thread;
	const char	*who;
	int		 ms;
	size_t		 n;
	char		 texts[ITEMS_MAX][32];
	struct scan_item items[ITEMS_MAX];
	struct arena	*arena;
	int64_t		 took;
};

static int
begin_with(unsigned cache)
{
	struct conf conf = { .scan_socket = socket_path, .scan_cache = cache,
		.scan_time_ms = 1000, .scan_timeout_ms = 60000 };

	fake = fake_start(socket_path, WORKERS);
	client = scan_client_new(&conf);
	return 0;
}

static int
begin(void **state)
{
	(void)state;
	return begin_with(50);
}

static int
end(void **state)
{
	(void)state;
	scan_client_free(&client);
	fake_stop(&fake);
	return 0;
}

static void *
run_job(void *arg)
{
	struct job *j = arg;
	int64_t start = clock_ms();

	scan_client_run(client, j->arena, j->items, j->n, j->who,
	    start + j->ms);
	j->took = clock_ms() - start;
	return NULL;
}

static void
add_item(struct job *j, const char *text)
{
	struct scan_item *item = &j->items[j->n];

	snprintf(j->texts[j->n], sizeof(j->texts[0]), "%s", text);
	*item = (struct scan_item){ .kind = SCAN_PART,
		.content = span_of(j->texts[j->n]),
		.encoding = TRANSFER_IDENTITY };
	j->n++;
}

static void
init_job(struct job *j, const char *who, int ms)
{
	memset(j, 0, sizeof(*j));
	j->who = who;
	j->ms = ms;
	j->arena = arena_new();
}

static void
start_job(struct job *j)
{
	assert_int_equal(pthread_create(&j->thread, NULL, run_job, j), 0);
}

static void
end_job(struct job *j)
{
	pthread_join(j->thread, NULL);
}

static unsigned
scans(void)
{
	struct fake_counts counts;

	fake_counts(fake, &counts);
	return counts.scans;
}

/* All want the same content; it is asked for once, cache or not. */
static void
check_joins(unsigned cache)
{
	static struct job jobs[THREADS];
	struct scan_stats stats;

	begin_with(cache);
	fake_delay(fake, 300);
	for (int i = 0; i < THREADS; i++) {
		init_job(&jobs[i], "somebody", IN_TIME_MS);
		add_item(&jobs[i], "virus of all");
		start_job(&jobs[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		end_job(&jobs[i]);
		assert_int_equal(jobs[i].items[0].status, SCAN_VIRUS);
		assert_string_equal(jobs[i].items[0].name, "Test.Virus");
		arena_free(&jobs[i].arena);
	}
	assert_int_equal(scans(), 1);
	scan_client_stats(client, &stats);
	assert_int_equal(stats.sent, 1);
	assert_int_equal(stats.joined + stats.hits, THREADS - 1);
	end(NULL);
}

static void
test_joins(void **state)
{
	(void)state;
	check_joins(50);
	check_joins(0);
}

/* In a ring: each asks first for what the next one has second. */
static void
test_ring(void **state)
{
	static struct job jobs[3];
	char text[32];

	(void)state;
	fake_delay(fake, 50);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++) {
			init_job(&jobs[i], "ring", IN_TIME_MS);
			for (int k = 0; k < 6; k++) {
				snprintf(text, sizeof(text), "ring %d %d",
				    round, (2 * i + k) % 6);
				add_item(&jobs[i], text);
			}
			start_job(&jobs[i]);
		}
		for (int i = 0; i < 3; i++) {
			end_job(&jobs[i]);
			for (int k = 0; k < 6; k++)
				assert_int_equal(jobs[i].items[k].status,
				    SCAN_CLEAN);
			arena_free(&jobs[i].arena);
		}
	}
	assert_int_equal(scans(), 30);
}

/* Who asks first has less time: the other goes on in its place. */
static void
test_heir(void **state)
{
	struct job first, second;

	(void)state;
	fake_delay(fake, 400);
	init_job(&first, "first", 150);
	init_job(&second, "second", IN_TIME_MS);
	add_item(&first, "legacy");
	add_item(&second, "legacy");
	start_job(&first);
	for (int i = 0; i < 500 && scans() == 0; i++)
		usleep(1000);
	start_job(&second);
	end_job(&first);
	end_job(&second);
	assert_int_equal(first.items[0].status, SCAN_FAILED);
	assert_string_equal(first.items[0].name, "late");
	assert_int_equal(second.items[0].status, SCAN_CLEAN);
	assert_int_equal(scans(), 2);
	arena_free(&first.arena);
	arena_free(&second.arena);
}

/* One sender with much to scan; another one gets through at once. */
static void
test_fair(void **state)
{
	static struct job jobs[THREADS];
	struct fake_counts counts;
	struct job other;
	char text[32];

	(void)state;
	fake_delay(fake, 100);
	for (int i = 0; i < THREADS; i++) {
		init_job(&jobs[i], "flood", IN_TIME_MS);
		for (int k = 0; k < 3; k++) {
			snprintf(text, sizeof(text), "flood %d %d", i, k);
			add_item(&jobs[i], text);
		}
		start_job(&jobs[i]);
	}
	usleep(300000);
	fake_counts(fake, &counts);
	assert_int_equal(counts.beside, WORKERS - 1);
	init_job(&other, "other", IN_TIME_MS);
	add_item(&other, "one small thing");
	start_job(&other);
	end_job(&other);
	assert_int_equal(other.items[0].status, SCAN_CLEAN);
	/* The flood takes 48 / 3 * 100 ms. */
	assert_in_range(other.took, 0, 1000);
	for (int i = 0; i < THREADS; i++) {
		end_job(&jobs[i]);
		for (int k = 0; k < 3; k++)
			assert_int_equal(jobs[i].items[k].status, SCAN_CLEAN);
		arena_free(&jobs[i].arena);
	}
	arena_free(&other.arena);
	fake_counts(fake, &counts);
	assert_int_equal(counts.scans, 3 * THREADS + 1);
	assert_in_range(counts.beside, WORKERS - 1, WORKERS);
}

/* One who waits for a turn gives up at its deadline. */
static void
test_no_turn(void **state)
{
	static struct job jobs[2];
	struct job late;

	(void)state;
	fake_delay(fake, 600);
	for (int i = 0; i < 2; i++) {
		init_job(&jobs[i], "flood", IN_TIME_MS);
		add_item(&jobs[i], i == 0 ? "a" : "c");
		add_item(&jobs[i], i == 0 ? "b" : "d");
		start_job(&jobs[i]);
	}
	for (int i = 0; i < 500 && scans() < 3; i++)
		usleep(1000);
	init_job(&late, "flood", 100);
	add_item(&late, "x");
	start_job(&late);
	end_job(&late);
	assert_int_equal(late.items[0].status, SCAN_FAILED);
	assert_string_equal(late.items[0].name, "late");
	assert_in_range(late.took, 99, 500);
	for (int i = 0; i < 2; i++) {
		end_job(&jobs[i]);
		arena_free(&jobs[i].arena);
	}
	arena_free(&late.arena);
}

/* What each content of the stress may come to. */
static const struct fate {
	const char	*text;
	unsigned	 may;		/* bits 1 << status */
} fates[] = {
	{ "virus", 1 << SCAN_VIRUS },
	{ "clean", 1 << SCAN_CLEAN },
	{ "unscannable", 1 << SCAN_NOT_SCANNED },
	{ "nonce", 1 << SCAN_FAILED },
	{ "half", 1 << SCAN_FAILED },
	{ "crash", 1 << SCAN_FAILED | 1 << SCAN_NOT_SCANNED },
};
#define FATES (sizeof(fates) / sizeof(fates[0]))

static void *
stress(void *arg)
{
	unsigned seed = *(unsigned *)arg, wrong = 0, fate[ITEMS_MAX];
	int64_t until = clock_ms() + STRESS_MS;
	struct job j;
	char text[32], who[16];

	while (clock_ms() < until) {
		snprintf(who, sizeof(who), "who %d", rand_r(&seed) % 3);
		init_job(&j, who, IN_TIME_MS);
		for (int i = 0; i < ITEMS_MAX; i++) {
			fate[i] = (unsigned)rand_r(&seed) % FATES;
			snprintf(text, sizeof(text), "%s %d",
			    fates[fate[i]].text, rand_r(&seed) % 20);
			add_item(&j, text);
		}
		run_job(&j);
		for (int i = 0; i < ITEMS_MAX; i++)
			wrong += (fates[fate[i]].may >> j.items[i].status &
			    1) == 0;
		arena_free(&j.arena);
	}
	*(unsigned *)arg = wrong;
	return NULL;
}

/* Versions change meanwhile; no verdict may go astray. */
static void
test_stress(void **state)
{
	pthread_t threads[THREADS];
	unsigned arg[THREADS];
	struct scan_stats s;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		arg[i] = i + 1;
		pthread_create(&threads[i], NULL, stress, &arg[i]);
	}
	for (uint64_t v = 8; v < 8 + 10; v++) {
		usleep(STRESS_MS * 1000 / 12);
		fake_version(fake, v);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(arg[i], 0);
	}
	scan_client_stats(client, &s);
	assert_false(s.away);
	assert_true(s.hits > 0 && s.sent > 0 && s.asked > s.sent);
	assert_int_equal(s.asked % ITEMS_MAX, 0);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/sock", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joins),
		TEST(test_ring),
		TEST(test_heir),
		TEST(test_fair),
		TEST(test_no_turn),
		TEST(test_stress),
	};

	log_open("test_scan_threads", LOG_TO_STDERR, 0);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
