/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts: the gravest wins, the first of two equals stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verdict.h"

static const struct {
	enum verdict_kind first, second, want;
	const char	 *stage;
} cases[] = {
	{ VERDICT_HOLD, VERDICT_REJECT, VERDICT_REJECT, "second" },
	{ VERDICT_REJECT, VERDICT_HOLD, VERDICT_REJECT, "first" },
	{ VERDICT_TEMPFAIL, VERDICT_DISCARD, VERDICT_TEMPFAIL, "first" },
	{ VERDICT_DISCARD, VERDICT_TEMPFAIL, VERDICT_TEMPFAIL, "second" },
	{ VERDICT_REJECT, VERDICT_REJECT, VERDICT_REJECT, "first" },
	{ VERDICT_HOLD, VERDICT_DISCARD, VERDICT_DISCARD, "second" }
};

static void
gravest_wins(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict v = { 0 };

		verdict_raise(&v, cases[i].first, "first", "", "", "", "");
		verdict_raise(&v, cases[i].second, "second", "", "", "", "");
		assert_int_equal(v.kind, cases[i].want);
		assert_string_equal(v.stage, cases[i].stage);
	}
}

static void
words(void **state)
{
	(void)state;
	assert_string_equal(verdict_word(VERDICT_ACCEPT), "accept");
	assert_string_equal(verdict_word(VERDICT_REJECT), "reject");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gravest_wins),
		cmocka_unit_test(words)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
