/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_spf: the grammar, the rewriting, macros, and whole checks with libspf2
 * behind them.
 *
 * Parts: four lines (client's address, HELO, local part, domain); DNS records.
 * Every TXT of the DNS is also parsed and rewritten by itself.  What libspf2
 * would get holds no byte but those of our own tokens, and each check ends in
 * one of the seven results within the limits.
 */
#include "clock.h"
#include "fuzz_dns.h"
#include "spf_internal.h"

/* A, AAAA, MX, PTR and TXT of a check that keeps its limits. */
#define ASKED_MAX	200

static struct table_dns *table;

static void
check_text(struct span s)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyz0123456789"
	    " +-~?:=/.";

	CHECK(span_starts(s, "v=spf1"));
	for (size_t i = 0; i < s.n; i++)
		CHECK(s.p[i] != '\0' && strchr(may, s.p[i]) != NULL);
}

static void
check_rewrite(const struct spf_record *r, int family)
{
	struct buf b;

	for (size_t from = 0; from <= r->n; from++) {
		buf_init(&b, 4096);
		spf_rewrite(r, from, family, &b);
		CHECK(!buf_failed(&b));
		check_text(buf_span(&b));
		buf_free(&b);
	}
}

static void
check_macro(struct arena *a, struct span spec)
{
	const struct spf_values values = {
		.local = "a+b.c", .sender_domain = "x.example",
		.domain = "d.example", .helo = "h.example",
		.validated = "unknown",
		.client = { .family = AF_INET6, .b = { 0x20, 1, 0xd, 0xb8 } }
	};
	const char *name;

	if (!spf_macro_string(spec))
		return;
	(void)spf_macro_uses(spec, 'p');
	(void)spf_macro_expand(a, spec, &values);
	name = spf_macro_domain(a, spec, &values);
	CHECK(name == NULL || strlen(name) <= DOMAIN_MAX);
}

static void
check_record(struct arena *a, struct span text, bool top)
{
	struct spf_record r = { .domain = "d.example", .top = top };
	const char *error = NULL;

	(void)spf_record_is(text);
	(void)spf_domain_spec(text);
	check_macro(a, text);
	if (spf_record_parse(a, text, &r, &error) != 0) {
		CHECK(error != NULL);
		return;
	}
	for (size_t i = 0; i < r.n; i++) {
		CHECK(fuzz_within(r.term[i].text, text));
		CHECK(fuzz_within(r.term[i].spec, text));
		CHECK(r.term[i].bits4 <= 32 && r.term[i].bits6 <= 128);
		if (r.term[i].spec.n > 0)
			check_macro(a, r.term[i].spec);
	}
	check_rewrite(&r, AF_INET);
	check_rewrite(&r, AF_INET6);
}

static void
check_records(struct arena *a, struct span rows)
{
	struct span line, word;
	bool top = false;

	while (span_split(&rows, '\n', &line))
		if (span_split(&line, ' ', &word) &&
		    span_split(&line, ' ', &word) && span_is(word, "TXT"))
			check_record(a, fuzz_unescape(a, line), top = !top);
}

static void
check_host(struct arena *a, struct spf_query *q)
{
	struct spf_verdict v;

	q->deadline = clock_ms() + 10000;
	spf_check(a, table_dns_of(table), q, &v);
	CHECK(v.result > SPF_NOT_CHECKED && v.result <= SPF_IS_PERMERROR);
	CHECK(v.domain != NULL && v.reason != NULL);
	CHECK(table_dns_asked(table) <= ASKED_MAX);
	fuzz_check_value(span_of(spf_received(a, &v, q, "mx.example")));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	table = table_dns_new();
	return spf_init();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span rest = fuzz_input(p, n), part = fuzz_part(&rest);
	struct arena *a = arena_new();
	struct spf_query q = { .identity = SPF_MAILFROM };

	if (ipaddr_parse(fuzz_line(a, &part), &q.client) != 0)
		(void)ipaddr_parse("192.0.2.1", &q.client);
	q.helo = fuzz_line(a, &part);
	q.local = fuzz_line(a, &part);
	q.domain = fuzz_line(a, &part);
	check_records(a, rest);
	fuzz_dns(table, a, rest);
	spf_start(table_dns_of(table), &q);
	check_host(a, &q);
	fuzz_dns(table, a, rest);
	q.identity = SPF_HELO;
	check_host(a, &q);
	arena_free(&a);
	return 0;
}
