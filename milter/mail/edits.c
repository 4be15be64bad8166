/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edits: the list of changes to one message, and what comes of it.
 *
 * Stages add to the list; at the end the same rendering goes to the signer
 * and to Postfix.  The list, its edits and its renderings are in the arena of
 * the message; names and values belong to whoever made the edit, for as long.
 * At most EDITS_MAX edits; past that nothing is added and `failed` is set.
 * One thread at a time, the message's.
 */
#include <assert.h>

#include "edits.h"
#include "bounds.h"

void
edits_init(struct edits *e, struct arena *a)
{
	*e = (struct edits){ .arena = a };
}

static void
add(struct edits *e, enum edit_kind kind, size_t index, const char *name,
    struct span value)
{
	struct edit *new;

	if (e->n == EDITS_MAX) {
		e->failed = true;
		return;
	}
	new = arena_alloc(e->arena, sizeof(*new));
	new->kind = kind;
	new->index = index;
	new->field.name = span_of(name);
	new->field.value = value;
	if (e->last == NULL)
		e->first = new;
	else
		e->last->next = new;
	e->last = new;
	e->n++;
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
