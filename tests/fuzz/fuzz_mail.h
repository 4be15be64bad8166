/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_mail: a message out of the input, for targets that read whole ones.
 *
 * Fields end at a CRLF or LF with no white space behind it, the header at an
 * empty line.  Spans point into the input; nothing is mended, so that values
 * may hold anything.  A line without colon is a field without value.
 */
#ifndef POSTERN_FUZZ_MAIL_H
#define POSTERN_FUZZ_MAIL_H

#include "fuzz.h"
#include "header.h"

#define FUZZ_FIELDS 200

struct fuzz_mail {
	struct field	field[FUZZ_FIELDS];
	size_t		nfields;
	struct span	body;
};

/* Takes one field with its folds, without its line end. */
static inline struct span
fuzz_field(struct span *rest)
{
	struct span all = *rest;
	size_t i = 0, end;

	while (i < all.n && (all.p[i] != '\n' || (i + 1 < all.n &&
	    (all.p[i + 1] == ' ' || all.p[i + 1] == '\t'))))
		i++;
	end = i > 0 && i < all.n && all.p[i - 1] == '\r' ? i - 1 : i;
	*rest = span_from(all, i < all.n ? i + 1 : i);
	return span_make(all.p, end);
}

static inline void
fuzz_mail(struct span text, struct fuzz_mail *m)
{
	struct span line;
	long colon;

	m->nfields = 0;
	while (text.n > 0 && m->nfields < FUZZ_FIELDS &&
	    !span_starts(text, "\n") && !span_starts(text, "\r\n")) {
		line = fuzz_field(&text);
		colon = span_chr(line, ':');
		m->field[m->nfields].name = span_make(line.p,
		    colon < 0 ? line.n : (size_t)colon);
		m->field[m->nfields++].value = colon < 0 ?
		    span_make(line.p + line.n, 0) :
		    span_from(line, (size_t)colon + 1);
	}
	m->body = span_from(text, span_starts(text, "\r\n") ? 2 :
	    span_starts(text, "\n") ? 1 : 0);
}

#endif
