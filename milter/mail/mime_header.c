/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_header: the header of one part (RFC 2045, RFC 2046, RFC 2183).
 *
 * Called by the walk when a header is complete.  It keeps the Content-*
 * fields as ranges, and reads the first Content-Type, -Transfer-Encoding and
 * -Disposition; more than one of a kind is malformed.  Parameters are decoded
 * by GMime.  Whatever another reader could read differently is marked.
 * Linear in the size of the header.
 */
#include <string.h>

#include "mime_internal.h"

/* RFC 2046 section 5.1.1 */
#define BOUNDARY_MAX 70
/* Bytes of all Content-* fields; parameters are the slowest to decode. */
#define CONTENT_BYTES_MAX (1024 * 1024)

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

bool
mime_field_line(struct span line)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct span name = line;

	if (colon == NULL)
		return false;
	name.n = (size_t)(colon - line.p);
	while (name.n > 0 && is_wsp(name.p[name.n - 1]))
		name.n--;
	return field_name_valid(name);
}

/*
 * Takes the next field with its folds from [*at, end); false at the end.
 * Lines that belong to no field are skipped and marked.
 */
static bool
next_field(struct mime_walk *w, size_t *at, size_t end, struct mime_field *f)
{
	struct span raw = w->raw;
	struct mime_line l = { *at, *at, *at }, fold;
	size_t colon;

	for (; *at < end; *at = l.next) {
		l = mime_line_at(raw, *at, end);
		if (mime_field_line(span_make(raw.p + l.at, l.text - l.at)))
			break;
		w->malformed |= MIME_BAD_HEADER;
	}
	if (*at >= end)
		return false;
	f->from = l.at;
	colon = (size_t)((const char *)memchr(raw.p + l.at, ':',
	    l.text - l.at) - raw.p);
	while (l.next < end && is_wsp(raw.p[l.next])) {
		fold = mime_line_at(raw, l.next, end);
		if (span_trim(span_make(raw.p + fold.at,
		    fold.text - fold.at)).n == 0)
			w->malformed |= MIME_BAD_HEADER;
		l.text = fold.text;
		l.next = fold.next;
	}
	f->to = *at = l.next;
	f->field.name = span_make(raw.p + f->from, colon - f->from);
	f->field.value = span_make(raw.p + colon + 1, l.text - colon - 1);
	return true;
}

static bool
is_content(const struct field *f)
{
	return f->name.n > 8 &&
	    span_caseeq(span_make(f->name.p, 8), span_make("Content-", 8));
}

/* Fills p->fields; two passes, since most parts have two or three. */
static void
take_fields(struct mime_walk *w, struct mime_part *p, size_t end)
{
	struct mime_field f, *kept;
	size_t n = 0, at = p->head;

	while (next_field(w, &at, end, &f))
		if (is_content(&f.field)) {
			w->content_bytes += f.to - f.from;
			n++;
		}
	if (w->content_bytes > CONTENT_BYTES_MAX)
		w->limit = "content fields";
	if (n == 0 || w->limit != NULL)
		return;
	kept = arena_array(w->arena, n, sizeof(*kept));
	n = 0;
	at = p->head;
	while (next_field(w, &at, end, &f))
		if (is_content(&f.field))
			kept[n++] = f;
	p->fields = kept;
	p->nfields = n;
}

/* The first field of that name, unfolded, NUL bytes replaced; or NULL. */
static char *
value_of(struct mime_walk *w, const struct mime_part *p, const char *name)
{
	const struct field *found = NULL;
	struct span u;
	char *out;

	for (size_t i = 0; i < p->nfields; i++) {
		const struct field *f = &p->fields[i].field;

		if (!field_is(f, name))
			continue;
		if (found != NULL)
			w->malformed |= MIME_DUPLICATE_FIELD;
		else
			found = f;
		if (is_wsp(f->name.p[f->name.n - 1]))
			w->malformed |= MIME_BAD_HEADER;
	}
	if (found == NULL)
		return NULL;
	u = field_unfold(w->arena, found->value);
	out = arena_alloc(w->arena, u.n + 1);
	memcpy(out, u.p, u.n);
	for (size_t i = 0; i < u.n; i++)
		if (out[i] == '\0')
			out[i] = '?';
	return out;
}

/* The end of a parameter's text: the next ';' outside of quotes. */
static const char *
param_end(const char *p)
{
	bool quoted = false;

	for (; *p != '\0' && (quoted || *p != ';'); p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

/* boundary= as a simple reader takes it; absent when there is none. */
static struct span
simple_boundary(const char *value)
{
	const char *end = param_end(value), *eq;
	struct span v;

	while (*end == ';') {
		value = end + 1;
		end = param_end(value);
		eq = memchr(value, '=', (size_t)(end - value));
		if (eq == NULL || !span_caseis(span_trim(span_make(value,
		    (size_t)(eq - value))), "boundary"))
			continue;
		v = span_trim(span_make(eq + 1, (size_t)(end - eq - 1)));
		if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
			return span_make(v.p + 1, v.n - 2);
		return v;
	}
	return span_make(NULL, 0);
}

/* How often "boundary" stands before a '=', wherever it is. */
static unsigned
count_boundaries(const char *p)
{
	unsigned n = 0;

	while ((p = strcasestr(p, "boundary")) != NULL) {
		p += 8;
		p += strspn(p, "*0123456789 \t");
		if (*p == '=')
			n++;
	}
	return n;
}

/* What about this boundary is read differently by others. */
static void
check_boundary(struct mime_walk *w, const char *value, struct span b)
{
	struct span simple = simple_boundary(value);

	if (count_boundaries(value) > 1)
		w->malformed |= MIME_DUPLICATE_BOUNDARY;
	if (simple.p == NULL || !span_eq(simple, b))
		w->malformed |= MIME_OTHER;
	if (b.n == 0 || b.n > BOUNDARY_MAX || is_wsp(b.p[b.n - 1]))
		w->malformed |= MIME_OTHER;
	for (size_t i = 0; i < b.n; i++)
		if ((unsigned char)b.p[i] < ' ' || (unsigned char)b.p[i] > '~')
			w->malformed |= MIME_OTHER;
}

/* A comment outside of quotes: some readers take it for text. */
static bool
has_comment(const char *p)
{
	bool quoted = false;

	for (; *p != '\0'; p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '(' && !quoted)
			return true;
	}
	return false;
}

static bool
is_message(const char *type)
{
	return strcmp(type, "message/rfc822") == 0 ||
	    strcmp(type, "message/rfc2822") == 0 ||
	    strcmp(type, "message/global") == 0 ||
	    strcmp(type, "message/news") == 0;
}

static const char *
default_type(const struct mime_walk *w, const struct mime_part *p)
{
	return p->parent != MIME_NONE &&
	    strcmp(w->part[p->parent].type, "multipart/digest") == 0 ?
	    "message/rfc822" : "text/plain";
}

/* Content-Transfer-Encoding, and what kind of part it makes. */
static void
set_kind(struct mime_walk *w, struct mime_part *p)
{
	char *value = value_of(w, p, "Content-Transfer-Encoding");
	bool holder;

	p->encoding = value == NULL ? TRANSFER_IDENTITY :
	    transfer_named(span_of(value));
	p->kind = MIME_LEAF;
	if (strncmp(p->type, "multipart/", 10) == 0)
		p->kind = MIME_MULTIPART;
	else if (is_message(p->type))
		p->kind = MIME_MESSAGE;
	holder = p->kind != MIME_LEAF;
	if (p->encoding == TRANSFER_UNKNOWN ||
	    (holder && p->encoding != TRANSFER_IDENTITY)) {
		w->malformed |= MIME_BAD_ENCODING;
		if (p->kind == MIME_MESSAGE)
			p->kind = MIME_LEAF;
	}
}

/* The best of the names; another ending than its own is suspicious. */
static void
set_name(struct mime_walk *w, struct mime_part *p, const struct mime_value *v)
{
	for (size_t i = 0; i < v->nnames; i++) {
		const char *name = mime_name(w->arena, v->names[i],
		    p->charset);

		if (*name == '\0')
			continue;
		if (*p->name == '\0')
			p->name = name;
		else if (!mime_same_ending(span_of(p->name), span_of(name)))
			w->malformed |= MIME_OTHER;
	}
}

/*
 * A part without header whose text has no empty line before it, or a header:
 * decided by its first line, unless a Content-* field follows.
 */
static bool
is_headerless(struct mime_walk *w, const struct mime_part *p, size_t end)
{
	struct mime_line l;
	struct span line;

	if (p->head >= end || p->nfields > 0)
		return false;
	l = mime_line_at(w->raw, p->head, end);
	line = span_make(w->raw.p + l.at, l.text - l.at);
	return !mime_field_line(line) && !span_starts(line, "From ") &&
	    !span_starts(line, ">From ");
}

static void
check_bytes(struct mime_walk *w, struct span header)
{
	const char *p, *end = header.p + header.n;

	if (memchr(header.p, '\0', header.n) != NULL)
		w->malformed |= MIME_BAD_HEADER;
	for (p = header.p; (p = memchr(p, '\r', (size_t)(end - p))) != NULL;) {
		/* The header may end before its last line feed. */
		if (++p < end && *p != '\n') {
			w->malformed |= MIME_BAD_HEADER;
			return;
		}
	}
}

struct span
mime_header(struct mime_walk *w, size_t i, size_t end)
{
	struct mime_part *p = &w->part[i];
	struct mime_value type = { .word = default_type(w, p) };
	struct mime_value disposition = { .word = "" };
	struct span boundary = { NULL, 0 };
	char *value;

	check_bytes(w, span_make(w->raw.p + p->head, end - p->head));
	take_fields(w, p, end);
	if (is_headerless(w, p, end))
		p->body = p->head;
	value = value_of(w, p, "Content-Type");
	if (value != NULL)
		mime_gmime_type(w, value, &type);
	p->type = mime_word(w->arena, type.word, MIME_TYPE_SIZE);
	p->charset = mime_word(w->arena, type.charset, MIME_CHARSET_SIZE);
	set_kind(w, p);
	if (p->kind != MIME_LEAF && value != NULL && has_comment(value))
		w->malformed |= MIME_OTHER;
	if (p->kind == MIME_MULTIPART && type.boundary != NULL) {
		boundary = span_of(type.boundary);
		check_boundary(w, value, boundary);
		/* Blanks behind a boundary count nowhere. */
		while (boundary.n > 0 && is_wsp(boundary.p[boundary.n - 1]))
			boundary.n--;
	}
	value = value_of(w, p, "Content-Disposition");
	if (value != NULL)
		mime_gmime_disposition(w, value, &disposition);
	p->disposition = mime_word(w->arena, disposition.word,
	    MIME_CHARSET_SIZE);
	set_name(w, p, &disposition);
	set_name(w, p, &type);
	return boundary;
}
