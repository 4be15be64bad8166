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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_timespec),
		cmocka_unit_test(test_wall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
