/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dmarc: records, authors and the whole decision.
 *
 * Parts: header fields; lines "spf RESULT DOMAIN" and "dkim RESULT DOMAIN"
 * (RESULT: one digit of the enum); DNS records.  Every TXT of the DNS is also
 * read as a record.  A pass needs a pass of SPF or DKIM for a domain that is
 * the author's or shares its organisational domain.
 */
#include "clock.h"
#include "dmarc.h"
#include "dmarc_internal.h"
#include "domain.h"
#include "fuzz_dns.h"
#include "fuzz_mail.h"

#define SIGNATURES 8

struct results {
	struct spf_verdict	 spf;
	struct dkim_signature	 sig[SIGNATURES];
	struct dkim_report	 dkim;
};

static struct table_dns *table;

static void
check_record(struct arena *a, struct span text)
{
	struct dmarc_record r;

	if (!dmarc_record_parse(a, text, &r))
		return;
	CHECK(r.p <= DMARC_ASKS_REJECT && r.psd <= DMARC_PSD_NO);
	CHECK(!r.has_sp || r.sp <= DMARC_ASKS_REJECT);
	CHECK(!r.has_np || r.np <= DMARC_ASKS_REJECT);
	CHECK(r.rua != NULL);
	for (const char *p = r.rua; *p != '\0'; p++)
		CHECK(*p > ' ' && *p <= '~');
}

static void
check_records(struct arena *a, struct span rows)
{
	struct span line, word;

	while (span_split(&rows, '\n', &line))
		if (span_split(&line, ' ', &word) &&
		    span_split(&line, ' ', &word) && span_is(word, "TXT"))
			check_record(a, fuzz_unescape(a, line));
}

/* A line of the second part; domains come in normal form, or empty. */
static void
add_result(struct arena *a, struct span line, struct results *r)
{
	struct span what, digit;
	char name[DOMAIN_SIZE];
	unsigned result;

	if (!span_split(&line, ' ', &what) ||
	    !span_split(&line, ' ', &digit) || digit.n != 1)
		return;
	(void)domain_normalise(line, name);
	result = (unsigned char)digit.p[0] - '0';
	if (span_is(what, "spf") && result <= SPF_IS_PERMERROR) {
		r->spf.result = (enum spf_result)result;
		r->spf.domain = arena_strdup(a, name);
	} else if (span_is(what, "dkim") && r->dkim.n < SIGNATURES &&
	    result <= DKIM_RESULT_PERMERROR) {
		r->sig[r->dkim.n].result = (enum dkim_result)result;
		r->sig[r->dkim.n++].domain = arena_strdup(a, name);
	}
}

static void
read_results(struct arena *a, struct span part, struct results *r)
{
	struct span line;

	memset(r, 0, sizeof(*r));
	r->spf.result = SPF_NONE_FOUND;
	r->spf.identity = SPF_MAILFROM;
	r->spf.domain = r->spf.reason = "";
	r->dkim.sig = r->sig;
	while (span_split(&part, '\n', &line))
		add_result(a, line, r);
}

static bool
may_align(const struct dmarc_verdict *v, const char *id)
{
	return strcmp(id, v->domain) == 0 ||
	    (domain_below(id, v->org_domain) &&
	    domain_below(v->domain, v->org_domain));
}

static bool
signed_by(const struct results *r, const char *domain)
{
	for (size_t i = 0; i < r->dkim.n; i++)
		if (r->sig[i].result == DKIM_RESULT_PASS &&
		    strcmp(r->sig[i].domain, domain) == 0)
			return true;
	return false;
}

static void
check_verdict(const struct results *r, const struct dmarc_verdict *v)
{
	CHECK(v->domain != NULL && v->policy_domain != NULL);
	CHECK(v->org_domain != NULL && v->policy_tag != NULL);
	CHECK(v->dkim_aligned != NULL && v->reason != NULL);
	CHECK(v->disagreement != NULL && v->rua != NULL);
	(void)dmarc_result_word(v->result);
	(void)dmarc_request_word(v->policy);
	if (v->spf_aligned)
		CHECK(r->spf.result == SPF_IS_PASS &&
		    may_align(v, r->spf.domain));
	if (v->dkim_aligned[0] != '\0')
		CHECK(signed_by(r, v->dkim_aligned) &&
		    may_align(v, v->dkim_aligned));
	if (v->result == DMARC_RESULT_PASS)
		CHECK(v->spf_aligned || v->dkim_aligned[0] != '\0');
	if (v->result == DMARC_RESULT_FAIL)
		CHECK(!v->spf_aligned && v->dkim_aligned[0] == '\0');
}

static void
check_authors(const struct dmarc_authors *who)
{
	CHECK(who->n <= DMARC_AUTHORS_MAX);
	for (size_t i = 0; i < who->n; i++) {
		CHECK(domain_valid(who->domain[i]));
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(who->domain[i], who->domain[j]) != 0);
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	table = table_dns_new();
	return dmarc_init();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct fuzz_mail m;
	struct span rest = fuzz_input(p, n);
	struct arena *a = arena_new();
	struct dmarc_authors who;
	struct dmarc_verdict v;
	struct results r;

	fuzz_mail(fuzz_part(&rest), &m);
	read_results(a, fuzz_part(&rest), &r);
	check_records(a, rest);
	fuzz_dns(table, a, rest);
	dmarc_authors(a, m.field, m.nfields, &who);
	check_authors(&who);
	dmarc_start(table_dns_of(table), &who);
	dmarc_check(a, table_dns_of(table), &who, &r.spf, &r.dkim,
	    clock_ms() + 10000, &v);
	check_verdict(&r, &v);
	arena_free(&a);
	return 0;
}
