/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * span: comparing, trimming and splitting pieces of text.
 *
 * Called everywhere.  Nothing here allocates, owns or keeps anything; any
 * thread.  Case is folded for ASCII letters only and never by locale: names
 * of fields and domains are ASCII, and a locale must not change a verdict.
 * The absent span compares equal to an empty one.
 */
#include <string.h>

#include "span.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_of(const char *s)
{
	return (struct span){ s, s == NULL ? 0 : strlen(s) };
}

struct span
span_make(const char *p, size_t n)
{
	return (struct span){ p, n };
}

struct span
span_from(struct span s, size_t from)
{
	if (from > s.n)
		from = s.n;
	/* Adding to NULL is undefined, even adding nothing. */
	return from == 0 ? s : (struct span){ s.p + from, s.n - from };
}

bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
span_caseeq(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool
span_is(struct span a, const char *s)
{
	return span_eq(a, span_of(s));
}

bool
span_caseis(struct span a, const char *s)
{
	return span_caseeq(a, span_of(s));
}

bool
span_starts(struct span a, const char *s)
{
	struct span b = span_of(s);

	return a.n >= b.n && (b.n == 0 || memcmp(a.p, b.p, b.n) == 0);
}

struct span
span_trim(struct span s)
{
	size_t from = 0;

	while (s.n > 0 && blank(s.p[s.n - 1]))
		s.n--;
	while (from < s.n && blank(s.p[from]))
		from++;
	return span_from(s, from);
}

long
span_chr(struct span s, char c)
{
	const char *p = s.n == 0 ? NULL : memchr(s.p, c, s.n);

	return p == NULL ? -1 : (long)(p - s.p);
}

/*
 * "Used up" is the absent span, so that the empty word behind a final
 * separator is still given, and an empty text gives one empty word.
 */
bool
span_split(struct span *s, char sep, struct span *word)
{
	long at;

	if (s->p == NULL)
		return false;
	at = span_chr(*s, sep);
	if (at < 0) {
		*word = *s;
		*s = (struct span){ NULL, 0 };
		return true;
	}
	*word = span_make(s->p, (size_t)at);
	*s = span_from(*s, (size_t)at + 1);
	return true;
}
