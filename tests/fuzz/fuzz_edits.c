/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_edits: edits of a body against the model of tests/lib.
 *
 * The first byte is the length of the body, then each three bytes are an edit:
 * where, how much of it, how many bytes instead.  Every edit is answered as
 * the model answers it; the walk gives what the model writes, in pieces that
 * are the body's or the edits' own, and the size is known before.
 */
#include "bounds.h"
#include "buf.h"
#include "edits.h"
#include "edits_model.h"
#include "fuzz.h"

#define BODY_MAX 64

static void
compare(const struct edits *e, const struct model *m, struct span body)
{
	struct edits_walk w;
	struct span piece;
	struct buf want;
	size_t at = 0;

	buf_init(&want, BODY_MAX + MODEL_MAX * 256);
	model_render(m, body, &want);
	CHECK(!buf_failed(&want));
	CHECK(edits_body_size(e, body.n) == want.n);
	edits_walk_begin(&w, e, body);
	while (edits_walk_next(&w, &piece)) {
		CHECK(piece.n > 0 && piece.n <= want.n - at);
		CHECK(model_owns(m, body, piece));
		CHECK(memcmp(want.p + at, piece.p, piece.n) == 0);
		at += piece.n;
	}
	CHECK(at == want.n);
	CHECK(!edits_walk_next(&w, &piece));
	buf_free(&want);
}

/* Fields and the body do not see each other. */
static void
check_fields(const struct edits *e)
{
	static const struct field own = { SPAN_LIT("A"), SPAN_LIT("b") };
	const struct edit **by = edits_by_field(e, 1);
	size_t n = 0, fields = 1;

	for (const struct edit *d = e->first; d != NULL; d = d->next)
		fields += d->kind == EDIT_APPEND;
	CHECK(by[0] == NULL);
	edits_render(e, &own, 1, &n);
	CHECK(n == fields);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static char bytes[256];
	char text[BODY_MAX];
	struct model m = { .n = 0 };
	struct arena *a = arena_new();
	struct span body = { text, n == 0 ? 0 : p[0] % (BODY_MAX + 1U) };
	struct edits e;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t i = 0; i < body.n; i++)
		text[i] = (char)('a' + i % 26);
	edits_init(&e, a);
	for (size_t i = 1; i + 3 <= n && i / 3 < MODEL_MAX; i += 3) {
		size_t from = p[i] % (body.n + 1);
		size_t to = from + p[i + 1] % (body.n - from + 1);
		struct span new = span_make(bytes + i % 16, p[i + 2] % 200U);
		int want = model_add(&m, from, to, new);

		CHECK(edits_body(&e, from, to, new) == want);
		CHECK(e.nbody == m.n && edits_have_body(&e) == (m.n > 0));
		if (p[i + 2] >= 250)
			edits_append(&e, "X", span_of("y"));
	}
	CHECK(!e.failed && e.n <= EDITS_MAX);
	compare(&e, &m, body);
	check_fields(&e);
	arena_free(&a);
	return 0;
}
