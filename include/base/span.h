/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * span: a piece of text or bytes, by pointer and length.
 *
 * A span owns nothing: it is valid as long as what it points into (a
 * message's buffer, an arena, a literal).  It is not NUL-terminated and may
 * hold NUL.  An absent span has p == NULL; an empty one has n == 0.
 */
#ifndef POSTERN_SPAN_H
#define POSTERN_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *p;
	size_t	    n;
};

/* For a string literal, as an initialiser too. */
#define SPAN_LIT(s) { (s), sizeof(s) - 1 }

/* The span of a C string; NULL gives the absent span. */
struct span	span_of(const char *);
struct span	span_make(const char *, size_t);

/* From byte `from` to the end; empty when `from` is past the end. */
struct span	span_from(struct span, size_t from);

/* Equality: of bytes, and with ASCII case folded. */
bool	span_eq(struct span, struct span);
bool	span_caseeq(struct span, struct span);
/* The same against a C string. */
bool	span_is(struct span, const char *);
bool	span_caseis(struct span, const char *);
bool	span_starts(struct span, const char *);

/* Without blanks, tabs, CR and LF at both ends. */
struct span	span_trim(struct span);

/* Index of the first byte c, or -1. */
long	span_chr(struct span, char c);

/*
 * Takes the text before the next `sep` off the front of *s into *word.
 * Returns false when *s is used up.  "a,,b" gives "a", "", "b".
 */
bool	span_split(struct span *s, char sep, struct span *word);

#endif
