/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Canonicalisation: the examples of RFC 6376 sections 3.4.5 and 3.4.3/4, and
 * every way to cut a body in two against the body in one piece.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "dkim_internal.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct body {
	const char *in;
	const char *simple;
	const char *relaxed;
};

static const struct body bodies[] = {
	/* RFC 6376 section 3.4.5, example 1 */
	{ " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n",
	    " C\r\nD E\r\n" },
	/* sections 3.4.3 and 3.4.4: the empty body */
	{ "", "\r\n", "" },
	{ "\r\n", "\r\n", "" },
	{ "\r\n\r\n\r\n", "\r\n", "" },
	{ " \t\r\n", " \t\r\n", "" },
	{ "  \r\n\t\r\n \r\n", "  \r\n\t\r\n \r\n", "" },
	/* no final line end */
	{ "a", "a\r\n", "a\r\n" },
	{ "a ", "a \r\n", "a\r\n" },
	{ " ", " \r\n", "" },
	{ "a\r\nb", "a\r\nb\r\n", "a\r\nb\r\n" },
	/* lines of blanks in the middle stay as empty lines */
	{ "a\r\n \t \r\n\r\nb\r\n", "a\r\n \t \r\n\r\nb\r\n",
	    "a\r\n\r\n\r\nb\r\n" },
	{ "a b  c\td\r\n", "a b  c\td\r\n", "a b c d\r\n" },
	{ "a\t\r\n", "a\t\r\n", "a\r\n" },
	{ "12345678 23456789  \t x \r\n y\r\n",
	    "12345678 23456789  \t x \r\n y\r\n",
	    "12345678 23456789 x\r\n y\r\n" },
	{ "one two three four five six\r\nseven  eight nine ten\r\n",
	    "one two three four five six\r\nseven  eight nine ten\r\n",
	    "one two three four five six\r\nseven eight nine ten\r\n" },
	/* CR and LF alone are bytes like others */
	{ "a\rb\r\n", "a\rb\r\n", "a\rb\r\n" },
	{ "a\r\r\n", "a\r\r\n", "a\r\r\n" },
	{ "a\nb \n\r\n", "a\nb \n\r\n", "a\nb \n\r\n" },
	{ "\r", "\r\r\n", "\r\r\n" },
	{ "a\r\n\r", "a\r\n\r\r\n", "a\r\n\r\r\n" },
	/* 8-bit */
	{ "\xc3\xa4 \xc3\xb6  \xa0\xa0 \r\n",
	    "\xc3\xa4 \xc3\xb6  \xa0\xa0 \r\n",
	    "\xc3\xa4 \xc3\xb6 \xa0\xa0\r\n" },
};

static void
put_buf(void *ctx, const char *p, size_t n)
{
	buf_add(ctx, p, n);
}

static void
expect(struct buf *b, const char *want, const char *in)
{
	buf_addc(b, '\0');
	if (b->n != strlen(want) + 1 || strcmp(b->p, want) != 0)
		fail_msg("body \"%s\": \"%s\", expected \"%s\"", in, b->p,
		    want);
	buf_free(b);
}

/* The body in pieces: [0, i), [i, j), [j, end). */
static void
run_body(enum dkim_canon canon, const char *in, size_t i, size_t j,
    const char *want)
{
	struct dkim_canon_body c;
	struct buf b;

	buf_init(&b, 4096);
	dkim_canon_body_init(&c, canon, put_buf, &b);
	dkim_canon_body_add(&c, span_make(in, i));
	dkim_canon_body_add(&c, span_make(in + i, j - i));
	dkim_canon_body_add(&c, span_of(in + j));
	dkim_canon_body_end(&c);
	assert_int_equal(c.total, b.n);
	expect(&b, want, in);
}

static void
test_bodies(void **state)
{
	size_t n;

	(void)state;
	for (size_t k = 0; k < LEN(bodies); k++) {
		n = strlen(bodies[k].in);
		for (size_t i = 0; i <= n; i++)
			for (size_t j = i; j <= n; j++) {
				run_body(DKIM_SIMPLE, bodies[k].in, i, j,
				    bodies[k].simple);
				run_body(DKIM_RELAXED, bodies[k].in, i, j,
				    bodies[k].relaxed);
			}
		assert_int_equal(dkim_canon_body_length(DKIM_RELAXED,
		    span_of(bodies[k].in)), strlen(bodies[k].relaxed));
	}
}

/* Relaxed by the letter of section 3.4.4, for whole bodies. */
static void
slow_relaxed(const char *in, size_t n, struct buf *b)
{
	size_t lines = 0;
	bool blank = false;

	for (size_t i = 0; i < n; i++) {
		if (in[i] == ' ' || in[i] == '\t') {
			blank = true;
			continue;
		}
		if (in[i] == '\r' && i + 1 < n && in[i + 1] == '\n') {
			blank = false;
			lines++;
			i++;
			continue;
		}
		for (; lines > 0; lines--)
			buf_adds(b, "\r\n");
		if (blank)
			buf_addc(b, ' ');
		blank = false;
		buf_addc(b, in[i]);
	}
	if (b->n > 0)
		buf_adds(b, "\r\n");
}

static void
test_random(void **state)
{
	static const char letters[] = "aaaaaaaabbbbb   \t\r\r\n\n\xff";
	char in[3000];
	struct buf want;
	size_t n, i, j;

	(void)state;
	srand(1);
	for (int round = 0; round < 3000; round++) {
		n = (size_t)rand() % (round % 100 == 0 ? sizeof(in) - 1 : 60);
		for (i = 0; i < n; i++) {
			in[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
			if (in[i] == '\r' && i + 1 < n && rand() % 4 != 0)
				in[++i] = '\n';
		}
		in[n] = '\0';
		i = (size_t)rand() % (n + 1);
		j = i + (size_t)rand() % (n - i + 1);
		buf_init(&want, 16384);
		slow_relaxed(in, n, &want);
		buf_addc(&want, '\0');
		run_body(DKIM_RELAXED, in, i, j, want.p);
		buf_free(&want);
	}
}

static const struct {
	const char *name, *value, *simple, *relaxed;
} fields[] = {
	/* section 3.4.5, example 1 */
	{ "A", " X", "A: X\r\n", "a:X\r\n" },
	{ "B ", " Y\t\r\n\tZ  ", "B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n" },
	{ "SUBJect", "", "SUBJect:\r\n", "subject:\r\n" },
	{ "X", " \t ", "X: \t \r\n", "x:\r\n" },
	{ "X", "a\r\n b\r\n\t c", "X:a\r\n b\r\n\t c\r\n", "x:a b c\r\n" },
	{ "From", " \xc3\xa4  <a@b>", "From: \xc3\xa4  <a@b>\r\n",
	    "from:\xc3\xa4 <a@b>\r\n" },
};

static void
test_fields(void **state)
{
	struct buf b;

	(void)state;
	for (size_t i = 0; i < LEN(fields); i++) {
		buf_init(&b, 4096);
		dkim_canon_field(DKIM_SIMPLE, span_of(fields[i].name),
		    span_of(fields[i].value), true, put_buf, &b);
		expect(&b, fields[i].simple, fields[i].value);
		dkim_canon_field(DKIM_RELAXED, span_of(fields[i].name),
		    span_of(fields[i].value), true, put_buf, &b);
		expect(&b, fields[i].relaxed, fields[i].value);
	}
}

/* Hashes of the empty body: RFC 6376 sections 3.4.3 and 3.4.4. */
static void
test_empty_hash(void **state)
{
	static const unsigned char simple[] = { 0x7e, 0xb7, 0x02, 0x57 };
	static const unsigned char relaxed[] = { 0xe3, 0xb0, 0xc4, 0x42 };
	unsigned char digest[DKIM_DIGEST_SIZE];
	struct arena *a = arena_new();

	(void)state;
	dkim_body_hash_end(dkim_body_hash_new(a, DKIM_SIMPLE), digest);
	assert_memory_equal(digest, simple, sizeof(simple));
	dkim_body_hash_end(dkim_body_hash_new(a, DKIM_RELAXED), digest);
	assert_memory_equal(digest, relaxed, sizeof(relaxed));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_empty_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
