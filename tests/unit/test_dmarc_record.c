/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dmarc_record: what we understand of a policy record.
 *
 * Each case is a record and how it is read, written as "p sp np flags rua";
 * "no" where it is no DMARC record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dmarc_internal.h"

#define RUA "rua=mailto:d@example.com"
#define GOT_RUA " mailto:d@example.com"

static const struct {
	const char *text;
	const char *want;
} cases[] = {
	/* Version: first, exact, and a tag of its own. */
	{ "v=DMARC1", "none" },
	{ "v=DMARC1;", "none" },
	{ "v=DMARC1; p=reject", "reject" },
	{ "v=DMARC1;p=reject;", "reject" },
	{ "v = DMARC1 ; p = reject ;", "reject" },
	{ "v\t=\tDMARC1\t;\tp\t=\treject", "reject" },
	{ "V=DMARC1; P=REJECT", "reject" },
	{ "", "no" },
	{ "v=dmarc1; p=reject", "no" },
	{ "v=DMARC2; p=reject", "no" },
	{ "v=DMARC10; p=reject", "no" },
	{ "v=DMARC; p=reject", "no" },
	{ "v=DMARC1 p=reject", "no" },
	{ "v=DMARC1, p=reject", "no" },
	{ "p=reject; v=DMARC1", "no" },
	{ "; v=DMARC1; p=reject", "no" },
	{ " v=DMARC1; p=reject", "no" },
	{ "\"v=DMARC1; p=reject\"", "no" },
	{ "v=spf1 -all", "no" },
	{ "v", "no" },
	{ "v=", "no" },
	{ "=DMARC1", "no" },
	/* Policies. */
	{ "v=DMARC1; p=quarantine; sp=none; np=reject",
	    "quarantine sp=none np=reject" },
	{ "v=DMARC1; sp=reject; p=none", "none sp=reject" },
	{ "v=DMARC1; p=Quarantine", "quarantine" },
	{ "v=DMARC1; sp=reject", "none sp=reject" },
	{ "v=DMARC1; " RUA, "none" GOT_RUA },
	{ "v=DMARC1; p=bogus; " RUA, "none" GOT_RUA },
	{ "v=DMARC1; p=; " RUA, "none" GOT_RUA },
	{ "v=DMARC1; p=reject none; " RUA, "none" GOT_RUA },
	{ "v=DMARC1; p=bogus", "unusable" },
	{ "v=DMARC1; p=bogus; rua=nobody", "unusable" },
	{ "v=DMARC1; p=reject; sp=bogus; " RUA, "none" GOT_RUA },
	{ "v=DMARC1; p=reject; np=bogus; " RUA, "none" GOT_RUA },
	{ "v=DMARC1; p=reject; sp=bogus", "unusable" },
	{ "v=DMARC1; p=r\xc3\xa9ject", "unusable" },
	{ "v=DMARC1; p=reject; p=none", "reject" },
	{ "v=DMARC1; p", "none" },
	/* Everything else that is wrong is ignored. */
	{ "v=DMARC1; ; ;p=reject;;", "reject" },
	{ "v=DMARC1; p=reject; rubbish; =x; x=", "reject" },
	{ "v=DMARC1; p=reject; future=yes; pp=none", "reject" },
	{ "v=DMARC1; p=reject; adkim=x; aspf=; fo=9; ri=x; rf=x", "reject" },
	{ "v=DMARC1; p=reject; adkim=s", "reject dkim=s" },
	{ "v=DMARC1; p=reject; ASPF=S", "reject spf=s" },
	{ "v=DMARC1; p=reject; adkim=r; aspf=r", "reject" },
	{ "v=DMARC1; p=reject; psd=y", "reject psd=y" },
	{ "v=DMARC1; p=reject; psd=n", "reject psd=n" },
	{ "v=DMARC1; p=reject; psd=u", "reject" },
	{ "v=DMARC1; p=reject; psd=maybe", "reject" },
	/* Test mode, and its forerunner. */
	{ "v=DMARC1; p=reject; t=y", "reject test" },
	{ "v=DMARC1; p=reject; t=Y", "reject test" },
	{ "v=DMARC1; p=reject; t=n", "reject" },
	{ "v=DMARC1; p=reject; t=x", "reject" },
	{ "v=DMARC1; p=reject; pct=0", "reject test" },
	{ "v=DMARC1; p=reject; pct=000", "reject test" },
	{ "v=DMARC1; p=reject; pct=1", "reject" },
	{ "v=DMARC1; p=reject; pct=50", "reject" },
	{ "v=DMARC1; p=reject; pct=101", "reject" },
	{ "v=DMARC1; p=reject; pct=", "reject" },
	{ "v=DMARC1; p=reject; pct=-0", "reject" },
	{ "v=DMARC1; p=reject; pct=0; t=n", "reject" },
	{ "v=DMARC1; p=reject; pct=100; t=y", "reject test" },
	/* Report addresses. */
	{ "v=DMARC1; p=none; rua=mailto:a@b.c, mailto:d@e.f!10m ,"
	    "https://x/?a=b",
	    "none mailto:a@b.c,mailto:d@e.f!10m,https://x/?a=b" },
	{ "v=DMARC1; p=none; rua=a@b.c", "none" },
	{ "v=DMARC1; p=none; rua=mailto:", "none" },
	{ "v=DMARC1; p=none; rua=mailto:a", "none" },
	{ "v=DMARC1; p=none; rua=mailto:a@", "none" },
	{ "v=DMARC1; p=none; rua=:x,1a:x,a b:c,,mailto:x@y",
	    "none mailto:x@y" },
	{ "v=DMARC1; p=none; rua=mailto:x@\x01y", "none" },
	{ "v=DMARC1; p=none; rua=mailto:a@b mailto:c@d", "none" }
};

static void
describe(bool is, const struct dmarc_record *r, char *out, size_t n)
{
	const char *sp = r->has_sp ? dmarc_request_word(r->sp) : "";
	const char *np = r->has_np ? dmarc_request_word(r->np) : "";

	if (!is || r->unusable) {
		snprintf(out, n, "%s", is ? "unusable" : "no");
		return;
	}
	snprintf(out, n, "%s%s%s%s%s%s%s%s%s%s%s%s",
	    dmarc_request_word(r->p), *sp ? " sp=" : "", sp,
	    *np ? " np=" : "", np, r->strict_dkim ? " dkim=s" : "",
	    r->strict_spf ? " spf=s" : "",
	    r->psd == DMARC_PSD_YES ? " psd=y" : "",
	    r->psd == DMARC_PSD_NO ? " psd=n" : "", r->testing ? " test" : "",
	    *r->rua ? " " : "", r->rua);
}

static void
test_cases(void **state)
{
	struct arena *arena = arena_new();
	struct dmarc_record r;
	char got[512];
	bool is;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is = dmarc_record_parse(arena, span_of(cases[i].text), &r);
		describe(is, &r, got, sizeof(got));
		if (strcmp(got, cases[i].want) != 0)
			print_error("case %zu: %s\n", i, cases[i].text);
		assert_string_equal(got, cases[i].want);
	}
	arena_free(&arena);
}

/* A record need not end in NUL, and may hold one. */
static void
test_bytes(void **state)
{
	static const char nul[] = "v=DMARC1; p=rej\0ect; " RUA;
	static const char cut[] = "v=DMARC1; p=reject";
	struct arena *arena = arena_new();
	struct dmarc_record r;

	(void)state;
	assert_true(dmarc_record_parse(arena,
	    span_make(nul, sizeof(nul) - 1), &r));
	assert_int_equal(r.p, DMARC_ASKS_NONE);
	assert_false(r.unusable);
	assert_true(dmarc_record_parse(arena, span_make(cut, 14), &r));
	assert_true(r.unusable);
	assert_false(dmarc_record_parse(arena, span_of(NULL), &r));
	arena_free(&arena);
}

static void
test_many_uris(void **state)
{
	struct arena *arena = arena_new();
	struct dmarc_record r;
	char text[8192] = "v=DMARC1; p=none; rua=";
	size_t i, commas = 0, n = strlen(text);

	(void)state;
	while (n + 40 < sizeof(text))
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "mailto:somebody%zu@example.com,", n);
	assert_true(dmarc_record_parse(arena, span_of(text), &r));
	for (i = 0; r.rua[i] != '\0'; i++)
		commas += r.rua[i] == ',';
	assert_int_equal(commas, 9);
	memset(text + 22, 'a', sizeof(text) - 23);
	memcpy(text + 22, "mailto:x@", 9);
	assert_true(dmarc_record_parse(arena, span_of(text), &r));
	assert_string_equal(r.rua, "");
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_many_uris)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
