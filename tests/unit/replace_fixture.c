/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace_fixture: a message taken apart, edited and put together again.
 *
 * The fields are found as Postfix gives them: lines up to the empty one, with
 * the lines that begin with a blank.
 */
#include <assert.h>
#include <string.h>

#include "bounds.h"
#include "replace_fixture.h"

/* Behind the line that begins at `at`. */
static size_t
next_line(struct span raw, size_t at)
{
	long lf = span_chr(span_from(raw, at), '\n');

	return lf < 0 ? raw.n : at + (size_t)lf + 1;
}

static bool
at_empty_line(struct span raw, size_t at)
{
	struct span rest = span_from(raw, at);

	return rest.n == 0 || span_starts(rest, "\r\n") ||
	    span_starts(rest, "\n");
}

/* One field with its folds; returns where the next one begins. */
static size_t
take_field(struct span raw, size_t at, struct field *f)
{
	size_t end = next_line(raw, at);
	struct span line;
	long colon;

	while (end < raw.n && (raw.p[end] == ' ' || raw.p[end] == '\t'))
		end = next_line(raw, end);
	line = span_make(raw.p + at, end - at);
	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	colon = span_chr(line, ':');
	assert(colon > 0);
	f->name = span_make(line.p, (size_t)colon);
	f->value = span_from(line, (size_t)colon + 1);
	return end;
}

void
letter_open(struct letter *l, struct span raw)
{
	size_t at = 0;

	*l = (struct letter){ .arena = arena_new(), .raw = raw };
	l->fields = arena_array(l->arena, HEADER_FIELDS_MAX,
	    sizeof(*l->fields));
	while (!at_empty_line(raw, at)) {
		assert(l->nfields < HEADER_FIELDS_MAX);
		at = take_field(raw, at, &l->fields[l->nfields++]);
	}
	l->body_at = at < raw.n ? next_line(raw, at) : 0;
	mime_parse(l->arena, raw, &l->tree);
	edits_init(&l->edits, l->arena);
}

int
letter_replace(struct letter *l, size_t part, const struct replacement *r)
{
	return replace_part(&l->edits, l->fields, l->nfields, l->raw,
	    l->body_at, &l->tree, part, r);
}

void
letter_render(const struct letter *l, struct buf *out)
{
	struct span body = l->body_at == 0 ? span_make("", 0) :
	    span_from(l->raw, l->body_at);
	struct edits_walk walk;
	const struct field *f;
	struct span piece;
	size_t n;

	f = edits_render(&l->edits, l->fields, l->nfields, &n);
	for (size_t i = 0; i < n; i++) {
		buf_addspan(out, f[i].name);
		buf_addc(out, ':');
		buf_addspan(out, f[i].value);
		buf_adds(out, "\r\n");
	}
	buf_adds(out, "\r\n");
	edits_walk_begin(&walk, &l->edits, body);
	while (edits_walk_next(&walk, &piece))
		buf_addspan(out, piece);
	assert(!buf_failed(out));
}

void
letter_close(struct letter *l)
{
	arena_free(&l->arena);
}
