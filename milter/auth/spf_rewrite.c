/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_rewrite: a parsed record as the text that libspf2 evaluates.
 *
 * All of the text is written here, from values; nothing is copied from the
 * published record.  Names become tokens (spf_internal.h).  What the library
 * gets wrong is put so that it cannot:
 *  - prefix length 0 is an error to it: ip4 and ip6 become two halves; a and
 *    mx become `exists`, answered by our layer;
 *  - its ptr takes DNS errors and many names for errors: `exists` as well;
 *  - addresses of the other family cannot match and are left out;
 *  - beyond 511 compiled bytes it drops mechanisms without a word, even a
 *    final -all: long records go on in another one by `redirect` (each
 *    takes one of the 20 levels that the library goes down);
 *  - it does not tell what matched: before addresses and `all`, an `exists`
 *    that finds nothing tells our layer that the term before did not match.
 *
 * Called by spf_library.c.  Pure functions, any thread.
 */
#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spf_internal.h"

/* libspf2 compiles at most 511 bytes; a redirect must still find room. */
#define COMPILED_MAX	440
/* What one term takes of them, rounded up. */
#define COST_HEAD	4
#define COST_TOKEN	40

struct rewriter {
	const struct spf_record	*record;
	int			 family;
	struct buf		*out;
	size_t			 cost;
	const struct spf_term	*pending;	/* asked, and not told of */
};

void
spf_token_write(const struct spf_token *t, char out[SPF_TOKEN_SIZE])
{
	if (t->kind == SPF_TOKEN_HOST)
		snprintf(out, SPF_TOKEN_SIZE, "%u.%u.%u.h", t->record,
		    t->term, t->host);
	else
		snprintf(out, SPF_TOKEN_SIZE, "%u.%u.%c", t->record,
		    t->term, (char)t->kind);
}

/* "12." */
static bool
read_number(const char **s, unsigned *v)
{
	char *end;
	unsigned long n;

	if (**s < '0' || **s > '9')
		return false;
	n = strtoul(*s, &end, 10);
	if (*end != '.' || n > SPF_RECORD_MAX)
		return false;
	*s = end + 1;
	*v = (unsigned)n;
	return true;
}

int
spf_token_read(const char *s, struct spf_token *t)
{
	bool host;

	memset(t, 0, sizeof(*t));
	if (!read_number(&s, &t->record) || !read_number(&s, &t->term))
		return -1;
	host = read_number(&s, &t->host);
	if (*s == '\0' || s[1] != '\0' ||
	    strchr(host ? "h" : "tmc", *s) == NULL)
		return -1;
	t->kind = (enum spf_token_kind)*s;
	return 0;
}

static unsigned
bits_of(const struct spf_term *t, int family)
{
	return family == AF_INET6 ? t->bits6 : t->bits4;
}

bool
spf_term_by_layer(const struct spf_term *t, int family)
{
	if (t->kind == SPF_TERM_A || t->kind == SPF_TERM_MX)
		return bits_of(t, family) == 0;
	return t->kind == SPF_TERM_PTR;
}

static void
add_token(struct rewriter *w, enum spf_token_kind kind, size_t term)
{
	struct spf_token t = { .kind = kind, .record = w->record->number,
	    .term = (unsigned)term };
	char text[SPF_TOKEN_SIZE];

	spf_token_write(&t, text);
	buf_adds(w->out, text);
	w->cost += COST_TOKEN;
}

/* Before a term that asks nothing: was the one before it a match? */
static void
add_miss(struct rewriter *w)
{
	if (w->pending == NULL || !w->record->top)
		return;
	buf_adds(w->out, " exists:");
	add_token(w, SPF_TOKEN_MISS,
	    (size_t)(w->pending - w->record->term));
	w->pending = NULL;
}

static void
add_network(struct rewriter *w, const struct spf_term *t,
    const uint8_t *address, unsigned bits)
{
	bool six = w->family == AF_INET6;
	char text[IPADDR_STRLEN];

	inet_ntop(w->family, address, text, sizeof(text));
	buf_addf(w->out, " %c%s:%s/%u", t->qualifier, six ? "ip6" : "ip4",
	    text, bits);
	w->cost += COST_HEAD + (six ? 16 : 4);
}

static void
add_address(struct rewriter *w, const struct spf_term *t)
{
	static const uint8_t low[16], high[16] = { 0x80 };

	if (t->net.addr.family != w->family)
		return;
	add_miss(w);
	if (t->net.bits > 0) {
		add_network(w, t, t->net.addr.b, t->net.bits);
		return;
	}
	add_network(w, t, low, 1);
	add_network(w, t, high, 1);
}

static const char *
name_of(const struct spf_term *t)
{
	switch (t->kind) {
	case SPF_TERM_A:
		return "a";
	case SPF_TERM_MX:
		return "mx";
	case SPF_TERM_INCLUDE:
		return "include";
	default:
		return "exists";
	}
}

static void
add_question(struct rewriter *w, const struct spf_term *t)
{
	size_t term = (size_t)(t - w->record->term);

	w->pending = t;
	if (t->kind == SPF_TERM_REDIRECT) {
		buf_adds(w->out, " redirect=");
		add_token(w, SPF_TOKEN_TERM, term);
		return;
	}
	buf_addf(w->out, " %c%s:", t->qualifier,
	    spf_term_by_layer(t, w->family) ? "exists" : name_of(t));
	add_token(w, SPF_TOKEN_TERM, term);
	if ((t->kind == SPF_TERM_A || t->kind == SPF_TERM_MX) &&
	    !spf_term_by_layer(t, w->family))
		buf_addf(w->out, w->family == AF_INET6 ? "//%u" : "/%u",
		    bits_of(t, w->family));
}

static void
add_term(struct rewriter *w, const struct spf_term *t)
{
	switch (t->kind) {
	case SPF_TERM_IP4:
	case SPF_TERM_IP6:
		add_address(w, t);
		break;
	case SPF_TERM_ALL:
		add_miss(w);
		buf_addf(w->out, " %call", t->qualifier);
		w->cost += COST_HEAD;
		break;
	default:
		add_question(w, t);
		break;
	}
}

void
spf_rewrite(const struct spf_record *record, size_t from, int family,
    struct buf *out)
{
	struct rewriter w = { .record = record, .family = family,
	    .out = out };

	buf_adds(out, "v=spf1");
	for (size_t i = from; i < record->n; i++) {
		if (w.cost > COMPILED_MAX - 2 * COST_TOKEN) {
			buf_adds(out, " redirect=");
			add_token(&w, SPF_TOKEN_REST, i);
			break;
		}
		add_term(&w, &record->term[i]);
	}
}
