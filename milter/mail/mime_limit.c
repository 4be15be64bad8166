/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_limit: the lines that make a parse costly, counted without one.
 *
 * Called before anything looks closer at a message.  Every line that begins
 * with "--" may be a boundary.  Fields of headers are counted only where a
 * header can be: at the start, behind such a line, and behind a header that
 * names a message/ type; so a log or a letter with many colons passes.
 * One pass; no memory.  Depth and parts are counted by the walk itself.
 */
#include <string.h>

#include "mime_internal.h"

struct count {
	size_t	dashes, fields;
	bool	in_header;
	bool	message;	/* this header names a message/ type */
};

static void
count_header_line(struct count *c, struct span line)
{
	if (line.n == 0) {
		c->in_header = c->message;
		c->message = false;
		return;
	}
	if (mime_field_line(line))
		c->fields++;
	for (const char *p = line.p; !c->message &&
	    (p = memchr(p, '/', line.n - (size_t)(p - line.p))) != NULL; p++)
		c->message = p - line.p >= 7 &&
		    span_caseeq(span_make(p - 7, 7), span_make("message", 7));
}

const char *
mime_limit(struct span raw)
{
	struct count c = { .in_header = true };
	struct mime_line l;

	for (size_t at = 0; at < raw.n; at = l.next) {
		l = mime_line_at(raw, at, raw.n);
		if (l.text - at >= 2 && raw.p[at] == '-' &&
		    raw.p[at + 1] == '-') {
			c.in_header = true;
			c.message = false;
			if (++c.dashes > MIME_DASHES_MAX)
				return "boundary lines";
		} else if (c.in_header) {
			count_header_line(&c, span_make(raw.p + at,
			    l.text - at));
			if (c.fields > MIME_HEADER_LINES_MAX)
				return "header lines";
		}
	}
	return NULL;
}
