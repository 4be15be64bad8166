/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signing: what is named in h=, how the field is folded, and that libopendkim
 * verifies it, with each canonicalisation and algorithm, over messages that
 * are not simple, and no longer after a change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "dkim_fixture.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 1700000000

#define HEAD "From: A <a@example.org>\r\nTo: b@example.net\r\n"

static const char *const messages[] = {
	HEAD "Subject: plain\r\n\r\nHello.\r\n",
	HEAD "\r\n",
	HEAD "Subject:\r\n\r\n\r\n\r\n",
	HEAD "\r\n \r\n\t\r\n",
	HEAD "\r\nno end",
	HEAD "\r\nno end ",
	HEAD "\r\nmany  blanks \t here \r\n\r\n  \r\nx\r\n\r\n\r\n",
	/* copies, signed bottom up; fields that nobody signs */
	"Received: x\r\nSubject: 1\r\nFrom: a@b.example\r\nsubject: 2"
	    "\r\nFROM: c@d.example\r\nX-Other: y\r\nTo: a@b\r\nTo: c@d\r\n"
	    "\r\nx\r\n",
	/* folds */
	"From: =?utf-8?q?a?=\r\n\t<a@b.example>\r\nSubject:\r\n  one\r\n\t"
	    "two  three \r\nReferences: <1@x>\r\n <2@y>\r\nList-Id: <l.x>\r\n"
	    "List-Unsubscribe: <mailto:x@y>\r\nReply-To: z@z\r\n\r\nx\r\n",
	/* 8-bit */
	"From: \xc3\xa4 <a@b.example>\r\nSubject: \xff\xfe\xa0\r\n\r\n"
	    "\xc3\xa4 \xff\r\n",
	"Subject :  blank before the colon\r\nFrom:a@b.example\r\n\r\nx\r\n",
	/* no white space, but for libopendkim */
	"From: a\fb \v c@b.example\r\nSubject: \v\r\n \f\r\n\r\nx\r\n",
};

struct world {
	struct arena		*a;
	struct table_dns	*dns;
	EVP_PKEY		*rsa;
	EVP_PKEY		*ed25519;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	w->a = arena_new();
	w->dns = table_dns_new();
	w->rsa = fixture_key(2048);
	w->ed25519 = fixture_key(0);
	fixture_publish(w->dns, w->a, "r._domainkey.example.org",
	    "v=DKIM1; k=rsa;", w->rsa, false);
	fixture_publish(w->dns, w->a, "e._domainkey.example.org",
	    "v=DKIM1; k=ed25519;", w->ed25519, false);
	clock_set_wall(NOW);
	return dkim_verify_init();
}

static int
teardown(void **state)
{
	struct world *w = *state;

	clock_set_wall(0);
	EVP_PKEY_free(w->rsa);
	EVP_PKEY_free(w->ed25519);
	table_dns_free(&w->dns);
	arena_free(&w->a);
	free(w);
	return 0;
}

static struct dkim_template
template(bool ed25519, enum dkim_canon header, enum dkim_canon body)
{
	return (struct dkim_template){ .domain = "example.org",
	    .selector = ed25519 ? "e" : "r",
	    .algorithm = ed25519 ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256,
	    .header_canon = header, .body_canon = body,
	    .signed_at = NOW, .expires_at = NOW + 86400 };
}

static struct dkim_report
verify(struct world *w, const struct fixture_message *m)
{
	static const struct dkim_policy policy = { .min_rsa_bits = 1024 };
	struct dkim_report r;

	dkim_verify_message(w->a, table_dns_of(w->dns), &policy, &m->m, NULL,
	    0, "test", clock_ms() + 10000, &r);
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
}

/* Both algorithms, one above the other, as a sender does it. */
static void
round_trip(struct world *w, const char *text, enum dkim_canon header,
    enum dkim_canon body)
{
	struct dkim_template rsa = template(false, header, body);
	struct dkim_template ed = template(true, header, body);
	struct fixture_message m;
	struct dkim_report r;

	fixture_parse(span_of(text), &m);
	fixture_sign(w->a, &rsa, w->rsa, &m);
	fixture_sign(w->a, &ed, w->ed25519, &m);
	r = verify(w, &m);
	assert_int_equal(r.n, 2);
	expect(&r, 0, DKIM_RESULT_PASS, text);
	expect(&r, 1, DKIM_RESULT_PASS, text);
	assert_string_equal(r.sig[0].algorithm, "ed25519-sha256");
	assert_int_equal(r.sig[1].key_bits, 2048);
	/* A field more of an oversigned name, and another body. */
	fixture_add(&m, span_of("From: mallory@example.org"));
	r = verify(w, &m);
	expect(&r, 0, DKIM_RESULT_FAIL, text);
	expect(&r, 1, DKIM_RESULT_FAIL, text);
	m.m.nfields--;
	m.m.body = span_of("other\r\n");
	r = verify(w, &m);
	expect(&r, 0, DKIM_RESULT_FAIL, text);
	assert_string_equal(r.sig[1].reason, "the body hash does not match");
}

static void
test_round_trip(void **state)
{
	for (size_t i = 0; i < LEN(messages); i++)
		for (int c = 0; c < 4; c++)
			round_trip(*state, messages[i],
			    c & 1 ? DKIM_RELAXED : DKIM_SIMPLE,
			    c & 2 ? DKIM_RELAXED : DKIM_SIMPLE);
}

/* The h= of a signed message, without white space. */
static const char *
names_of(struct world *w, const char *text)
{
	struct dkim_template t = template(true, DKIM_RELAXED, DKIM_RELAXED);
	struct fixture_message m;
	const char *v, *h;
	char *out;
	size_t n = 0;

	fixture_parse(span_of(text), &m);
	fixture_sign(w->a, &t, w->ed25519, &m);
	v = arena_cstr(w->a, m.field[0].value);
	h = strstr(v, "h=") + 2;
	out = arena_alloc(w->a, strlen(h) + 1);
	for (; *h != ';'; h++)
		if (strchr(" \t\r\n", *h) == NULL)
			out[n++] = *h;
	return out;
}

#define OVER_FROM "From:From:To:Cc:Subject:Date:Message-ID:MIME-Version:" \
	"Content-Type:Content-Transfer-Encoding"

static void
test_names(void **state)
{
	assert_string_equal(names_of(*state, "From: x\r\n\r\n"), OVER_FROM);
	assert_string_equal(names_of(*state, "Sender: s\r\nReceived: r\r\n"
	    "from: x\r\nReturn-Path: y\r\nDKIM-Signature: z\r\n\r\n"),
	    OVER_FROM);
	assert_string_equal(names_of(*state, "From: x\r\nList-Id: a\r\n"
	    "list-post: b\r\nReply-To: 1\r\nReply-To: 2\r\nX-List-Id: c\r\n"
	    "\r\n"), OVER_FROM ":Reply-To:Reply-To:List-Id:List-Post");
	assert_string_equal(names_of(*state, "From: x\r\nCc: 1\r\nCc: 2\r\n"
	    "\r\n"), "From:From:To:Cc:Cc:Cc:Subject:Date:Message-ID:"
	    "MIME-Version:Content-Type:Content-Transfer-Encoding");
}

/* No line of the field is longer than 77, a tab counting eight. */
static void
check_lines(struct span value)
{
	size_t column = strlen("DKIM-Signature:");

	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\r') {
			assert_int_equal(value.p[i + 1], '\n');
			assert_int_equal(value.p[i + 2], '\t');
			column = 8;
			i += 2;
			continue;
		}
		assert_true(++column <= 77);
	}
}

static void
test_folding(void **state)
{
	struct world *w = *state;
	struct dkim_template t = template(false, DKIM_RELAXED, DKIM_RELAXED);
	struct fixture_message m;
	char domain[61];

	memset(domain, 'a', sizeof(domain));
	for (size_t n = 1; n < sizeof(domain); n++) {
		domain[n] = '\0';
		t.domain = domain;
		fixture_parse(span_of(messages[0]), &m);
		fixture_sign(w->a, &t, w->rsa, &m);
		check_lines(m.field[0].value);
		domain[n] = 'a';
	}
}

static void
test_tags(void **state)
{
	struct world *w = *state;
	struct dkim_template t = template(true, DKIM_RELAXED, DKIM_SIMPLE);
	struct fixture_message m;
	const char *v;

	fixture_parse(span_of(messages[0]), &m);
	fixture_sign(w->a, &t, w->ed25519, &m);
	v = arena_cstr(w->a, m.field[0].value);
	assert_ptr_equal(strstr(v, " v=1; a=ed25519-sha256; "
	    "c=relaxed/simple; d=example.org;"), v);
	assert_non_null(strstr(v, "t=1700000000;"));
	assert_non_null(strstr(v, "x=1700086400;"));
	assert_null(strstr(v, "l="));
	t.expires_at = 0;
	fixture_sign(w->a, &t, w->ed25519, &m);
	assert_null(strstr(arena_cstr(w->a, m.field[0].value), "x="));
}

static void
test_no_from(void **state)
{
	struct world *w = *state;
	struct dkim_template t = template(true, DKIM_RELAXED, DKIM_SIMPLE);
	unsigned char digest[DKIM_DIGEST_SIZE] = { 0 };
	struct fixture_message m;
	struct dkim_prepared p;
	const char *error = NULL;

	fixture_parse(span_of("To: x\r\nFromm: y\r\n\r\n"), &m);
	assert_int_equal(dkim_sign_prepare(w->a, &t, m.field, m.m.nfields,
	    digest, &p, &error), -1);
	assert_non_null(error);
	assert_int_equal(dkim_sign_prepare(w->a, &t, NULL, 0, digest, &p,
	    &error), -1);
}

/* A field of 60,000 bytes, and one that is there 60 times. */
static void
test_large(void **state)
{
	struct world *w = *state;
	struct dkim_template t = template(false, DKIM_RELAXED, DKIM_RELAXED);
	struct fixture_message m;
	struct dkim_report r;
	char *big = arena_alloc(w->a, 60000);

	memset(big, 'x', 59999);
	fixture_parse(span_of(arena_printf(w->a, "From: a@b\r\nSubject: %s\r\n"
	    "\r\nx\r\n", big)), &m);
	for (int i = 0; i < 50; i++)
		fixture_add(&m, span_of("To: x@y"));
	fixture_sign(w->a, &t, w->rsa, &m);
	assert_true(m.field[0].value.n < 2000);
	r = verify(w, &m);
	expect(&r, 0, DKIM_RESULT_PASS, "large");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_no_from),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
