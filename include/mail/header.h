/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: the fields of a message as ranges (RFC 5322 section 2.2).
 *
 * A field's name and value are spans into the message's buffer.  The value is
 * everything behind the colon, exactly: leading blanks, folds (CRLF and
 * white space) and trailing blanks are kept; the CRLF that ends the field is
 * not part of it.
 */
#ifndef POSTERN_HEADER_H
#define POSTERN_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

struct field {
	struct span	name;
	struct span	value;
};

/*
 * True when the field's name is this one, case folded; blanks around it do not
 * count ("From :", RFC 5322 section 4.5.2).
 */
bool	field_is(const struct field *, const char *name);
/* The nth (from 0) field of that name, or NULL. */
const struct field *field_find(const struct field *, size_t n,
	    const char *name, size_t nth);
size_t	field_count(const struct field *, size_t n, const char *name);

/*
 * The value unfolded (RFC 5322 section 2.2.3: the CRLF goes, the white space
 * stays) and trimmed, in the arena.  8-bit bytes and NUL are kept.
 */
struct span	field_unfold(struct arena *, struct span value);

/*
 * Folds a value so that no line is longer than LINE_MAX_RFC5322, counting
 * name and colon; breaks at white space where there is some in reach, else
 * hard.  Returns false when nothing had to change; else *out is in the arena.
 */
bool	field_fold(struct arena *, struct span name, struct span value,
	    struct span *out);

/* RFC 5322 ftext: printable US-ASCII without colon, at least one byte. */
bool	field_name_valid(struct span);

#endif
