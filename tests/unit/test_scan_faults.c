/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scan_faults: the scanner crashes, hangs, is full or gone: nothing is
 * "clean" for that, and only what a content brought about is its strike.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "log.h"
#include "scan_fixture.h"

/* Three ends and it is not asked again; a verdict clears the strikes. */
static void
test_strikes(void **state)
{
	struct scan_item item;

	(void)state;
	item = scan("crash");
	assert_int_equal(item.status, SCAN_FAILED);
	item = scan("crash");
	assert_int_equal(item.status, SCAN_NOT_SCANNED);
	assert_string_equal(item.name,
	    "not scannable: the scanner failed on it 3 times");
	assert_int_equal(scans(), 3);
	item = scan("crash");
	assert_int_equal(item.status, SCAN_NOT_SCANNED);
	assert_int_equal(scans(), 3);
	/* Two strikes, then clean; two more later do not add up. */
	item = scan("crashes-2");
	assert_int_equal(item.status, SCAN_FAILED);
	item = scan("crashes-2");
	assert_int_equal(item.status, SCAN_CLEAN);
	fake_version(fake, 8);
	scan("another");
	fake_mode(fake, FAKE_CRASHING);
	item = scan("crashes-2");
	assert_int_equal(item.status, SCAN_FAILED);
}

/* A scan that had its time is a strike; one that had to wait is none. */
static void
test_timeouts(void **state)
{
	struct scan_item item, three[3];

	(void)state;
	for (int i = 0; i < SCAN_STRIKES_MAX; i++) {
		item = item_of("hang");
		run(&item, 1, LATE_MS);
		if (i < SCAN_STRIKES_MAX - 1) {
			assert_int_equal(item.status, SCAN_FAILED);
			assert_string_equal(item.name, "late");
		} else {
			assert_int_equal(item.status, SCAN_NOT_SCANNED);
		}
	}
	assert_int_equal(scans(), SCAN_STRIKES_MAX);
	/* The third never has a place, and is never struck. */
	for (int i = 0; i < SCAN_STRIKES_MAX + 1; i++) {
		char texts[2][32];

		for (int j = 0; j < 2; j++) {
			snprintf(texts[j], 32, "hang %d %d", i, j);
			three[j] = item_of(texts[j]);
		}
		three[2] = item_of("waits");
		run(three, 3, LATE_MS);
		assert_int_equal(three[2].status, SCAN_FAILED);
		assert_string_equal(three[2].name, "late");
	}
	item = scan("waits");
	assert_int_equal(item.status, SCAN_CLEAN);
}

/* A scan that is cut short is nobody's fault: no strike, not away. */
static void
test_cut_short(void **state)
{
	struct scan_item item;
	struct scan_stats stats;

	(void)state;
	scan("first");
	fake_mode(fake, FAKE_SILENT);
	for (int i = 0; i < SCAN_STRIKES_MAX + 1; i++) {
		struct scan_item items[] = { item_of("a"), item_of("b") };

		/* Taken at once, but for too short a time. */
		run(items, 2, LATE_MS / 8);
		assert_int_equal(items[0].status, SCAN_FAILED);
	}
	fake_mode(fake, FAKE_WELL);
	item = scan("a");
	assert_int_equal(item.status, SCAN_CLEAN);
	scan_client_stats(client, &stats);
	assert_false(stats.away);
}

/* No descriptors left: failed with a reason, and well again after. */
static void
test_no_descriptors(void **state)
{
	struct rlimit old, none;
	struct scan_item item;

	(void)state;
	scan("first");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	item = scan("second");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(item.status, SCAN_FAILED);
	assert_non_null(strstr(item.name, "Too many open files"));
	usleep(2 * SCAN_PROBE_AGAIN_MS * 1000);
	item = scan("second");
	assert_int_equal(item.status, SCAN_CLEAN);
}

#define FULL_ROUNDS	20
#define FULL_PAUSE_US	20000

/* Connections that nobody accepts, until the queue is full. */
static size_t
fill_queue(int *fds, size_t max)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t n = 0;

	strcpy(sun.sun_path, socket_path);
	/* Each worker still takes one out, when its turn comes. */
	for (int full = 0; full < FULL_ROUNDS && n < max; ) {
		fds[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		if (connect(fds[n], (struct sockaddr *)&sun,
		    sizeof(sun)) == 0) {
			n++;
			continue;
		}
		assert_int_equal(errno, EAGAIN);
		close(fds[n]);
		full++;
		usleep(FULL_PAUSE_US);
	}
	if (n == max)
		fail_msg("the queue takes %zu", n);
	return n;
}

/* A full queue: waited for, no strike, not away. */
static void
test_queue(void **state)
{
	struct scan_item item;
	struct scan_stats stats;
	int fds[300];
	size_t n;

	(void)state;
	scan("first");
	fake_mode(fake, FAKE_SILENT);
	n = fill_queue(fds, 300);
	for (int i = 0; i < SCAN_STRIKES_MAX + 1; i++) {
		item = item_of("waits");
		run(&item, 1, LATE_MS / 4);
		assert_int_equal(item.status, SCAN_FAILED);
		assert_string_equal(item.name, "late");
	}
	scan_client_stats(client, &stats);
	assert_false(stats.away);
	assert_int_equal(stats.sent, 1);
	fake_mode(fake, FAKE_WELL);
	while (n > 0)
		close(fds[--n]);
	item = scan("waits");
	assert_int_equal(item.status, SCAN_CLEAN);
}

/* It ends while it is in use: all fail at once, until it is there again. */
static void
test_restart(void **state)
{
	struct scan_item items[3] = { item_of("a"), item_of("b"),
		item_of("first") };
	struct scan_stats stats;
	int64_t start;

	(void)state;
	scan("first");
	fake_stop(&fake);
	start = clock_ms();
	run(items, 3, IN_TIME_MS);
	assert_in_range(clock_ms() - start, 0, SLACK_MS);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(items[i].status, SCAN_FAILED);
		assert_int_equal(strncmp(items[i].name, "postern-scan does "
		    "not answer at /tmp/", 36), 0);
	}
	scan_client_stats(client, &stats);
	assert_true(stats.away);
	assert_int_equal(stats.failed, 3);
	fake = fake_start(socket_path, 4);
	usleep((SCAN_PROBE_AGAIN_MS + 20) * 1000);
	run(items, 3, IN_TIME_MS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(items[i].status, SCAN_CLEAN);
	assert_true(items[2].cached);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scan_begin, scan_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_strikes),
		TEST(test_timeouts),
		TEST(test_cut_short),
		TEST(test_no_descriptors),
		TEST(test_queue),
		TEST(test_restart),
	};

	log_open("test_scan_faults", LOG_TO_STDERR, 0);
	return cmocka_run_group_tests(tests, scan_set_up, scan_tear_down);
}
