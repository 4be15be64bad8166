/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: the parts of a message, from the raw bytes to the finished tree.
 *
 * Called once a message by the stages that look into parts, and once more for
 * an edited one.  The result, and nothing else, is in the caller's arena.  Any
 * thread; see mime_gmime.c.
 *
 * RFC 2045 and RFC 2046; the limits are those of bounds.h.
 */
#include <assert.h>
#include <limits.h>
#include <string.h>

#include "mime_internal.h"

static const struct {
	unsigned	bit;
	const char	*word;
} words[] = {
	{ MIME_DUPLICATE_FIELD, "duplicate-field" },
	{ MIME_DUPLICATE_BOUNDARY, "duplicate-boundary" },
	{ MIME_NO_BOUNDARY, "no-boundary" },
	{ MIME_TRUNCATED, "truncated" },
	{ MIME_BAD_HEADER, "bad-header" },
	{ MIME_BAD_ENCODING, "bad-encoding" },
	{ MIME_OTHER, "other" },
};

const char *
mime_malformed_words(struct arena *a, unsigned bits)
{
	const char *out = "";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (bits & words[i].bit)
			out = arena_printf(a, "%s%s%s", out,
			    *out != '\0' ? "," : "", words[i].word);
	return out;
}

struct span
mime_content(struct span raw, const struct mime_part *p)
{
	assert(p->body <= p->end && p->end <= raw.n);
	return span_make(raw.p + p->body, p->end - p->body);
}

/* A bare CR before "--": a line of its own for some readers. */
static bool
has_bare_dashes(struct span raw)
{
	const char *p = raw.p, *end = raw.p + raw.n;

	while ((p = memchr(p, '\r', (size_t)(end - p))) != NULL) {
		p++;
		if (end - p >= 2 && p[0] == '-' && p[1] == '-')
			return true;
	}
	return false;
}

static bool
clamp(size_t *at, size_t low, size_t high)
{
	size_t was = *at;

	if (*at < low)
		*at = low;
	if (*at > high)
		*at = high;
	return *at != was;
}

/*
 * What the callers rely on, made true whatever the walk found: children are
 * inside of their parent's body, one behind the other.
 */
static void
settle(struct mime_walk *w)
{
	size_t *from = arena_array(w->arena, w->n, sizeof(*from));
	bool bad = false;

	for (size_t i = 0; i < w->n; i++) {
		struct mime_part *p = &w->part[i];
		size_t low = 0, high = w->raw.n;

		if (i > 0) {
			low = from[p->parent];
			high = w->part[p->parent].end;
		}
		bad |= clamp(&p->head, low, high);
		bad |= clamp(&p->end, p->head, high);
		bad |= clamp(&p->body, p->head, p->end);
		from[i] = p->body;
		if (i > 0)
			from[p->parent] = p->end;
	}
	if (bad)
		w->malformed |= MIME_OTHER;
}

static void
finish(struct mime_walk *w, struct mime_tree *t)
{
	settle(w);
	mime_gmime_compare(w);
	if (w->n > 1 && has_bare_dashes(w->raw))
		w->malformed |= MIME_OTHER;
	mime_crypto(w, &t->crypto);
	t->part = w->part;
	t->n = w->n;
	t->malformed = w->malformed;
}

void
mime_parse(struct arena *a, struct span raw, struct mime_tree *t)
{
	struct mime_walk w = { .arena = a, .raw = raw };

	memset(t, 0, sizeof(*t));
	if (raw.p == NULL)
		w.raw = span_make("", 0);
	/* GMime counts in 32 bits. */
	t->limit = raw.n > INT_MAX ? "size" : mime_limit(w.raw);
	if (t->limit != NULL)
		return;
	mime_gmime_begin(&w);
	if (mime_walk(&w))
		finish(&w, t);
	else
		t->limit = w.limit;
	mime_gmime_end(&w);
}
