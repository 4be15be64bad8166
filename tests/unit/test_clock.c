/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_clock: deadlines and the wall clock that tests set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>

#include <cmocka.h>

#include "clock.h"

static void
test_deadlines(void **state)
{
	int64_t now = clock_ms();

	(void)state;
	assert_int_equal(clock_left(now - 5), 0);
	assert_int_equal(clock_left(0), 0);
	assert_in_range(clock_left(now + 60000), 50000, 60000);
	assert_int_equal(clock_left(INT64_MAX), INT_MAX);
	assert_true(clock_ms() >= now);
}

static void
test_timespec(void **state)
{
	struct timespec ts = clock_timespec(12345);

	(void)state;
	assert_int_equal(ts.tv_sec, 12);
	assert_int_equal(ts.tv_nsec, 345000000);
	assert_int_equal(clock_timespec(-1).tv_sec, 0);
}

static void
test_wall(void **state)
{
	(void)state;
	clock_set_wall(1000);
	assert_int_equal(clock_wall(), 1000);
	clock_set_wall(0);
	assert_true(clock_wall() > 1700000000);
}

/* One clock that is watched: times, and whether it is believed then. */
static void
test_watch(void **state)
{
	static const struct {
		int64_t	mono_s, wall_s;
		bool	believed;
	} rows[] = {
		{ 100, 1800000100, true },
		{ 700, 1800000700, true },
		{ 800, 1800050000, true },		/* less than a day */
		{ 900, 1900000000, false },		/* years ahead */
		{ 1000, 1900000100, false },
		{ 86000, 1900085100, false },
		{ 87400, 1900086500, true },		/* a day later */
		{ 87500, 1999999999, false },
		{ 87600, 1900086700, true },		/* set back */
		{ 87700, 1800000000, true },		/* back is no harm */
	};
	struct clock_watch w = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (clock_watch(&w, rows[i].mono_s * 1000, rows[i].wall_s) !=
		    rows[i].believed)
			fail_msg("row %zu", i);
	assert_true(clock_believed());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_timespec),
		cmocka_unit_test(test_wall),
		cmocka_unit_test(test_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
