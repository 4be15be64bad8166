/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clean: the sanitisers for log, replies, Authentication-Results, comments.
 *
 * Called by whoever lets text from the network out again.  Results are in the
 * arena, NUL-terminated.  Pure functions; time and memory are bounded by the
 * caps, however long the input is.  Each character that may not pass becomes
 * one '?'; each byte that is not part of valid UTF-8 (RFC 3629: shortest form,
 * no surrogates) becomes one '?' too.
 */
#include <stdint.h>
#include <string.h>

#include "clean.h"

#define CLEAN_HEADER_MAX 512
#define DOTS "..."

/* Controls: C0, C1, line ends of Unicode, and all that turns the direction. */
static const struct {
	uint32_t from, to;
} forbidden[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x061c, 0x061c },
	{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
};

static bool
is_forbidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (c >= forbidden[i].from && c <= forbidden[i].to)
			return true;
	return false;
}

/* One character: its bytes, and *c; 0 when it is not valid UTF-8. */
static size_t
utf8_next(struct span s, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
	    p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > s.n)
		return 0;
	*c = n == 1 ? p[0] : p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

/* The cleaned text, at most max bytes, with "..." at the end of a cut. */
static struct span
clean(struct arena *a, struct span in, size_t max, bool utf8)
{
	char *out = arena_alloc(a, (in.n < max ? in.n : max) + sizeof(DOTS));
	size_t n = 0, whole = 0, len;
	uint32_t c;

	while (in.n > 0) {
		len = utf8_next(in, &c);
		if (n + (len == 0 ? 1 : len) > max) {
			memcpy(out + whole, DOTS, sizeof(DOTS));
			return span_make(out, whole + sizeof(DOTS) - 1);
		}
		if (len == 0 || is_forbidden(c) || (len > 1 && !utf8)) {
			out[n++] = '?';
		} else {
			memcpy(out + n, in.p, len);
			n += len;
		}
		if (n + sizeof(DOTS) - 1 <= max)
			whole = n;
		in = span_from(in, len == 0 ? 1 : len);
	}
	return span_make(out, n);
}

/* In double quotes, with a backslash before '"' and '\'. */
static const char *
quoted(struct arena *a, struct span s)
{
	char *out = arena_alloc(a, 2 * s.n + 3), *o = out;

	*o++ = '"';
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			*o++ = '\\';
		*o++ = s.p[i];
	}
	*o++ = '"';
	*o = '\0';
	return out;
}

static bool
log_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' ||
		    strchr("\"=\\", s.p[i]) != NULL)
			return false;
	return true;
}

const char *
clean_log(struct arena *a, struct span in)
{
	struct span s = clean(a, in, CLEAN_LOG_MAX, true);

	if (s.n == 0)
		return "-";
	return log_plain(s) ? s.p : quoted(a, s);
}

struct span
clean_text(struct arena *a, struct span in, size_t max, bool utf8)
{
	return clean(a, in, max, utf8);
}

bool
clean_utf8(struct span s)
{
	uint32_t c;
	size_t len;

	while (s.n > 0) {
		len = utf8_next(s, &c);
		if (len == 0)
			return false;
		s = span_from(s, len);
	}
	return true;
}

const char *
clean_reply(struct arena *a, struct span in, bool utf8)
{
	return clean(a, in, CLEAN_REPLY_MAX, utf8).p;
}

/* RFC 2045 section 5.1: no blank, control, 8-bit byte or tspecial. */
static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' ||
		    strchr("()<>@,;:\\\"/[]?=", s.p[i]) != NULL)
			return false;
	return s.n > 0;
}

/* RFC 5322 section 3.2.3; 8-bit bytes as in RFC 6532. */
static bool
is_dot_atom(struct span s)
{
	char before = '.';

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f ||
		    strchr("()<>@,;:\\\"[]", c) != NULL)
			return false;
		if (c == '.' && before == '.')
			return false;
		before = (char)c;
	}
	return before != '.';
}

const char *
clean_authres(struct arena *a, struct span in, bool utf8)
{
	struct span s = clean(a, in, CLEAN_HEADER_MAX, utf8);

	return is_token(s) || is_dot_atom(s) ? s.p : quoted(a, s);
}

const char *
clean_comment(struct arena *a, struct span in, bool utf8)
{
	struct span s = clean(a, in, CLEAN_HEADER_MAX, utf8);
	char *out = arena_strndup(a, s.p, s.n);

	for (char *p = out; *p != '\0'; p++) {
		if (*p == '(')
			*p = '[';
		else if (*p == ')')
			*p = ']';
		else if (*p == '\\')
			*p = '/';
	}
	return out;
}
