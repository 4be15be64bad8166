/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifying: the messages of RFC 8463 appendix A and RFC 6376 appendix A, and
 * a table of signatures that are weak, late, partial, malformed, without key,
 * or of a kind that libopendkim cannot read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "dkim_raw.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 1700000000

#define RFC8463_TEXT \
	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n" \
	" subject : date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n" \
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n" \
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n" \
	" date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n" \
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n" \
	" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n" \
	"From: Joe SixPack <joe@football.example.com>\r\n" \
	"To: Suzie Q <suzie@shopping.example.net>\r\n" \
	"Subject: Is dinner ready?\r\n" \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n" \
	"\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"

#define ED25519_KEY "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define RSA_KEY "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6" \
	"NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC" \
	"DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBf" \
	"O2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"

struct world {
	struct arena		*a;
	struct table_dns	*dns;
	EVP_PKEY		*rsa, *ed25519, *weak;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	w->rsa = fixture_key(2048);
	w->weak = fixture_key(768);
	w->ed25519 = fixture_key(0);
	clock_set_wall(NOW);
	return dkim_verify_init();
}

static int
teardown(void **state)
{
	struct world *w = *state;

	clock_set_wall(0);
	EVP_PKEY_free(w->rsa);
	EVP_PKEY_free(w->weak);
	EVP_PKEY_free(w->ed25519);
	free(w);
	return 0;
}

#define KEY(name) name "._domainkey.example.org"

static void
publish(struct world *w, const char *name, const char *tags, EVP_PKEY *k)
{
	fixture_publish(w->dns, w->a, name, tags, k, false);
}

static int
each_setup(void **state)
{
	struct world *w = *state;

	w->a = arena_new();
	w->dns = table_dns_new();
	publish(w, KEY("r"), "v=DKIM1; k=rsa;", w->rsa);
	publish(w, KEY("e"), "v=DKIM1; k=ed25519;", w->ed25519);
	publish(w, KEY("weak"), "v=DKIM1;", w->weak);
	publish(w, KEY("noted"), "v=DKIM1; n=see https://\xc3\xa4/;",
	    w->rsa);
	publish(w, KEY("plain"), "", w->rsa);
	publish(w, KEY("test"), "v=DKIM1; t=y:s;", w->rsa);
	publish(w, KEY("sha1only"), "v=DKIM1; h=sha1;", w->rsa);
	publish(w, KEY("web"), "v=DKIM1; s=web;", w->rsa);
	publish(w, KEY("mail"), "v=DKIM1; s=web : email; h=sha1 : sha256;",
	    w->rsa);
	publish(w, KEY("twice"), "v=DKIM1; k=rsa; k=rsa;", w->rsa);
	publish(w, KEY("v2"), "v=DKIM2;", w->rsa);
	publish(w, KEY("odd"), "v=DKIM1; k=x;", w->rsa);
	publish(w, KEY("many"), "v=spf1 ;", w->ed25519);
	table_dns_put(w->dns, KEY("many"), "TXT", "v=spf1 -all");
	publish(w, KEY("many"), "v=DKIM1;", w->rsa);
	publish(w, KEY("many"), "v=DKIM1;", w->weak);
	fixture_publish(w->dns, w->a, KEY("bare"), "k=rsa;", w->rsa, true);
	table_dns_put(w->dns, KEY("revoked"), "TXT", "v=DKIM1; p=");
	table_dns_put(w->dns, KEY("junk"), "TXT", "v=DKIM1; p=AAAA");
	table_dns_put(w->dns, KEY("nobase64"), "TXT", "v=DKIM1; p=A!");
	table_dns_put(w->dns, KEY("nop"), "TXT", "v=DKIM1; k=rsa");
	table_dns_put(w->dns, KEY("slow"), "TIMEOUT", "");
	table_dns_put(w->dns, KEY("alias"), "CNAME", KEY("r"));
	/* RFC 8616: the key stands below A-labels */
	publish(w, "r._domainkey.xn--bcher-kva.example", "v=DKIM1;", w->rsa);
	publish(w, "xn--hxajbheg2az3al._domainkey.example.org", "v=DKIM1;",
	    w->rsa);
	return 0;
}

static int
each_teardown(void **state)
{
	struct world *w = *state;

	table_dns_free(&w->dns);
	arena_free(&w->a);
	return 0;
}

static const struct dkim_policy strict = { .min_rsa_bits = 1024 };
static const struct dkim_policy lenient = { .min_rsa_bits = 512,
    .accept_sha1 = true, .accept_partial_body = true,
    .accept_expired = true };

static struct dkim_report
verify(struct world *w, const struct fixture_message *m,
    const struct dkim_policy *policy, const char *author)
{
	struct dkim_report r;

	dkim_verify_message(w->a, table_dns_of(w->dns), policy, &m->m,
	    &author, author == NULL ? 0 : 1, "test", clock_ms() + 10000, &r);
	return r;
}

static void
expect(const struct dkim_report *r, size_t i, enum dkim_result want,
    const char *what)
{
	if (i >= r->n || r->sig[i].result != want)
		fail_msg("%s: signature %zu of %zu is %s (%s)", what, i, r->n,
		    i < r->n ? dkim_result_word(r->sig[i].result) : "absent",
		    i < r->n ? r->sig[i].reason : "");
	if ((want == DKIM_RESULT_PASS) != (r->sig[i].reason[0] == '\0'))
		fail_msg("%s: reason \"%s\"", what, r->sig[i].reason);
}

#define ORIGINAL "From: a@example.org\r\nSubject: x\r\n\r\nHello\r\nyou\r\n"
#define BODY_LENGTH 12
#define V1 "v=1; a=rsa-sha256; d=example.org; "

/* Tags of signatures that are otherwise right, and what becomes of them. */
static const struct {
	const char	*tags;
	enum dkim_result strict;
	enum dkim_result lenient;
} cases[] = {
	{ V1 "s=r;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ "v=1; a=ed25519-sha256; d=example.org; s=e;",
	    DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ "v=1;a=rsa-sha256;d=EXAMPLE.org;s=R;i=x@Sub.Example.ORG;",
	    DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=r; t=1699999999; x=1700000001; zz=unknown;",
	    DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	/* keys */
	{ V1 "s=bare;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=noted;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=plain;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=many;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=mail;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=alias;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=test;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=test; i=@example.org;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=test; i=@a.example.org;",
	    DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=none;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=revoked;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=junk;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=nobase64;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=nop;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=twice;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=v2;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=odd;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=web;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=sha1only;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=e;", DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ "v=1; a=ed25519-sha256; d=example.org; s=r;",
	    DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=slow;", DKIM_RESULT_TEMPERROR, DKIM_RESULT_TEMPERROR },
	/* policy */
	{ V1 "s=weak;", DKIM_RESULT_POLICY, DKIM_RESULT_PASS },
	{ "v=1; a=rsa-sha1; d=example.org; s=r;",
	    DKIM_RESULT_POLICY, DKIM_RESULT_PASS },
	{ V1 "s=r; t=1600000000; x=1600000001;",
	    DKIM_RESULT_POLICY, DKIM_RESULT_PASS },
	{ V1 "s=r; x=1;", DKIM_RESULT_POLICY, DKIM_RESULT_POLICY },
	{ V1 "s=r; t=1700010000;", DKIM_RESULT_POLICY, DKIM_RESULT_POLICY },
	{ V1 "s=r; l=5;", DKIM_RESULT_POLICY, DKIM_RESULT_PASS },
	{ V1 "s=r; l=0;", DKIM_RESULT_POLICY, DKIM_RESULT_PASS },
	{ V1 "s=r; l=12;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=r; l=13;", DKIM_RESULT_FAIL, DKIM_RESULT_FAIL },
	/* malformed, or not of this domain */
	{ V1 "s=r; i=@example.com;",
	    DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=r; i=@xexample.org;",
	    DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=r; i=x=;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r; i=x=4@example.org;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r; l=;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r; l=-1;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r; l=9223372036854775808;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r; t=2; x=1;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r; t=x;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r; s=r;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=r;;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1, DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=a b/c;", DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ "v=1; a=rsa-sha256; d=exa mple..org; s=r;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ "v=1; a=rsa-sha256; s=r;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ "v=2; a=rsa-sha256; d=example.org; s=r;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ "a=rsa-sha256; d=example.org; s=r;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ "v=1; a=rsa-sha512; d=example.org; s=r;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ "v=1; a=rsa-sha256; d=example.org; s=r; \x01=1;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	/* 8-bit: RFC 8616 */
	{ "v=1; a=rsa-sha256; d=b\xc3\xbc" "cher.example; s=r;",
	    DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=r; i=\xc3\xa4@example.org;",
	    DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ V1 "s=r; i=\xc3\xa4@example.org; l=5;",
	    DKIM_RESULT_POLICY, DKIM_RESULT_PASS },
	{ V1 "s=r; i=\xc3\xa4@example.org; l=13;",
	    DKIM_RESULT_FAIL, DKIM_RESULT_FAIL },
	{ "v=1; a=ed25519-sha256; d=example.org; s=e; zz=\xc3\xa4;",
	    DKIM_RESULT_PASS, DKIM_RESULT_PASS },
	{ "v=1; a=rsa-sha1; d=example.org; s=r; zz=\xc3\xa4;",
	    DKIM_RESULT_POLICY, DKIM_RESULT_PASS },
	{ V1 "s=none; zz=\xc3\xa4;",
	    DKIM_RESULT_PERMERROR, DKIM_RESULT_PERMERROR },
	{ V1 "s=slow; zz=\xc3\xa4;",
	    DKIM_RESULT_TEMPERROR, DKIM_RESULT_TEMPERROR },
	{ "v=1; a=rsa-sha256; d=\xff.example; s=r;",
	    DKIM_RESULT_NEUTRAL, DKIM_RESULT_NEUTRAL },
	{ V1 "s=\xcf\x80\xce\xb1\xcf\x81\xce\xac\xce\xb4\xce\xb5\xce\xb9\xce"
	    "\xb3\xce\xbc\xce\xb1;", DKIM_RESULT_PASS, DKIM_RESULT_PASS },
};

/* Signs with the case's tags, for as much of the body as l= says. */
static void
sign_case(struct world *w, const char *tags, struct fixture_message *m)
{
	const char *l = strstr(tags, "l=");
	size_t length = l == NULL ? SIZE_MAX : strtoul(l + 2, NULL, 10);
	EVP_PKEY *k = strstr(tags, "s=weak") ? w->weak :
	    strstr(tags, "a=ed25519") ? w->ed25519 : w->rsa;

	put_on_top(m, raw_sign(w->a, tags, "From:subject:from", length, k, m));
}

static void
test_cases(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	for (size_t i = 0; i < LEN(cases); i++) {
		fixture_parse(span_of(ORIGINAL), &m);
		sign_case(w, cases[i].tags, &m);
		r = verify(w, &m, &strict, NULL);
		assert_int_equal(r.n, 1);
		expect(&r, 0, cases[i].strict, cases[i].tags);
		r = verify(w, &m, &lenient, NULL);
		expect(&r, 0, cases[i].lenient, cases[i].tags);
	}
}

/* Each of them next to a good one, which stays good, on either side. */
static void
test_beside_good(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	for (size_t i = 0; i < LEN(cases); i++) {
		fixture_parse(span_of(ORIGINAL), &m);
		sign_case(w, V1 "s=r;", &m);
		sign_case(w, cases[i].tags, &m);
		sign_case(w, V1 "s=r;", &m);
		r = verify(w, &m, &strict, NULL);
		assert_int_equal(r.n, 3);
		expect(&r, 0, DKIM_RESULT_PASS, cases[i].tags);
		expect(&r, 1, cases[i].strict, cases[i].tags);
		expect(&r, 2, DKIM_RESULT_PASS, cases[i].tags);
	}
}

static void
test_rfc_messages(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	table_dns_put(w->dns, "brisbane._domainkey.football.example.com",
	    "TXT", "v=DKIM1; k=ed25519; " ED25519_KEY);
	table_dns_put(w->dns, "test._domainkey.football.example.com",
	    "TXT", "v=DKIM1; k=rsa; " RSA_KEY);
	fixture_parse(span_of(RFC8463_TEXT), &m);
	r = verify(w, &m, &strict, "football.example.com");
	assert_int_equal(r.n, 2);
	expect(&r, 0, DKIM_RESULT_PASS, "RFC 8463, Ed25519");
	expect(&r, 1, DKIM_RESULT_PASS, "RFC 8463, RSA");
	assert_string_equal(r.sig[0].domain, "football.example.com");
	assert_string_equal(r.sig[0].selector, "brisbane");
	assert_string_equal(r.sig[0].b, "/gCrinpc");
	assert_string_equal(r.sig[0].identity, "@football.example.com");
	assert_string_equal(r.sig[1].algorithm, "rsa-sha256");
	assert_int_equal(r.sig[0].key_bits, 256);
	assert_int_equal(r.sig[1].key_bits, 1024);
	assert_int_equal(r.sig[1].field, 1);
	m.m.body = span_make(m.m.body.p, m.m.body.n - 3);
	r = verify(w, &m, &strict, NULL);
	expect(&r, 0, DKIM_RESULT_FAIL, "cut");
	expect(&r, 1, DKIM_RESULT_FAIL, "cut");
	assert_int_equal(table_dns_started(w->dns), 4);
}

static void
test_unsigned(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	fixture_parse(span_of(ORIGINAL), &m);
	r = verify(w, &m, &strict, NULL);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.ignored, 0);
	m.m.nfields = 0;
	r = verify(w, &m, &strict, NULL);
	assert_int_equal(r.n, 0);
	assert_int_equal(table_dns_asked(w->dns), 0);
}

/* No field is there but the signature, and it names itself often. */
static void
test_bare(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	fixture_parse(span_of("X: y\r\n\r\n"), &m);
	m.m.nfields = 0;
	put_on_top(&m, raw_sign(w->a, V1 "s=r;", "from", SIZE_MAX, w->rsa,
	    &m));
	r = verify(w, &m, &strict, NULL);
	expect(&r, 0, DKIM_RESULT_PASS, "no From");
	fixture_parse(span_of(ORIGINAL), &m);
	put_on_top(&m, raw_sign(w->a, V1 "s=r;", "from:from:subject:subject:"
	    "from:from:subject:subject:from:from:subject", SIZE_MAX, w->rsa,
	    &m));
	r = verify(w, &m, &strict, NULL);
	expect(&r, 0, DKIM_RESULT_PASS, "all fields signed and more");
}

/* A signature over another one, with a malformed one between. */
static void
test_signed_signature(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	fixture_parse(span_of(ORIGINAL), &m);
	put_on_top(&m, span_of(" v=1; a=; b"));
	sign_case(w, V1 "s=r;", &m);
	put_on_top(&m, raw_sign(w->a, V1 "s=r;",
	    "from:dkim-signature:dkim-signature:dkim-signature", SIZE_MAX,
	    w->rsa, &m));
	r = verify(w, &m, &strict, NULL);
	assert_int_equal(r.n, 3);
	/* The third name finds none: it never means the field itself. */
	expect(&r, 0, DKIM_RESULT_PASS, "over both");
	expect(&r, 1, DKIM_RESULT_PASS, "signed signature");
	expect(&r, 2, DKIM_RESULT_NEUTRAL, "malformed");
}

/* Blanks around a name hide no field from a signature that denies it. */
static void
test_blank_names(void **state)
{
	static const char *const subjects[] = { "Subject", "Subject ",
		"Subject\t", " Subject", "Subject \t " };
	static const char *const names[] = { "DKIM-Signature ",
		"DKIM-Signature\t", " DKIM-Signature" };
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	for (size_t i = 0; i < LEN(subjects); i++) {
		fixture_parse(span_of(ORIGINAL), &m);
		sign_case(w, V1 "s=r;", &m);
		put_on_top(&m, raw_sign(w->a, V1 "s=r;",
		    "from:subject:subject", SIZE_MAX, w->rsa, &m));
		m.field[m.m.nfields].name = span_of(subjects[i]);
		m.field[m.m.nfields++].value = span_of(" evil");
		r = verify(w, &m, &strict, NULL);
		expect(&r, 0, DKIM_RESULT_FAIL, subjects[i]);
		expect(&r, 1, DKIM_RESULT_FAIL, subjects[i]);
	}
	for (size_t i = 0; i < LEN(names); i++) {
		fixture_parse(span_of(ORIGINAL), &m);
		sign_case(w, V1 "s=r;", &m);
		sign_case(w, V1 "s=r;", &m);
		m.field[0].name = span_of(names[i]);
		r = verify(w, &m, &strict, NULL);
		expect(&r, 0, DKIM_RESULT_PASS, names[i]);
		expect(&r, 1, DKIM_RESULT_PASS, names[i]);
	}
}

/* NUL in a signed field: as signed, and what an attacker adds behind it. */
static void
test_nul(void **state)
{
	static const char with[] = "From: a@example.org\r\nSubject: x\0y\r\n"
	    "X: \0\r\n\r\nHello\r\n";
	static const char without[] = "From: a@example.org\r\nSubject: x\r\n"
	    "X: \0\r\n\r\nHello\r\n";
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;
	struct span sig;

	fixture_parse(span_make(with, sizeof(with) - 1), &m);
	sign_case(w, V1 "s=r;", &m);
	r = verify(w, &m, &strict, NULL);
	expect(&r, 0, DKIM_RESULT_PASS, "signed with NUL");
	fixture_parse(span_make(without, sizeof(without) - 1), &m);
	sign_case(w, V1 "s=r;", &m);
	sig = m.field[0].value;
	r = verify(w, &m, &strict, NULL);
	expect(&r, 0, DKIM_RESULT_PASS, "NUL elsewhere");
	fixture_parse(span_make(with, sizeof(with) - 1), &m);
	put_on_top(&m, sig);
	r = verify(w, &m, &strict, NULL);
	expect(&r, 0, DKIM_RESULT_FAIL, "NUL added");
	m.field[0].value = span_make("v=1\0; x", 7);
	r = verify(w, &m, &strict, NULL);
	expect(&r, 0, DKIM_RESULT_NEUTRAL, "NUL in the signature");
}

/* A CR or LF alone counts, in the body as in what was signed. */
static void
test_stray(void **state)
{
	static const char *const bodies[] = { "a\rb\r\n", "ab\r\n",
		"a\nb\r\n", "ab\r\n\r", "ab\r\r\n", "\nab\r\n",
		"ab\r\n\n" };
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;

	for (size_t i = 0; i < LEN(bodies); i++) {
		fixture_parse(span_of(ORIGINAL), &m);
		m.m.body = span_of(bodies[i]);
		sign_case(w, V1 "s=r;", &m);
		for (size_t j = 0; j < LEN(bodies); j++) {
			m.m.body = span_of(bodies[j]);
			r = verify(w, &m, &strict, NULL);
			expect(&r, 0, i == j ? DKIM_RESULT_PASS :
			    DKIM_RESULT_FAIL, bodies[j]);
		}
	}
}

/* Eight of eleven are looked at, the author's among them. */
static void
test_many(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;
	size_t asked;

	fixture_parse(span_of(ORIGINAL), &m);
	sign_case(w, V1 "s=r;", &m);
	for (int i = 0; i < 5; i++)
		put_on_top(&m, span_of("v=1; x; malformed"));
	for (int i = 0; i < 5; i++)
		put_on_top(&m, raw_sign(w->a, "v=1; a=rsa-sha256; "
		    "d=other.example; s=r;", "From", SIZE_MAX, w->rsa, &m));
	asked = table_dns_asked(w->dns);
	r = verify(w, &m, &strict, "news.example.org");
	assert_int_equal(r.n, DKIM_SIGNATURES_MAX);
	assert_int_equal(r.ignored, 3);
	assert_true(table_dns_asked(w->dns) - asked <= DKIM_SIGNATURES_MAX);
	expect(&r, 0, DKIM_RESULT_PERMERROR, "other.example");
	expect(&r, 5, DKIM_RESULT_NEUTRAL, "malformed");
	expect(&r, 7, DKIM_RESULT_PASS, "the author's");
	assert_int_equal(r.sig[7].field, 10);
	assert_string_equal(r.sig[7].domain, "example.org");
}

/* Large and strange things that must only not do harm. */
static void
test_hostile(void **state)
{
	struct world *w = *state;
	struct fixture_message m;
	struct dkim_report r;
	char *big = arena_alloc(w->a, 70001), *names;

	memset(big, 'a', 70000);
	fixture_parse(span_of(ORIGINAL), &m);
	fixture_add(&m, span_of(arena_printf(w->a, "DKIM-Signature: x=%s",
	    big)));
	fixture_add(&m, span_of(arena_printf(w->a, "Cc: %s", big)));
	sign_case(w, V1 "s=r;", &m);
	big[600] = '\0';
	names = arena_printf(w->a, "from:%s", big);
	for (char *p = names; (p = strstr(p, "aa")) != NULL; p += 2)
		p[1] = ':';
	put_on_top(&m, raw_sign(w->a, V1 "s=r;", names, SIZE_MAX, w->rsa, &m));
	put_on_top(&m, raw_sign(w->a, arena_printf(w->a,
	    V1 "s=r; i=%s@example.org;", big), "from", SIZE_MAX, w->rsa, &m));
	put_on_top(&m, raw_sign(w->a, V1 "s=r;", "from:cc", SIZE_MAX, w->rsa,
	    &m));
	put_on_top(&m, span_of(""));
	put_on_top(&m, span_of(" ; "));
	r = verify(w, &m, &strict, NULL);
	assert_int_equal(r.n, 7);
	expect(&r, 0, DKIM_RESULT_NEUTRAL, "empty");
	expect(&r, 1, DKIM_RESULT_NEUTRAL, "semicolon");
	expect(&r, 2, DKIM_RESULT_PASS, "over 70,000 bytes");
	expect(&r, 3, DKIM_RESULT_NEUTRAL, "long i=");
	expect(&r, 4, DKIM_RESULT_NEUTRAL, "long h=");
	expect(&r, 5, DKIM_RESULT_PASS, "good");
	expect(&r, 6, DKIM_RESULT_NEUTRAL, "long field");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, each_setup, each_teardown)
	const struct CMUnitTest tests[] = {
		T(test_rfc_messages), T(test_cases), T(test_beside_good),
		T(test_unsigned), T(test_bare), T(test_signed_signature),
		T(test_blank_names), T(test_nul), T(test_stray), T(test_many),
		T(test_hostile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
