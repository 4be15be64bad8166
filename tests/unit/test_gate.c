/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate: places, sides, waiting, a limit that changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "clock.h"
#include "gate.h"

static void
places_of_each_side(void **state)
{
	(void)state;
	assert_true(gate_enter(GATE_FOREIGN, 2, 0));
	assert_true(gate_enter(GATE_FOREIGN, 2, 0));
	assert_false(gate_enter(GATE_FOREIGN, 2, 1));
	assert_true(gate_enter(GATE_OWN, 2, 0));
	gate_leave(GATE_FOREIGN);
	assert_true(gate_enter(GATE_FOREIGN, 2, 0));
	gate_leave(GATE_FOREIGN);
	gate_leave(GATE_FOREIGN);
	gate_leave(GATE_OWN);
}

static void *
enters(void *arg)
{
	return gate_enter(GATE_OWN, 1, 10000) ? arg : NULL;
}

/* Waits for its place, and no longer than until it is free. */
static void
waits(void **state)
{
	int64_t began = clock_ms();
	pthread_t t;
	void *in;

	(void)state;
	assert_true(gate_enter(GATE_OWN, 1, 0));
	assert_int_equal(pthread_create(&t, NULL, enters, &began), 0);
	assert_false(gate_enter(GATE_OWN, 1, 50));
	gate_leave(GATE_OWN);
	pthread_join(t, &in);
	assert_non_null(in);
	assert_in_range(clock_ms() - began, 50, 9000);
	gate_leave(GATE_OWN);
}

static void
limit_given_last_holds(void **state)
{
	(void)state;
	assert_true(gate_enter(GATE_OWN, 3, 0));
	assert_true(gate_enter(GATE_OWN, 3, 0));
	assert_false(gate_enter(GATE_OWN, 1, 0));
	assert_true(gate_enter(GATE_OWN, 3, 0));
	for (int i = 0; i < 3; i++)
		gate_leave(GATE_OWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_of_each_side),
		cmocka_unit_test(waits),
		cmocka_unit_test(limit_given_last_holds)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
