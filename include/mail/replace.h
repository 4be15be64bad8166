/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace: edits that put a short text where a part of the message was.
 *
 * The part's Content-* fields go, its other fields stay, so that the structure
 * around it holds; a part that is the whole message gets its fields changed
 * through edits of the header.  The text stands in UTF-8 as quoted-printable,
 * since an outer part may be labelled 7bit.  An ENCLOSED file is replaced by
 * the text in ASCII inside of its parent.  Pure; the message's arena.
 */
#ifndef POSTERN_REPLACE_H
#define POSTERN_REPLACE_H

#include <stddef.h>

#include "edits.h"
#include "header.h"
#include "mime.h"
#include "span.h"

struct replacement {
	struct span	 text;		/* UTF-8, lines end in LF */
	struct span	 ascii;		/* one or two lines for ENCLOSED */
	const char	*languages;	/* Content-Language, or NULL */
	const char	*filename;	/* ASCII, for the new part; or NULL */
};

/*
 * fields: the message's own (part 0's Content-* are among them); body_at: the
 * offset of its body in raw (0: it has none).  Returns 0, or -1 when the edits
 * could not be made: somebody has edited in this part, or has replaced one
 * that it is in or that is in it; or there are too many edits, and only then
 * some may have been added (edits->failed).
 */
int	replace_part(struct edits *, const struct field *fields, size_t nfields,
	    struct span raw, size_t body_at, const struct mime_tree *,
	    size_t part, const struct replacement *);

/*
 * The part to take out when `part` must go: itself, or the nearest one above
 * that can be replaced without breaking what stands around it.  MIME_NONE: it
 * is sealed, so that nothing less than the whole message can go.
 */
size_t	replace_candidate(const struct mime_tree *, size_t part);

#endif
