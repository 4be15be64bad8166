/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_tags: tag=value lists (RFC 6376 section 3.2).
 *
 * Read by us before libopendkim sees them, and more strictly than it does:
 * a name that comes twice, an empty place between two semicolons, control
 * characters and too many tags are errors.  So what we decide from a list and
 * what the library reads in it are the same.  Used for DKIM-Signature fields
 * (dkim_field.c) and key records (dkim_key.c).
 *
 * Spans point into the input.  At most DKIM_TAGS_MAX tags; any thread.
 */
#include <string.h>

#include "dkim_internal.h"

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
name_valid(struct span s)
{
	if (s.n == 0 || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!is_alpha(s.p[i]) && s.p[i] != '_' &&
		    (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return true;
}

static bool
value_valid(struct span s, bool *eight_bit)
{
	unsigned char c;

	for (size_t i = 0; i < s.n; i++) {
		c = (unsigned char)s.p[i];
		if (c >= 0x80)
			*eight_bit = true;
		else if (c == 0x7f || (c < 0x20 &&
		    c != '\t' && c != '\r' && c != '\n'))
			return false;
	}
	return true;
}

static bool
has_name(const struct dkim_tags *t, struct span name)
{
	for (size_t i = 0; i < t->n; i++)
		if (span_caseeq(t->tag[i].name, name))
			return true;
	return false;
}

/* One tag; NULL, or what is wrong with it. */
static const char *
add_tag(struct dkim_tags *t, struct span spec)
{
	struct span name, value;
	long equals = span_chr(spec, '=');

	if (equals < 0)
		return "a tag has no value";
	name = span_trim(span_make(spec.p, (size_t)equals));
	value = span_trim(span_from(spec, (size_t)equals + 1));
	if (!name_valid(name))
		return "a tag's name is malformed";
	if (!value_valid(value, &t->eight_bit))
		return "a tag has control characters";
	if (has_name(t, name))
		return "a tag is there twice";
	if (t->n == DKIM_TAGS_MAX)
		return "there are too many tags";
	t->tag[t->n].name = name;
	t->tag[t->n].value = value;
	t->n++;
	return NULL;
}

int
dkim_tags_parse(struct span s, struct dkim_tags *t, const char **error_r)
{
	struct span spec;

	t->n = 0;
	t->eight_bit = false;
	*error_r = "there are no tags";
	s = span_trim(s);
	/* One semicolon may end the list. */
	if (s.n > 0 && s.p[s.n - 1] == ';')
		s.n--;
	if (s.n == 0)
		return -1;
	while (span_split(&s, ';', &spec)) {
		*error_r = add_tag(t, spec);
		if (*error_r != NULL)
			return -1;
	}
	return 0;
}

struct span
dkim_tag(const struct dkim_tags *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (span_is(t->tag[i].name, name))
			return t->tag[i].value;
	return span_make(NULL, 0);
}

const char *
dkim_tag_text(struct arena *a, const struct dkim_tags *t, const char *name)
{
	struct span v = dkim_tag(t, name);
	char *out = arena_alloc(a, v.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		if (strchr(" \t\r\n", v.p[i]) == NULL)
			out[n++] = v.p[i];
	out[n] = '\0';
	return out;
}

bool
dkim_list_has(struct span list, const char *word)
{
	struct span s;

	while (span_split(&list, ':', &s))
		if (span_caseis(s, word))
			return true;
	return false;
}
