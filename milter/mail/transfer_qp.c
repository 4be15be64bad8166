/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer_qp: quoted-printable (RFC 2045 section 6.7), there and back.
 *
 * Called by transfer.c, and for notices (transfer_to_qp).  As readers do: "="
 * and no hexadecimal digits stays as it is, digits may be lower case, blanks
 * may follow the "=" of a soft line break, 8-bit bytes pass.  Blanks at the
 * end of a line were added on the way and go; of a very long run only the
 * last TRANSFER_KEPT, since no more are held.  A CR alone ends a line too.
 */
#include <assert.h>
#include <string.h>

#include "transfer_internal.h"

/* RFC 2045 section 6.7 rule 5: characters of a line, without CRLF. */
#define QP_LINE_MAX	76

/* Where we are; what is held is in t->kept. */
enum {
	TEXT,			/* held: blanks */
	EQUALS,			/* held: "=", and blanks behind it */
	HEX,			/* held: "=" and one digit */
	SOFT_CR			/* behind the CR of a soft break */
};

static bool
is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

/* Text that means itself, wherever it stands. */
static bool
is_plain(unsigned char c)
{
	return c > '=' || (c != '=' && c != ' ' && c != '\t' && c != '\r' &&
	    c != '\n');
}

static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static unsigned char *
flush(struct transfer *t, unsigned char *o)
{
	memcpy(o, t->kept, t->nkept);
	o += t->nkept;
	t->nkept = 0;
	return o;
}

static unsigned char *
hold(struct transfer *t, unsigned char c, unsigned char *o)
{
	if (t->nkept == sizeof(t->kept))
		o = flush(t, o);
	t->kept[t->nkept++] = c;
	return o;
}

static unsigned char *
text(struct transfer *t, unsigned char c, unsigned char *o)
{
	if (is_blank(c))
		return hold(t, c, o);
	if (c == '=') {
		o = flush(t, o);
		t->state = EQUALS;
		return hold(t, c, o);
	}
	if (c == '\r' || c == '\n')
		t->nkept = 0;
	o = flush(t, o);
	*o++ = c;
	return o;
}

/* What was held is no code after all. */
static unsigned char *
literal(struct transfer *t, unsigned char c, unsigned char *o)
{
	t->foreign++;
	t->state = TEXT;
	o = flush(t, o);
	return text(t, c, o);
}

static unsigned char *
equals(struct transfer *t, unsigned char c, unsigned char *o)
{
	if (t->nkept == 1 && hex_value(c) >= 0) {
		t->state = HEX;
		return hold(t, c, o);
	}
	if (is_blank(c) && t->nkept < sizeof(t->kept))
		return hold(t, c, o);
	if (c != '\r' && c != '\n')
		return literal(t, c, o);
	t->begun = true;
	t->nkept = 0;
	t->state = c == '\r' ? SOFT_CR : TEXT;
	return o;
}

static unsigned char *
hex(struct transfer *t, unsigned char c, unsigned char *o)
{
	int low = hex_value(c);

	if (low < 0)
		return literal(t, c, o);
	*o++ = (unsigned char)(hex_value(t->kept[1]) << 4 | low);
	t->nkept = 0;
	t->state = TEXT;
	return o;
}

static unsigned char *
one(struct transfer *t, unsigned char c, unsigned char *o)
{
	switch (t->state) {
	case EQUALS:
		return equals(t, c, o);
	case HEX:
		return hex(t, c, o);
	case SOFT_CR:
		t->state = TEXT;
		if (c == '\n')
			return o;
		break;
	}
	return text(t, c, o);
}

size_t
transfer_qp(struct transfer *t, struct span in, unsigned char *out)
{
	const unsigned char *p = (const unsigned char *)in.p, *end = p + in.n;
	unsigned char *o = out;

	while (p < end) {
		if (t->state != TEXT || t->nkept > 0) {
			o = one(t, *p++, o);
			continue;
		}
		/* Most of a text: words with one blank between them. */
		while (p < end && (is_plain(*p) || (is_blank(*p) &&
		    end - p > 1 && is_plain(p[1]))))
			*o++ = *p++;
		if (p < end)
			o = one(t, *p++, o);
	}
	return (size_t)(o - out);
}

/* The line end behind the last line belongs to what follows the part. */
size_t
transfer_qp_end(struct transfer *t, unsigned char *out)
{
	if (t->state == EQUALS)
		t->begun = true;
	if (t->state != HEX)
		return 0;
	t->cut = true;
	return (size_t)(flush(t, out) - out);
}

/* Where text is written as quoted-printable. */
struct writer {
	char	*out;
	size_t	 n;
	size_t	 column;
};

/* A soft break before what would not fit; "=" itself needs a column. */
static void
fit(struct writer *w, size_t n, bool last)
{
	if (w->column + n <= (last ? QP_LINE_MAX : QP_LINE_MAX - 1))
		return;
	memcpy(w->out + w->n, "=\r\n", 3);
	w->n += 3;
	w->column = 0;
}

/*
 * At the start of a line: a dot means something in SMTP, "From " in mailbox
 * files, and "--" could be somebody's boundary.
 */
static bool
is_special(struct span rest)
{
	return rest.p[0] == '.' || span_starts(rest, "From ") ||
	    span_starts(rest, "--");
}

/* One byte of a line; rest begins with it. */
static void
put(struct writer *w, struct span rest)
{
	static const char digit[] = "0123456789ABCDEF";
	unsigned char c = (unsigned char)rest.p[0];
	bool last = rest.n == 1;
	bool code = (c < ' ' && c != '\t') || c > '~' || c == '=' ||
	    (last && is_blank(c));

	fit(w, code ? 3 : 1, last);
	if (w->column == 0 && is_special(rest))
		code = true;
	if (!code) {
		w->out[w->n++] = (char)c;
		w->column++;
		return;
	}
	w->out[w->n++] = '=';
	w->out[w->n++] = digit[c >> 4];
	w->out[w->n++] = digit[c & 15];
	w->column += 3;
}

struct span
transfer_to_qp(struct arena *a, struct span s)
{
	/* Three for each byte, and a soft break for each line of these. */
	size_t most = s.n * 3, room = most + (most / (QP_LINE_MAX - 3) + 1) * 3;
	struct writer w = { .out = arena_alloc(a, room) };
	struct span line;

	while (s.n > 0 && span_split(&s, '\n', &line)) {
		bool whole = s.p != NULL;

		if (whole && line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		for (; line.n > 0; line = span_from(line, 1))
			put(&w, line);
		if (!whole)
			break;
		memcpy(w.out + w.n, "\r\n", 2);
		w.n += 2;
		w.column = 0;
	}
	assert(w.n <= room);
	return span_make(w.out, w.n);
}
