/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer: names of transfer encodings, and streams through the decoders.
 *
 * Called by the search for parts (names) and by whoever hands a decoded part
 * to the scanner.  The decoders are in transfer_base64.c, transfer_qp.c,
 * transfer_uu.c and transfer_yenc.c; here is what they share, and the result.
 * Nothing is allocated: the state is the caller's, one thread at a time.
 * Linear time; output is bounded by TRANSFER_ROOM (RFC 2045 section 6).
 */
#include <assert.h>
#include <string.h>

#include "transfer_internal.h"

static const struct {
	const char *name;
	enum transfer_encoding encoding;
} names[] = {
	{ "", TRANSFER_IDENTITY },
	{ "7bit", TRANSFER_IDENTITY },
	{ "8bit", TRANSFER_IDENTITY },
	{ "binary", TRANSFER_IDENTITY },
	{ "7-bit", TRANSFER_IDENTITY },
	{ "8-bit", TRANSFER_IDENTITY },
	{ "base64", TRANSFER_BASE64 },
	{ "quoted-printable", TRANSFER_QP },
	{ "x-uuencode", TRANSFER_UU },
	{ "uuencode", TRANSFER_UU },
	{ "x-uue", TRANSFER_UU },
	{ "uue", TRANSFER_UU },
	{ "x-yenc", TRANSFER_YENC },
	{ "x-yencode", TRANSFER_YENC },
	{ "yenc", TRANSFER_YENC },
};

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind blanks and comments, which may hold others (RFC 5322 3.2.2). */
static struct span
skip_comments(struct span s)
{
	size_t depth = 0, i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '(')
			depth++;
		else if (depth == 0 && !is_white(s.p[i]))
			break;
		else if (s.p[i] == ')')
			depth--;
		else if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
	}
	return span_from(s, i);
}

/*
 * Readers take the first word, so "base64;" and "\"base64\"" are base64 too,
 * and what stands behind the word does not count.
 */
enum transfer_encoding
transfer_named(struct span s)
{
	size_t n = 0;

	s = skip_comments(s);
	if (s.n > 0 && s.p[0] == '"')
		s = span_from(s, 1);
	while (n < s.n && !is_white(s.p[n]) && strchr("(;,\"", s.p[n]) == NULL)
		n++;
	s.n = n;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_caseis(s, names[i].name))
			return names[i].encoding;
	return TRANSFER_UNKNOWN;
}

const char *
transfer_word(enum transfer_encoding e)
{
	static const char *const word[] = {
		[TRANSFER_IDENTITY] = "identity",
		[TRANSFER_BASE64] = "base64",
		[TRANSFER_QP] = "quoted-printable",
		[TRANSFER_UU] = "uuencode",
		[TRANSFER_YENC] = "yenc",
		[TRANSFER_BASE64_LOOSE] = "base64",
		[TRANSFER_UNKNOWN] = "unknown",
	};

	return word[e];
}

const char *
transfer_result_word(enum transfer_result r)
{
	static const char *const word[] = {
		[TRANSFER_OK] = "ok",
		[TRANSFER_EMPTY] = "empty",
		[TRANSFER_GARBAGE] = "garbage",
		[TRANSFER_TRUNCATED] = "truncated",
		[TRANSFER_UNDECODABLE] = "undecodable",
	};

	return word[r];
}

void
transfer_keep(struct transfer *t, struct span s)
{
	size_t room = sizeof(t->kept) - t->nkept;

	if (room > s.n)
		room = s.n;
	if (room > 0)
		memcpy(t->kept + t->nkept, s.p, room);
	t->nkept += room;
	t->line += s.n;
}

struct span
transfer_line(const struct transfer *t)
{
	size_t n = t->nkept;

	/* Of a line that is longer than what is held, no end is known. */
	while (t->line == t->nkept && n > 0 && is_white((char)t->kept[n - 1]))
		n--;
	return span_make((const char *)t->kept, n);
}

void
transfer_drop_line(struct transfer *t, bool foreign)
{
	if (foreign && transfer_line(t).n > 0)
		t->foreign += t->line;
	t->line = 0;
	t->nkept = 0;
}

void
transfer_begin(struct transfer *t, enum transfer_encoding e)
{
	*t = (struct transfer){ .encoding = e };
	t->credit = TRANSFER_CREDIT_MAX;
}

static bool
all_white(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_white(s.p[i]))
			return false;
	return true;
}

static size_t
decode(struct transfer *t, struct span in, unsigned char *out)
{
	switch (t->encoding) {
	case TRANSFER_BASE64:
	case TRANSFER_BASE64_LOOSE:
		return transfer_base64(t, in, out);
	case TRANSFER_QP:
		return transfer_qp(t, in, out);
	case TRANSFER_UU:
		return transfer_uu(t, in, out);
	case TRANSFER_YENC:
		return transfer_yenc(t, in, out);
	case TRANSFER_IDENTITY:
	case TRANSFER_UNKNOWN:
		break;
	}
	memcpy(out, in.p, in.n);
	return in.n;
}

size_t
transfer_decode(struct transfer *t, struct span in, unsigned char *out)
{
	size_t n;

	if (in.n == 0)
		return 0;
	if (!t->seen)
		t->seen = !all_white(in);
	n = decode(t, in, out);
	assert(n <= TRANSFER_ROOM(in.n));
	t->out += n;
	return n;
}

static size_t
decode_end(struct transfer *t, unsigned char *out)
{
	switch (t->encoding) {
	case TRANSFER_BASE64:
	case TRANSFER_BASE64_LOOSE:
		return transfer_base64_end(t, out);
	case TRANSFER_QP:
		return transfer_qp_end(t, out);
	case TRANSFER_UU:
		return transfer_uu_end(t, out);
	case TRANSFER_YENC:
		return transfer_yenc_end(t, out);
	case TRANSFER_IDENTITY:
	case TRANSFER_UNKNOWN:
		break;
	}
	return 0;
}

static enum transfer_result
result(const struct transfer *t)
{
	bool whole = !t->cut && t->foreign == 0;

	if (!t->seen)
		return TRANSFER_EMPTY;
	if (t->out == 0)
		return t->begun && whole ? TRANSFER_EMPTY :
		    TRANSFER_UNDECODABLE;
	if (t->cut)
		return TRANSFER_TRUNCATED;
	return whole ? TRANSFER_OK : TRANSFER_GARBAGE;
}

size_t
transfer_end(struct transfer *t, unsigned char *out,
    enum transfer_result *result_r)
{
	size_t n = decode_end(t, out);

	assert(n <= TRANSFER_END_ROOM);
	t->out += n;
	*result_r = result(t);
	return n;
}
