/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edits: the changes to one message, in one list (design: a message is an
 * immutable buffer plus a list of edits).
 *
 * A stage adds edits; nothing is copied or changed until the end, when the
 * same rendering goes to the signer and to Postfix.  Fields are named by their
 * index in the message's array of fields.  Values are what stands behind the
 * colon, leading blank included, folded with CRLF, without the final CRLF;
 * they and the names must live as long as the list (take them from the
 * message's arena).
 *
 * Order in the rendering: fields added on top, the last one added first;
 * then the message's own, changed or dropped; then fields added at the end.
 * A later change of the same field replaces the earlier; a dropped field
 * stays dropped.
 *
 * Body ranges (replace, remove, insert) will be further kinds in this list.
 */
#ifndef POSTERN_EDITS_H
#define POSTERN_EDITS_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "header.h"
#include "span.h"

enum edit_kind {
	EDIT_PREPEND,		/* a new field above all others */
	EDIT_APPEND,		/* a new field below all others */
	EDIT_CHANGE,		/* another value for field `index` */
	EDIT_DROP		/* field `index` goes */
};

struct edit {
	struct edit	*next;	/* in the order in which they were made */
	enum edit_kind	 kind;
	size_t		 index;
	struct field	 field;	/* PREPEND, APPEND: all; CHANGE: value */
};

struct edits {
	struct arena	*arena;
	struct edit	*first;
	struct edit	*last;
	size_t		 n;
	bool		 failed;	/* more than EDITS_MAX were asked for */
};

void	edits_init(struct edits *, struct arena *);
void	edits_prepend(struct edits *, const char *name, struct span value);
void	edits_append(struct edits *, const char *name, struct span value);
void	edits_change(struct edits *, size_t index, struct span value);
void	edits_drop(struct edits *, size_t index);
bool	edits_none(const struct edits *);

/*
 * The fields as they will leave, as an array in the list's arena, given the
 * message's own fields.  Spans point into the message or the edits.
 */
const struct field *edits_render(const struct edits *, const struct field *,
	    size_t n, size_t *n_r);

/*
 * The effective edit for each of the message's own fields: an array of n
 * pointers in the arena, NULL where the field stays as it is.
 */
const struct edit **edits_by_field(const struct edits *, size_t n);

#endif
