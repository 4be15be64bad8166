/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace: turns "this part goes" into edits of the message.
 *
 * Called by the strip stage, once for each part that goes.  Nothing is copied
 * of the message: the part's Content-* lines and its content are replaced as
 * ranges of the body, all between stays.  The header of the message itself is
 * no part of the body, so for part 0 the fields are edited by their index.
 * What is put in ends its own lines with CRLF and closes a header that the
 * sender left open.  No line of it can be taken for a boundary, whatever a
 * file's name holds: transfer_to_qp() writes such a line in another way.
 * All that could fail is looked at first; only EDITS_MAX can stop it half way.
 */
#include <assert.h>
#include <string.h>

#include "bounds.h"
#include "buf.h"
#include "replace.h"

#define FILENAME_MAX_BYTES	100
#define LANGUAGES_MAX_BYTES	200

struct job {
	struct edits			*edits;
	struct span			 raw;
	size_t				 body_at;
	const struct mime_part		*part;
	const struct replacement	*with;
};

/* The new fields of the part; NULL: none of this name. */
struct fresh {
	const char	*name;
	const char	*value;		/* with its leading blank */
	bool		 placed;
};

#define FRESH 4

static bool
languages_fine(const char *s)
{
	size_t n = s == NULL ? 0 : strlen(s);

	return n > 0 && n <= LANGUAGES_MAX_BYTES && strspn(s,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-, ") == n;
}

static const char *
disposition(struct arena *a, const char *filename)
{
	char name[FILENAME_MAX_BYTES + 1];
	size_t n = 0;

	if (filename == NULL || *filename == '\0')
		return " inline";
	for (; filename[n] != '\0' && n < FILENAME_MAX_BYTES; n++) {
		char c = filename[n];

		name[n] = c < ' ' || c > '~' || c == '"' || c == '\\' ?
		    '_' : c;
	}
	name[n] = '\0';
	return arena_printf(a, " inline;\r\n\tfilename=\"%s\"", name);
}

static void
fresh_fields(const struct job *j, struct fresh f[FRESH])
{
	const char *languages = j->with->languages;

	f[0] = (struct fresh){ "Content-Type",
	    " text/plain; charset=utf-8", false };
	f[1] = (struct fresh){ "Content-Transfer-Encoding",
	    " quoted-printable", false };
	f[2] = (struct fresh){ "Content-Disposition",
	    disposition(j->edits->arena, j->with->filename), false };
	f[3] = (struct fresh){ "Content-Language",
	    languages_fine(languages) ? arena_printf(j->edits->arena, " %s",
	    languages) : NULL, false };
}

/* Takes a line with its LF off the front of *rest; false at the end. */
static bool
take_line(struct span *rest, struct span *line_r)
{
	long lf = span_chr(*rest, '\n');

	if (rest->n == 0)
		return false;
	*line_r = *rest;
	if (lf >= 0)
		line_r->n = (size_t)lf + 1;
	*rest = span_from(*rest, line_r->n);
	return true;
}

static bool
line_begins(const struct job *j, size_t at)
{
	return at == 0 || j->raw.p[at - 1] == '\n';
}

/*
 * What a header that stands in [from, at) lacks of its end: a sender may have
 * let it run into a boundary, or into the end of the message.
 */
static const char *
header_lacks(const struct job *j, size_t from, size_t at)
{
	size_t empty = at - 1;

	if (!line_begins(j, at))
		return "\r\n\r\n";
	if (at == from)
		return "\r\n";
	if (empty > from && j->raw.p[empty - 1] == '\r')
		empty--;
	return empty == from || line_begins(j, empty) ? "" : "\r\n";
}

/* The text as it will stand, with a final CRLF; `before` closes a header. */
static struct span
new_content(const struct job *j, const char *before)
{
	struct span qp = transfer_to_qp(j->edits->arena, j->with->text);
	struct span out;
	struct buf b;

	buf_init(&b, qp.n + 16);
	buf_adds(&b, before);
	buf_addspan(&b, qp);
	if (b.n == 0 || b.p[b.n - 1] != '\n')
		buf_adds(&b, "\r\n");
	assert(!buf_failed(&b));
	out = arena_span(j->edits->arena, buf_span(&b));
	buf_free(&b);
	return out;
}

static int
edit(const struct job *j, size_t from, size_t to, struct span bytes)
{
	return edits_body(j->edits, from - j->body_at, to - j->body_at, bytes);
}

/*
 * Has somebody edited in here, or taken out what this lies in?  An edit that
 * only touches the end of a range is none of ours; one that touches an empty
 * place is.
 */
static bool
taken(const struct edits *e, size_t from, size_t to)
{
	for (const struct edit *d = e->first; d != NULL; d = d->next) {
		if (d->kind != EDIT_BODY)
			continue;
		if (d->from < to && d->to > from)
			return true;
		if ((from == to || d->from == d->to) && d->from <= to &&
		    d->to >= from)
			return true;
	}
	return false;
}

static bool
is_content(const struct field *f)
{
	struct span name = span_trim(f->name);

	if (name.n > 8)
		name.n = 8;
	return span_caseis(name, "content-");
}

/* Puts the new value in the place of an old one of its name; else drops. */
static void
change_field(const struct job *j, const struct field *old, size_t index,
    struct fresh *f)
{
	for (size_t i = 0; i < FRESH; i++) {
		if (f[i].value == NULL || f[i].placed ||
		    !field_is(old, f[i].name))
			continue;
		edits_change(j->edits, index, span_of(f[i].value));
		f[i].placed = true;
		return;
	}
	edits_drop(j->edits, index);
}

static int
replace_whole(const struct job *j, const struct field *fields, size_t n)
{
	size_t size = j->body_at == 0 ? 0 : j->raw.n - j->body_at;
	struct fresh f[FRESH];

	if (taken(j->edits, 0, size) ||
	    edits_body(j->edits, 0, size, new_content(j, "")) != 0)
		return -1;
	fresh_fields(j, f);
	for (size_t i = 0; i < n; i++)
		if (is_content(&fields[i]))
			change_field(j, &fields[i], i, f);
	if (field_find(fields, n, "MIME-Version", 0) == NULL)
		edits_append(j->edits, "MIME-Version", span_of(" 1.0"));
	for (size_t i = 0; i < FRESH; i++)
		if (f[i].value != NULL && !f[i].placed)
			edits_append(j->edits, f[i].name, span_of(f[i].value));
	return 0;
}

static bool
line_ends(const struct job *j, size_t at)
{
	return at == j->raw.n || j->raw.p[at] == '\n' ||
	    j->raw.p[at] == '\r';
}

/* Behind the file comes a line end, unless the file's own is taken too. */
static int
replace_enclosed(const struct job *j)
{
	const struct mime_part *p = j->part;
	struct arena *a = j->edits->arena;
	struct span rest = span_trim(j->with->ascii), line;
	struct buf b;
	int rc;

	buf_init(&b, 3 * rest.n + 16);
	while (take_line(&rest, &line)) {
		if (b.n > 0)
			buf_adds(&b, "\r\n");
		buf_addspan(&b, span_trim(line));
	}
	if (j->raw.p[p->end - 1] == '\n' || !line_ends(j, p->end))
		buf_adds(&b, "\r\n");
	assert(!buf_failed(&b));
	rc = edit(j, p->body, p->end, arena_span(a, buf_span(&b)));
	buf_free(&b);
	return rc;
}

/* The header of a message in the message: says it that it is MIME? */
static bool
has_version(const struct job *j)
{
	struct span head = span_make(j->raw.p + j->part->head,
	    j->part->body - j->part->head);
	struct field f = { .name = { NULL, 0 } };
	struct span line;
	long colon;

	while (take_line(&head, &line)) {
		colon = span_chr(line, ':');
		f.name = span_make(line.p, colon < 0 ? 0 : (size_t)colon);
		if (field_is(&f, "MIME-Version"))
			return true;
	}
	return false;
}

/* The new lines for the header; message: the part is its content. */
static struct span
new_lines(const struct job *j, const struct mime_part *message)
{
	struct fresh f[FRESH];
	struct span lines;
	struct buf b;

	fresh_fields(j, f);
	buf_init(&b, 1024);
	if (message != NULL)
		buf_adds(&b, header_lacks(j, message->head, j->part->head));
	else if (!line_begins(j, j->part->head))
		buf_adds(&b, "\r\n");
	if (message != NULL && !has_version(j))
		buf_adds(&b, "MIME-Version: 1.0\r\n");
	for (size_t i = 0; i < FRESH; i++)
		if (f[i].value != NULL)
			buf_addf(&b, "%s:%s\r\n", f[i].name, f[i].value);
	assert(!buf_failed(&b));
	lines = arena_span(j->edits->arena, buf_span(&b));
	buf_free(&b);
	return lines;
}

/* Field lines side by side are one edit. */
static int
replace_fields(const struct job *j, struct span lines)
{
	const struct mime_part *p = j->part;
	size_t from, to;

	if (p->nfields == 0)
		return edit(j, p->head, p->head, lines);
	for (size_t i = 0; i < p->nfields; i++) {
		from = p->fields[i].from;
		to = p->fields[i].to;
		while (i + 1 < p->nfields && p->fields[i + 1].from == to)
			to = p->fields[++i].to;
		if (to > p->body)
			to = p->body;
		if (edit(j, from, to, lines) != 0)
			return -1;
		lines = span_make("", 0);
	}
	return 0;
}

/*
 * Do our lines end at the body?  There was no header, or its last field runs
 * into a boundary, to which the line end behind it belongs then.
 */
static bool
lines_meet_body(const struct mime_part *p)
{
	return p->head == p->body ||
	    (p->nfields > 0 && p->fields[p->nfields - 1].to >= p->body);
}

static int
replace_inner(const struct job *j, const struct mime_part *message)
{
	const struct mime_part *p = j->part;
	struct span lines = new_lines(j, message);
	const char *before = lines_meet_body(p) ? "\r\n" :
	    header_lacks(j, p->head, p->body);

	if (replace_fields(j, lines) != 0)
		return -1;
	return edit(j, p->body, p->end, new_content(j, before));
}

int
replace_part(struct edits *e, const struct field *fields, size_t nfields,
    struct span raw, size_t body_at, const struct mime_tree *tree,
    size_t part, const struct replacement *with)
{
	const struct mime_part *p = &tree->part[part], *parent;
	struct job j = { e, raw, body_at, p, with };
	int rc;

	assert(part < tree->n && body_at <= raw.n);
	if (part == 0)
		return replace_whole(&j, fields, nfields) != 0 || e->failed ?
		    -1 : 0;
	/* In the header, or none of the message's parts at all. */
	if (body_at == 0 || p->head < body_at || p->body < p->head ||
	    p->end < p->body || p->end > raw.n)
		return -1;
	if (taken(e, p->head - body_at, p->end - body_at))
		return -1;
	parent = &tree->part[p->parent];
	if (p->kind == MIME_ENCLOSED)
		rc = p->end == p->body ? -1 : replace_enclosed(&j);
	else
		rc = replace_inner(&j, parent->kind == MIME_MESSAGE ? parent :
		    NULL);
	return rc != 0 || e->failed ? -1 : 0;
}

/* Is it signed or encrypted, or does it hold what is? */
static bool
seals(const struct mime_part *p)
{
	return p->sealed || strcmp(p->type, "multipart/signed") == 0 ||
	    strcmp(p->type, "multipart/encrypted") == 0;
}

/*
 * The outermost seal around the part goes as a whole: what stands around a
 * seal does not depend on what is in it.  But a message in the message whose
 * own content is the seal goes with its header, since a notice under the
 * header of somebody who signed would be taken for his words.
 */
size_t
replace_candidate(const struct mime_tree *tree, size_t part)
{
	const struct mime_part *p = tree->part;
	size_t seal = MIME_NONE;

	assert(part < tree->n);
	for (size_t up = part; up != MIME_NONE; up = p[up].parent)
		if (seals(&p[up]))
			seal = up;
	if (seal == MIME_NONE)
		return part == 0 && (p[0].kind == MIME_MULTIPART ||
		    p[0].kind == MIME_MESSAGE) ? MIME_NONE : part;
	if (seal != 0 && p[p[seal].parent].kind == MIME_MESSAGE)
		seal = p[seal].parent;
	return seal == 0 ? MIME_NONE : seal;
}
