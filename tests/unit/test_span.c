/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_span: comparing, trimming and splitting text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "span.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))


static void
test_compare(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, caseeq, starts;
	} cases[] = {
		{ "", "", true, true, true },
		{ "abc", "abc", true, true, true },
		{ "aBc", "Abc", false, true, false },
		{ "abc", "ab", false, false, true },
		{ "abc", "", false, false, true },
		{ "ab", "abc", false, false, false },
		{ "@", "`", false, false, false },
		{ "[", "{", false, false, false },
		{ NULL, "", true, true, true },
		{ NULL, "a", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span a = span_of(cases[i].a);

		assert_int_equal(span_is(a, cases[i].b), cases[i].eq);
		assert_int_equal(span_caseis(a, cases[i].b),
		    cases[i].caseeq);
		assert_int_equal(span_starts(a, cases[i].b),
		    cases[i].starts);
	}
}

static void
test_nul_is_a_byte(void **state)
{
	struct span a = SPAN_LIT("a\0b"), b = SPAN_LIT("a\0c");

	(void)state;
	assert_int_equal(a.n, 3);
	assert_false(span_eq(a, b));
	assert_true(span_eq(a, a));
	assert_int_equal(span_chr(a, 'b'), 2);
	assert_int_equal(span_chr(a, 'x'), -1);
	assert_int_equal(span_chr(span_of(NULL), 'x'), -1);
}

static void
test_trim(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" }, { " \t\r\n", "" }, { " a b ", "a b" },
		{ "a\r\n", "a" }, { "\v a", "\v a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(span_is(span_trim(span_of(cases[i][0])),
		    cases[i][1]));
	assert_null(span_trim(span_of(NULL)).p);
}

static void
test_from(void **state)
{
	(void)state;
	assert_true(span_is(span_from(span_of("abc"), 1), "bc"));
	assert_true(span_is(span_from(span_of("abc"), 3), ""));
	assert_true(span_is(span_from(span_of("abc"), 9), ""));
	assert_null(span_from(span_of(NULL), 9).p);
}

static void
test_split(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "a,,b", "<a><><b>" }, { "a", "<a>" }, { "a,", "<a><>" },
		{ ",", "<><>" }, { "", "<>" }, { NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span s = span_of(cases[i].text), word;
		char got[64] = "";

		while (span_split(&s, ',', &word)) {
			strcat(got, "<");
			strncat(got, word.p, word.n);
			strcat(got, ">");
		}
		assert_string_equal(got, cases[i].words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_nul_is_a_byte),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_from),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
