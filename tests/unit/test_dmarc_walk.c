/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dmarc_walk: names asked for, and the organisational domain and policy
 * record that come of the answers (RFC 9989 section 4.10).
 *
 * What a case wants is "ORG RECORD", RECORD being the name of the policy
 * record or "-"; with "?" behind what a failing server leaves open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dmarc_internal.h"
#include "dmarc_table.h"
#include "psl.h"

#define R "v=DMARC1; p=reject"
#define Y R "; psd=y"
#define N R "; psd=n"

static const struct {
	const char *start;
	const char *want;
	struct row  zone[6];
} cases[] = {
	/* The three examples of section 4.10.2. */
	{ "a.mail.example.com", "example.com example.com",
	    { { "_dmarc.mail.example.com", R }, { "_dmarc.example.com", R } } },
	{ "a.mail.example.com", "mail.example.com mail.example.com",
	    { { "_dmarc.mail.example.com", N }, { "_dmarc.example.com", R } } },
	{ "a.mail.example.com", "example.com com", { { "_dmarc.com", Y } } },
	/* Plain. */
	{ "example.com", "example.com -", { { NULL, NULL } } },
	{ "a.example.com", "a.example.com -", { { NULL, NULL } } },
	{ "example.com", "example.com example.com",
	    { { "_dmarc.example.com", R } } },
	{ "com", "com com", { { "_dmarc.com", R } } },
	{ "com", "com -", { { NULL, NULL } } },
	{ "a.example.com", "example.com example.com",
	    { { "_dmarc.a.example.com", R }, { "_dmarc.example.com", R } } },
	/* Other TXT, NODATA and several records. */
	{ "example.com", "example.com example.com",
	    { { "_dmarc.example.com", "v=spf1 -all|" R "|hello" } } },
	{ "example.com", "example.com -",
	    { { "_dmarc.example.com", R "|" R } } },
	{ "a.example.com", "example.com example.com",
	    { { "_dmarc.a.example.com", R "|" N "|" R },
	    { "_dmarc.example.com", R } } },
	{ "a.example.com", "example.com example.com",
	    { { "_dmarc.a.example.com", "-" }, { "_dmarc.example.com", R } } },
	{ "a.example.com", "example.com example.com",
	    { { "_dmarc.a.example.com", "p=reject; v=DMARC1" },
	    { "_dmarc.example.com", R } } },
	/* psd: y above, y at the start (not looked at), n at the start. */
	{ "a.b.example.com", "a.b.example.com b.example.com",
	    { { "_dmarc.b.example.com", Y }, { "_dmarc.example.com", R } } },
	{ "b.example.com", "b.example.com b.example.com",
	    { { "_dmarc.b.example.com", Y }, { "_dmarc.example.com", R } } },
	{ "b.example.com", "b.example.com b.example.com",
	    { { "_dmarc.b.example.com", N }, { "_dmarc.example.com", R } } },
	{ "a.b.example.com", "example.com com",
	    { { "_dmarc.b.example.com", R }, { "_dmarc.com", Y } } },
	{ "example.com", "example.com example.com",
	    { { "_dmarc.example.com", R }, { "_dmarc.com", Y } } },
	{ "a.psd.test", "a.psd.test psd.test",
	    { { "_dmarc.psd.test", Y }, { "_dmarc.test", R } } },
	{ "shop.brand", "brand brand", { { "_dmarc.brand", N } } },
	/* Guards: suffixes that say nothing, and registries of two levels. */
	{ "example.com", "example.com com", { { "_dmarc.com", R } } },
	{ "a.example.com", "example.com example.com",
	    { { "_dmarc.example.com", R }, { "_dmarc.com", R } } },
	{ "a.user.github.io", "user.github.io github.io",
	    { { "_dmarc.github.io", R } } },
	{ "a.user.github.io", "github.io github.io",
	    { { "_dmarc.github.io", N } } },
	{ "a.example.co.uk", "example.co.uk uk", { { "_dmarc.uk", Y } } },
	{ "a.example.co.uk", "example.co.uk example.co.uk",
	    { { "_dmarc.example.co.uk", R }, { "_dmarc.uk", Y } } },
	{ "a.example.co.uk", "example.co.uk co.uk",
	    { { "_dmarc.co.uk", R }, { "_dmarc.uk", Y } } },
	{ "co.uk", "co.uk uk", { { "_dmarc.uk", Y } } },
	{ "co.uk", "uk uk", { { "_dmarc.co.uk", R }, { "_dmarc.uk", N } } },
	/* Failing servers, at each level. */
	{ "a.example.com", "example.com? example.com?",
	    { { "_dmarc.a.example.com", "!" }, { "_dmarc.example.com", R } } },
	{ "a.example.com", "a.example.com? -?",
	    { { "_dmarc.example.com", "!" } } },
	{ "a.b.example.com", "b.example.com? b.example.com?",
	    { { "_dmarc.b.example.com", R }, { "_dmarc.example.com", "!" } } },
	{ "a.b.example.com", "b.example.com b.example.com",
	    { { "_dmarc.b.example.com", N }, { "_dmarc.example.com", "!" } } },
	{ "example.com", "example.com example.com",
	    { { "_dmarc.example.com", R }, { "_dmarc.com", "!" } } },
	{ "a.example.com", "example.com example.com",
	    { { "_dmarc.example.com", R }, { "_dmarc.com", "!" } } },
	{ "a.b.example.com", "b.example.com? b.example.com?",
	    { { "_dmarc.b.example.com", R }, { "_dmarc.com", "!" } } },
	{ "example.com", "example.com -?", { { "_dmarc.com", "!" } } },
	{ "a.example.com", "a.example.com? -?", { { "_dmarc.com", "!" } } },
	{ "com", "com? -?", { { "_dmarc.com", "!" } } },
	{ "a.example.com", "example.com? example.com?",
	    { { "_dmarc.a.example.com", "!" }, { "_dmarc.example.com", R },
	    { "_dmarc.com", "!" } } },
	/* More than eight labels. */
	{ "9.8.7.6.5.4.3.2.com", "2.com 2.com",
	    { { "_dmarc.8.7.6.5.4.3.2.com", N }, { "_dmarc.2.com", R } } },
	{ "9.8.7.6.5.4.3.2.com", "9.8.7.6.5.4.3.2.com 9.8.7.6.5.4.3.2.com",
	    { { "_dmarc.9.8.7.6.5.4.3.2.com", N } } },
	{ "a.9.8.7.6.5.4.3.2.com", "8.7.6.5.4.3.2.com 7.6.5.4.3.2.com",
	    { { "_dmarc.7.6.5.4.3.2.com", Y } } }
};

static void
run(struct arena *arena, const struct row *zone, const char *start,
    struct dmarc_place *place, struct table *t)
{
	struct dmarc_walk w = { .arena = arena };
	struct dns dns;

	table_dns(t, zone, &dns);
	w.dns = &dns;
	dmarc_walk_up(&w, start, place);
	assert_true(t->asked <= 8);
	assert_true(t->started >= t->asked);
}

static void
test_cases(void **state)
{
	struct arena *arena = arena_new();
	struct dmarc_place p;
	struct table t;
	char got[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run(arena, cases[i].zone, cases[i].start, &p, &t);
		snprintf(got, sizeof(got), "%s%s %s%s", p.org,
		    p.org_known ? "" : "?",
		    p.policy != NULL ? p.policy->name : "-",
		    p.policy_known ? "" : "?");
		if (strcmp(got, cases[i].want) != 0)
			print_error("case %zu: %s\n", i, cases[i].start);
		assert_string_equal(got, cases[i].want);
	}
	arena_free(&arena);
}

static void
asks(const char *start, const struct row *zone, const char *want)
{
	struct arena *arena = arena_new();
	struct dmarc_place p;
	struct table t;

	run(arena, zone, start, &p, &t);
	assert_string_equal(t.log, want);
	arena_free(&arena);
}

/* The RFC's own example, the border at eight labels, and where it stops. */
static void
test_questions(void **state)
{
	static const struct row none[1];
	static const struct row psd[] = {
		{ "_dmarc.example.com", Y }, { NULL, NULL }
	};

	(void)state;
	asks("a.b.c.d.e.f.g.h.i.j.mail.example.com", none,
	    "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com "
	    "_dmarc.g.h.i.j.mail.example.com _dmarc.h.i.j.mail.example.com "
	    "_dmarc.i.j.mail.example.com _dmarc.j.mail.example.com "
	    "_dmarc.mail.example.com _dmarc.example.com _dmarc.com");
	asks("8.7.6.5.4.3.2.com", none,
	    "_dmarc.8.7.6.5.4.3.2.com _dmarc.7.6.5.4.3.2.com "
	    "_dmarc.6.5.4.3.2.com _dmarc.5.4.3.2.com _dmarc.4.3.2.com "
	    "_dmarc.3.2.com _dmarc.2.com _dmarc.com");
	asks("com", none, "_dmarc.com");
	asks("a.example.com", psd, "_dmarc.a.example.com _dmarc.example.com");
	asks("example.com", psd, "_dmarc.example.com");
}

/* A name so long that _dmarc does not fit cannot have a record. */
static void
test_long_name(void **state)
{
	static const struct row none[1];
	struct arena *arena = arena_new();
	struct dmarc_place p;
	struct table t;
	char name[DOMAIN_SIZE];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[63] = name[127] = name[191] = '.';
	memcpy(name + 249, ".com", 5);
	run(arena, none, name, &p, &t);
	assert_string_equal(p.org, name);
	assert_true(p.org_known);
	assert_int_equal(t.asked, 4);
	assert_int_equal(t.started, 4);
	arena_free(&arena);
}

static void
test_memory(void **state)
{
	static const struct row none[1];
	struct arena *arena = arena_new();
	struct dmarc_walk w = { .arena = arena };
	struct dmarc_place p;
	struct table t;
	struct dns dns;

	(void)state;
	table_dns(&t, none, &dns);
	w.dns = &dns;
	dmarc_walk_up(&w, "a.example.com", &p);
	dmarc_walk_up(&w, "b.example.com", &p);
	assert_int_equal(t.asked, 4);
	assert_int_equal(t.started, 4);
	arena_free(&arena);
}

static int
setup(void **state)
{
	(void)state;
	return psl_open();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_memory)
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
