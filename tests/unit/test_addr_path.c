/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_addr_path: envelope paths as Postfix gives them, and wrong ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "bounds.h"

static const struct {
	struct span in;
	const char *local, *domain;	/* NULL: no path */
} cases[] = {
	{ SPAN_LIT("<a@x.example>"), "a", "x.example" },
	{ SPAN_LIT("a@x.example"), "a", "x.example" },
	{ SPAN_LIT("<>"), "", "" },
	{ SPAN_LIT(""), "", "" },
	{ { NULL, 0 }, "", "" },
	{ SPAN_LIT("<postmaster>"), "postmaster", "" },
	{ SPAN_LIT("<\"a b\"@x.example>"), "\"a b\"", "x.example" },
	{ SPAN_LIT("<\"a@b\"@x.example>"), "\"a@b\"", "x.example" },
	{ SPAN_LIT("<\"a\\\"@b\"@x>"), "\"a\\\"@b\"", "x" },
	{ SPAN_LIT("<\"a\".b@x>"), "\"a\".b", "x" },
	{ SPAN_LIT("<a\\@b@x>"), "a\\@b", "x" },
	{ SPAN_LIT("<@x,@y:a@z.example>"), "a", "z.example" },
	{ SPAN_LIT("<@[IPv6:::1]:a@z.example>"), "a", "z.example" },
	{ SPAN_LIT("<a@[192.0.2.1]>"), "a", "[192.0.2.1]" },
	{ SPAN_LIT("<a@[IPv6:2001:db8::1]>"), "a", "[IPv6:2001:db8::1]" },
	{ SPAN_LIT("<j\xc3\xb6@b\xc3\xbc.example>"), "j\xc3\xb6",
	    "b\xc3\xbc.example" },
	{ SPAN_LIT("<a=b+c!d%e@x>"), "a=b+c!d%e", "x" },
	{ SPAN_LIT("<"), NULL, NULL },
	{ SPAN_LIT(">"), NULL, NULL },
	{ SPAN_LIT("<a@x"), NULL, NULL },
	{ SPAN_LIT("a@x>"), NULL, NULL },
	{ SPAN_LIT("<<a@x>>"), NULL, NULL },
	{ SPAN_LIT("<a@>"), NULL, NULL },
	{ SPAN_LIT("<@x>"), NULL, NULL },
	{ SPAN_LIT("<@x:>"), NULL, NULL },
	{ SPAN_LIT("<a@b@c>"), NULL, NULL },
	{ SPAN_LIT("<a b@x>"), NULL, NULL },
	{ SPAN_LIT("<a@x y>"), NULL, NULL },
	{ SPAN_LIT("<\"a@x>"), NULL, NULL },
	{ SPAN_LIT("<a@x>, <b@y>"), NULL, NULL },
	{ SPAN_LIT("<a\\>"), NULL, NULL },
	{ SPAN_LIT("<a@[]>"), NULL, NULL },
	{ SPAN_LIT("<a@[1>"), NULL, NULL },
	{ SPAN_LIT("<a\0@x>"), NULL, NULL },
	{ SPAN_LIT("<a@x\0>"), NULL, NULL },
	{ SPAN_LIT("<\"a\r\n\"@x>"), NULL, NULL },
	{ SPAN_LIT("<a@x\r\n>"), NULL, NULL },
};

static void
test_paths(void **state)
{
	struct mailbox m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ok = addr_parse_path(cases[i].in, &m) == 0;

		if (ok != (cases[i].local != NULL))
			fail_msg("%s: %s", cases[i].in.p,
			    ok ? "taken" : "not taken");
		if (!ok)
			continue;
		assert_true(span_is(m.local, cases[i].local));
		assert_true(span_is(m.domain, cases[i].domain));
	}
}

static void
test_length(void **state)
{
	char text[ADDRESS_MAX + 1];
	struct mailbox m;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[10] = '@';
	assert_int_equal(addr_parse_path(span_make(text, ADDRESS_MAX), &m),
	    0);
	assert_int_equal(addr_parse_path(span_make(text, sizeof(text)), &m),
	    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
