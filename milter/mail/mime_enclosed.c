/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_enclosed: files in uuencode or yEnc inside of text.
 *
 * Called by the walk for each text leaf without transfer encoding.  A file
 * begins with "begin MODE NAME" or "=ybegin ... name=NAME" and ends with
 * "end" or "=yend"; without that it goes on to the end of the leaf.  Behind
 * "begin" one line must look like uuencode, since letters begin like that too.
 * What is not listed is still scanned as the text that it is.
 * At most MIME_ENCLOSED_MAX in a leaf.  One pass.
 */
#include <string.h>

#include "mime_internal.h"

static struct span
text_of(struct span raw, struct mime_line l)
{
	return span_make(raw.p + l.at, l.text - l.at);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "begin 644 NAME"; the name, or absent. */
static struct span
uu_name(struct span line)
{
	size_t i = 6, digits = 0;

	if (!span_starts(line, "begin ") && !span_starts(line, "begin\t"))
		return span_make(NULL, 0);
	while (i < line.n && is_blank(line.p[i]))
		i++;
	for (; i < line.n && line.p[i] >= '0' && line.p[i] <= '7'; i++)
		digits++;
	/* Readers take any number of digits. */
	if (digits == 0 || i >= line.n || !is_blank(line.p[i]))
		return span_make(NULL, 0);
	line = span_trim(span_from(line, i + 1));
	return line.n > 0 ? line : span_make(NULL, 0);
}

static struct span
yenc_name(struct span line)
{
	const char *name;

	if (!span_starts(line, "=ybegin "))
		return span_make(NULL, 0);
	name = memmem(line.p, line.n, " name=", 6);
	if (name == NULL)
		return span_make(NULL, 0);
	return span_trim(span_from(line, (size_t)(name - line.p) + 6));
}

/*
 * A line of uuencode: a length, and as many characters; blanks at its end may
 * be lost, a check sum may follow.
 */
static bool
is_uu_line(struct span line)
{
	size_t bytes, chars;

	if (line.n == 0 || line.p[0] < ' ' || line.p[0] > '`')
		return false;
	bytes = (size_t)(line.p[0] - ' ') & 63;
	chars = (bytes + 2) / 3 * 4;
	if (line.n - 1 > chars + 2 || (bytes > 0 && line.n == 1))
		return false;
	for (size_t i = 1; i < line.n; i++)
		if (line.p[i] < ' ' || line.p[i] > '`')
			return false;
	return true;
}

/* The name in a line that begins a file; absent when it does not. */
static struct span
begins(struct span raw, struct mime_line l, size_t end, bool *uu_r)
{
	struct span name = uu_name(text_of(raw, l));
	struct mime_line next;

	*uu_r = name.p != NULL;
	if (!*uu_r)
		return yenc_name(text_of(raw, l));
	if (l.next >= end)
		return span_make(NULL, 0);
	next = mime_line_at(raw, l.next, end);
	return is_uu_line(text_of(raw, next)) ? name : span_make(NULL, 0);
}

/* Where the file that began before `at` ends; *next_r: the line behind. */
static size_t
file_end(struct mime_walk *w, size_t at, size_t end, bool uu, size_t *next_r)
{
	struct mime_line l;

	for (; at < end; at = l.next) {
		struct span line;

		l = mime_line_at(w->raw, at, end);
		line = text_of(w->raw, l);
		if (uu ? span_is(span_trim(line), "end") :
		    span_starts(line, "=yend")) {
			*next_r = l.next;
			return l.text;
		}
	}
	w->malformed |= MIME_TRUNCATED;
	*next_r = end;
	return end;
}

static bool
add_file(struct mime_walk *w, size_t leaf, size_t at, size_t end,
    struct span name, bool uu)
{
	size_t i = mime_add(w, MIME_ENCLOSED, leaf, at);
	struct mime_part *p;

	if (i == MIME_NONE)
		return false;
	p = &w->part[i];
	p->end = end;
	p->encoding = uu ? TRANSFER_UU : TRANSFER_YENC;
	p->type = "application/octet-stream";
	p->disposition = "attachment";
	p->name = mime_name(w->arena, name, w->part[leaf].charset);
	return true;
}

void
mime_enclosed(struct mime_walk *w, size_t leaf)
{
	size_t at = w->part[leaf].body, end = w->part[leaf].end, stop, n = 0;
	struct mime_line l;
	struct span name;
	bool uu;

	while (at < end) {
		if (w->raw.p[at] != 'b' && w->raw.p[at] != '=') {
			at = mime_line_at(w->raw, at, end).next;
			continue;
		}
		l = mime_line_at(w->raw, at, end);
		name = begins(w->raw, l, end, &uu);
		if (name.p == NULL) {
			at = l.next;
			continue;
		}
		if (n++ == MIME_ENCLOSED_MAX) {
			w->malformed |= MIME_OTHER;
			return;
		}
		stop = file_end(w, l.next, end, uu, &at);
		if (!add_file(w, leaf, l.at, stop, name, uu))
			return;
	}
}
