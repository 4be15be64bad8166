/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_spf_record: the grammar of records, and the text that libspf2 gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spf_internal.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void
test_version(void **state)
{
	(void)state;
	assert_true(spf_record_is(span_of("v=spf1")));
	assert_true(spf_record_is(span_of("V=SPF1 -all")));
	assert_false(spf_record_is(span_of("v=spf10")));
	assert_false(spf_record_is(span_of("v=spf1\t-all")));
	assert_false(spf_record_is(span_of("v=spf")));
	assert_false(spf_record_is(span_of(" v=spf1")));
	assert_false(spf_record_is(span_of("")));
}

/* What libspf2 gets of a record; NULL when the grammar refuses it. */
static const char *
rewritten(struct arena *a, const char *text, size_t from, int family)
{
	struct spf_record r = { .number = 3, .top = true };
	const char *fault = NULL, *out;
	struct buf b;

	if (spf_record_parse(a, span_of(text), &r, &fault) != 0) {
		assert_non_null(fault);
		return NULL;
	}
	buf_init(&b, 8192);
	spf_rewrite(&r, from, family, &b);
	assert_false(buf_failed(&b));
	out = arena_cstr(a, buf_span(&b));
	buf_free(&b);
	return out;
}

static void
test_rewrite(void **state)
{
	static const struct {
		const char	*in, *v4, *v6;
	} cases[] = {
		{ "v=spf1", "v=spf1", "v=spf1" },
		{ "v=spf1  -all  ", "v=spf1 -all", "v=spf1 -all" },
		{ "v=spf1 ip4:1.2.3.4/24 ?ip6:2001:DB8::/32 ~all",
		    "v=spf1 +ip4:1.2.3.4/24 ~all",
		    "v=spf1 ?ip6:2001:db8::/32 ~all" },
		{ "v=spf1 ip4:1.2.3.4/0 ip6:::/0",
		    "v=spf1 +ip4:0.0.0.0/1 +ip4:128.0.0.0/1",
		    "v=spf1 +ip6:::/1 +ip6:8000::/1" },
		{ "v=spf1 ip6:::ffff:1.2.3.4", "v=spf1",
		    "v=spf1 +ip6:::ffff:1.2.3.4/128" },
		{ "v=spf1 a MX:example.com/24//64 -all",
		    "v=spf1 +a:3.0.t/32 +mx:3.1.t/24 exists:3.1.m -all",
		    "v=spf1 +a:3.0.t//128 +mx:3.1.t//64 exists:3.1.m -all" },
		{ "v=spf1 a/0 mx//0 ptr",
		    "v=spf1 +exists:3.0.t +mx:3.1.t/32 +exists:3.2.t",
		    "v=spf1 +a:3.0.t//128 +exists:3.1.t +exists:3.2.t" },
		{ "v=spf1 redirect=b.com include:%{d}.x.org a",
		    "v=spf1 +include:3.0.t +a:3.1.t/32 redirect=3.2.t",
		    "v=spf1 +include:3.0.t +a:3.1.t//128 redirect=3.2.t" },
		{ "v=spf1 redirect=b.com -all ip4:1.2.3.4 exp=%{d}",
		    "v=spf1 -all", "v=spf1 -all" },
		{ "v=spf1 -exists:%{i}.x.org foo=%{c}:/= a.b-c_d=",
		    "v=spf1 -exists:3.0.t", "v=spf1 -exists:3.0.t" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const char *v4 = rewritten(a, cases[i].in, 0, AF_INET);
		const char *v6 = rewritten(a, cases[i].in, 0, AF_INET6);

		assert_non_null(v4);
		assert_string_equal(v4, cases[i].v4);
		assert_string_equal(v6, cases[i].v6);
	}
	arena_free(&a);
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {
		"all.", "all:", "-all/8", "+", "-", "++all", "a:", "a/", "a//",
		"a/33", "a/08", "a//129", "a///64", "a/24/64", "a//64/24",
		"a:b.com/", "a:com", "a:1.2.3.4", "a:b.com:80", "mx:", "ptr/0",
		"ptr:", "include", "include:", "include:b.com/24", "exists",
		"exists:", "ip4", "ip4:", "ip4:1.2.3", "ip4:1.2.3.04",
		"ip4:1.2.3.4/33", "ip4:1.2.3.4/", "ip4:1.2.3.4/1a",
		"ip4:1.2.3.4/024", "ip4:1.2.3.4//32", "ip4:::1", "ip4/8",
		"ip6:1.2.3.4", "ip6:::1/129", "ip6:::1%lo", "ip6:", "ip6::",
		"redirect:b.com", "redirect=", "redirect=com", "exp=",
		"redirect=b.com redirect=b.com", "exp=b.com exp=b.com",
		"?redirect=b.com", "-foo=bar", "foo", "foo:bar", "foo=%{x}",
		"foo=%", "1foo=bar", "all\tall", "a\x01", "=", "=x", "%{d}",
		"include:%{c}.b.com", "-all moo",
	};
	struct arena *a = arena_new();
	char text[256];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		snprintf(text, sizeof(text), "v=spf1 %s", cases[i]);
		if (rewritten(a, text, 0, AF_INET) != NULL)
			fail_msg("accepted: %s", text);
		snprintf(text, sizeof(text), "v=spf1 +all %s", cases[i]);
		if (rewritten(a, text, 0, AF_INET) != NULL)
			fail_msg("accepted: %s", text);
	}
	arena_free(&a);
}

static void
test_bytes(void **state)
{
	static const struct span nul = SPAN_LIT("v=spf1 a:x\0.com -all");
	static const struct span nul4 = SPAN_LIT("v=spf1 ip4:1.2.3.4\0 -all");
	static const struct span first = SPAN_LIT("v=spf1 \0 -all");
	struct arena *a = arena_new();
	struct spf_record r = { .number = 0 };
	const char *fault;
	char *big = malloc(61440);

	(void)state;
	assert_int_equal(spf_record_parse(a, nul, &r, &fault), -1);
	assert_int_equal(spf_record_parse(a, nul4, &r, &fault), -1);
	assert_int_equal(spf_record_parse(a, first, &r, &fault), -1);
	assert_non_null(big);
	memset(big, ' ', 61440);
	memcpy(big, "v=spf1", 6);
	assert_int_equal(spf_record_parse(a, span_make(big, SPF_RECORD_MAX),
	    &r, &fault), 0);
	assert_int_equal(spf_record_parse(a, span_make(big,
	    SPF_RECORD_MAX + 1), &r, &fault), -1);
	assert_int_equal(spf_record_parse(a, span_make(big, 61440), &r,
	    &fault), -1);
	free(big);
	arena_free(&a);
}

/* libspf2 drops what does not fit: long records are cut into several. */
static void
test_long(void **state)
{
	struct arena *a = arena_new();
	char text[1024] = "v=spf1";
	const char *part, *rest;
	size_t from = 0, seen = 0, parts = 0;

	(void)state;
	for (int i = 0; i < 60; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " ip6:2001:%x::", i);
	strcat(text, " -all");
	do {
		part = rewritten(a, text, from, AF_INET6);
		for (const char *p = part; (p = strstr(p, "ip6")); p++)
			seen++;
		rest = strstr(part, "redirect=3.");
		if (rest != NULL)
			from = strtoul(rest + strlen("redirect=3."), NULL, 10);
		assert_true(++parts < 10);
	} while (rest != NULL);
	assert_int_equal(seen, 60);
	assert_true(parts > 1);
	assert_non_null(strstr(part, " -all"));
	arena_free(&a);
}

static void
test_tokens(void **state)
{
	static const char *const bad[] = { "", "1", "1.2", "1.2.", "1.2.x",
		"1.2.tt", "1.2.3.t", "1.2.h", "1.2.3.4.h", ".1.2.t", "-1.2.t",
		"99999999999.1.t", "1.2.t.", "a.b.t", "1.99999.t" };
	struct spf_token t, in = { .kind = SPF_TOKEN_HOST, .record = 10,
	    .term = 512, .host = 7 };
	char text[SPF_TOKEN_SIZE];

	(void)state;
	spf_token_write(&in, text);
	assert_string_equal(text, "10.512.7.h");
	assert_int_equal(spf_token_read(text, &t), 0);
	assert_int_equal(t.kind, SPF_TOKEN_HOST);
	assert_int_equal(t.record, 10);
	assert_int_equal(t.term, 512);
	assert_int_equal(t.host, 7);
	assert_int_equal(spf_token_read("0.1.c", &t), 0);
	assert_int_equal(t.kind, SPF_TOKEN_REST);
	for (size_t i = 0; i < N(bad); i++)
		if (spf_token_read(bad[i], &t) == 0)
			fail_msg("accepted: %s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
