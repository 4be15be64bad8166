/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scan_client: postern's way to the scanner against a scripted one:
 * verdicts and what is none, encodings, sizes, contents that are alike, the
 * cache and its versions.
 */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec.h"
#include "log.h"
#include "scan_fixture.h"

static size_t
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static const struct verdict_case {
	const char	*text;
	enum scan_status status;
	const char	*name;
	unsigned	 scans;		/* when asked twice */
} verdicts[] = {
	{ "harmless", SCAN_CLEAN, "", 1 },
	{ "", SCAN_CLEAN, "", 1 },
	{ "virus!", SCAN_VIRUS, "Test.Virus", 1 },
	{ "unscannable", SCAN_NOT_SCANNED, "encrypted", 1 },
	{ "slow", SCAN_CLEAN, "", 1 },
	{ "failed", SCAN_FAILED, "no space", 2 },
	{ "half", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: malformed, or of another version", 2 },
	{ "nonce", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: it belongs to another question", 2 },
	{ "two", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: it belongs to another question", 2 },
	{ "garbage", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: malformed, or of another version", 2 },
	{ "old", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: malformed, or of another version", 2 },
	{ "long", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: too long", 2 },
	{ "fd", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: it carries a descriptor", 2 },
	{ "info", SCAN_FAILED, "an answer of postern-scan that makes no "
	    "sense: not what was asked for", 2 },
	{ "crash", SCAN_FAILED, "scanner ended during the scan", 3 },
	{ "crashes-1", SCAN_CLEAN, "", 2 },
};

/* Each answer, asked for twice; nothing stays open. */
static void
test_verdicts(void **state)
{
	size_t fds;

	(void)state;
	scan("first");
	fds = open_fds();
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		const struct verdict_case *v = &verdicts[i];
		unsigned before = scans();
		struct scan_item item = scan(v->text);

		if (item.status != v->status || strcmp(item.name, v->name))
			fail_msg("%s: %d %s", v->text, (int)item.status,
			    item.name);
		assert_false(item.cached);
		assert_int_equal(item.size, strlen(v->text));
		item = scan(v->text);
		if (item.cached != (item.status != SCAN_FAILED))
			fail_msg("%s: cached %d", v->text, item.cached);
		if (scans() - before != v->scans)
			fail_msg("%s: %u scans", v->text, scans() - before);
	}
	/* Not at once: the thread may be at a probe. */
	for (int i = 0; open_fds() > fds; i++) {
		assert_true(i < 100);
		usleep(50000);
	}
}

static void
test_details(void **state)
{
	struct scan_item item = scan("zip");
	struct scan_stats stats;
	char hex[65];

	(void)state;
	assert_string_equal(item.extensions, "exe txt");
	item = scan("zip");
	assert_string_equal(item.extensions, "exe txt");
	assert_true(item.cached);
	item = scan("abc");
	for (size_t i = 0; i < SCAN_SHA256_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", item.sha256[i]);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	item.kind = SCAN_MESSAGE;
	run(&item, 1, IN_TIME_MS);
	assert_false(item.cached);
	scan("failed");
	assert_int_equal(scan_client_version(client), 7);
	scan_client_stats(client, &stats);
	assert_int_equal(stats.asked, 5);
	assert_int_equal(stats.hits, 1);
	assert_int_equal(stats.sent, 4);
	assert_int_equal(stats.failed, 1);
	assert_int_equal(stats.signatures, 42);
	assert_int_equal(stats.built, 1700000000);
	assert_false(stats.away);
}

static const struct encoding_case {
	const char	*text;
	enum transfer_encoding encoding;
	enum scan_status status;
	enum transfer_result decoded;
	uint64_t	 size;
} encodings[] = {
	{ "dmlydXM=", TRANSFER_BASE64, SCAN_VIRUS, TRANSFER_OK, 5 },
	{ "dmly!dXM=", TRANSFER_BASE64, SCAN_VIRUS, TRANSFER_GARBAGE, 5 },
	{ "dmlydXMhI", TRANSFER_BASE64, SCAN_VIRUS, TRANSFER_TRUNCATED, 6 },
	{ "vir=75s", TRANSFER_QP, SCAN_VIRUS, TRANSFER_OK, 5 },
	{ "", TRANSFER_BASE64, SCAN_CLEAN, TRANSFER_EMPTY, 0 },
	{ " \r\n", TRANSFER_BASE64, SCAN_CLEAN, TRANSFER_EMPTY, 0 },
	{ "", TRANSFER_IDENTITY, SCAN_CLEAN, TRANSFER_EMPTY, 0 },
	{ "dmlydXM=", TRANSFER_UNKNOWN, SCAN_CLEAN, TRANSFER_OK, 8 },
	/* Nothing to decode: what stands there is scanned. */
	{ "virus, no uuencode", TRANSFER_UU, SCAN_VIRUS,
	    TRANSFER_UNDECODABLE, 18 },
	{ "virus, no yenc", TRANSFER_YENC, SCAN_VIRUS,
	    TRANSFER_UNDECODABLE, 14 },
};

static void
test_encodings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		const struct encoding_case *c = &encodings[i];
		struct scan_item item = item_of(c->text);

		item.encoding = c->encoding;
		run(&item, 1, IN_TIME_MS);
		if (item.status != c->status || item.decoded != c->decoded ||
		    item.size != c->size)
			fail_msg("%zu %s: %d %d %u", i, c->text,
			    (int)item.status, (int)item.decoded,
			    (unsigned)item.size);
	}
}

/* More items than places, some of them alike: each content once. */
static void
test_batch(void **state)
{
	struct scan_item items[40];
	struct fake_counts counts;
	char texts[40][20];

	(void)state;
	fake_delay(fake, 5);
	for (size_t i = 0; i < 40; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%s %zu",
		    i % 10 == 3 ? "virus" : "fine", i % 20);
		items[i] = item_of(texts[i]);
	}
	run(items, 40, IN_TIME_MS);
	for (size_t i = 0; i < 40; i++)
		if (items[i].status != (i % 10 == 3 ? SCAN_VIRUS : SCAN_CLEAN))
			fail_msg("item %zu: %d %s", i, (int)items[i].status,
			    items[i].name);
	fake_counts(fake, &counts);
	assert_int_equal(counts.scans, 20);
	assert_int_equal(counts.beside, SCAN_BESIDE_MAX);
}

/* The same content beside itself, while its scan is under way. */
static void
test_twice_at_once(void **state)
{
	struct scan_item items[3] = { item_of("slow"), item_of("slow"),
		item_of("slow") };
	struct scan_stats stats;

	(void)state;
	run(items, 3, IN_TIME_MS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(items[i].status, SCAN_CLEAN);
	assert_false(items[0].cached);
	assert_true(items[1].cached && items[2].cached);
	assert_int_equal(scans(), 1);
	scan_client_stats(client, &stats);
	assert_int_equal(stats.joined, 2);
}

/* What fails beside itself fails for all, and is asked once more at most. */
static void
test_twice_crashing(void **state)
{
	struct scan_item items[2] = { item_of("crash"), item_of("crash") };

	(void)state;
	run(items, 2, IN_TIME_MS);
	assert_int_equal(items[0].status, SCAN_FAILED);
	assert_int_equal(items[1].status, SCAN_FAILED);
	assert_int_equal(scans(), 2);
}

/* Verdicts of older signatures are not served, whatever comes late. */
static void
test_versions(void **state)
{
	struct scan_item item = scan("one");

	(void)state;
	fake_version(fake, 8);
	item = scan("one");
	assert_true(item.cached);
	scan("another");
	assert_int_equal(scan_client_version(client), 8);
	item = scan("one");
	assert_false(item.cached);
	item = scan("one");
	assert_true(item.cached);
	/* A worker of the old set: its answer is told, not kept. */
	fake_version(fake, 7);
	item = scan("three");
	assert_int_equal(item.status, SCAN_CLEAN);
	fake_version(fake, 8);
	item = scan("three");
	assert_false(item.cached);
	item = scan("one");
	assert_true(item.cached);
	/* Back to the old set for good: the status says so soon. */
	fake_version(fake, 7);
	scan("four");
	for (int i = 0; scan_client_version(client) != 7; i++) {
		assert_true(i < 100);
		usleep(50000);
	}
	item = scan("one");
	assert_false(item.cached);
}

/* No cache: asked each time, and still once for what is alike at once. */
static void
test_no_cache(void **state)
{
	struct scan_item items[2] = { item_of("slow"), item_of("slow") };

	(void)state;
	scan_client_free(&client);
	client = new_client(0);
	run(items, 2, IN_TIME_MS);
	assert_int_equal(scans(), 1);
	assert_int_equal(items[1].status, SCAN_CLEAN);
	assert_true(items[1].cached);
	items[0] = scan("slow");
	assert_int_equal(items[0].status, SCAN_CLEAN);
	assert_false(items[0].cached);
	assert_int_equal(scans(), 2);
}

/* Parts of any size arrive whole, whichever way they are written. */
static void
test_sizes(void **state)
{
	static const size_t sizes[] = { 1, 65535, 65536, 65537, 131072,
		3000001 };
	unsigned char *bytes = calloc(1, 3000001);
	char *text = malloc(4100000);
	struct scan_item items[2];

	(void)state;
	assert_true(bytes != NULL && text != NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n;

		bytes[sizes[i] - 1] = 'x';
		n = base64_encode(text, bytes, sizes[i]);
		items[0] = item_of("");
		items[0].content = span_make((char *)bytes, sizes[i]);
		items[1] = items[0];
		items[1].content = span_make(text, n);
		items[1].encoding = TRANSFER_BASE64;
		run(items, 2, IN_TIME_MS);
		assert_int_equal(items[0].status, SCAN_CLEAN);
		assert_int_equal(items[1].status, SCAN_CLEAN);
		assert_int_equal(items[1].size, sizes[i]);
		assert_memory_equal(items[0].sha256, items[1].sha256, 32);
	}
	free(text);
	free(bytes);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scan_begin, scan_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_details),
		TEST(test_encodings),
		TEST(test_batch),
		TEST(test_twice_at_once),
		TEST(test_twice_crashing),
		TEST(test_versions),
		TEST(test_no_cache),
		TEST(test_sizes),
	};

	log_open("test_scan_client", LOG_TO_STDERR, 0);
	return cmocka_run_group_tests(tests, scan_set_up,
	    scan_tear_down);
}
