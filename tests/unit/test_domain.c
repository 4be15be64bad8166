/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_domain: the normal form, and the relations of names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	struct span in;
	const char *want;	/* NULL: no name */
} cases[] = {
	{ SPAN_LIT("example.org"), "example.org" },
	{ SPAN_LIT("Example.ORG."), "example.org" },
	{ SPAN_LIT("_dmarc.a-b.example"), "_dmarc.a-b.example" },
	{ SPAN_LIT("localhost"), "localhost" },
	{ SPAN_LIT("XN--bcher-KVA.example"), "xn--bcher-kva.example" },
	{ SPAN_LIT("xn--a.example"), "xn--a.example" },
	{ SPAN_LIT(L63 ".example"), L63 ".example" },
	{ SPAN_LIT(L63 "." L63 "." L63 "." L61),
	    L63 "." L63 "." L63 "." L61 },
	{ SPAN_LIT(L63 "." L63 "." L63 "." L61 "."),
	    L63 "." L63 "." L63 "." L61 },
	{ SPAN_LIT(L63 "." L63 "." L63 "." L61 "a"), NULL },
	{ SPAN_LIT(L63 "a.example"), NULL },
	{ SPAN_LIT(""), NULL }, { { NULL, 0 }, NULL },
	{ SPAN_LIT("."), NULL }, { SPAN_LIT("a..b"), NULL },
	{ SPAN_LIT(".a"), NULL }, { SPAN_LIT("a.."), NULL },
	{ SPAN_LIT("a b"), NULL }, { SPAN_LIT(" a"), NULL },
	{ SPAN_LIT("a/b"), NULL }, { SPAN_LIT("a@b"), NULL },
	{ SPAN_LIT("a\0b"), NULL }, { SPAN_LIT("a\n"), NULL },
	{ SPAN_LIT("[192.0.2.1]"), NULL }, { SPAN_LIT("a*b"), NULL },
	/* Beyond ASCII. */
	{ SPAN_LIT("b\xc3\xbc" "cher.example"), "xn--bcher-kva.example" },
	{ SPAN_LIT("B\xc3\x9c" "CHER.Example"), "xn--bcher-kva.example" },
	{ SPAN_LIT("bu\xcc\x88" "cher.example"), "xn--bcher-kva.example" },
	{ SPAN_LIT("b\xc3\xbc" "cher.example."), "xn--bcher-kva.example" },
	{ SPAN_LIT("_dmarc.b\xc3\xbc" "cher.example"),
	    "_dmarc.xn--bcher-kva.example" },
	{ SPAN_LIT("fa\xc3\x9f.example"), "xn--fa-hia.example" },
	{ SPAN_LIT("a\xe3\x80\x82" "example"), "a.example" },
	{ SPAN_LIT("\xef\xbd\x81.example"), "a.example" },
	{ SPAN_LIT("b\xfc" "cher.example"), NULL },
	{ SPAN_LIT("b\xc3\xbc\0.example"), NULL },
	{ SPAN_LIT("a\xe2\x80\xae" "b.example"), NULL },
	{ SPAN_LIT("b\xc3\xbc" "cher..example"), NULL },
	{ SPAN_LIT("b\xc3\xbc" "c her.example"), NULL },
	{ SPAN_LIT("\xf0\x9f\x98\x80.example"), NULL },
	{ SPAN_LIT("b\xc3\xbc" "." L63 "a.example"), NULL },
};

static void
test_normalise(void **state)
{
	char out[DOMAIN_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool ok = domain_normalise(cases[i].in, out) == 0;

		if (ok != (cases[i].want != NULL))
			fail_msg("%s: %s", cases[i].in.p,
			    ok ? out : "not taken");
		if (!ok)
			continue;
		assert_string_equal(out, cases[i].want);
		assert_true(domain_valid(out));
	}
}

static void
test_long_input(void **state)
{
	static char text[100000];
	char out[DOMAIN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	assert_int_equal(domain_normalise(span_make(text, sizeof(text)),
	    out), -1);
	assert_int_equal(domain_normalise(span_make(text, 1000), out), -1);
	memset(text, 'a', sizeof(text));
	assert_int_equal(domain_normalise(span_make(text, sizeof(text)),
	    out), -1);
}

static void
test_valid(void **state)
{
	(void)state;
	assert_true(domain_valid("a.example"));
	assert_false(domain_valid("A.example"));
	assert_false(domain_valid("a.example."));
	assert_false(domain_valid(""));
}

static void
test_parts(void **state)
{
	(void)state;
	assert_int_equal(domain_labels(""), 0);
	assert_int_equal(domain_labels("a"), 1);
	assert_int_equal(domain_labels("a.b.c"), 3);
	assert_string_equal(domain_parent("a.b.c"), "b.c");
	assert_string_equal(domain_parent("c"), "");
	assert_string_equal(domain_parent(""), "");
	assert_string_equal(domain_tail("a.b.c", 2), "b.c");
	assert_string_equal(domain_tail("a.b.c", 3), "a.b.c");
	assert_string_equal(domain_tail("a.b.c", 9), "a.b.c");
	assert_string_equal(domain_tail("a.b.c", 0), "");
	assert_string_equal(domain_tail("", 2), "");
}

static void
test_below(void **state)
{
	static const struct {
		const char *name, *above;
		bool below;
	} table[] = {
		{ "a.b.c", "b.c", true }, { "b.c", "b.c", true },
		{ "c", "b.c", false }, { "xb.c", "b.c", false },
		{ "b.c.d", "b.c", false }, { "b.c", "", false },
		{ "", "b.c", false }, { "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(domain_below(table[i].name, table[i].above),
		    table[i].below);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_long_input),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
