/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_walk: the boundary lines of a message, and with them all ranges.
 *
 * Called by mime_parse() once for a message.  One pass over the lines that
 * begin with "--" and over those of headers; a stack holds the parts that we
 * are inside of, at most MIME_DEPTH_MAX deep.  A boundary line belongs to the
 * innermost multipart that is open and has this boundary (RFC 2046 section
 * 5.1.2), and ends all that are further inside.
 *
 * The line end before a boundary line belongs to the boundary, always, also
 * where it was the empty line behind a header: then body and end are before
 * it, so that a text put there does not run into the boundary.
 */
#include <string.h>

#include "mime_internal.h"

#define PARTS_FIRST 8

/* The line at `at`; the raw text ends at `end`. */
struct mime_line
mime_line_at(struct span raw, size_t at, size_t end)
{
	const char *lf = memchr(raw.p + at, '\n', end - at);
	struct mime_line l = { at, end, end };

	if (lf != NULL) {
		l.text = (size_t)(lf - raw.p);
		l.next = l.text + 1;
	}
	if (l.text > at && raw.p[l.text - 1] == '\r')
		l.text--;
	return l;
}

size_t
mime_add(struct mime_walk *w, enum mime_kind kind, size_t parent, size_t head)
{
	struct mime_part *p;

	if (w->n == MIME_PARTS_MAX) {
		w->limit = "parts";
		return MIME_NONE;
	}
	if (w->n == w->room) {
		w->room = w->room == 0 ? PARTS_FIRST : w->room * 4;
		p = arena_array(w->arena, w->room, sizeof(*p));
		if (w->n > 0)
			memcpy(p, w->part, w->n * sizeof(*p));
		w->part = p;
	}
	p = &w->part[w->n];
	p->kind = kind;
	p->parent = parent;
	p->depth = parent == MIME_NONE ? 0 : w->part[parent].depth + 1;
	p->head = p->body = p->end = head;
	p->type = p->charset = p->name = p->disposition = "";
	return w->n++;
}

/* Begins a part below the innermost open one. */
static void
open_part(struct mime_walk *w, size_t head)
{
	struct mime_open *o;

	if (w->nopen == MIME_DEPTH_MAX + 1) {
		w->limit = "depth";
		return;
	}
	o = &w->open[w->nopen];
	memset(o, 0, sizeof(*o));
	o->part = mime_add(w, MIME_LEAF,
	    w->nopen == 0 ? MIME_NONE : o[-1].part, head);
	if (o->part == MIME_NONE)
		return;
	w->nopen++;
	w->in_header = true;
}

static bool
is_text(const struct mime_part *p)
{
	return p->encoding == TRANSFER_IDENTITY &&
	    (strncmp(p->type, "text/", 5) == 0 ||
	    strncmp(p->type, "multipart/", 10) == 0);
}

/* Ends the innermost part at `end`. */
static void
close_part(struct mime_walk *w, size_t end)
{
	struct mime_open *o = &w->open[--w->nopen];
	struct mime_part *p = &w->part[o->part];

	/* A message inside of a part that has only a header. */
	if (end < p->head && p->parent != MIME_NONE &&
	    w->part[p->parent].kind == MIME_MESSAGE &&
	    w->part[p->parent].head <= end)
		p->head = end;
	p->end = end > p->head ? end : p->head;
	if (p->body > p->end)
		p->body = p->end;
	if (o->longer && o->closed && end > o->last &&
	    span_trim(span_make(w->raw.p + o->last, end - o->last)).n > 0)
		w->malformed |= MIME_DUPLICATE_BOUNDARY;
	if (p->kind == MIME_MULTIPART && !o->met) {
		/* Nothing but what stands before the first part. */
		p->kind = MIME_LEAF;
		w->malformed |= MIME_NO_BOUNDARY;
	} else if (p->kind == MIME_MULTIPART && !o->closed) {
		w->malformed |= MIME_TRUNCATED;
	}
	if (p->kind == MIME_LEAF && is_text(p))
		mime_enclosed(w, o->part);
}

/*
 * Some readers only look at the beginning of a line.  A longer boundary right
 * below a shorter one (a common habit) splits at the same lines for them; only
 * what is behind its last line is one part more: see close_part().
 */
static void
compare_boundary(struct mime_walk *w, size_t outer)
{
	struct mime_open *o = &w->open[w->nopen - 1];
	struct span a = w->open[outer].boundary, b = o->boundary;

	if (a.p == NULL || memcmp(a.p, b.p, a.n < b.n ? a.n : b.n) != 0)
		return;
	if (a.n < b.n && outer + 2 == w->nopen &&
	    !span_starts(span_from(b, a.n), "--"))
		o->longer = true;
	else
		w->malformed |= MIME_DUPLICATE_BOUNDARY;
}

/* The header of the innermost part ends; its body begins at `body`. */
static void
end_header(struct mime_walk *w, size_t end, size_t body)
{
	struct mime_open *o = &w->open[w->nopen - 1];
	struct mime_part *p;
	bool cut;

	w->part[o->part].body = body;
	o->boundary = mime_header(w, o->part, end);
	p = &w->part[o->part];
	w->in_header = false;
	for (size_t i = 0; i + 1 < w->nopen && o->boundary.p != NULL; i++)
		compare_boundary(w, i);
	if (p->kind != MIME_MESSAGE)
		return;
	/* Without header in a digest: what stood there is the message. */
	cut = p->body < body;
	open_part(w, p->body);
	if (cut && w->limit == NULL)
		end_header(w, end, body);
}

static bool
all_blank(const char *p, size_t n)
{
	while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\r')) {
		p++;
		n--;
	}
	return n == 0;
}

/* How a line "--..." looks to one boundary. */
enum fit { FIT_NOT, FIT_ALMOST, FIT_NEXT, FIT_LAST };

static enum fit
fit(struct span boundary, struct span line)
{
	const char *rest = line.p + 2 + boundary.n;
	size_t n = line.n - 2;

	if (boundary.p == NULL || n < boundary.n ||
	    memcmp(line.p + 2, boundary.p, boundary.n) != 0)
		return FIT_NOT;
	n -= boundary.n;
	if (all_blank(rest, n))
		return FIT_NEXT;
	if (n >= 2 && rest[0] == '-' && rest[1] == '-' &&
	    all_blank(rest + 2, n - 2))
		return FIT_LAST;
	return FIT_ALMOST;
}

/*
 * The open multipart that this line belongs to, as an index, or -1.  A line
 * that others could take for a boundary is told.
 */
static int
find_boundary(struct mime_walk *w, struct span line, enum fit *fit_r)
{
	for (size_t i = w->nopen; i-- > 0;) {
		enum fit f = fit(w->open[i].boundary, line);

		if (f == FIT_NOT)
			continue;
		if (f != FIT_ALMOST && !w->open[i].closed) {
			*fit_r = f;
			return (int)i;
		}
		/* A boundary with more behind it, or behind the last one. */
		w->malformed |= MIME_OTHER;
	}
	return -1;
}

/* Where the text before a boundary line at `at` ends. */
static size_t
before_line(struct span raw, size_t at)
{
	if (at > 0 && raw.p[at - 1] == '\n')
		at--;
	if (at > 0 && raw.p[at - 1] == '\r')
		at--;
	return at;
}

/*
 * The header is not ended by an empty line: it ends at `end`.  A message that
 * has only a header gets a child by that, so once more.
 */
static void
cut_header(struct mime_walk *w, size_t end)
{
	size_t head;

	while (w->in_header && w->limit == NULL) {
		head = w->part[w->open[w->nopen - 1].part].head;
		w->malformed |= MIME_BAD_HEADER;
		if (end < head)
			end = head;
		end_header(w, end, end);
	}
}

/* Returns true when the line was a boundary line. */
static bool
boundary_line(struct mime_walk *w, struct mime_line l)
{
	size_t end = before_line(w->raw, l.at);
	struct mime_open *o;
	enum fit f;
	int k;

	k = find_boundary(w, span_make(w->raw.p + l.at, l.text - l.at), &f);
	if (k < 0)
		return false;
	cut_header(w, end);
	while (w->nopen > (size_t)k + 1 && w->limit == NULL)
		close_part(w, end);
	if (w->limit != NULL)
		return true;
	o = &w->open[k];
	o->met = true;
	if (f == FIT_LAST) {
		o->closed = true;
		o->last = l.next;
		/* Only a closing line: there is no part. */
		if (o->part + 1 == w->n) {
			o->met = false;
			w->malformed |= MIME_NO_BOUNDARY;
		}
		return true;
	}
	open_part(w, l.next);
	return true;
}

static bool
is_dashes(struct span raw, size_t at)
{
	return raw.n - at >= 2 && raw.p[at] == '-' && raw.p[at + 1] == '-';
}

/* One line of a header; returns where the next begins. */
static size_t
header_line(struct mime_walk *w, size_t at)
{
	struct mime_line l = mime_line_at(w->raw, at, w->raw.n);

	if (is_dashes(w->raw, at) && boundary_line(w, l))
		return l.next;
	if (l.text == l.at && l.next > l.at)
		end_header(w, l.at, l.next);
	return l.next;
}

/* The next line that begins with "--", from the line at `at`; or the end. */
static size_t
next_dashes(struct span raw, size_t at)
{
	const char *lf;

	while (at < raw.n && !is_dashes(raw, at)) {
		lf = memchr(raw.p + at, '\n', raw.n - at);
		if (lf == NULL)
			return raw.n;
		at = (size_t)(lf - raw.p) + 1;
	}
	return at;
}

static bool
has_boundary(const struct mime_walk *w)
{
	for (size_t i = 0; i < w->nopen; i++)
		if (w->open[i].boundary.p != NULL)
			return true;
	return false;
}

bool
mime_walk(struct mime_walk *w)
{
	size_t at = 0;
	struct mime_line l;

	open_part(w, 0);
	while (at < w->raw.n && w->limit == NULL) {
		if (w->in_header) {
			at = header_line(w, at);
			continue;
		}
		at = has_boundary(w) ? next_dashes(w->raw, at) : w->raw.n;
		if (at == w->raw.n)
			break;
		l = mime_line_at(w->raw, at, w->raw.n);
		(void)boundary_line(w, l);
		at = l.next;
	}
	cut_header(w, w->raw.n);
	while (w->nopen > 0 && w->limit == NULL)
		close_part(w, w->raw.n);
	return w->limit == NULL;
}
