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
 * A body range is given by offsets into the message's body (the bytes behind
 * the empty line).  Ranges never overlap: an edit that would is refused and
 * changes nothing.  Insertions at the same place stand in the order in which
 * they were made, and before what replaces the bytes behind that place.
 * What no edit touches is never copied: the rendering is a walk over spans of
 * the message and of the edits, and is the one source for the reply to the
 * MTA, the signer's body hash and the second scan.
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
	EDIT_DROP,		/* field `index` goes */
	EDIT_BODY		/* bytes [from, to) of the body become others */
};

struct edit {
	struct edit	*next;	/* in the order in which they were made */
	enum edit_kind	 kind;
	size_t		 index;
	struct field	 field;	/* PREPEND, APPEND: all; CHANGE: value */
	size_t		 from, to; /* BODY; from == to: an insertion */
	struct span	 bytes;	/* BODY; empty: a removal */
};

struct edits {
	struct arena	*arena;
	struct edit	*first;
	struct edit	*last;
	size_t		 n;
	bool		 failed;	/* more than EDITS_MAX were asked for */
	/* private: the body's, sorted by place */
	struct edit	**body;
	size_t		 nbody;
	size_t		 body_cap;
};

void	edits_init(struct edits *, struct arena *);
void	edits_prepend(struct edits *, const char *name, struct span value);
void	edits_append(struct edits *, const char *name, struct span value);
void	edits_change(struct edits *, size_t index, struct span value);
void	edits_drop(struct edits *, size_t index);
/*
 * Bytes [from, to) of the body become `bytes`.  -1 when it overlaps another
 * edit (nothing is changed), or when there are too many (`failed` is set).
 * An insertion overlaps only strictly inside of a range.  Nothing in place of
 * nothing is no edit: 0, and nothing is added.
 */
int	edits_body(struct edits *, size_t from, size_t to, struct span bytes);
bool	edits_none(const struct edits *);
/* Is the body changed at all? */
bool	edits_have_body(const struct edits *);
/* Bytes of the body as it will leave. */
size_t	edits_body_size(const struct edits *, size_t size);

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

/* The body as it will leave, span after span. */
struct edits_walk {
	const struct edits *edits;
	struct span	 body;
	size_t		 next;		/* edit */
	size_t		 at;		/* in the body */
};

/* No range may end behind the body (assert). */
void	edits_walk_begin(struct edits_walk *, const struct edits *,
	    struct span body);
/* The next piece, never empty; false at the end. */
bool	edits_walk_next(struct edits_walk *, struct span *piece_r);

#endif
