/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_header: finding fields, unfolding, and folding without harm.
 *
 * Folds are written in a short form: "N*c" means N times the character c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "buf.h"
#include "header.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_find(void **state)
{
	static const struct field f[] = {
		{ SPAN_LIT("From"), SPAN_LIT("1") },
		{ SPAN_LIT("To"), SPAN_LIT("2") },
		{ SPAN_LIT("FROM"), SPAN_LIT("3") },
	};

	(void)state;
	assert_int_equal(field_count(f, 3, "from"), 2);
	assert_int_equal(field_count(f, 3, "Fro"), 0);
	assert_ptr_equal(field_find(f, 3, "from", 0), &f[0]);
	assert_ptr_equal(field_find(f, 3, "from", 1), &f[2]);
	assert_null(field_find(f, 3, "from", 2));
	assert_null(field_find(f, 3, "Cc", 0));
}

static void
test_names(void **state)
{
	static const struct {
		struct span name;
		bool ok;
	} cases[] = {
		{ SPAN_LIT("From"), true }, { SPAN_LIT("X-!~_1"), true },
		{ SPAN_LIT(""), false }, { SPAN_LIT("A B"), false },
		{ SPAN_LIT("A:"), false }, { SPAN_LIT("A\0"), false },
		{ SPAN_LIT("A\x7f"), false }, { SPAN_LIT("\xc3\xa4"), false },
		{ SPAN_LIT("A\n"), false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(field_name_valid(cases[i].name),
		    cases[i].ok);
}

static void
test_unfold(void **state)
{
	static const struct {
		struct span in, want;
	} cases[] = {
		{ SPAN_LIT(""), SPAN_LIT("") },
		{ SPAN_LIT(" \r\n\t "), SPAN_LIT("") },
		{ SPAN_LIT(" a\r\n b\r\n\tc "), SPAN_LIT("a b\tc") },
		{ SPAN_LIT(" a\n b\n"), SPAN_LIT("a b") },
		{ SPAN_LIT("a\0\xff" "b"), SPAN_LIT("a\0\xff" "b") },
		{ SPAN_LIT("a\rb\nc\r\nd"), SPAN_LIT("a b c d") },
		{ SPAN_LIT("a\r\r\n b\r"), SPAN_LIT("a  b") },
		{ SPAN_LIT("\r"), SPAN_LIT("") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena *a = arena_new();
		struct span got = field_unfold(a, cases[i].in);

		assert_true(span_eq(got, cases[i].want));
		assert_int_equal(got.p[got.n], '\0');
		arena_free(&a);
	}
}

/* "3*ab" gives "aaab". */
static void
expand(struct buf *b, const char *p)
{
	while (*p != '\0') {
		const char *star = p + strspn(p, "0123456789");
		int n = atoi(p);

		if (star == p || *star != '*') {
			buf_addc(b, *p++);
			continue;
		}
		for (p = star + 2; n > 0; n--)
			buf_addc(b, star[1]);
	}
}

/* The name is "Name" everywhere, so 993 bytes fit on the first line. */
static const struct {
	const char *in, *want;		/* NULL: as it was */
} folds[] = {
	{ "", NULL },
	{ " short", NULL },
	{ "993*x", NULL },
	{ " 992*x\r\n 997*y\r\n 997*z", NULL },
	/* Only a CRLF is added where there is white space. */
	{ " 500*x 500*y", " 500*x\r\n 500*y" },
	{ " 500*x\t500*y", " 500*x\r\n\t500*y" },
	{ " 300*x 300*y 300*z 300*w", " 300*x 300*y 300*z\r\n 300*w" },
	{ " 500*x  \t 500*y", " 500*x\r\n  \t 500*y" },
	{ " 992*x y", " 992*x\r\n y" },
	{ " 992*x\r\n 997*y z", " 992*x\r\n 997*y\r\n z" },
	{ " 997*x", "\r\n 997*x" },
	{ " 500*x 500*y\r\n z", " 500*x\r\n 500*y\r\n z" },
	{ " 500*x 500*y\n z", " 500*x\r\n 500*y\n z" },
	/* A word that is longer than a line. */
	{ "994*x", "993*x\r\n x" },
	{ "2000*x", "993*x\r\n 997*x\r\n 10*x" },
	{ " 998*x", "\r\n 997*x\r\n x" },
	{ " a 1500*x b", " a\r\n 997*x\r\n 503*x b" },
	{ " 500*x 990*y", " 500*x\r\n 990*y" },
	/* No line of blanks alone. */
	{ " x2000* ", " x" },
	{ "3000* x", " x" },
	{ " x1500* y", " x\r\n y" },
	{ " x600* 600*y", " x\r\n 600*y" },
};

static void
test_fold(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(folds); i++) {
		struct arena *a = arena_new();
		struct span out = { NULL, 0 };
		struct buf in, want;
		bool changed;

		buf_init(&in, 10000);
		buf_init(&want, 10000);
		expand(&in, folds[i].in);
		changed = field_fold(a, span_of("Name"), buf_span(&in), &out);
		assert_int_equal(changed, folds[i].want != NULL);
		if (changed) {
			expand(&want, folds[i].want);
			if (!span_eq(out, buf_span(&want)))
				fail_msg("%s: got %s", folds[i].in, out.p);
			/* What is folded needs no more folding. */
			assert_false(field_fold(a, span_of("Name"), out,
			    &out));
		}
		buf_free(&in);
		buf_free(&want);
		arena_free(&a);
	}
}

static void
test_fold_utf8(void **state)
{
	struct arena *a = arena_new();
	struct span out;
	struct buf in;

	(void)state;
	buf_init(&in, 10000);
	for (int i = 0; i < 900; i++)
		buf_adds(&in, "\xe2\x82\xac");
	assert_true(field_fold(a, span_of("Nam"), buf_span(&in), &out));
	for (size_t i = 0; i + 1 < out.n; i++)
		if (out.p[i] == '\r' || out.p[i + 1] == '\r')
			assert_int_equal((unsigned char)out.p[i] & 0xff,
			    out.p[i] == '\r' ? '\r' : 0xac);
	buf_free(&in);
	arena_free(&a);
}

/* Names as long as a line leave no room on the first line. */
static void
test_fold_long_name(void **state)
{
	static char name[3000];

	(void)state;
	memset(name, 'N', sizeof(name));
	for (size_t n = 990; n < 1010; n++) {
		struct arena *a = arena_new();
		struct span out, value = span_of(" value and more");

		if (field_fold(a, span_make(name, n), value, &out))
			assert_true(span_is(out, n < 992 ?
			    " value\r\n and more" : "\r\n value and more"));
		else
			assert_true(false);
		value = span_of("value");
		if (n >= 997) {
			assert_true(field_fold(a, span_make(name, n), value,
			    &out));
			assert_string_equal(out.p, "\r\n value");
		}
		arena_free(&a);
	}
}

static void
test_fold_linear(void **state)
{
	static const char *const pieces[] = { "x", " ", " x", "x\r\n ",
	    "\n", "\r", "\xe2\x82", "\x80" };
	enum { BYTES = 1000000 };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct arena *a = arena_new();
		struct span out;
		struct buf b;

		buf_init(&b, BYTES + 10);
		while (b.n < BYTES)
			buf_adds(&b, pieces[i]);
		if (field_fold(a, span_of("N"), buf_span(&b), &out))
			assert_false(field_fold(a, span_of("N"), out, &out));
		buf_free(&b);
		arena_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_unfold),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_utf8),
		cmocka_unit_test(test_fold_long_name),
		cmocka_unit_test(test_fold_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
