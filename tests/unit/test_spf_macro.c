/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_spf_macro: syntax and expansion of macro strings (RFC 7208 section 7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spf_internal.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct spf_values
values(const char *client)
{
	struct spf_values v = { .local = "strong-bad",
	    .sender_domain = "email.example.com",
	    .domain = "email.example.com", .helo = "mx.example.org" };

	assert_int_equal(ipaddr_parse(client, &v.client), 0);
	return v;
}

static void
expect(const struct spf_values *v, const char *in, const char *want)
{
	struct arena *a = arena_new();
	const char *got;

	assert_true(spf_macro_string(span_of(in)));
	got = spf_macro_expand(a, span_of(in), v);
	assert_non_null(got);
	assert_string_equal(got, want);
	arena_free(&a);
}

/* Section 7.4. */
static void
test_rfc_examples(void **state)
{
	static const char *const cases[][2] = {
		{ "%{s}", "strong-bad@email.example.com" },
		{ "%{o}", "email.example.com" },
		{ "%{d}", "email.example.com" },
		{ "%{d4}", "email.example.com" },
		{ "%{d3}", "email.example.com" },
		{ "%{d2}", "example.com" },
		{ "%{d1}", "com" },
		{ "%{dr}", "com.example.email" },
		{ "%{d2r}", "example.email" },
		{ "%{l}", "strong-bad" },
		{ "%{l-}", "strong.bad" },
		{ "%{lr}", "strong-bad" },
		{ "%{lr-}", "bad.strong" },
		{ "%{l1r-}", "strong" },
		{ "%{ir}.%{v}._spf.%{d2}",
		    "3.2.0.192.in-addr._spf.example.com" },
		{ "%{lr-}.lp._spf.%{d2}",
		    "bad.strong.lp._spf.example.com" },
		{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
		    "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
		{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
		    "3.2.0.192.in-addr.strong.lp._spf.example.com" },
		{ "%{d2}.trusted-domains.example.net",
		    "example.com.trusted-domains.example.net" },
	};
	struct spf_values v = values("192.0.2.3");

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		expect(&v, cases[i][0], cases[i][1]);
	v = values("2001:db8::cb01");
	expect(&v, "%{ir}.%{v}._spf.%{d2}", "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0."
	    "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
}

static void
test_transformers(void **state)
{
	static const char *const cases[][2] = {
		{ "%{l1r+}", "strong-bad" },	/* no such delimiter */
		{ "%{l2r+-}", "bad.strong" },
		{ "%{l1}", "strong-bad" },
		{ "%{h}", "mx.example.org" },
		{ "%{p}", "unknown" },
		{ "%{d200}", "email.example.com" },
		{ "%{d99999999999999999999}", "email.example.com" },
		{ "%{d3R}", "com.example.email" },
		{ "%{d1r}", "email" },
		{ "%{S}", "strong-bad%40email.example.com" },
		{ "a%%b%_c%-d", "a%b c%20d" },
		{ "%{s1r@.}", NULL },
		{ "%{i}", "192.0.2.3" },
		{ "%{i2}", "2.3" },
		{ "", "" },
	};
	struct spf_values v = values("192.0.2.3");

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		if (cases[i][1] != NULL)
			expect(&v, cases[i][0], cases[i][1]);
		else
			assert_false(spf_macro_string(span_of(cases[i][0])));
	v.local = "~jack&jill=up-a_b3.c\xc3\xa9";
	expect(&v, "%{L}", "~jack%26jill%3Dup-a_b3.c%C3%A9");
	v.local = "..";
	expect(&v, "x%{l}y", "x..y");
	expect(&v, "x%{lr}y", "x..y");
	expect(&v, "x%{l2r}y", "x.y");
	v.local = "";
	expect(&v, "x%{l1r}y%{l3}", "xy");
}

static void
test_syntax(void **state)
{
	static const struct {
		const char	*text;
		bool		 string, spec;
	} cases[] = {
		{ "example.com", true, true },
		{ "example.com.", true, true },
		{ "com", true, false },
		{ ".com", true, true },
		{ "com.", true, false },
		{ "%{d}", true, true },
		{ "%{d}.", true, false },
		{ "%{d}.com", true, true },
		{ "%{d}com", true, false },
		{ "a.%%", true, true },
		{ "a.1", true, false },
		{ "a.1-1", true, true },
		{ "a.-x", true, false },
		{ "a.x-", true, false },
		{ "a.b:80", true, false },
		{ "a:b.com", true, true },
		{ "1.2.3.4", true, false },
		{ "%{c}", true, false },
		{ "%{T}.com", true, false },
		{ "%{x}", false, false },
		{ "%{d", false, false },
		{ "%{d0}", false, false },
		{ "%{d-r}", false, false },
		{ "%{}", false, false },
		{ "%(d)", false, false },
		{ "%", false, false },
		{ "a b.com", false, false },
		{ "\xc3\xa9.com", false, false },
		{ "a\x7f.com", false, false },
		{ "", true, false },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct span s = span_of(cases[i].text);

		assert_int_equal(spf_macro_string(s), cases[i].string);
		assert_int_equal(spf_domain_spec(s), cases[i].spec);
	}
	assert_false(spf_domain_spec(span_make("a\0.com", 6)));
}

static void
test_uses(void **state)
{
	(void)state;
	assert_true(spf_macro_uses(span_of("a.%{P1r}.b"), 'p'));
	assert_false(spf_macro_uses(span_of("p.%%{p}.b"), 'p'));
	assert_false(spf_macro_uses(span_of("%{d}.%{l}"), 's'));
}

/* Names to ask for: case, final dot, cut at 253, and what is no name. */
static void
test_domain(void **state)
{
	struct spf_values v = values("192.0.2.3");
	struct arena *a = arena_new();
	char label[65], many[600] = "%{d}";
	const char *name;

	(void)state;
#define NAME(s) spf_macro_domain(a, span_of(s), &v)
	assert_string_equal(NAME("WWW.Example.COM."), "www.example.com");
	assert_null(NAME("a..b.com"));
	assert_null(NAME(".b.com"));
	v.local = "a\\b";
	assert_string_equal(NAME("%{l}.example.com"), "a\\\\b.example.com");
	v.local = "\xc3\xa9";
	assert_null(NAME("%{l}.example.com"));
	assert_string_equal(NAME("%{L}.example.com"), "%c3%a9.example.com");
	memset(label, 'x', 64);
	label[64] = '\0';
	v.local = label;
	assert_null(NAME("%{l}.example.com"));
	label[63] = '\0';
	assert_non_null(NAME("%{l}.example.com"));
	for (int i = 0; i < 20; i++)
		strcat(many, ".%{d}");
	name = NAME(many);
	assert_non_null(name);
	assert_int_equal(strlen(name), 14 * 18 - 1);
	assert_memory_equal(name, "email.example.com.", 18);
#undef NAME
	arena_free(&a);
}

/* A long local part and a record full of macros end in no name, quickly. */
static void
test_bounds(void **state)
{
	struct spf_values v = values("192.0.2.3");
	struct arena *a = arena_new();
	char local[1025], spec[1001] = "";

	(void)state;
	memset(local, '.', 1024);
	local[1024] = '\0';
	v.local = local;
	for (int i = 0; i < 200; i++)
		strcat(spec, "%{sr}");
	assert_true(spf_domain_spec(span_of(spec)));
	assert_null(spf_macro_expand(a, span_of(spec), &v));
	spec[0] = '\0';
	for (int i = 0; i < 200; i++)
		strcat(spec, "%{l1}");
	assert_string_equal(spf_macro_expand(a, span_of(spec), &v), "");
	assert_true(arena_used(a) < 65536);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_examples),
		cmocka_unit_test(test_transformers),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
