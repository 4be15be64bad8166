/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edits: the list of changes to one message, and what comes of it.
 *
 * Stages add to the list; at the end the same rendering goes to the signer
 * and to Postfix.  The list, its edits and its renderings are in the arena of
 * the message; names and values belong to whoever made the edit, for as long.
 * At most EDITS_MAX edits; past that nothing is added and `failed` is set.
 * One thread at a time, the message's.
 *
 * The body's edits stand in a sorted array besides, so that each new one is
 * compared with its two neighbours only.
 */
#include <assert.h>
#include <string.h>

#include "edits.h"
#include "bounds.h"

#define BODY_CAP_FIRST	16

void
edits_init(struct edits *e, struct arena *a)
{
	*e = (struct edits){ .arena = a };
}

/* A new edit at the end of the list; NULL when the list is full. */
static struct edit *
append(struct edits *e, enum edit_kind kind)
{
	struct edit *new;

	if (e->n == EDITS_MAX) {
		e->failed = true;
		return NULL;
	}
	new = arena_alloc(e->arena, sizeof(*new));
	new->kind = kind;
	if (e->last == NULL)
		e->first = new;
	else
		e->last->next = new;
	e->last = new;
	e->n++;
	return new;
}

static void
add(struct edits *e, enum edit_kind kind, size_t index, const char *name,
    struct span value)
{
	struct edit *new = append(e, kind);

	if (new == NULL)
		return;
	new->index = index;
	new->field.name = span_of(name);
	new->field.value = value;
}

void
edits_prepend(struct edits *e, const char *name, struct span value)
{
	add(e, EDIT_PREPEND, 0, name, value);
}

void
edits_append(struct edits *e, const char *name, struct span value)
{
	add(e, EDIT_APPEND, 0, name, value);
}

void
edits_change(struct edits *e, size_t index, struct span value)
{
	add(e, EDIT_CHANGE, index, NULL, value);
}

void
edits_drop(struct edits *e, size_t index)
{
	add(e, EDIT_DROP, index, NULL, span_of(NULL));
}

bool
edits_none(const struct edits *e)
{
	return e->n == 0;
}

const struct edit **
edits_by_field(const struct edits *e, size_t n)
{
	const struct edit **by = arena_array(e->arena, n, sizeof(*by));

	for (const struct edit *d = e->first; d != NULL; d = d->next) {
		if (d->kind != EDIT_CHANGE && d->kind != EDIT_DROP)
			continue;
		assert(d->index < n);
		if (by[d->index] == NULL || by[d->index]->kind != EDIT_DROP)
			by[d->index] = d;
	}
	return by;
}

static size_t
count_kind(const struct edits *e, enum edit_kind kind)
{
	size_t n = 0;

	for (const struct edit *d = e->first; d != NULL; d = d->next)
		if (d->kind == kind)
			n++;
	return n;
}

/* The message's own fields; returns how many of them stay. */
static size_t
render_own(const struct edits *e, const struct field *own, size_t n,
    struct field *out)
{
	const struct edit **by = edits_by_field(e, n);
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (by[i] != NULL && by[i]->kind == EDIT_DROP)
			continue;
		out[kept] = own[i];
		if (by[i] != NULL)
			out[kept].value = by[i]->field.value;
		kept++;
	}
	return kept;
}

const struct field *
edits_render(const struct edits *e, const struct field *own, size_t n,
    size_t *n_r)
{
	size_t above = count_kind(e, EDIT_PREPEND);
	size_t below = count_kind(e, EDIT_APPEND);
	struct field *out = arena_array(e->arena, above + n + below,
	    sizeof(*out));
	size_t top = above;
	size_t end = above + render_own(e, own, n, out + above);

	for (const struct edit *d = e->first; d != NULL; d = d->next) {
		if (d->kind == EDIT_PREPEND)
			out[--top] = d->field;
		else if (d->kind == EDIT_APPEND)
			out[end++] = d->field;
	}
	*n_r = end;
	return out;
}

/*
 * The place in e->body of a new edit: behind insertions at the same place,
 * before what replaces the bytes there.
 */
static size_t
place(const struct edits *e, size_t from)
{
	size_t low = 0, high = e->nbody;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct edit *d = e->body[mid];

		if (d->from < from || (d->from == from && d->to == from))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Room for one more; the smaller arrays stay behind in the arena. */
static void
grow(struct edits *e)
{
	struct edit **old = e->body;

	if (e->nbody < e->body_cap)
		return;
	e->body_cap = e->body_cap == 0 ? BODY_CAP_FIRST : e->body_cap * 2;
	e->body = arena_array(e->arena, e->body_cap, sizeof(*e->body));
	if (e->nbody > 0)
		memcpy(e->body, old, e->nbody * sizeof(*old));
}

int
edits_body(struct edits *e, size_t from, size_t to, struct span bytes)
{
	struct edit *new;
	size_t at;

	assert(from <= to);
	at = place(e, from);
	if (from == to && bytes.n == 0)
		return 0;
	if (at > 0 && e->body[at - 1]->to > from)
		return -1;
	if (at < e->nbody && e->body[at]->from < to)
		return -1;
	new = append(e, EDIT_BODY);
	if (new == NULL)
		return -1;
	new->from = from;
	new->to = to;
	new->bytes = bytes;
	grow(e);
	memmove(e->body + at + 1, e->body + at,
	    (e->nbody - at) * sizeof(*e->body));
	e->body[at] = new;
	e->nbody++;
	return 0;
}

bool
edits_have_body(const struct edits *e)
{
	return e->nbody > 0;
}

size_t
edits_body_size(const struct edits *e, size_t size)
{
	size_t gone = 0, come = 0;

	for (size_t i = 0; i < e->nbody; i++) {
		gone += e->body[i]->to - e->body[i]->from;
		come += e->body[i]->bytes.n;
	}
	assert(gone <= size);
	return size - gone + come;
}

void
edits_walk_begin(struct edits_walk *w, const struct edits *e, struct span body)
{
	assert(e->nbody == 0 || e->body[e->nbody - 1]->to <= body.n);
	*w = (struct edits_walk){ .edits = e, .body = body };
}

bool
edits_walk_next(struct edits_walk *w, struct span *piece_r)
{
	const struct edits *e = w->edits;
	size_t own;

	while (w->next < e->nbody) {
		const struct edit *d = e->body[w->next];

		if (w->at < d->from) {
			*piece_r = span_make(w->body.p + w->at,
			    d->from - w->at);
			w->at = d->from;
			return true;
		}
		w->next++;
		w->at = d->to;
		*piece_r = d->bytes;
		if (d->bytes.n > 0)
			return true;
	}
	own = w->at;
	w->at = w->body.n;
	*piece_r = span_from(w->body, own);
	return piece_r->n > 0;
}
