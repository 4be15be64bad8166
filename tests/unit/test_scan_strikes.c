/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scan_strikes: counted by content, cleared, and never too many rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "scan_strikes.h"

static struct scan_strikes *strikes;

static int
begin(void **state)
{
	(void)state;
	strikes = scan_strikes_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	scan_strikes_free(&strikes);
	assert_null(strikes);
	return 0;
}

/* The SHA-256 of content n; the last byte alone tells some apart. */
static const unsigned char *
content(unsigned n)
{
	static unsigned char sha256[STRIKES_SHA256_SIZE];

	memset(sha256, 0, sizeof(sha256));
	for (int i = 0; i < 4; i++)
		sha256[31 - i] = (unsigned char)(n >> 8 * i);
	return sha256;
}

static void
test_count(void **state)
{
	(void)state;
	assert_false(scan_strikes_out(strikes, content(1)));
	for (unsigned i = 1; i <= SCAN_STRIKES_MAX + 1; i++) {
		assert_int_equal(scan_strikes_add(strikes, content(1)), i);
		assert_true(scan_strikes_out(strikes, content(1)) ==
		    (i >= SCAN_STRIKES_MAX));
		assert_false(scan_strikes_out(strikes, content(2)));
	}
	assert_int_equal(scan_strikes_add(strikes, content(2)), 1);
	scan_strikes_clear(strikes, content(1));
	assert_false(scan_strikes_out(strikes, content(1)));
	assert_int_equal(scan_strikes_add(strikes, content(1)), 1);
	assert_int_equal(scan_strikes_add(strikes, content(2)), 2);
	scan_strikes_clear(strikes, content(3));
	assert_int_equal(scan_strikes_count(strikes), 2);
}

/* The one struck longest ago goes first. */
static void
test_bound(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SCAN_STRUCK_MAX; i++)
		for (unsigned j = 0; j < SCAN_STRIKES_MAX; j++)
			scan_strikes_add(strikes, content(i));
	assert_int_equal(scan_strikes_count(strikes), SCAN_STRUCK_MAX);
	scan_strikes_add(strikes, content(0));
	for (unsigned i = 0; i < 10; i++)
		scan_strikes_add(strikes, content(SCAN_STRUCK_MAX + i));
	assert_int_equal(scan_strikes_count(strikes), SCAN_STRUCK_MAX);
	assert_true(scan_strikes_out(strikes, content(0)));
	for (unsigned i = 1; i <= 10; i++)
		assert_false(scan_strikes_out(strikes, content(i)));
	for (unsigned i = 11; i < SCAN_STRUCK_MAX; i++)
		assert_true(scan_strikes_out(strikes, content(i)));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_count),
		TEST(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
