/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_spf: spf_check() over a table of DNS records: results, the mechanism
 * named, limits, hostile records.  The standard cases are in
 * tests/conformance/spf_suite.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "spf.h"
#include "table_dns.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define BUDGET_MS	5000
#define CLIENT		"192.0.2.1"

static struct table_dns *dns;
static struct arena *arena;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new();
	dns = table_dns_new();
	return spf_init();
}

static int
tear_down(void **state)
{
	(void)state;
	table_dns_free(&dns);
	arena_free(&arena);
	return 0;
}

static void
txt(const char *name, const char *text)
{
	assert_int_equal(table_dns_put(dns, name, "TXT", text), 0);
}

static struct spf_query
query(const char *client, const char *local, const char *domain)
{
	struct spf_query q = { .identity = SPF_MAILFROM,
	    .helo = "helo.example.org", .local = local, .domain = domain,
	    .deadline = clock_ms() + BUDGET_MS };

	assert_int_equal(ipaddr_parse(client, &q.client), 0);
	return q;
}

static struct spf_verdict
check(const struct spf_query *q)
{
	struct spf_verdict v;

	spf_check(arena, table_dns_of(dns), q, &v);
	assert_non_null(v.domain);
	assert_non_null(v.reason);
	return v;
}

static struct spf_verdict
check_from(const char *client, const char *domain)
{
	struct spf_query q = query(client, "joe", domain);

	return check(&q);
}

static void
expect(const char *client, const char *domain, const char *result,
    const char *reason)
{
	struct spf_verdict v = check_from(client, domain);

	assert_string_equal(spf_result_word(v.result), result);
	if (reason != NULL)
		assert_string_equal(v.reason, reason);
}

/* Which mechanism it was, in the outermost record. */
static void
test_reason(void **state)
{
	static const struct {
		const char *record, *result, *reason;
	} cases[] = {
		{ "v=spf1 ip4:192.0.2.9 ip4:192.0.2.0/24 -all", "pass",
		    "ip4:192.0.2.0/24" },
		{ "v=spf1 ip4:10.0.0.0/8 -all", "fail", "-all" },
		{ "v=spf1 ip4:10.0.0.0/8", "neutral", "default" },
		{ "v=spf1 ?ip4:0.0.0.0/0", "neutral", "?ip4:0.0.0.0/0" },
		{ "v=spf1 a:no.example.org ~all", "softfail", "~all" },
		{ "v=spf1 a:no.example.org a:yes.example.org +all", "pass",
		    "a:yes.example.org" },
		{ "v=spf1 include:none.example.org ip4:192.0.2.1 -all",
		    "pass", "ip4:192.0.2.1" },
		{ "v=spf1 include:some.example.org +all", "pass",
		    "include:some.example.org" },
		{ "v=spf1 -include:some.example.org +all", "fail",
		    "-include:some.example.org" },
		{ "v=spf1 include:none.example.org include:none.example.org",
		    "neutral", "default" },
		{ "v=spf1 redirect=some.example.org", "pass",
		    "ip4:192.0.2.0/28" },
		{ "v=spf1 mx:mail.example.org//0 ip4:192.0.2.1", "pass",
		    "mx:mail.example.org//0" },
		{ "v=spf1 a:yes.example.org/0 -all", "pass",
		    "a:yes.example.org/0" },
		{ "v=spf1 a:none.example.org/0 -all", "fail", "-all" },
		{ "v=spf1 mx:mail.example.org/0 -all", "pass",
		    "mx:mail.example.org/0" },
		{ "v=spf1 exists:%{ir}.list.example.org -all", "pass",
		    "exists:%{ir}.list.example.org" },
		{ "v=spf1 ptr:example.org -all", "pass", "ptr:example.org" },
		{ "v=spf1 ptr:other.org -all", "fail", "-all" },
		{ "v=spf1 exists:%{p}.%{d} exists:%{d}.no -all", "pass",
		    "exists:%{p}.%{d}" },
	};

	(void)state;
	table_dns_put(dns, "no.example.org", "A", "10.1.1.1");
	table_dns_put(dns, "yes.example.org", "A", CLIENT);
	txt("none.example.org", "v=spf1 ip4:10.0.0.0/8 -all");
	txt("some.example.org",
	    "v=spf1 a:no.example.org ip4:192.0.2.0/28 ?all");
	table_dns_put(dns, "mail.example.org", "MX", "10 yes.example.org");
	table_dns_put(dns, "1.2.0.192.list.example.org", "A", "127.0.0.2");
	table_dns_put(dns, "1.2.0.192.in-addr.arpa", "PTR", "yes.example.org");
	for (size_t i = 0; i < N(cases); i++) {
		char name[64];

		snprintf(name, sizeof(name), "t%zu.org", i);
		txt(name, cases[i].record);
		snprintf(name, sizeof(name), "yes.example.org.t%zu.org", i);
		table_dns_put(dns, name, "A", "127.0.0.2");
		snprintf(name, sizeof(name), "t%zu.org", i);
		expect(CLIENT, name, cases[i].result, cases[i].reason);
	}
}

static void
test_identity(void **state)
{
	struct spf_query q = query(CLIENT, "", "");
	struct spf_verdict v;

	(void)state;
	txt("helo.example.org", "v=spf1 exists:%{l}.%{o}.%{h} -all");
	table_dns_put(dns, "postmaster.helo.example.org.helo.example.org",
	    "A", "127.0.0.2");
	v = check(&q);
	assert_int_equal(v.result, SPF_IS_PASS);
	assert_string_equal(v.domain, "helo.example.org");
	q = query(CLIENT, "joe", "example.net");
	q.identity = SPF_HELO;
	v = check(&q);
	assert_int_equal(v.result, SPF_IS_PASS);
	assert_int_equal(v.identity, SPF_HELO);
	assert_int_equal(check_from(CLIENT, "example.net").result,
	    SPF_NONE_FOUND);
}

static void
test_domains(void **state)
{
	static const char *const none[] = { "localhost", "[192.0.2.1]",
		"a..b.org", "-", "a b.org", "org." };
	struct spf_verdict v;
	struct spf_query q;

	(void)state;
	for (size_t i = 0; i < N(none); i++)
		expect(CLIENT, none[i], "none", NULL);
	assert_int_equal(table_dns_asked(dns), 0);
	txt("xn--bcher-kva.example", "v=spf1 +all");
	v = check_from(CLIENT, "B\xc3\xbc" "cher.Example.");
	assert_int_equal(v.result, SPF_IS_PASS);
	assert_string_equal(v.domain, "xn--bcher-kva.example");
	/* RFC 8616: a local part with 8-bit text matches nothing. */
	txt("eai.org", "v=spf1 include:%{l}.eai.org exists:%{l}.eai.org -all");
	q = query(CLIENT, "jos\xc3\xa9", "eai.org");
	v = check(&q);
	assert_string_equal(v.reason, "-all");
	q.client.family = AF_UNSPEC;
	assert_int_equal(check(&q).result, SPF_NONE_FOUND);
	q = query(CLIENT, NULL, NULL);
	q.helo = NULL;
	assert_int_equal(check(&q).result, SPF_NONE_FOUND);
}

/* libspf2 would let these pass whatever the record says. */
static void
test_loopback(void **state)
{
	(void)state;
	txt("example.org", "v=spf1 ip4:10.0.0.1 -all");
	expect("127.0.0.1", "example.org", "fail", "-all");
	expect("::1", "example.org", "fail", "-all");
	expect("::ffff:10.0.0.1", "example.org", "pass", "ip4:10.0.0.1");
}

static void
test_errors(void **state)
{
	(void)state;
	txt("two.org", "v=spf1 -all");
	txt("two.org", "v=spf1 +all");
	txt("two.org", "hello");
	expect(CLIENT, "two.org", "permerror", "two.org has 2 SPF records");
	txt("bad.org", "v=spf1 +all moo");
	expect(CLIENT, "bad.org", "permerror",
	    "record of bad.org: unknown mechanism in moo");
	txt("inc.org", "v=spf1 include:bad.org +all");
	expect(CLIENT, "inc.org", "permerror",
	    "record of bad.org: unknown mechanism in moo");
	txt("gone.org", "v=spf1 include:nothing.org +all");
	expect(CLIENT, "gone.org", "permerror",
	    "record of gone.org leads to nothing.org, which has none");
	txt("single.org", "v=spf1 redirect=%{d1}");
	expect(CLIENT, "single.org", "permerror", NULL);
	table_dns_put(dns, "late.org", "TIMEOUT", "");
	expect(CLIENT, "late.org", "temperror",
	    "DNS, TXT of late.org: timed out");
	txt("wait.org", "v=spf1 a:late.org +all");
	expect(CLIENT, "wait.org", "temperror",
	    "DNS, A of late.org: timed out");
	txt("tail.org", "v=spf1 ip4:192.0.2.1 a:late.org -all");
	expect(CLIENT, "tail.org", "pass", "ip4:192.0.2.1");
	/* Errors about the client's names only mean that it has none. */
	table_dns_put(dns, "1.2.0.192.in-addr.arpa", "TIMEOUT", "");
	txt("ptr.org", "v=spf1 ptr exists:%{p}.ptr.org -all");
	expect(CLIENT, "ptr.org", "fail", "-all");
}

static void
test_time(void **state)
{
	struct spf_query q = query(CLIENT, "joe", "example.org");

	(void)state;
	txt("example.org", "v=spf1 +all");
	q.deadline = clock_ms() - 1;
	assert_int_equal(check(&q).result, SPF_IS_TEMPERROR);
	assert_int_equal(table_dns_asked(dns), 0);
	spf_start(table_dns_of(dns), &q);
	assert_int_equal(table_dns_started(dns), 1);
}

static void
test_voids(void **state)
{
	(void)state;
	txt("two.org", "v=spf1 a:x1.no a:x2.no mx:x3.yes ip4:192.0.2.1 -all");
	table_dns_put(dns, "x3.yes", "MX", "10 h.yes");
	table_dns_put(dns, "h.yes", "A", "10.0.0.1");
	expect(CLIENT, "two.org", "pass", "ip4:192.0.2.1");
	txt("three.org", "v=spf1 a:x1.no exists:x2.no mx:x3.no +all");
	expect(CLIENT, "three.org", "permerror", NULL);
	txt("inner.org", "v=spf1 a:x1.no a:x2.no -all");
	txt("outer.org", "v=spf1 include:inner.org a:x3.no +all");
	expect(CLIENT, "outer.org", "permerror", NULL);
	/* One mx is one term, however many of its hosts have no address. */
	for (int i = 0; i < 5; i++) {
		char host[32];

		snprintf(host, sizeof(host), "1 gone%d.no", i);
		table_dns_put(dns, "hosts.org", "MX", host);
	}
	txt("hosts.org", "v=spf1 a:x1.no mx -all");
	expect(CLIENT, "hosts.org", "fail", "-all");
	/* No PTR record of the client is not the domain's void look-up. */
	txt("ptr.org", "v=spf1 a:x1.no a:x2.no ptr exists:%{p}.h.yes -all");
	table_dns_put(dns, "unknown.h.yes", "A", "127.0.0.2");
	expect(CLIENT, "ptr.org", "pass", "exists:%{p}.h.yes");
	/* Null MX (RFC 7505). */
	table_dns_put(dns, "null.org", "MX", "0 .");
	txt("null.org", "v=spf1 mx mx/0 -all");
	expect(CLIENT, "null.org", "fail", "-all");
}

static void
test_counts(void **state)
{
	char text[512] = "v=spf1", name[32];

	(void)state;
	table_dns_put(dns, "h.org", "A", "10.0.0.1");
	for (int i = 0; i < 10; i++)
		strcat(text, " a:h.org");
	txt("ten.org", text);
	expect(CLIENT, "ten.org", "neutral", "default");
	strcat(text, " a:h.org");
	txt("eleven.org", text);
	expect(CLIENT, "eleven.org", "permerror",
	    "more than 10 terms that ask the DNS");
	for (int i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "%d m%d.org", i, i);
		table_dns_put(dns, "mx.org", "MX", name);
		snprintf(name, sizeof(name), "m%d.org", i);
		table_dns_put(dns, name, "A", i == 3 ? "10.3.3.3" : "10.0.0.1");
	}
	txt("mx.org", "v=spf1 mx -all");
	expect(CLIENT, "mx.org", "permerror", NULL);
	expect("10.3.3.3", "mx.org", "pass", "mx");
	txt("mx0.org", "v=spf1 mx:mx.org//0 -all");
	expect("2001:db8::1", "mx0.org", "permerror", "more than 10 MX hosts");
}

static void
test_loops(void **state)
{
	char name[32], text[128];

	(void)state;
	txt("self.org", "v=spf1 include:self.org +all");
	expect(CLIENT, "self.org", "permerror", NULL);
	txt("re.org", "v=spf1 redirect=re.org");
	expect(CLIENT, "re.org", "permerror", NULL);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "d%d.org", i);
		snprintf(text, sizeof(text), "v=spf1 include:d%d.org -all",
		    i + 1);
		txt(name, i == 29 ? "v=spf1 +all" : text);
	}
	expect(CLIENT, "d0.org", "permerror", NULL);
	expect(CLIENT, "d19.org", "pass", "include:d20.org");
	expect(CLIENT, "d18.org", "permerror", NULL);
	assert_true(table_dns_asked(dns) < 60);
}

/* Beyond 511 compiled bytes libspf2 loses mechanisms; ours must not. */
static void
test_long(void **state)
{
	char text[1024] = "v=spf1", name[32], *end;

	(void)state;
	for (int i = 0; i < 60; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " ip6:2001:%x::", i);
	strcat(text, " -all");
	txt("long.org", text);
	expect("2001:3b::", "long.org", "pass", "ip6:2001:3b::");
	expect("2001:3c::", "long.org", "fail", "-all");
	expect(CLIENT, "long.org", "fail", "-all");
	strcpy(text, "v=spf1 a:h.org");
	table_dns_put(dns, "h.org", "A", "10.0.0.1");
	for (int i = 0; i < 75; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " ip4:1.2.3.%d", i);
	strcat(text, " redirect=long.org");
	txt("chain.org", text);
	expect("1.2.3.74", "chain.org", "pass", "ip4:1.2.3.74");
	expect("10.0.0.1", "chain.org", "pass", "a:h.org");
	expect(CLIENT, "chain.org", "fail", "-all");
	/* Ten includes, each at the end of a record that is cut in two. */
	strcpy(text, "v=spf1");
	for (int i = 0; i < 70; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " ip4:1.2.3.%d", i);
	end = text + strlen(text);
	for (int i = 0; i < 10; i++) {
		snprintf(end, 32, " include:c%d.org", i + 1);
		snprintf(name, sizeof(name), "c%d.org", i);
		txt(name, text);
	}
	txt("c10.org", "v=spf1 +all");
	expect(CLIENT, "c1.org", "pass", "include:c2.org");
	expect(CLIENT, "c0.org", "pass", "include:c1.org");
}

static void
add_bytes(const char *name, const char *head, const char *fill, size_t n)
{
	size_t h = strlen(head), f = strlen(fill);
	char *text = malloc(h + n + f);

	assert_non_null(text);
	memcpy(text, head, h);
	for (size_t i = 0; i < n; i += f)
		memcpy(text + h + i, fill, f);
	assert_int_equal(table_dns_add(dns, name, "TXT",
	    span_make(text, h + n)), 0);
	free(text);
}

static void
test_hostile(void **state)
{
	static const struct span nul = SPAN_LIT("v=spf1 a:x\0.org +all");

	(void)state;
	add_bytes("big.org", "v=spf1 ", "a ", 61440);
	expect(CLIENT, "big.org", "permerror",
	    "record of big.org: the record is too long");
	add_bytes("macro.org", "v=spf1 exists:", "%{l}", 60000);
	expect(CLIENT, "macro.org", "permerror", NULL);
	add_bytes("terms.org", "v=spf1 ", "all ", 1000);
	expect(CLIENT, "terms.org", "pass", "all");
	add_bytes("asks.org", "v=spf1 ", "a ", 1000);
	expect(CLIENT, "asks.org", "permerror", NULL);
	add_bytes("mods.org", "v=spf1 ", "x= ", 999);
	expect(CLIENT, "mods.org", "neutral", NULL);
	add_bytes("spaces.org", "v=spf1 ", " ", 1000);
	expect(CLIENT, "spaces.org", "neutral", NULL);
	add_bytes("8bit.org", "v=spf1 ", "\xff\xfe", 20);
	expect(CLIENT, "8bit.org", "permerror", NULL);
	table_dns_add(dns, "nul.org", "TXT", nul);
	expect(CLIENT, "nul.org", "permerror", NULL);
	/* Nobody can reach our tokens from outside. */
	txt("token.org", "v=spf1 a:0.0.t include:0.0.c -all");
	expect(CLIENT, "token.org", "permerror", NULL);
}

static void
test_received(void **state)
{
	struct spf_query q = query(CLIENT, "j(oe", "example.org");
	struct spf_verdict v;
	const char *text;

	(void)state;
	txt("example.org", "v=spf1 include:x.example.org -all");
	txt("x.example.org", "v=spf1 +all");
	v = check(&q);
	text = spf_received(arena, &v, &q, "mx.test.org");
	assert_string_equal(text, " pass (mx.test.org: example.org permits "
	    "192.0.2.1)\r\n\tclient-ip=192.0.2.1;\r\n"
	    "\tenvelope-from=\"j(oe@example.org\";\r\n"
	    "\thelo=helo.example.org;\r\n\tidentity=mailfrom;\r\n"
	    "\treceiver=mx.test.org;\r\n"
	    "\tmechanism=\"include:x.example.org\"");
	txt("x.example.org", "v=spf1 -all");
	v = check(&q);
	text = spf_received(arena, &v, &q, "mx.test.org");
	assert_non_null(strstr(text, " permerror ("));
	assert_non_null(strstr(text, "problem=\"x.example.org has 2"));
	q = query("2001:db8::1", "", "");
	q.helo = "bad\r\nX-Evil: 1";
	v = check(&q);
	text = spf_received(arena, &v, &q, "mx.test.org");
	assert_non_null(strstr(text, "client-ip=\"2001:db8::1\""));
	assert_non_null(strstr(text, "envelope-from=\"\""));
	assert_null(strstr(text, "\nX-Evil"));
	assert_null(strstr(text, "mechanism="));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reason), TEST(test_identity), TEST(test_domains),
		TEST(test_loopback), TEST(test_errors), TEST(test_time),
		TEST(test_voids), TEST(test_counts), TEST(test_loops),
		TEST(test_long), TEST(test_hostile), TEST(test_received),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
