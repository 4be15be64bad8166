/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * authres: Authentication-Results fields (RFC 8601 section 2.2).
 *
 * The builder gathers words and folds them at the end: each result begins a
 * line.  Values from mail or DNS are cleaned here, on their way in.  The
 * reader wants to know only whom a field claims to be from; it takes nothing
 * for granted, since a forger writes the field.
 *
 * Called by the authres stage.  Everything is in the caller's arena; a field
 * is as long as its results make it, values are capped by mail/clean.c.
 */
#include <stdlib.h>
#include <string.h>

#include "authres.h"
#include "buf.h"
#include "clean.h"
#include "domain.h"

#define FIELD_NAME	"Authentication-Results:"
/* RFC 5322 section 2.1.1: shorter than 78. */
#define LINE_WIDTH	77
/* 50 results with long values; what is more is cut off. */
#define VALUE_MAX	(64 * 1024)
/* A longer name than this is not ours. */
#define NAME_MAX_BYTES	1024

struct word {
	struct word	*next;
	const char	*text;
	bool		 result;	/* begins a result */
};

struct authres {
	struct arena	*arena;
	const char	*id;
	bool		 utf8;
	struct word	*first;
	struct word	**tail;
};

struct authres *
authres_new(struct arena *a, const char *id, bool utf8)
{
	struct authres *r = arena_alloc(a, sizeof(*r));

	r->arena = a;
	r->id = clean_authres(a, span_of(id), utf8);
	r->utf8 = utf8;
	r->tail = &r->first;
	return r;
}

static void
add(struct authres *r, const char *text, bool result)
{
	struct word *w = arena_alloc(r->arena, sizeof(*w));

	w->text = text;
	w->result = result;
	*r->tail = w;
	r->tail = &w->next;
}

void
authres_comment(struct authres *r, const char *comment)
{
	struct span left, word;

	if (comment == NULL || comment[0] == '\0')
		return;
	comment = clean_comment(r->arena, span_of(comment), r->utf8);
	left = span_of(arena_printf(r->arena, "(%s)", comment));
	while (span_split(&left, ' ', &word))
		if (word.n > 0)
			add(r, arena_cstr(r->arena, word), false);
}

/*
 * A value: a token or a quoted-string.  A dot-atom that clean_authres leaves
 * alone may have bytes that no token has.
 */
static const char *
value_text(struct authres *r, struct span value)
{
	const char *s = clean_authres(r->arena, value, r->utf8);

	if (s[0] != '"' && strpbrk(s, "/=?") != NULL)
		return arena_printf(r->arena, "\"%s\"", s);
	return s;
}

void
authres_result(struct authres *r, const char *method, const char *result,
    const char *comment, const char *reason)
{
	add(r, arena_printf(r->arena, "%s=%s", method, result), true);
	authres_comment(r, comment);
	if (reason != NULL && reason[0] != '\0')
		add(r, arena_printf(r->arena, "reason=%s",
		    value_text(r, span_of(reason))), false);
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* RFC 5322 dot-atom of ASCII; other: what may stand beside alphanumerics. */
static bool
dot_atom(struct span s, const char *other)
{
	bool after_dot = true;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && after_dot)
			return false;
		after_dot = s.p[i] == '.';
		if (!after_dot && !is_alnum(s.p[i]) &&
		    (s.p[i] == '\0' || strchr(other, s.p[i]) == NULL))
			return false;
	}
	return !after_dot;
}

/* "local@domain" or "@domain", which needs no quotes (pvalue). */
static bool
plain_address(struct span s)
{
	long at = span_chr(s, '@');
	struct span local;

	if (at < 0 || s.n > CLEAN_LOG_MAX)
		return false;
	local = span_make(s.p, (size_t)at);
	return (local.n == 0 || dot_atom(local, "!#$%&'*+-/=?^_`{|}~")) &&
	    dot_atom(span_from(s, (size_t)at + 1), "-_");
}

void
authres_property(struct authres *r, const char *ptype, const char *property,
    struct span value)
{
	const char *text;

	text = plain_address(value) ? arena_cstr(r->arena, value) :
	    value_text(r, value);
	add(r, arena_printf(r->arena, "%s.%s=%s", ptype, property, text),
	    false);
}

/* One word, on a line of its own where it begins a result or is too long. */
static void
put_word(struct buf *b, size_t *column, const struct word *w)
{
	size_t n = strlen(w->text);
	/* Room for the semicolon behind it. */
	bool fold = w->result || *column + 1 + n + 1 > LINE_WIDTH;

	if (w->result)
		buf_addc(b, ';');
	buf_adds(b, fold ? "\r\n\t" : " ");
	*column = fold ? 8 : *column + 1;
	buf_adds(b, w->text);
	*column += n;
}

struct span
authres_value(struct authres *r)
{
	struct span value;
	size_t column;
	struct buf b;

	buf_init(&b, VALUE_MAX);
	buf_addc(&b, ' ');
	buf_adds(&b, r->id);
	column = strlen(FIELD_NAME) + b.n;
	for (const struct word *w = r->first; w != NULL; w = w->next)
		put_word(&b, &column, w);
	if (r->first == NULL)
		buf_adds(&b, "; none");
	value = arena_span(r->arena, buf_span(&b));
	buf_free(&b);
	return value;
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes a comment with those inside it; false when it does not end. */
static bool
skip_comment(struct span *s)
{
	size_t depth = 0, i;

	for (i = 0; i < s->n; i++) {
		if (s->p[i] == '\\')
			i++;
		else if (s->p[i] == '(')
			depth++;
		else if (s->p[i] == ')' && --depth == 0)
			break;
	}
	if (i >= s->n)
		return false;
	*s = span_from(*s, i + 1);
	return true;
}

/* Takes comments and white space. */
static bool
skip_cfws(struct span *s)
{
	while (s->n > 0) {
		if (is_white(s->p[0]))
			*s = span_from(*s, 1);
		else if (s->p[0] != '(')
			return true;
		else if (!skip_comment(s))
			return false;
	}
	return true;
}

/* Takes a quoted-string's content, white space left out. */
static bool
take_quoted(struct span *s, struct buf *name)
{
	size_t i;

	for (i = 1; i < s->n && s->p[i] != '"'; i++) {
		if (s->p[i] == '\\' && ++i == s->n)
			return false;
		if (!is_white(s->p[i]))
			buf_addc(name, s->p[i]);
	}
	if (i >= s->n)
		return false;
	*s = span_from(*s, i + 1);
	return true;
}

/* Takes a token (RFC 2045 section 5.1), with UTF-8 (RFC 8601 section 2.4). */
static bool
take_token(struct span *s, struct buf *name)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if ((unsigned char)s->p[i] <= ' ' || s->p[i] == 0x7f ||
		    strchr("()<>@,;:\\\"/[]?=", s->p[i]) != NULL)
			break;
	}
	buf_add(name, s->p, i);
	*s = span_from(*s, i);
	return i > 0;
}

/* Behind the name: a version or nothing, then a semicolon or the end. */
static bool
take_rest(struct span *s)
{
	size_t digits = 0;

	if (!skip_cfws(s))
		return false;
	while (digits < s->n && s->p[digits] >= '0' && s->p[digits] <= '9')
		digits++;
	*s = span_from(*s, digits);
	if (digits > 0 && !skip_cfws(s))
		return false;
	return s->n == 0 || s->p[0] == ';';
}

/* The field's authserv-id; false when the field does not say it clearly. */
static bool
take_name(struct span s, struct buf *name)
{
	bool ok;

	if (!skip_cfws(&s) || s.n == 0)
		return false;
	ok = s.p[0] == '"' ? take_quoted(&s, name) : take_token(&s, name);
	return ok && take_rest(&s);
}

/* Equal as they stand, or as domain names. */
static bool
same_name(struct span name, const char *id)
{
	char a[DOMAIN_SIZE], b[DOMAIN_SIZE];

	if (span_caseis(name, id))
		return true;
	return domain_normalise(name, a) == 0 &&
	    domain_normalise(span_of(id), b) == 0 && strcmp(a, b) == 0;
}

bool
authres_claims(struct span value, const char *authserv_id)
{
	struct buf name;
	bool claims;

	buf_init(&name, NAME_MAX_BYTES);
	claims = !take_name(value, &name) || buf_failed(&name) ||
	    name.n == 0 || same_name(buf_span(&name), authserv_id);
	buf_free(&name);
	return claims;
}
