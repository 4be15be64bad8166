/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_fixture: see the header.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "scan_fixture.h"

static char dir[] = "/tmp/test_scan.XXXXXX";
char socket_path[64];
struct fake *fake;
struct scan_client *client;
static struct arena *arena;

struct scan_client *
new_client(unsigned cache)
{
	struct conf conf = { .scan_socket = socket_path,
		.scan_cache = cache, .scan_time_ms = 1000,
		.scan_timeout_ms = LATE_MS };

	return scan_client_new(&conf);
}

int
scan_begin(void **state)
{
	(void)state;
	arena = arena_new();
	fake = fake_start(socket_path, 4);
	client = new_client(100);
	return 0;
}

int
scan_end(void **state)
{
	struct fake_counts counts;

	(void)state;
	scan_client_free(&client);
	fake_counts(fake, &counts);
	assert_int_equal(counts.unsealed, 0);
	fake_stop(&fake);
	arena_free(&arena);
	return 0;
}

struct scan_item
item_of(const char *text)
{
	struct scan_item item = { .content = span_of(text),
		.encoding = TRANSFER_IDENTITY, .kind = SCAN_PART };

	return item;
}

void
run(struct scan_item *items, size_t n, int ms)
{
	int64_t start = clock_ms();

	scan_client_run(client, arena, items, n, "192.0.2.0/24", start + ms);
	if (clock_ms() - start > ms + SLACK_MS)
		fail_msg("%s: not in time", items[0].content.p);
}

struct scan_item
scan(const char *text)
{
	struct scan_item item = item_of(text);

	run(&item, 1, IN_TIME_MS);
	return item;
}

unsigned
scans(void)
{
	struct fake_counts counts;

	fake_counts(fake, &counts);
	return counts.scans;
}

int
scan_set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/sock", dir);
	return 0;
}

int
scan_tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}
