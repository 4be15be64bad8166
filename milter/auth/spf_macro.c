/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_macro: macro strings of SPF records (RFC 7208 section 7).
 *
 * spf_record.c checks syntax with it; spf_dns.c expands the domain of a term
 * when it is about to be asked for, so that libspf2 never sees a macro (it
 * loses letters, and CVE-2023-42118 is in its macro compiler).  Only strings
 * that spf_macro_string() or spf_domain_spec() passed may be expanded.
 *
 * Pure functions over the caller's arena, any thread.  An expansion longer
 * than EXPANSION_MAX is refused.
 */
#include <arpa/inet.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "spf_internal.h"

/* Long enough for any name, which is cut to 253 bytes afterwards. */
#define EXPANSION_MAX	16384
#define LETTERS_TERM	"slodiphv"
#define LETTERS_ALL	LETTERS_TERM "crt"
#define DELIMITERS	".-+,/_="
/* Nibbles of an IPv6 address with dots between them, and NUL. */
#define NIBBLES_SIZE	64

struct macro {
	char		letter;		/* '%', '_', '-', or a letter */
	bool		escape;		/* it was a capital */
	bool		reverse;
	unsigned	keep;		/* 0: all parts */
	struct span	delimiters;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_in(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* The digits of a transformer; a number of parts that is 0 is an error. */
static bool
read_keep(struct span s, size_t *i, unsigned *keep)
{
	size_t start = *i;

	*keep = 0;
	for (; *i < s.n && is_digit(s.p[*i]); (*i)++)
		if (*keep < 1000)
			*keep = *keep * 10 + (unsigned)(s.p[*i] - '0');
	return *i == start || *keep > 0;
}

/* Reads the macro-expand at the start of s; its length, 0 when it is none. */
static size_t
read_macro(struct span s, const char *letters, struct macro *m)
{
	size_t i = 3, start;

	memset(m, 0, sizeof(*m));
	if (s.n < 2 || s.p[0] != '%')
		return 0;
	if (is_in("%_-", s.p[1])) {
		m->letter = s.p[1];
		return 2;
	}
	if (s.n < 4 || s.p[1] != '{' || !is_in(letters, lower(s.p[2])))
		return 0;
	m->letter = lower(s.p[2]);
	m->escape = m->letter != s.p[2];
	if (!read_keep(s, &i, &m->keep))
		return 0;
	if (i < s.n && lower(s.p[i]) == 'r') {
		m->reverse = true;
		i++;
	}
	for (start = i; i < s.n && is_in(DELIMITERS, s.p[i]); i++)
		continue;
	m->delimiters = span_make(s.p + start, i - start);
	return i < s.n && s.p[i] == '}' ? i + 1 : 0;
}

/*
 * Checks a macro-string.  *tail_r is where the literal text behind its last
 * macro begins.
 */
static bool
check_string(struct span s, const char *letters, size_t *tail_r)
{
	struct macro m;
	size_t i = 0, n;

	*tail_r = 0;
	while (i < s.n) {
		if (s.p[i] != '%') {
			if (s.p[i] < 0x21 || s.p[i] > 0x7e)
				return false;
			i++;
			continue;
		}
		n = read_macro(span_from(s, i), letters, &m);
		if (n == 0)
			return false;
		i += n;
		*tail_r = i;
	}
	return true;
}

bool
spf_macro_string(struct span s)
{
	size_t tail;

	return check_string(s, LETTERS_ALL, &tail);
}

/* toplabel: letters, digits and inner hyphens, and not digits alone. */
static bool
is_toplabel(struct span s)
{
	bool other = false;

	for (size_t i = 0; i < s.n; i++) {
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-')
			return false;
		other = other || !is_digit(s.p[i]);
	}
	return other && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

bool
spf_domain_spec(struct span s)
{
	size_t tail, end, dot;

	if (s.n == 0 || !check_string(s, LETTERS_TERM, &tail))
		return false;
	if (tail == s.n)
		return true;
	end = s.p[s.n - 1] == '.' ? s.n - 1 : s.n;
	for (dot = end; dot > tail && s.p[dot - 1] != '.'; dot--)
		continue;
	return dot > tail && is_toplabel(span_make(s.p + dot, end - dot));
}

bool
spf_macro_uses(struct span s, char letter)
{
	struct macro m;
	size_t i = 0;

	while (i < s.n) {
		size_t n = 1;

		if (s.p[i] == '%') {
			n = read_macro(span_from(s, i), LETTERS_ALL, &m);
			if (n > 0 && m.letter == letter)
				return true;
		}
		/* What is no macro-string is stepped over all the same. */
		i += n > 0 ? n : 1;
	}
	return false;
}

static void
add_nibbles(struct buf *b, const struct ipaddr *a)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		if (i > 0)
			buf_addc(b, '.');
		buf_addc(b, digit[a->b[i] >> 4]);
		buf_addc(b, '.');
		buf_addc(b, digit[a->b[i] & 15]);
	}
}

static void
add_client(struct buf *b, const struct ipaddr *a)
{
	char text[IPADDR_STRLEN];

	if (a->family == AF_INET6)
		add_nibbles(b, a);
	else
		buf_adds(b, ipaddr_str(a, text));
}

/* The value of a letter, before it is transformed. */
static void
add_value(struct buf *b, char letter, const struct spf_values *v)
{
	switch (letter) {
	case 's':
		buf_adds(b, v->local);
		buf_addc(b, '@');
		buf_adds(b, v->sender_domain);
		break;
	case 'l':
		buf_adds(b, v->local);
		break;
	case 'o':
		buf_adds(b, v->sender_domain);
		break;
	case 'd':
		buf_adds(b, v->domain);
		break;
	case 'i':
		add_client(b, &v->client);
		break;
	case 'p':
		buf_adds(b, v->validated != NULL ? v->validated : "unknown");
		break;
	case 'h':
		buf_adds(b, v->helo);
		break;
	case 'v':
		buf_adds(b, v->client.family == AF_INET6 ? "ip6" : "in-addr");
		break;
	default:	/* c, r, t: the grammar lets none through to here */
		break;
	}
}

static void
add_part(struct buf *out, struct span part, bool escape)
{
	for (size_t i = 0; i < part.n; i++) {
		char c = part.p[i];

		if (!escape || is_alpha(c) || is_digit(c) || is_in("-._~", c))
			buf_addc(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

static size_t
count_parts(struct span value, struct span delimiters)
{
	size_t n = 1;

	for (size_t i = 0; i < value.n; i++)
		n += span_chr(delimiters, value.p[i]) >= 0;
	return n;
}

/* Where the part with this number begins; parts are counted from 0. */
static size_t
part_start(struct span value, struct span delimiters, size_t number)
{
	size_t i = 0;

	while (number > 0)
		number -= span_chr(delimiters, value.p[i++]) >= 0;
	return i;
}

/* The parts, the last one first, joined by dots. */
static void
add_reversed(struct buf *out, struct span s, struct span delimiters,
    bool escape)
{
	size_t end = s.n, i = s.n;

	for (;;) {
		while (i > 0 && span_chr(delimiters, s.p[i - 1]) < 0)
			i--;
		add_part(out, span_make(s.p + i, end - i), escape);
		if (i == 0)
			return;
		buf_addc(out, '.');
		end = --i;
	}
}

static void
add_forward(struct buf *out, struct span s, struct span delimiters,
    bool escape)
{
	for (size_t i = 0; i < s.n; i++)
		if (span_chr(delimiters, s.p[i]) >= 0)
			buf_addc(out, '.');
		else
			add_part(out, span_make(s.p + i, 1), escape);
}

/*
 * Splits, reverses, keeps the right-hand parts of that, joins with dots.  In
 * the value as it was these are its last parts, or its first when reversed.
 */
static void
add_transformed(struct buf *out, const struct macro *m, struct span value)
{
	static const struct span dot = SPAN_LIT(".");
	struct span d = m->delimiters.n > 0 ? m->delimiters : dot;
	size_t n = count_parts(value, d), cut = 0;

	if (m->keep > 0 && m->keep < n)
		cut = n - m->keep;
	if (!m->reverse) {
		add_forward(out, span_from(value, part_start(value, d, cut)),
		    d, m->escape);
		return;
	}
	if (cut > 0)
		value.n = part_start(value, d, m->keep) - 1;
	add_reversed(out, value, d, m->escape);
}

static void
add_macro(struct buf *out, const struct macro *m, const struct spf_values *v)
{
	struct buf value;

	switch (m->letter) {
	case '%':
		buf_addc(out, '%');
		return;
	case '_':
		buf_addc(out, ' ');
		return;
	case '-':
		buf_adds(out, "%20");
		return;
	default:
		break;
	}
	buf_init(&value, EXPANSION_MAX);
	add_value(&value, m->letter, v);
	if (buf_failed(&value))
		out->failed = true;
	else
		add_transformed(out, m, buf_span(&value));
	buf_free(&value);
}

const char *
spf_macro_expand(struct arena *arena, struct span s,
    const struct spf_values *v)
{
	const char *text = NULL;
	struct macro m;
	struct buf out;
	size_t i = 0, n;

	buf_init(&out, EXPANSION_MAX);
	while (i < s.n && !buf_failed(&out)) {
		if (s.p[i] != '%') {
			buf_addc(&out, s.p[i++]);
			continue;
		}
		n = read_macro(span_from(s, i), LETTERS_ALL, &m);
		assert(n > 0);
		add_macro(&out, &m, v);
		i += n;
	}
	if (!buf_failed(&out))
		text = arena_cstr(arena, buf_span(&out));
	buf_free(&out);
	return text;
}

/* Labels of 1 to 63 bytes, seven bits each. */
static bool
is_name(const char *s)
{
	size_t label = 0;

	for (; *s != '\0'; s++) {
		if ((unsigned char)*s > 0x7f)
			return false;
		if (*s == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (++label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

/* A backslash would begin an escape for whoever reads the name. */
static const char *
escape_name(struct arena *arena, const char *s)
{
	char *out, *o;

	if (strchr(s, '\\') == NULL)
		return s;
	out = o = arena_alloc(arena, strlen(s) * 2 + 1);
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			*o++ = '\\';
		*o++ = *s;
	}
	return out;
}

const char *
spf_macro_domain(struct arena *arena, struct span s,
    const struct spf_values *v)
{
	const char *text = spf_macro_expand(arena, s, v);
	size_t n;
	char *name;

	if (text == NULL)
		return NULL;
	n = strlen(text);
	if (n > 0 && text[n - 1] == '.')
		n--;
	while (n > DOMAIN_MAX) {
		const char *dot = memchr(text, '.', n);

		if (dot == NULL)
			return NULL;
		n -= (size_t)(dot + 1 - text);
		text = dot + 1;
	}
	name = arena_strndup(arena, text, n);
	for (char *p = name; *p != '\0'; p++)
		*p = lower(*p);
	return is_name(name) ? escape_name(arena, name) : NULL;
}
