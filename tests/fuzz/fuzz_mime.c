/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_mime: the parts of any message.
 *
 * A parent comes before its children and holds them; siblings stand one
 * behind the other; nothing is outside of the buffer; what stands around the
 * child of a multipart is a boundary line.  Names are UTF-8 without what moves
 * the text around them.  The input is not written to.
 */
#include <glib.h>

#include "bounds.h"
#include "fuzz.h"
#include "mime.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

static void
check_text(const char *s, size_t size)
{
	CHECK(s != NULL && strlen(s) < size);
	CHECK(g_utf8_validate(s, -1, NULL));
	for (; *s != '\0'; s++)
		CHECK((unsigned char)*s >= ' ' && *s != 0x7f);
}

static void
check_fields(struct span raw, const struct mime_part *p)
{
	size_t at = p->head;

	for (size_t i = 0; i < p->nfields; i++) {
		const struct mime_field *f = &p->fields[i];

		CHECK(f->from >= at && f->to > f->from && f->to <= p->end);
		CHECK(fuzz_within(f->field.name, raw));
		CHECK(fuzz_within(f->field.value, raw));
		CHECK(f->field.name.p == raw.p + f->from);
		at = f->to;
	}
}

static bool
is_dashes(struct span raw, size_t at)
{
	return at + 2 <= raw.n && memcmp(raw.p + at, "--", 2) == 0;
}

/* Boundary lines stand before and behind it. */
static void
check_between(struct span raw, const struct mime_part *p)
{
	size_t at = p->head;

	CHECK(at > 0);
	/* An empty part may begin where the boundary line before it ends. */
	if (raw.p[at - 1] == '\n')
		at--;
	else
		CHECK(at == p->end);
	while (at > 0 && raw.p[at - 1] != '\n')
		at--;
	CHECK(is_dashes(raw, at));
	at = p->end;
	if (at == raw.n || (p->head == p->end && is_dashes(raw, at)))
		return;
	if (raw.p[at] == '\r')
		at++;
	CHECK(at < raw.n && raw.p[at] == '\n' && is_dashes(raw, at + 1));
}

static void
check_part(struct span raw, const struct mime_tree *t, size_t i, size_t *from)
{
	const struct mime_part *p = &t->part[i], *q;

	CHECK(p->head <= p->body && p->body <= p->end && p->end <= raw.n);
	check_text(p->name, MIME_NAME_SIZE);
	check_text(p->type, MIME_TYPE_SIZE);
	check_text(p->charset, MIME_CHARSET_SIZE);
	check_text(p->disposition, MIME_CHARSET_SIZE);
	check_fields(raw, p);
	(void)fuzz_touch(mime_content(raw, p));
	from[i] = p->body;
	if (i == 0) {
		CHECK(p->parent == MIME_NONE && p->depth == 0);
		CHECK(p->head == 0 && p->end == raw.n);
		return;
	}
	CHECK(p->parent < i);
	q = &t->part[p->parent];
	CHECK(p->depth == q->depth + 1);
	CHECK(p->head >= from[p->parent] && p->end <= q->end);
	CHECK(!q->sealed || p->sealed);
	from[p->parent] = p->end;
	CHECK((p->kind == MIME_ENCLOSED) == (q->kind == MIME_LEAF));
	if (q->kind == MIME_MULTIPART)
		check_between(raw, p);
	if (q->kind == MIME_MESSAGE)
		CHECK(p->head == q->body && p->end == q->end &&
		    i == p->parent + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span raw = fuzz_input(data, n);
	struct arena *a = arena_new();
	struct mime_tree t;
	size_t from[MIME_PARTS_MAX], children = 0;

	mime_parse(a, raw, &t);
	if (t.limit != NULL) {
		CHECK(t.n == 0);
	} else {
		CHECK(t.n > 0 && t.n <= MIME_PARTS_MAX);
		for (size_t i = 0; i < t.n; i++)
			check_part(raw, &t, i, from);
	}
	/* A container holds something. */
	for (size_t i = 0; i < t.n; i++) {
		children = 0;
		for (size_t k = i + 1; k < t.n; k++)
			if (t.part[k].parent == i)
				children++;
		CHECK(t.part[i].kind == MIME_MULTIPART ? children > 0 :
		    t.part[i].kind != MIME_MESSAGE || children == 1);
	}
	CHECK((t.malformed == 0) ==
	    (*mime_malformed_words(a, t.malformed) == '\0'));
	arena_free(&a);
	return 0;
}
