/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dmarc: whole verdicts, over a table of DNS.
 *
 * A case is a From domain (or several), what SPF and DKIM said ("pass a.b",
 * several signatures with commas), the zone, and the verdict in words:
 *	none | permerror | temperror [matters] |
 *	pass [spf] [dkim=DOMAIN] | fail POLICY TAG POLICY-DOMAIN [testing]
 * with the author's domain in front where there are several.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dmarc.h"
#include "dmarc_table.h"

#define REJ "v=DMARC1; p=reject"
#define EX "_dmarc.example.com"

struct scene {
	const char *from;
	const char *spf;
	const char *dkim;
	const char *want;
	struct row  zone[8];
};

static const struct scene basics[] = {
	{ "", "pass example.com", "", "none", { { EX, REJ } } },
	{ "example.com", "", "", "none", { { NULL, NULL } } },
	{ "example.com", "pass example.com", "pass example.com", "none",
	    { { NULL, NULL } } },
	{ "example.com", "", "", "none", { { EX, REJ "|" REJ } } },
	{ "example.com", "", "", "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "", "", "fail quarantine p example.com",
	    { { EX, "v=DMARC1; p=quarantine" } } },
	{ "example.com", "", "", "fail none p example.com",
	    { { EX, "v=DMARC1; p=none" } } },
	{ "example.com", "", "", "fail none p example.com",
	    { { EX, "v=DMARC1" } } },
	{ "example.com", "", "", "permerror", { { EX, "v=DMARC1; p=x" } } },
	{ "example.com", "", "", "fail none p example.com",
	    { { EX, "v=DMARC1; p=x; rua=mailto:a@b.c" } } },
	{ "example.com", "", "", "fail reject p example.com",
	    { { EX, REJ "; pct=101; adkim=9; fo=x; ri=-; rf=?" } } },
	{ "example.com", "", "", "fail reject p example.com",
	    { { EX, "some text|" REJ } } },
	/* Identifiers. */
	{ "example.com", "pass example.com", "", "pass spf", { { EX, REJ } } },
	{ "example.com", "", "pass example.com", "pass dkim=example.com",
	    { { EX, REJ } } },
	{ "example.com", "pass example.com", "pass example.com",
	    "pass spf dkim=example.com", { { EX, REJ } } },
	{ "example.com", "fail example.com", "fail example.com",
	    "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "softfail example.com", "policy example.com",
	    "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "neutral example.com", "neutral example.com",
	    "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "permerror example.com", "permerror example.com",
	    "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "helo example.com", "", "fail reject p example.com",
	    { { EX, REJ } } },
	{ "example.com", "pass evil.com", "pass evil.net",
	    "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "",
	    "fail example.com, pass evil.com, pass example.com",
	    "pass dkim=example.com", { { EX, REJ } } },
	{ "example.com", "", "pass m.example.com, pass example.com",
	    "pass dkim=example.com", { { EX, REJ } } },
	{ "example.com", "pass ", "pass ", "fail reject p example.com",
	    { { EX, REJ } } },
	{ "example.com", "pass not a.example.com", "",
	    "fail reject p example.com", { { EX, REJ } } }
};

static const struct scene alignment[] = {
	/* Relaxed: up, down, sideways. */
	{ "example.com", "pass m.example.com", "", "pass spf",
	    { { EX, REJ } } },
	{ "a.example.com", "", "pass example.com", "pass dkim=example.com",
	    { { EX, REJ } } },
	{ "a.example.com", "", "pass b.example.com", "pass dkim=b.example.com",
	    { { EX, REJ } } },
	{ "a.example.com", "", "pass x.y.z.example.com",
	    "pass dkim=x.y.z.example.com", { { EX, REJ } } },
	{ "a.example.com", "", "pass b.example.com", "pass dkim=b.example.com",
	    { { "_dmarc.a.example.com", REJ }, { EX, REJ } } },
	/* No record above: each name is its own organisation. */
	{ "a.example.com", "", "pass example.com",
	    "fail reject p a.example.com",
	    { { "_dmarc.a.example.com", REJ } } },
	{ "a.example.com", "", "pass b.a.example.com",
	    "pass dkim=b.a.example.com", { { "_dmarc.a.example.com", REJ } } },
	/* Strict, one mode each. */
	{ "example.com", "", "pass m.example.com", "fail reject p example.com",
	    { { EX, REJ "; adkim=s" } } },
	{ "m.example.com", "", "pass example.com",
	    "fail reject p example.com", { { EX, REJ "; adkim=s" } } },
	{ "example.com", "pass m.example.com", "", "pass spf",
	    { { EX, REJ "; adkim=s" } } },
	{ "example.com", "pass m.example.com", "", "fail reject p example.com",
	    { { EX, REJ "; aspf=s" } } },
	{ "example.com", "", "pass m.example.com", "pass dkim=m.example.com",
	    { { EX, REJ "; aspf=s" } } },
	{ "example.com", "pass example.com", "pass m.example.com", "pass spf",
	    { { EX, REJ "; aspf=s; adkim=s" } } },
	/* One-letter names, suffixes, unlisted top-level domains. */
	{ "x.com", "", "pass evil.com", "fail reject p x.com",
	    { { "_dmarc.x.com", REJ } } },
	{ "evil.com", "", "pass x.com", "fail reject p evil.com",
	    { { "_dmarc.evil.com", REJ } } },
	{ "t.co", "", "pass evil.co", "fail reject p t.co",
	    { { "_dmarc.t.co", REJ }, { "_dmarc.evil.co", REJ } } },
	{ "x.co.uk", "", "pass evil.co.uk", "fail reject p x.co.uk",
	    { { "_dmarc.x.co.uk", REJ } } },
	{ "example.com", "", "pass com", "fail reject p example.com",
	    { { EX, REJ } } },
	{ "example.com", "", "pass com", "fail reject p example.com",
	    { { EX, REJ }, { "_dmarc.com", REJ } } },
	{ "one.zone", "", "pass two.zone", "fail reject p one.zone",
	    { { "_dmarc.one.zone", REJ } } },
	{ "example.com", "", "pass badexample.com",
	    "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "", "pass example.com.evil.net",
	    "fail reject p example.com", { { EX, REJ } } },
	/* A suffix with a record: strangers under it never align. */
	{ "one.com", "", "pass two.com", "fail reject p com",
	    { { "_dmarc.com", REJ } } },
	{ "one.co.uk", "", "pass two.co.uk", "fail reject p uk",
	    { { "_dmarc.uk", REJ "; psd=y" } } },
	{ "a.github.io", "", "pass b.github.io", "fail reject p github.io",
	    { { "_dmarc.github.io", REJ } } },
	{ "a.github.io", "", "pass c.a.github.io", "pass dkim=c.a.github.io",
	    { { "_dmarc.github.io", REJ } } },
	{ "a.brand", "", "pass b.brand", "pass dkim=b.brand",
	    { { "_dmarc.brand", REJ "; psd=n" } } },
	/* psd=n cuts a part off, psd=y too. */
	{ "a.dept.example.com", "", "pass example.com",
	    "fail reject p dept.example.com",
	    { { "_dmarc.dept.example.com", REJ "; psd=n" }, { EX, REJ } } },
	{ "example.com", "", "pass dept.example.com",
	    "fail reject p example.com",
	    { { "_dmarc.dept.example.com", REJ "; psd=n" }, { EX, REJ } } },
	{ "a.dept.example.com", "", "pass b.dept.example.com",
	    "pass dkim=b.dept.example.com",
	    { { "_dmarc.dept.example.com", REJ "; psd=n" }, { EX, REJ } } },
	{ "a.psd.test", "", "pass b.psd.test", "fail reject p psd.test",
	    { { "_dmarc.psd.test", REJ "; psd=y" } } },
	{ "psd.test", "", "pass b.psd.test", "fail reject p psd.test",
	    { { "_dmarc.psd.test", REJ "; psd=y" } } },
	{ "psd.test", "", "pass psd.test", "pass dkim=psd.test",
	    { { "_dmarc.psd.test", REJ "; psd=y" } } },
	/* Long names. */
	{ "9.8.7.6.5.4.3.2.com", "", "pass 2.com", "pass dkim=2.com",
	    { { "_dmarc.2.com", REJ } } },
	{ "9.8.7.6.5.4.3.2.com", "", "pass evil.com", "fail reject p 2.com",
	    { { "_dmarc.2.com", REJ } } }
};

#define SUB "v=DMARC1; p=reject; sp=quarantine; np=none"

static const struct scene policy[] = {
	{ "example.com", "", "", "fail reject p example.com", { { EX, SUB } } },
	{ "a.example.com", "", "", "fail quarantine sp example.com",
	    { { EX, SUB }, { "a.example.com", "-" } } },
	{ "a.example.com", "", "", "fail none np example.com",
	    { { EX, SUB } } },
	{ "a.example.com", "", "", "fail none np example.com",
	    { { EX, SUB }, { "_dmarc.a.example.com", "-" } } },
	{ "a.example.com", "", "", "fail reject np example.com",
	    { { EX, "v=DMARC1; p=none; np=reject" } } },
	{ "a.example.com", "", "", "fail none p example.com",
	    { { EX, "v=DMARC1; p=none; np=reject" },
	    { "a.example.com", "some text" } } },
	{ "a.example.com", "", "", "fail quarantine sp example.com",
	    { { EX, "v=DMARC1; p=reject; sp=quarantine" } } },
	{ "a.example.com", "", "", "fail reject p example.com",
	    { { EX, REJ } } },
	{ "a.example.com", "", "", "fail none p a.example.com",
	    { { EX, SUB }, { "_dmarc.a.example.com", "v=DMARC1; p=none" } } },
	/* A subdomain's own sp does not count for itself. */
	{ "a.example.com", "", "", "fail reject p a.example.com",
	    { { "_dmarc.a.example.com", "v=DMARC1; p=reject; sp=none" } } },
	/* A record between, not at the organisational domain. */
	{ "a.b.example.com", "", "", "fail quarantine sp example.com",
	    { { EX, SUB }, { "_dmarc.b.example.com", REJ },
	    { "a.b.example.com", "-" } } },
	/* The public suffix's policy. */
	{ "a.example.bank", "", "", "fail quarantine sp bank",
	    { { "_dmarc.bank",
	    "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y" },
	    { "a.example.bank", "-" } } },
	{ "nowhere.bank", "", "", "fail reject np bank",
	    { { "_dmarc.bank",
	    "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y" } } },
	{ "example.bank", "", "", "fail none p example.bank",
	    { { "_dmarc.bank", "v=DMARC1; p=reject; psd=y" },
	    { "_dmarc.example.bank", "v=DMARC1; p=none" } } },
	/* One step down. */
	{ "example.com", "", "", "fail quarantine p example.com testing",
	    { { EX, REJ "; t=y" } } },
	{ "example.com", "", "", "fail none p example.com testing",
	    { { EX, "v=DMARC1; p=quarantine; t=y" } } },
	{ "example.com", "", "", "fail none p example.com testing",
	    { { EX, "v=DMARC1; p=none; t=y" } } },
	{ "a.example.com", "", "", "fail quarantine np example.com testing",
	    { { EX, "v=DMARC1; p=none; np=reject; t=y" } } },
	{ "example.com", "", "", "fail quarantine p example.com testing",
	    { { EX, REJ "; pct=0" } } },
	{ "example.com", "", "", "fail reject p example.com",
	    { { EX, REJ "; pct=20" } } },
	{ "example.com", "pass example.com", "", "pass spf",
	    { { EX, REJ "; t=y" } } },
	/* An unusable record hides those above it. */
	{ "a.example.com", "", "", "permerror",
	    { { "_dmarc.a.example.com", "v=DMARC1; p=?" }, { EX, REJ } } },
	{ "a.example.com", "", "", "permerror",
	    { { EX, "v=DMARC1; p=reject; sp=?" } } },
	{ "a.example.com", "", "", "fail none p example.com",
	    { { EX, "v=DMARC1; p=reject; sp=?; rua=mailto:a@b.c" } } }
};

#define NONE "v=DMARC1; p=none"

static const struct scene errors[] = {
	/* The author's own name. */
	{ "example.com", "", "", "temperror matters", { { EX, "!" } } },
	{ "example.com", "pass example.com", "", "temperror",
	    { { EX, "!" } } },
	{ "example.com", "", "pass example.com", "temperror",
	    { { EX, "!" } } },
	{ "example.com", "", "pass m.example.com", "temperror matters",
	    { { EX, "!" } } },
	/* Above it. */
	{ "a.example.com", "", "", "temperror matters", { { EX, "!" } } },
	{ "a.example.com", "", "pass a.example.com", "temperror",
	    { { EX, "!" } } },
	{ "a.example.com", "", "", "fail reject p a.example.com",
	    { { "_dmarc.a.example.com", REJ }, { EX, "!" } } },
	{ "a.example.com", "", "pass evil.com", "fail reject p a.example.com",
	    { { "_dmarc.a.example.com", REJ }, { EX, "!" } } },
	{ "a.example.com", "", "pass b.example.com", "temperror matters",
	    { { "_dmarc.a.example.com", REJ }, { EX, "!" } } },
	{ "a.example.com", "pass b.example.com", "", "temperror",
	    { { "_dmarc.a.example.com", NONE }, { EX, "!" } } },
	{ "a.example.com", "", "pass b.example.com",
	    "fail reject p a.example.com",
	    { { "_dmarc.a.example.com", REJ "; adkim=s" }, { EX, "!" } } },
	{ "a.example.com", "pass a.example.com", "pass b.example.com",
	    "pass spf", { { "_dmarc.a.example.com", REJ }, { EX, "!" } } },
	{ "a.example.com", "", "pass b.example.com",
	    "fail reject p a.example.com",
	    { { "_dmarc.a.example.com", REJ "; psd=n" }, { EX, "!" } } },
	/* The top-level domain's server matters only without a record. */
	{ "example.com", "", "", "fail reject p example.com",
	    { { EX, REJ }, { "_dmarc.com", "!" } } },
	{ "a.example.com", "", "pass b.example.com", "pass dkim=b.example.com",
	    { { EX, REJ }, { "_dmarc.com", "!" } } },
	{ "a.example.com", "", "pass evil.com", "fail reject p example.com",
	    { { EX, REJ }, { "_dmarc.com", "!" } } },
	{ "example.com", "", "", "temperror matters",
	    { { "_dmarc.com", "!" } } },
	/* The identifier's walk. */
	{ "example.com", "", "pass m.example.com", "temperror matters",
	    { { EX, REJ }, { "_dmarc.m.example.com", "!" } } },
	{ "example.com", "", "pass m.example.com, pass n.example.com",
	    "pass dkim=n.example.com",
	    { { EX, REJ }, { "_dmarc.m.example.com", "!" } } },
	{ "example.com", "", "pass m.evil.com", "fail reject p example.com",
	    { { EX, REJ }, { "_dmarc.m.evil.com", "!" } } },
	/* SPF and DKIM had the trouble. */
	{ "example.com", "temperror example.com", "", "temperror matters",
	    { { EX, REJ } } },
	{ "example.com", "temperror example.com", "", "temperror",
	    { { EX, NONE } } },
	{ "example.com", "temperror example.com", "", "temperror",
	    { { EX, "v=DMARC1; p=quarantine; t=y" } } },
	{ "example.com", "temperror evil.com", "", "fail reject p example.com",
	    { { EX, REJ } } },
	{ "example.com", "temperror m.example.com", "", "temperror matters",
	    { { EX, REJ } } },
	{ "example.com", "temperror m.example.com", "",
	    "fail reject p example.com", { { EX, REJ "; aspf=s" } } },
	{ "example.com", "", "temperror example.com", "temperror matters",
	    { { EX, REJ } } },
	{ "example.com", "", "temperror evil.com, fail example.com",
	    "fail reject p example.com", { { EX, REJ } } },
	{ "example.com", "temperror example.com", "pass example.com",
	    "pass dkim=example.com", { { EX, REJ } } },
	{ "example.com", "temperror example.com", "", "none",
	    { { NULL, NULL } } },
	/* Whether the name exists. */
	{ "a.example.com", "", "", "temperror matters",
	    { { EX, SUB }, { "a.example.com", "!" } } },
	{ "a.example.com", "", "", "temperror matters",
	    { { EX, NONE "; np=reject" }, { "a.example.com", "!" } } },
	{ "a.example.com", "", "", "fail reject sp example.com",
	    { { EX, NONE "; sp=reject; np=reject" },
	    { "a.example.com", "!" } } },
	{ "a.example.com", "", "pass example.com", "pass dkim=example.com",
	    { { EX, SUB }, { "a.example.com", "!" } } },
	{ "a.example.com", "", "", "fail none np example.com testing",
	    { { EX, NONE "; np=quarantine; t=y" }, { "a.example.com", "!" } } }
};

#define ONE "_dmarc.one.com"
#define TWO "_dmarc.two.com"
#define QUA "v=DMARC1; p=quarantine"

static const struct scene several[] = {
	{ "one.com,two.com", "", "", "two.com fail reject p two.com",
	    { { ONE, QUA }, { TWO, REJ } } },
	{ "one.com,two.com", "", "", "one.com fail reject p one.com",
	    { { ONE, REJ }, { TWO, REJ } } },
	{ "one.com,two.com", "pass one.com", "",
	    "two.com fail reject p two.com",
	    { { ONE, REJ }, { TWO, REJ } } },
	{ "one.com,two.com", "", "pass two.com, pass one.com",
	    "one.com pass dkim=one.com", { { ONE, REJ }, { TWO, REJ } } },
	{ "one.com,two.com", "", "pass one.com", "two.com none",
	    { { ONE, REJ } } },
	{ "one.com,two.com", "", "", "one.com fail none p one.com",
	    { { ONE, NONE } } },
	{ "one.com,two.com", "", "", "two.com temperror matters",
	    { { ONE, NONE }, { TWO, "!" } } },
	{ "one.com,two.com", "", "", "one.com fail quarantine p one.com",
	    { { ONE, QUA }, { TWO, "!" } } },
	{ "one.com,two.com", "", "", "one.com fail reject p one.com",
	    { { ONE, REJ }, { TWO, "!" } } },
	{ "one.com,two.com", "pass two.com", "", "one.com fail none p one.com",
	    { { ONE, NONE }, { TWO, "!" } } },
	{ "one.com,two.com", "pass two.com", "", "two.com temperror",
	    { { TWO, "!" } } },
	{ "one.com,two.com,three.com", "", "pass one.com, pass two.com",
	    "three.com fail quarantine p three.com",
	    { { ONE, REJ }, { TWO, REJ }, { "_dmarc.three.com", QUA } } },
	{ "one.com,two.com", "", "pass one.com", "two.com permerror",
	    { { ONE, REJ }, { TWO, "v=DMARC1; p=x" } } }
};

static const char *
take_word(struct arena *arena, struct span *s)
{
	struct span word;

	*s = span_trim(*s);
	if (!span_split(s, ' ', &word))
		return "";
	return arena_cstr(arena, word);
}

static void
set_spf(struct arena *arena, const char *text, struct spf_verdict *v)
{
	struct span left = span_of(text);
	const char *word = take_word(arena, &left);
	int r;

	v->identity = SPF_MAILFROM;
	v->domain = left.p != NULL ? arena_cstr(arena, left) : "";
	v->reason = "";
	v->result = SPF_NONE_FOUND;
	if (strcmp(word, "helo") == 0) {
		v->identity = SPF_HELO;
		word = "pass";
	}
	for (r = SPF_NONE_FOUND; r <= SPF_IS_PERMERROR; r++)
		if (strcmp(spf_result_word((enum spf_result)r), word) == 0)
			v->result = (enum spf_result)r;
}

static void
set_dkim(struct arena *arena, const char *text, struct dkim_report *report)
{
	struct span left = span_of(text), one;
	const char *word;
	int r;

	memset(report, 0, sizeof(*report));
	report->sig = arena_array(arena, 8, sizeof(*report->sig));
	while (*text != '\0' && span_split(&left, ',', &one)) {
		struct dkim_signature *s = &report->sig[report->n++];

		word = take_word(arena, &one);
		s->domain = one.p != NULL ? arena_cstr(arena, one) : "";
		for (r = DKIM_RESULT_NONE; r <= DKIM_RESULT_PERMERROR; r++)
			if (strcmp(dkim_result_word((enum dkim_result)r),
			    word) == 0)
				s->result = (enum dkim_result)r;
	}
}

static void
set_authors(struct arena *arena, const char *text, struct dmarc_authors *a)
{
	struct span left = span_of(text), one;

	memset(a, 0, sizeof(*a));
	a->from_fields = 1;
	while (*text != '\0' && span_split(&left, ',', &one))
		a->domain[a->n++] = arena_cstr(arena, one);
}

static void
describe(const struct dmarc_verdict *v, bool who, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "%s%s%s", who ? v->domain : "",
	    who ? " " : "", dmarc_result_word(v->result));

	if (v->result == DMARC_RESULT_PASS)
		snprintf(out + n, size - n, "%s%s%s",
		    v->spf_aligned ? " spf" : "",
		    *v->dkim_aligned ? " dkim=" : "", v->dkim_aligned);
	else if (v->result == DMARC_RESULT_FAIL)
		snprintf(out + n, size - n, " %s %s %s%s",
		    dmarc_request_word(v->policy), v->policy_tag,
		    v->policy_domain, v->testing ? " testing" : "");
	else if (v->would_matter)
		snprintf(out + n, size - n, " matters");
}

static void
check(struct arena *arena, const struct scene *s, struct table *t,
    struct dmarc_verdict *v)
{
	struct dmarc_authors authors;
	struct dkim_report dkim;
	struct spf_verdict spf;
	struct dns dns;

	table_dns(t, s->zone, &dns);
	set_authors(arena, s->from, &authors);
	set_spf(arena, s->spf, &spf);
	set_dkim(arena, s->dkim, &dkim);
	dmarc_start(&dns, &authors);
	dmarc_check(arena, &dns, &authors, &spf, &dkim, 0, v);
}

static void
play(const char *name, const struct scene *s, size_t n)
{
	struct dmarc_verdict v;
	struct table t;
	char got[512];
	size_t i;

	for (i = 0; i < n; i++) {
		struct arena *arena = arena_new();

		check(arena, &s[i], &t, &v);
		describe(&v, strchr(s[i].from, ',') != NULL, got, sizeof(got));
		if (strcmp(got, s[i].want) != 0)
			print_error("%s %zu: %s (%s)\n", name, i, s[i].from,
			    v.reason);
		assert_string_equal(got, s[i].want);
		assert_string_equal(v.disagreement, "");
		assert_true(v.result == DMARC_RESULT_PASS || *v.reason != '\0');
		assert_true(v.testing || v.policy == v.published);
		arena_free(&arena);
	}
}

#define PLAY(x) play(#x, x, sizeof(x) / sizeof(x[0]))

static void
test_scenes(void **state)
{
	(void)state;
	PLAY(basics);
	PLAY(alignment);
	PLAY(policy);
	PLAY(errors);
	PLAY(several);
}

/* Fields that the words above do not show. */
static void
test_fields(void **state)
{
	static const struct scene s = { "a.example.com", "", "pass example.com",
	    "", { { EX,
	    REJ "; sp=quarantine; rua=mailto:a@b.c,mailto:d@e.f!9k" } } };
	struct arena *arena = arena_new();
	struct dmarc_verdict v;
	struct table t;

	(void)state;
	check(arena, &s, &t, &v);
	assert_string_equal(v.domain, "a.example.com");
	assert_string_equal(v.org_domain, "example.com");
	assert_string_equal(v.policy_domain, "example.com");
	assert_string_equal(v.policy_tag, "sp");
	assert_int_equal(v.published, DMARC_ASKS_QUARANTINE);
	assert_string_equal(v.rua, "mailto:a@b.c,mailto:d@e.f!9k");
	assert_string_equal(v.reason, "DKIM d=example.com aligns");
	arena_free(&arena);
}

static void
test_nothing_known(void **state)
{
	static const struct row zone[] = { { EX, REJ }, { NULL, NULL } };
	struct arena *arena = arena_new();
	struct dmarc_authors a;
	struct dmarc_verdict v;
	struct table t;
	struct dns dns;

	(void)state;
	table_dns(&t, zone, &dns);
	set_authors(arena, "example.com", &a);
	dmarc_check(arena, &dns, &a, NULL, NULL, 0, &v);
	assert_int_equal(v.result, DMARC_RESULT_FAIL);
	memset(&a, 0, sizeof(a));
	dmarc_check(arena, &dns, &a, NULL, NULL, 0, &v);
	assert_int_equal(v.result, DMARC_RESULT_NONE);
	assert_string_equal(v.domain, "");
	assert_string_equal(v.reason, "no From field");
	arena_free(&arena);
}

/* What a message may cost in questions. */
static void
test_questions(void **state)
{
	static const struct scene one = { "example.com", "pass example.com",
	    "pass example.com", "", { { EX, REJ } } };
	static const struct scene forged = { "example.com", "pass a.b.evil.net",
	    "pass c.d.evil.org, pass e.f.g.h.evil.com", "", { { EX, REJ } } };
	static const struct scene np = { "a.example.com", "",
	    "pass a.example.com", "", { { EX, SUB } } };
	struct arena *arena = arena_new();
	struct dmarc_verdict v;
	struct table t;

	(void)state;
	check(arena, &np, &t, &v);
	assert_string_equal(t.log, "_dmarc.a.example.com " EX " _dmarc.com");
	check(arena, &one, &t, &v);
	assert_string_equal(t.log, EX);
	check(arena, &forged, &t, &v);
	assert_string_equal(t.log, EX " _dmarc.com");
	arena_free(&arena);
}

/* Printed, never asserted. */
static void
test_cost(void **state)
{
	static const struct scene s = { "a.example.com", "pass b.example.com",
	    "pass example.com", "", { { EX, REJ "; rua=mailto:a@b.c" } } };
	struct timespec from, to;
	struct dmarc_verdict v;
	struct table t;
	int i;

	(void)state;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (i = 0; i < 1000; i++) {
		struct arena *arena = arena_new();

		check(arena, &s, &t, &v);
		arena_free(&arena);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	print_message("one check: %.1f us\n",
	    (double)(to.tv_sec - from.tv_sec) * 1e3 +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e6);
}

static int
setup(void **state)
{
	(void)state;
	return dmarc_init();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_cost)
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
