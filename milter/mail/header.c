/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: finding, unfolding and folding the fields of a message.
 *
 * Called by the stages and by the code for DKIM and DMARC.  Fields and values
 * are spans into the message; results are in the caller's arena.  Pure
 * functions in linear time; any thread (an arena has one at a time).
 *
 * RFC 5322 sections 2.1.1 (998 bytes a line), 2.2 and 2.2.3 (folding).
 * Folding changes as little as it can, since signatures of others may cover
 * the field: a CRLF before white space that is there is invisible to DKIM's
 * relaxed form; only a word longer than a line is cut, by CRLF and a blank.
 */
#include <string.h>

#include "buf.h"
#include "header.h"
#include "bounds.h"

bool
field_is(const struct field *f, const char *name)
{
	return span_caseis(span_trim(f->name), name);
}

const struct field *
field_find(const struct field *f, size_t n, const char *name, size_t nth)
{
	for (size_t i = 0; i < n; i++)
		if (field_is(&f[i], name) && nth-- == 0)
			return &f[i];
	return NULL;
}

size_t
field_count(const struct field *f, size_t n, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (field_is(&f[i], name))
			count++;
	return count;
}

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Line ends that are no fold (a lone CR, an LF with a word behind it) become
 * a blank: they separate for some readers, and must not go out again.
 */
struct span
field_unfold(struct arena *a, struct span value)
{
	char *out = arena_alloc(a, value.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		char next = i + 1 < value.n ? value.p[i + 1] : ' ';

		if (c != '\r' && c != '\n')
			out[n++] = c;
		else if (c == '\r' ? next != '\n' : !is_wsp(next))
			out[n++] = ' ';
	}
	/* Trimmed by hand, for the NUL behind the end. */
	while (n > 0 && is_wsp(out[n - 1]))
		n--;
	out[n] = '\0';
	return span_trim(span_make(out, n));
}

/* Length of the blanks at the start. */
static size_t
wsp_run(struct span s)
{
	size_t n = 0;

	while (n < s.n && is_wsp(s.p[n]))
		n++;
	return n;
}

/*
 * Where to break a line of which `room` bytes fit: at the last run of white
 * space in reach that has text before it (or the field's name), else hard, but
 * not inside of a UTF-8 character.  May be 0 on the field's first line only.
 */
static size_t
break_at(struct span line, size_t room, bool first, bool *hard)
{
	size_t text = wsp_run(line), at = room;

	if (text > room)
		text = room;
	*hard = false;
	while (at > text && !is_wsp(line.p[at]))
		at--;
	while (at > text && is_wsp(line.p[at - 1]))
		at--;
	if (at > text)
		return at;
	if (first && is_wsp(line.p[0]))
		return 0;
	*hard = true;
	for (at = room; at > text && room - at < 4; at--)
		if (((unsigned char)line.p[at] & 0xc0) != 0x80)
			return at;
	return room;
}

/* One line that is too long, without its end; head: bytes of "Name:". */
static void
fold_line(struct buf *out, struct span line, size_t head)
{
	size_t room = head < LINE_MAX_RFC5322 ? LINE_MAX_RFC5322 - head : 0;
	bool first = head > 0, hard;
	size_t at, blanks;

	/* A piece of blanks alone could be taken for the header's end. */
	while (line.n > 0 && is_wsp(line.p[line.n - 1]))
		line.n--;
	while (line.n > room) {
		at = break_at(line, room, first, &hard);
		blanks = wsp_run(line);
		if (blanks > 1 && (hard || blanks >= room)) {
			/* Better fewer blanks than a word that is cut. */
			line = span_from(line, blanks - 1);
			continue;
		}
		buf_add(out, line.p, at);
		buf_adds(out, hard ? "\r\n " : "\r\n");
		line = span_from(line, at);
		room = LINE_MAX_RFC5322 - (hard ? 1 : 0);
		first = false;
	}
	buf_addspan(out, line);
}

/* Takes one line off the front of *rest; *end_r is its CRLF, LF or nothing. */
static struct span
take_line(struct span *rest, struct span *end_r)
{
	long lf = span_chr(*rest, '\n');
	struct span line = *rest;
	size_t end = 0;

	if (lf >= 0) {
		line.n = (size_t)lf;
		end = 1;
		if (line.n > 0 && line.p[line.n - 1] == '\r') {
			line.n--;
			end = 2;
		}
	}
	*end_r = span_make(line.p + line.n, end);
	*rest = span_from(*rest, line.n + end);
	return line;
}

static bool
too_long(struct span value, size_t head)
{
	struct span end;

	while (value.n > 0) {
		if (head + take_line(&value, &end).n > LINE_MAX_RFC5322)
			return true;
		head = 0;
	}
	return false;
}

bool
field_fold(struct arena *a, struct span name, struct span value,
    struct span *out)
{
	size_t head = name.n + 1;
	struct span line, end;
	struct buf b;

	if (!too_long(value, head))
		return false;
	/* At worst three bytes are added for each line. */
	buf_init(&b, value.n * 4 + 16);
	while (value.n > 0) {
		line = take_line(&value, &end);
		if (head + line.n > LINE_MAX_RFC5322)
			fold_line(&b, line, head);
		else
			buf_addspan(&b, line);
		buf_addspan(&b, end);
		head = 0;
	}
	*out = arena_span(a, buf_span(&b));
	buf_free(&b);
	return true;
}

bool
field_name_valid(struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < 33 || name.p[i] > 126 || name.p[i] == ':')
			return false;
	return name.n > 0;
}
