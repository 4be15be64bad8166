/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Authentication-Results: values as they are built, and whom a field claims
 * to be from, told by its friends and its forgers.
 */
#include "config.h"		/* memmem */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authres.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ID "mx.example.org"

static int
setup(void **state)
{
	*state = arena_new();
	return 0;
}

static int
teardown(void **state)
{
	struct arena *a = *state;

	arena_free(&a);
	return 0;
}

static void
expect(struct authres *r, const char *want)
{
	struct span v = authres_value(r);

	if (!span_is(v, want))
		fail_msg("\"%.*s\", expected \"%s\"", (int)v.n, v.p, want);
}

static void
test_none(void **state)
{
	expect(authres_new(*state, ID, false), " mx.example.org; none");
}

static void
test_build(void **state)
{
	struct authres *r = authres_new(*state, ID, false);

	authres_result(r, "spf", "pass", NULL, NULL);
	authres_property(r, "smtp", "mailfrom", span_of("a@example.com"));
	authres_result(r, "dkim", "fail", "2048-bit key",
	    "the body hash does not match");
	authres_property(r, "header", "d", span_of("example.com"));
	authres_property(r, "header", "b", span_of("ab/c+d=="));
	authres_result(r, "dmarc", "none", NULL, "");
	authres_property(r, "policy", "dmarc", span_of("reject"));
	authres_comment(r, "p=reject");
	expect(r, " mx.example.org;\r\n"
	    "\tspf=pass smtp.mailfrom=a@example.com;\r\n"
	    "\tdkim=fail (2048-bit key) "
	    "reason=\"the body hash does not match\"\r\n"
	    "\theader.d=example.com header.b=\"ab/c+d==\";\r\n"
	    "\tdmarc=none policy.dmarc=reject (p=reject)");
}

static const struct {
	const char *in, *out;
} values[] = {
	{ "example.com", "example.com" },
	{ "@example.com", "@example.com" },
	{ "a.b+c@example.com", "a.b+c@example.com" },
	{ "a b@example.com", "\"a b@example.com\"" },
	{ "\"a\"@example.com", "\"\\\"a\\\"@example.com\"" },
	{ "a..b@example.com", "\"a..b@example.com\"" },
	{ "a@example.com; dkim=pass", "\"a@example.com; dkim=pass\"" },
	{ "a@[192.0.2.1]", "\"a@[192.0.2.1]\"" },
	{ "a@b@c", "\"a@b@c\"" },
	{ "x\r\nX-Forged: y", "\"x??X-Forged: y\"" },
	{ "", "\"\"" },
};

static void
test_values(void **state)
{
	char want[200];
	struct authres *r;

	for (size_t i = 0; i < LEN(values); i++) {
		r = authres_new(*state, ID, false);
		authres_result(r, "m", "pass", NULL, NULL);
		authres_property(r, "x", "y", span_of(values[i].in));
		snprintf(want, sizeof(want), " mx.example.org;\r\n"
		    "\tm=pass x.y=%s", values[i].out);
		expect(r, want);
	}
}

/* Comments cannot end early; long ones are folded. */
static void
test_comments(void **state)
{
	struct authres *r = authres_new(*state, ID, false);
	struct span v;
	size_t column = 24;

	authres_result(r, "m", "pass", "evil) x=y (\\", NULL);
	for (int i = 0; i < 30; i++)
		authres_comment(r, "one two three four five six seven");
	v = authres_value(r);
	assert_null(memmem(v.p, v.n, "evil)", 5));
	for (size_t i = 0; i < v.n; i++) {
		column = v.p[i] == '\n' ? 0 : column + 1;
		assert_true(column < 78);
	}
}

static const struct {
	const char *value;
	bool claims;
} claims[] = {
	/* ours */
	{ " mx.example.org; none", true },
	{ "mx.example.org", true },
	{ " MX.Example.ORG; dkim=pass", true },
	{ " mx.example.org 1; dkim=pass", true },
	{ " mx.example.org (c) 1 (c) ; dkim=pass", true },
	{ " \"mx.example.org\"; dkim=pass", true },
	{ " \"mx.ex\\ample.org\"; dkim=pass", true },
	{ "\r\n\t(a (b) \\) c) mx.example.org\r\n ; dkim=pass", true },
	{ " (x)(y)\r\n mx.example.org(z); dkim=pass", true },
	{ " mx.example.org.; dkim=pass", true },
	{ " \"mx.example.org \"; dkim=pass", true },
	{ " \xef\xbd\x8dx.example.org; x", true },	/* wide m */
	{ " mx\xe3\x80\x82""example.org; x", true },	/* ideographic dot */
	/* others */
	{ " mx.example.com; dkim=pass", false },
	{ " xmx.example.org; dkim=pass", false },
	{ " mx.example.org.evil.example; dkim=pass", false },
	{ " example.org; dkim=pass header.d=mx.example.org", false },
	{ " other (mx.example.org) 1; spf=pass", false },
	{ " other; spf=pass (mx.example.org)", false },
	{ " \"other\"; spf=pass", false },
	{ " other", false },
	/* whose? */
	{ "", true },
	{ " ", true },
	{ " ; dkim=pass", true },
	{ " spf=pass smtp.mailfrom=x; dkim=pass", true },
	{ " other mx.example.org; dkim=pass", true },
	{ " other 1 2; dkim=pass", true },
	{ " (other; dkim=pass", true },
	{ " (a (b) c; x", true },
	{ " other (; dkim=pass", true },
	{ " \"other; dkim=pass", true },
	{ " \"\"; dkim=pass", true },
	{ " =?utf-8?q?mx.example.org?=; dkim=pass", true },
	{ " mx.example.org:25; dkim=pass", true },
	{ " m\x01x; dkim=pass", true },
	{ " \"other\\", true },
	{ " (\\", true },
};

static void
test_claims(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(claims); i++)
		if (authres_claims(span_of(claims[i].value), ID) !=
		    claims[i].claims)
			fail_msg("\"%s\": expected %d", claims[i].value,
			    claims[i].claims);
	assert_true(authres_claims(span_make("\0mx", 3), ID));
	assert_true(authres_claims(span_make("other\0; x", 9), ID));
}

/* What we build we recognise, and it has no claim to another name. */
static void
test_own(void **state)
{
	static const char *const ids[] = { ID, "localhost", "a_b.example",
		"xn--bcher-kva.example" };
	struct authres *r;

	for (size_t i = 0; i < LEN(ids); i++) {
		r = authres_new(*state, ids[i], false);
		authres_result(r, "spf", "pass", "(((\"", "\"; x");
		assert_true(authres_claims(authres_value(r), ids[i]));
		assert_false(authres_claims(authres_value(r), "no.example"));
	}
}

/* Deep and long input in linear time, without recursion. */
static void
test_long(void **state)
{
	size_t n = 200000;
	char *s = arena_alloc(*state, n);

	memset(s, '(', n);
	assert_true(authres_claims(span_make(s, n), ID));
	memset(s + n / 2, ')', n / 2 - 6);
	memcpy(s + n - 6, " other", 6);
	assert_true(authres_claims(span_make(s, n), ID));
	memset(s, 'x', n);
	assert_true(authres_claims(span_make(s, n), ID));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
