/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_signproto: questions and answers survive the way, and only good ones.
 *
 * Besides single cases each record is cut at every byte and changed in every
 * byte: the decoders must refuse or give something within the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "signproto.h"
#include "wire.h"

#define NONCE 0x0123456789abcdefULL

static const struct sign_question two[] = {
	{ SPAN_LIT("example.org"), SPAN_LIT("s1"), SIGN_RSA_SHA256,
	    { 1, 2, 3 } },
	{ SPAN_LIT("xn--bcher-kva.example"), SPAN_LIT("2024.Ed_2"),
	    SIGN_ED25519_SHA256, { 9, [31] = 255 } },
};

static const struct sign_reply answers[] = {
	{ .status = SIGN_OK, .n = 3, .signature = { 7, 0, 9 } },
	{ .status = SIGN_NO_KEY, .reason = "no\nsuch key" },
};

static struct buf
ask(const struct sign_question *q, size_t n)
{
	struct buf b;

	buf_init(&b, SIGN_RECORD_MAX);
	signproto_put_ask(&b, NONCE, q, n);
	assert_false(buf_failed(&b));
	return b;
}

static struct buf
say(void)
{
	struct buf b;

	buf_init(&b, SIGN_RECORD_MAX);
	signproto_put_say(&b, NONCE, answers, 2);
	assert_false(buf_failed(&b));
	return b;
}

static void
test_ask(void **state)
{
	struct sign_question q[SIGN_DIGESTS_MAX];
	struct buf b = ask(two, 2);
	uint64_t nonce;
	size_t n;

	(void)state;
	assert_int_equal(signproto_get_ask(buf_span(&b), &nonce, q, &n), 0);
	assert_true(nonce == NONCE);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_true(span_eq(q[i].domain, two[i].domain));
		assert_true(span_eq(q[i].selector, two[i].selector));
		assert_int_equal(q[i].algorithm, two[i].algorithm);
		assert_memory_equal(q[i].digest, two[i].digest,
		    SIGN_DIGEST_SIZE);
	}
	buf_addc(&b, 'x');
	assert_int_equal(signproto_get_ask(buf_span(&b), &nonce, q, &n), -1);
	buf_free(&b);
}

static void
test_full_records_fit(void **state)
{
	struct sign_question q[SIGN_DIGESTS_MAX];
	struct sign_reply r[SIGN_DIGESTS_MAX];
	char name[DOMAIN_MAX];
	struct buf b;

	(void)state;
	memset(name, 'a', sizeof(name));
	memset(r, 0, sizeof(r));
	for (size_t i = 0; i < SIGN_DIGESTS_MAX; i++) {
		q[i] = two[0];
		q[i].domain = q[i].selector = span_make(name, sizeof(name));
		r[i].n = SIGN_SIGNATURE_MAX;
	}
	b = ask(q, SIGN_DIGESTS_MAX);
	buf_reset(&b);
	signproto_put_say(&b, NONCE, r, SIGN_DIGESTS_MAX);
	assert_false(buf_failed(&b));
	buf_free(&b);
}

static void
test_bad_names(void **state)
{
	static const struct span domains[] = {
		SPAN_LIT(""), SPAN_LIT("Example.org"), SPAN_LIT("a/b"),
		SPAN_LIT("../x"), SPAN_LIT(".org"), SPAN_LIT("a\0b"),
		SPAN_LIT("a b"), SPAN_LIT("b\xc3\xbc.example"),
	};
	struct sign_question q[SIGN_DIGESTS_MAX], bad = two[0];
	uint64_t nonce;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct buf b;

		bad.domain = domains[i];
		b = ask(&bad, 1);
		assert_int_equal(signproto_get_ask(buf_span(&b), &nonce, q,
		    &n), -1);
		buf_free(&b);
	}
}

static void
test_bad_counts(void **state)
{
	struct sign_question q[SIGN_DIGESTS_MAX];
	struct sign_reply r[SIGN_DIGESTS_MAX];
	struct buf b = ask(two, 1);
	uint64_t nonce;
	size_t n;

	(void)state;
	b.p[8] = 0;
	assert_int_equal(signproto_get_ask(buf_span(&b), &nonce, q, &n), -1);
	b.p[8] = SIGN_DIGESTS_MAX + 1;
	assert_int_equal(signproto_get_ask(buf_span(&b), &nonce, q, &n), -1);
	buf_free(&b);
	b = say();
	assert_int_equal(signproto_get_say(buf_span(&b), NONCE, r, 1), -1);
	assert_int_equal(signproto_get_say(buf_span(&b), NONCE, r, 3), -1);
	assert_int_equal(signproto_get_say(buf_span(&b), NONCE + 1, r, 2),
	    -1);
	buf_free(&b);
}

static void
test_say(void **state)
{
	struct sign_reply r[SIGN_DIGESTS_MAX];
	struct buf b = say();

	(void)state;
	assert_int_equal(signproto_get_say(buf_span(&b), NONCE, r, 2), 0);
	assert_int_equal(r[0].status, SIGN_OK);
	assert_int_equal(r[0].n, 3);
	assert_memory_equal(r[0].signature, "\7\0\11", 3);
	assert_int_equal(r[1].status, SIGN_NO_KEY);
	assert_string_equal(r[1].reason, "no?such key");
	buf_free(&b);
}

static void
test_long_answers(void **state)
{
	static const struct {
		enum sign_status status;
		size_t n;
		int rc;
	} cases[] = {
		{ SIGN_OK, SIGN_SIGNATURE_MAX, 0 },
		{ SIGN_OK, SIGN_SIGNATURE_MAX + 1, -1 },
		{ SIGN_OK, 0, -1 },
		{ SIGN_FAILED, SIGN_REASON_MAX - 1, 0 },
		{ SIGN_FAILED, SIGN_REASON_MAX, -1 },
		{ SIGN_FAILED, 0, 0 },
		{ SIGN_FAILED + 1, 1, -1 },
	};
	char text[SIGN_SIGNATURE_MAX + 1];
	struct sign_reply r[1];
	struct buf b;

	(void)state;
	memset(text, 'x', sizeof(text));
	buf_init(&b, SIGN_RECORD_MAX);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		wire_put_u64(&b, NONCE);
		wire_put_u8(&b, 1);
		wire_put_u8(&b, (uint8_t)cases[i].status);
		wire_put_span(&b, span_make(text, cases[i].n));
		assert_int_equal(signproto_get_say(buf_span(&b), NONCE, r, 1),
		    cases[i].rc);
	}
	buf_free(&b);
}

/* Bytes on the heap, so that the sanitizer sees a read past the end. */
static void
decode_copy(struct span s, int *ask_r, int *say_r)
{
	struct sign_question q[SIGN_DIGESTS_MAX];
	struct sign_reply r[SIGN_DIGESTS_MAX];
	char *copy = malloc(s.n + 1);
	uint64_t nonce;
	size_t n;

	assert_non_null(copy);
	copy = realloc(memcpy(copy, s.p, s.n), s.n > 0 ? s.n : 1);
	s = span_make(copy, s.n);
	*ask_r = signproto_get_ask(s, &nonce, q, &n);
	if (*ask_r == 0)
		assert_in_range(n, 1, SIGN_DIGESTS_MAX);
	*say_r = signproto_get_say(s, NONCE, r, 2);
	if (*say_r == 0)
		assert_in_range(r[0].n, 0, SIGN_SIGNATURE_MAX);
	free(copy);
}

static void
mangle(struct buf *b)
{
	int ask_rc, say_rc;

	for (size_t cut = 0; cut < b->n; cut++) {
		decode_copy(span_make(b->p, cut), &ask_rc, &say_rc);
		assert_int_equal(ask_rc, -1);
		assert_int_equal(say_rc, -1);
	}
	for (size_t i = 0; i < b->n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			b->p[i] ^= (char)(1 << bit);
			decode_copy(buf_span(b), &ask_rc, &say_rc);
			b->p[i] ^= (char)(1 << bit);
		}
	}
	buf_free(b);
}

static void
test_mangled(void **state)
{
	struct buf question = ask(two, 2), answer = say();

	(void)state;
	mangle(&question);
	mangle(&answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_full_records_fit),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_bad_counts),
		cmocka_unit_test(test_say),
		cmocka_unit_test(test_long_answers),
		cmocka_unit_test(test_mangled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
