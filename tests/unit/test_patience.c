/* SPDX-License-Identifier: BSD-2-Clause */
/* patience: rows of errors, their end, and the bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "patience.h"

static void
test_row(void **state)
{
	struct patience *p = patience_new();

	(void)state;
	assert_true(patience_wait(p, "a.example", 1));
	assert_true(patience_wait(p, "A.Example", 1));
	assert_false(patience_wait(p, "b.example", 0));
	usleep(1100000);
	assert_false(patience_wait(p, "a.EXAMPLE", 1));
	assert_true(patience_wait(p, "a.example", 60));
	assert_true(patience_wait(p, "c.example", 1));
	patience_clear(p, "A.example");
	patience_clear(p, "never.example");
	assert_true(patience_wait(p, "a.example", 1));
	patience_free(&p);
	assert_null(p);
	patience_free(&p);
}

/* The one that was seen longest ago goes; one seen again stays. */
static void
test_bound(void **state)
{
	struct patience *p = patience_new();
	char name[400];

	(void)state;
	patience_wait(p, "first.example", 1);
	patience_wait(p, "second.example", 1);
	usleep(1100000);
	for (int i = 0; i < PATIENCE_MAX - 2; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		assert_true(patience_wait(p, name, 1));
	}
	assert_false(patience_wait(p, "first.example", 1));
	patience_wait(p, "one-more.example", 1);
	assert_false(patience_wait(p, "first.example", 1));
	assert_true(patience_wait(p, "second.example", 1));
	/* Longer than a name can be. */
	snprintf(name, sizeof(name), "%0399d", 7);
	assert_true(patience_wait(p, name, 1));
	patience_clear(p, name);
	patience_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
