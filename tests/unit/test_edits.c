/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_edits: what comes of a list of edits.
 *
 * Each case is a little program over the message "A:1 B:2 C:3": "<X" puts a
 * field X:+ on top, ">X" at the end, "=N" changes field N to "*", "-N" drops
 * it.  The result is written in the same way as the message.
 *
 * A case of the body is a program over "abcdef": "24XY" puts XY where the
 * bytes 2 and 3 are; "!" before it: it must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "buf.h"
#include "edits.h"
#include "edits_model.h"

#define SEED	20260311u
#define ROUNDS	20000
#define BODY_MAX 40

static const struct field own[] = {
	{ SPAN_LIT("A"), SPAN_LIT("1") },
	{ SPAN_LIT("B"), SPAN_LIT("2") },
	{ SPAN_LIT("C"), SPAN_LIT("3") },
};

static const struct {
	const char *program, *want;
} cases[] = {
	{ "", " A:1 B:2 C:3" },
	{ "<X", " X:+ A:1 B:2 C:3" },
	{ "<X<Y", " Y:+ X:+ A:1 B:2 C:3" },
	{ ">X>Y", " A:1 B:2 C:3 X:+ Y:+" },
	{ ">X<Y>Z<W", " W:+ Y:+ A:1 B:2 C:3 X:+ Z:+" },
	{ "=1", " A:1 B:* C:3" },
	{ "-1", " A:1 C:3" },
	{ "-0-1-2", "" },
	{ "=1-1", " A:1 C:3" },
	{ "-1=1", " A:1 C:3" },
	{ "-0-0=2<X", " X:+ B:2 C:*" },
};

static void
run(struct edits *e, struct arena *a, const char *p)
{
	struct span plus = span_of("+"), star = span_of("*");

	for (; *p != '\0'; p += 2) {
		if (p[0] == '<')
			edits_prepend(e, arena_strndup(a, p + 1, 1), plus);
		else if (p[0] == '>')
			edits_append(e, arena_strndup(a, p + 1, 1), plus);
		else if (p[0] == '=')
			edits_change(e, (size_t)(p[1] - '0'), star);
		else
			edits_drop(e, (size_t)(p[1] - '0'));
	}
}

static void
test_render(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		const struct field *f;
		struct edits e;
		struct buf b;
		size_t n;

		edits_init(&e, a);
		run(&e, a, cases[i].program);
		assert_int_equal(edits_none(&e), i == 0);
		f = edits_render(&e, own, 3, &n);
		buf_init(&b, 1000);
		buf_adds(&b, "");
		for (size_t k = 0; k < n; k++) {
			buf_addc(&b, ' ');
			buf_addspan(&b, f[k].name);
			buf_addc(&b, ':');
			buf_addspan(&b, f[k].value);
		}
		assert_string_equal(b.p, cases[i].want);
		buf_free(&b);
		arena_free(&a);
	}
}

static void
test_by_field(void **state)
{
	struct arena *a = arena_new();
	const struct edit **by;
	struct edits e;

	(void)state;
	edits_init(&e, a);
	edits_change(&e, 2, span_of("first"));
	edits_prepend(&e, "X", span_of("y"));
	edits_change(&e, 2, span_of("second"));
	edits_drop(&e, 0);
	edits_change(&e, 0, span_of("late"));
	by = edits_by_field(&e, 3);
	assert_int_equal(by[0]->kind, EDIT_DROP);
	assert_null(by[1]);
	assert_int_equal(by[2]->kind, EDIT_CHANGE);
	assert_true(span_is(by[2]->field.value, "second"));
	arena_free(&a);
}

static void
test_limit(void **state)
{
	struct arena *a = arena_new();
	struct edits e;
	size_t n;

	(void)state;
	edits_init(&e, a);
	for (size_t i = 0; i < EDITS_MAX; i++)
		edits_append(&e, "X", span_of("y"));
	assert_false(e.failed);
	edits_append(&e, "Y", span_of("z"));
	assert_true(e.failed);
	assert_int_equal(e.n, EDITS_MAX);
	edits_render(&e, own, 3, &n);
	assert_int_equal(n, EDITS_MAX + 3);
	arena_free(&a);
}

static void
test_empty_message(void **state)
{
	struct arena *a = arena_new();
	struct edits e;
	size_t n = 9;

	(void)state;
	edits_init(&e, a);
	assert_non_null(edits_render(&e, NULL, 0, &n));
	assert_int_equal(n, 0);
	arena_free(&a);
}

static const struct {
	const char *program, *want;
} body_cases[] = {
	{ "", "abcdef" },
	{ "00X", "Xabcdef" },
	{ "66X", "abcdefX" },
	{ "33X", "abcXdef" },
	{ "06", "" },
	{ "06X", "X" },
	{ "24", "abef" },
	{ "24XYZ", "abXYZef" },
	{ "33X 33Y 33Z", "abcXYZdef" },
	{ "24X 22Y", "abYXef" },
	{ "22Y 24X", "abYXef" },
	{ "24X 44Y", "abXYef" },
	{ "44Y 24X", "abXYef" },
	{ "24X 46Y", "abXY" },
	{ "46Y 24X 44Z", "abXZY" },
	{ "46Y 24X 44Z 44z 02W 22V", "WVXZzY" },
	{ "24X !33Y", "abXef" },
	{ "33Y !24X", "abcYdef" },
	{ "24X !24X", "abXef" },
	{ "24X !13X", "abXef" },
	{ "24X !35X", "abXef" },
	{ "24X !06X", "abXef" },
	{ "06X !24X", "X" },
	{ "24X !23X", "abXef" },
	{ "24X !34X", "abXef" },
	{ "13 55X 34Y !23Y !46Z", "aYeXf" },
	{ "06 33", "" },
	{ "55 00", "abcdef" },
};

/* Runs a program; false when an edit was not answered as it says. */
static bool
run_body(struct edits *e, const char *p)
{
	struct span left = span_of(p), word;

	while (left.n > 0 && span_split(&left, ' ', &word)) {
		bool refused = word.p[0] == '!';
		size_t from, to;

		word = span_from(word, refused);
		from = (size_t)(word.p[0] - '0');
		to = (size_t)(word.p[1] - '0');
		if ((edits_body(e, from, to, span_from(word, 2)) < 0) !=
		    refused)
			return false;
	}
	return true;
}

static void
test_body(void **state)
{
	const struct span body = span_of("abcdef");

	(void)state;
	for (size_t i = 0; i < sizeof(body_cases) / sizeof(body_cases[0]);
	    i++) {
		const char *program = body_cases[i].program;
		struct arena *a = arena_new();
		struct edits_walk w;
		struct edits e;
		struct span piece;
		struct buf b;

		edits_init(&e, a);
		if (!run_body(&e, program))
			fail_msg("\"%s\": a wrong answer", program);
		buf_init(&b, 1000);
		buf_adds(&b, "");
		edits_walk_begin(&w, &e, body);
		while (edits_walk_next(&w, &piece))
			buf_addspan(&b, piece);
		assert_false(edits_walk_next(&w, &piece));
		if (strcmp(b.p, body_cases[i].want) != 0)
			fail_msg("\"%s\": \"%s\"", program, b.p);
		assert_int_equal(edits_body_size(&e, body.n), b.n);
		assert_int_equal(edits_have_body(&e), e.n > 0);
		assert_false(e.failed);
		buf_free(&b);
		arena_free(&a);
	}
}

static uint32_t seed;

static size_t
rnd(size_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (size_t)(((uint64_t)seed * below) >> 32);
}

/* The walk gives what the model writes, in pieces that nobody copied. */
static bool
same(const struct edits *e, const struct model *m, struct span body,
    struct buf *want)
{
	struct edits_walk w;
	struct span piece;
	size_t at = 0;

	buf_reset(want);
	buf_adds(want, "");
	model_render(m, body, want);
	edits_walk_begin(&w, e, body);
	while (edits_walk_next(&w, &piece)) {
		if (piece.n == 0 || !model_owns(m, body, piece) ||
		    piece.n > want->n - at ||
		    memcmp(want->p + at, piece.p, piece.n) != 0)
			return false;
		at += piece.n;
	}
	return at == want->n && edits_body_size(e, body.n) == at &&
	    e->nbody == m->n && edits_have_body(e) == (m->n > 0);
}

static bool
one_random(struct arena *a, struct buf *want)
{
	static const char letters[] = "0123456789";
	char text[BODY_MAX] = "";
	struct span body = span_make(text, rnd(sizeof(text)));
	struct model m = { .n = 0 };
	struct edits e;

	for (size_t i = 0; i < body.n; i++)
		text[i] = (char)('a' + rnd(26));
	edits_init(&e, a);
	for (size_t n = rnd(MODEL_MAX); n > 0; n--) {
		size_t from = rnd(body.n + 1);
		size_t to = rnd(3) == 0 ? from :
		    from + rnd((body.n - from) / (1 + rnd(4)) + 1);
		struct span bytes = span_make(letters + rnd(5), rnd(5));

		if (edits_body(&e, from, to, bytes) !=
		    model_add(&m, from, to, bytes))
			return false;
		if (rnd(8) == 0)
			edits_append(&e, "X", span_of("y"));
	}
	return same(&e, &m, body, want);
}

static void
test_random(void **state)
{
	struct buf want;

	(void)state;
	buf_init(&want, 10000);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct arena *a = arena_new();

		seed = SEED + i;
		if (!one_random(a, &want))
			fail_msg("seed %u", SEED + i);
		arena_free(&a);
	}
	buf_free(&want);
}

/* Edits of the body are none of a field's, and the other way round. */
static void
test_body_and_fields(void **state)
{
	struct arena *a = arena_new();
	const struct edit **by;
	struct edits e;
	size_t n;

	(void)state;
	edits_init(&e, a);
	edits_drop(&e, 1);
	assert_false(edits_have_body(&e));
	assert_int_equal(edits_body_size(&e, 7), 7);
	assert_int_equal(edits_body(&e, 0, 3, span_of("x")), 0);
	by = edits_by_field(&e, 3);
	assert_null(by[0]);
	assert_int_equal(by[1]->kind, EDIT_DROP);
	assert_null(by[2]);
	edits_render(&e, own, 3, &n);
	assert_int_equal(n, 2);
	assert_int_equal(e.last->kind, EDIT_BODY);
	assert_int_equal(e.n, 2);
	arena_free(&a);
}

/* All kinds share the limit; made from the end of the body to its start. */
static void
test_body_limit(void **state)
{
	static char body[EDITS_MAX];
	struct arena *a = arena_new();
	struct edits_walk w;
	struct edits e;
	struct span piece;
	size_t pieces = 0;

	(void)state;
	edits_init(&e, a);
	edits_append(&e, "X", span_of("y"));
	for (size_t i = EDITS_MAX; i-- > 1; )
		assert_int_equal(edits_body(&e, i - 1, i, span_of("xy")), 0);
	assert_int_equal(edits_body(&e, 0, 1, span_of("z")), -1);
	assert_false(e.failed);
	assert_int_equal(edits_body(&e, sizeof(body), sizeof(body),
	    span_of("")), 0);
	assert_false(e.failed);
	assert_int_equal(edits_body(&e, sizeof(body), sizeof(body),
	    span_of("z")), -1);
	assert_true(e.failed);
	assert_int_equal(e.n, EDITS_MAX);
	assert_int_equal(edits_body_size(&e, sizeof(body)),
	    2 * sizeof(body) - 1);
	edits_walk_begin(&w, &e, span_make(body, sizeof(body)));
	while (edits_walk_next(&w, &piece))
		pieces++;
	assert_int_equal(pieces, EDITS_MAX);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),
		cmocka_unit_test(test_by_field),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_empty_message),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_body_and_fields),
		cmocka_unit_test(test_body_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
