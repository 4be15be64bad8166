/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_canon: simple and relaxed canonicalisation of fields and bodies
 * (RFC 6376 section 3.4), streaming.
 *
 * Called by the signer's hashing (dkim_hash.c) and by our own check of
 * signatures (dkim_own.c).  Most of a body is canonical already, so the body's
 * text is searched, eight bytes at a time, for the few places where relaxed
 * changes something, and what lies between goes on as one piece.  White space
 * and line ends are held back until text follows: at the end of a line or of
 * the body they vanish.
 *
 * A CR or LF alone is an ordinary byte.  No limits here: linear time, 4 KiB.
 */
#include <stdlib.h>
#include <string.h>

#include "dkim_internal.h"

#define LOW7	0x7f7f7f7f7f7f7f7fULL
#define HIGH	0x8080808080808080ULL
#define SPACES	0x2020202020202020ULL
#define TABS	0x0909090909090909ULL
/* 0x7f - 0x20 in each byte: carries into the high bit above a space. */
#define ABOVE	0x5f5f5f5f5f5f5f5fULL

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
flush(struct dkim_gather *g)
{
	if (g->used > 0)
		g->put(g->ctx, g->buf, g->used);
	g->used = 0;
}

static void
gather(struct dkim_gather *g, const char *p, size_t n)
{
	if (n > sizeof(g->buf) - g->used)
		flush(g);
	if (n > sizeof(g->buf) / 2) {
		flush(g);
		g->put(g->ctx, p, n);
	} else if (n > 0) {
		memcpy(g->buf + g->used, p, n);
		g->used += n;
	}
}

static void
emit(struct dkim_canon_body *b, const char *p, size_t n)
{
	b->total += n;
	gather(&b->out, p, n);
}

/* Text: what was held back before it counts now. */
static void
text(struct dkim_canon_body *b, const char *p, size_t n)
{
	for (; b->crlfs > 0; b->crlfs--)
		emit(b, "\r\n", 2);
	if (b->blank)
		emit(b, " ", 1);
	b->blank = false;
	emit(b, p, n);
}

/* One bit (the high one) for each byte of w that equals those of pattern. */
static uint64_t
bytes_equal(uint64_t w, uint64_t pattern)
{
	uint64_t x = w ^ pattern;

	return ~(((x & LOW7) + LOW7) | x) & HIGH;
}

/*
 * The number of bytes at p that relaxed leaves alone: up to a tab, or to a
 * space that a space, a control character or the end of the chunk follows.
 */
static size_t
untouched(const char *p, size_t n)
{
	uint64_t w, next, spaces;
	size_t i = 0;

	while (n - i > sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		spaces = bytes_equal(w, SPACES);
		if (spaces != 0) {
			memcpy(&next, p + i + 1, sizeof(next));
			spaces &= ~(((next & LOW7) + ABOVE) | next);
		}
		if ((spaces | bytes_equal(w, TABS)) != 0)
			break;
		i += sizeof(w);
	}
	for (; i < n; i++) {
		if (p[i] == '\t')
			break;
		if (p[i] == ' ' && (i + 1 == n ||
		    (unsigned char)p[i + 1] <= ' '))
			break;
	}
	return i;
}

/* Takes text off the front of s: at least one byte, which is no blank. */
static void
take_text(struct dkim_canon_body *b, struct span *s)
{
	size_t n, len = s->n;
	uint64_t held = 0;

	if (b->canon == DKIM_RELAXED)
		len = untouched(s->p, s->n);
	n = len;
	if (n > 1 && n == s->n && s->p[n - 1] == '\r') {
		b->cr = true;
		n--;
	}
	/* The line ends behind the text wait for more text. */
	while (n > 2 && s->p[n - 1] == '\n' && s->p[n - 2] == '\r') {
		held++;
		n -= 2;
	}
	text(b, s->p, n);
	b->crlfs = held;
	*s = span_from(*s, len);
}

/* Takes a CR, with its LF, off the front of s. */
static void
take_cr(struct dkim_canon_body *b, struct span *s)
{
	if (s->n == 1) {
		b->cr = true;
		*s = span_from(*s, 1);
		return;
	}
	if (s->p[1] != '\n') {
		text(b, "\r", 1);
		*s = span_from(*s, 1);
		return;
	}
	b->blank = false;
	b->crlfs++;
	*s = span_from(*s, 2);
}

/* The CR that ended the last chunk. */
static void
resume_cr(struct dkim_canon_body *b, struct span *s)
{
	b->cr = false;
	if (s->p[0] != '\n') {
		text(b, "\r", 1);
		return;
	}
	b->blank = false;
	b->crlfs++;
	*s = span_from(*s, 1);
}

void
dkim_canon_body_init(struct dkim_canon_body *b, enum dkim_canon canon,
    dkim_put *put, void *ctx)
{
	b->canon = canon;
	b->out.put = put;
	b->out.ctx = ctx;
	b->out.used = 0;
	b->total = b->crlfs = 0;
	b->blank = b->cr = false;
}

void
dkim_canon_body_add(struct dkim_canon_body *b, struct span s)
{
	if (s.n > 0 && b->cr)
		resume_cr(b, &s);
	while (s.n > 0) {
		if (s.p[0] == '\r') {
			take_cr(b, &s);
		} else if (b->canon == DKIM_RELAXED && is_blank(s.p[0])) {
			b->blank = true;
			s = span_from(s, 1);
		} else {
			take_text(b, &s);
		}
	}
}

void
dkim_canon_body_end(struct dkim_canon_body *b)
{
	if (b->cr)
		text(b, "\r", 1);
	/* A body that is not empty ends in one CRLF; simple's always does. */
	if (b->total > 0 || b->canon == DKIM_SIMPLE)
		emit(b, "\r\n", 2);
	flush(&b->out);
}

static void
put_nothing(void *ctx, const char *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
}

uint64_t
dkim_canon_body_length(enum dkim_canon canon, struct span body)
{
	struct dkim_canon_body b;

	dkim_canon_body_init(&b, canon, put_nothing, NULL);
	dkim_canon_body_add(&b, body);
	dkim_canon_body_end(&b);
	return b.total;
}

/* The name of a relaxed field: lower case, no blank before the colon. */
static void
relaxed_name(struct dkim_gather *g, struct span name)
{
	char c;

	name = span_trim(name);
	for (size_t i = 0; i < name.n; i++) {
		c = name.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		gather(g, &c, 1);
	}
}

static bool
is_white(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

/* A relaxed value: unfolded, white space to one space, none at the ends. */
static void
relaxed_value(struct dkim_gather *g, struct span value)
{
	size_t i = 0, start;

	value = span_trim(value);
	while (i < value.n) {
		for (start = i; i < value.n && !is_white(value.p[i]); i++)
			;
		gather(g, value.p + start, i - start);
		for (start = i; i < value.n && is_white(value.p[i]); i++)
			;
		if (i > start)
			gather(g, " ", 1);
	}
}

void
dkim_canon_field(enum dkim_canon canon, struct span name, struct span value,
    bool crlf, dkim_put *put, void *ctx)
{
	struct dkim_gather g;

	g.put = put;
	g.ctx = ctx;
	g.used = 0;
	if (canon == DKIM_SIMPLE) {
		gather(&g, name.p, name.n);
		gather(&g, ":", 1);
		gather(&g, value.p, value.n);
	} else {
		relaxed_name(&g, name);
		gather(&g, ":", 1);
		relaxed_value(&g, value);
	}
	if (crlf)
		gather(&g, "\r\n", 2);
	flush(&g);
}
