/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edits_model: edits of a body as the contract of edits.h tells them, without
 * any cleverness: each new one is compared with all others, and the body is
 * written out byte by byte.  The unit test and the fuzz target compare the
 * product with it.
 */
#ifndef POSTERN_EDITS_MODEL_H
#define POSTERN_EDITS_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "edits.h"

#define MODEL_MAX 64

struct model_edit {
	size_t		from, to;
	struct span	bytes;
};

/* In the order in which they were made. */
struct model {
	struct model_edit edit[MODEL_MAX];
	size_t		  n;
};

static inline bool
model_overlap(const struct model_edit *a, const struct model_edit *b)
{
	if (a->from == a->to && b->from == b->to)
		return false;
	if (a->from == a->to)
		return b->from < a->from && a->from < b->to;
	if (b->from == b->to)
		return a->from < b->from && b->from < a->to;
	return a->from < b->to && b->from < a->to;
}

/* 0, or -1 when it is refused. */
static inline int
model_add(struct model *m, size_t from, size_t to, struct span bytes)
{
	struct model_edit new = { from, to, bytes };

	if (from == to && bytes.n == 0)
		return 0;
	for (size_t i = 0; i < m->n; i++)
		if (model_overlap(&new, &m->edit[i]))
			return -1;
	if (m->n == MODEL_MAX)
		return -1;
	m->edit[m->n++] = new;
	return 0;
}

/* What replaces the bytes from `at` on, or NULL. */
static inline const struct model_edit *
model_at(const struct model *m, size_t at)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->edit[i].from == at && m->edit[i].to > at)
			return &m->edit[i];
	return NULL;
}

static inline void
model_render(const struct model *m, struct span body, struct buf *out)
{
	size_t at = 0;

	for (;;) {
		const struct model_edit *d = model_at(m, at);

		for (size_t i = 0; i < m->n; i++)
			if (m->edit[i].from == at && m->edit[i].to == at)
				buf_addspan(out, m->edit[i].bytes);
		if (d != NULL)
			buf_addspan(out, d->bytes);
		else if (at == body.n)
			return;
		else
			buf_addc(out, body.p[at]);
		at = d != NULL ? d->to : at + 1;
	}
}

/* Is this piece one of the body or one of the edits', not a copy? */
static inline bool
model_owns(const struct model *m, struct span body, struct span piece)
{
	if (piece.p >= body.p && piece.n <= body.n &&
	    (size_t)(piece.p - body.p) <= body.n - piece.n)
		return true;
	for (size_t i = 0; i < m->n; i++)
		if (m->edit[i].bytes.p == piece.p &&
		    m->edit[i].bytes.n == piece.n)
			return true;
	return false;
}

#endif
