/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_run: items out of parts, finds out of verdicts.
 *
 * A virus that only the whole message shows is a find of its own; one that a
 * part has shown already is not told twice.  A structure that is broken or
 * past a limit is given to the engine's own parser too, as a second opinion.
 */
#include "scan_run.h"

#include <string.h>

#include "block_names.h"
#include "clock.h"

/* Of one part: a verdict and a name inside, of two readings; its own name. */
#define READINGS	2
/* And of all: structure. */
#define FINDS_MAX(tree) ((2 * READINGS + 1) * ((tree)->n + 1) + 1)
/* Of a longer content in base64 the message to scan holds only so much. */
#define BASE64_MAX ((size_t)64 * 1024)

struct round {
	struct message		*m;
	struct span		 raw;
	struct buf		 cut;		/* see whole() */
	const struct mime_tree	*tree;
	struct fact_scan	*out;
	struct scan_item	*item;
	size_t			*part;		/* of each item */
	size_t			 n;
};

bool
scan_is_heuristic(const char *virus)
{
	return strncmp(virus, "Heuristics.", 11) == 0 ||
	    strncmp(virus, "PUA.", 4) == 0;
}

static void
add_find(struct round *r, enum find_kind kind, size_t part, const char *name,
    const struct scan_item *item)
{
	struct find *f = &r->out->find[r->out->n++];

	f->kind = kind;
	f->part = part;
	f->name = name;
	if (item != NULL) {
		f->sha256 = item->sha256;
		f->size = item->size;
	}
}

static void
add_item(struct round *r, struct span content, enum transfer_encoding encoding,
    enum scan_kind kind, size_t part)
{
	struct scan_item *i = &r->item[r->n];

	i->content = content;
	i->encoding = encoding;
	i->kind = kind;
	r->part[r->n++] = part;
}

/*
 * The message for signatures of type mail.  They look at text; what is behind
 * the beginning of a large base64 content was scanned as a part, decoded, and
 * would cost as much once more for each message that carries it.
 */
static struct span
whole(struct round *r)
{
	size_t at = 0;

	for (size_t i = 0; i < r->tree->n; i++) {
		const struct mime_part *p = &r->tree->part[i];

		if (p->kind != MIME_LEAF || p->encoding != TRANSFER_BASE64 ||
		    p->end - p->body <= BASE64_MAX)
			continue;
		buf_add(&r->cut, r->raw.p + at, p->body + BASE64_MAX - at);
		at = p->end;
	}
	if (at == 0)
		return r->raw;
	buf_addspan(&r->cut, span_from(r->raw, at));
	return buf_failed(&r->cut) ? r->raw : buf_span(&r->cut);
}

/* A '=' with more behind it: some readers skip it, for others a group ends. */
static bool
has_padding_inside(struct span s)
{
	long at = span_chr(s, '=');

	for (size_t i = at < 0 ? s.n : (size_t)at; i < s.n; i++)
		if (memchr("= \t\r\n", s.p[i], 5) == NULL)
			return true;
	return false;
}

static void
add_part(struct round *r, size_t i)
{
	const struct mime_part *p = &r->tree->part[i];
	struct span content = mime_content(r->raw, p);

	if ((p->kind != MIME_LEAF && p->kind != MIME_ENCLOSED) ||
	    content.n == 0)
		return;
	add_item(r, content, p->encoding, SCAN_PART, i);
	if (p->encoding == TRANSFER_BASE64 && has_padding_inside(content))
		add_item(r, content, TRANSFER_BASE64_LOOSE, SCAN_PART, i);
}

static void
collect(struct round *r)
{
	bool deep = r->tree->limit != NULL || r->tree->malformed != 0;
	size_t most = READINGS * r->tree->n + 1;

	r->item = arena_array(r->m->arena, most, sizeof(*r->item));
	r->part = arena_array(r->m->arena, most, sizeof(*r->part));
	for (size_t i = 0; i < r->tree->n; i++)
		add_part(r, i);
	if (deep)
		add_item(r, r->raw, TRANSFER_IDENTITY, SCAN_MESSAGE_DEEP,
		    MIME_NONE);
	else if (r->m->session->conf->scan_message)
		add_item(r, whole(r), TRANSFER_IDENTITY, SCAN_MESSAGE,
		    MIME_NONE);
}

/* The first blocked one of "exe txt *", or NULL. */
static const char *
inside_blocked(struct message *m, const char *extensions)
{
	struct span all = span_of(extensions), word;

	while (span_split(&all, ' ', &word))
		if (block_names_ending(m->session->conf, word.p, word.n))
			return arena_printf(m->arena, "name .%.*s inside",
			    (int)word.n, word.p);
	return NULL;
}

/* More kinds of names than can be told may hide one that is blocked. */
static bool
names_missing(const char *extensions)
{
	struct span all = span_of(extensions), word;

	while (span_split(&all, ' ', &word))
		if (span_is(word, "*"))
			return true;
	return false;
}

static void
look_at_names(struct round *r)
{
	const struct conf *c = r->m->session->conf;

	for (size_t i = 0; i < r->tree->n && c->block_names.n > 0; i++) {
		const struct mime_part *p = &r->tree->part[i];

		if (p->name[0] != '\0' && block_names_have(c, p->name))
			add_find(r, FIND_BLOCKED, i, arena_printf(
			    r->m->arena, "name %s", p->name), NULL);
	}
}

static void
look_inside(struct round *r, size_t i)
{
	const struct scan_item *item = &r->item[i];
	const char *why;

	if (r->part[i] == MIME_NONE ||
	    r->m->session->conf->block_names.n == 0)
		return;
	why = inside_blocked(r->m, item->extensions);
	if (why == NULL && names_missing(item->extensions))
		why = "too many kinds of names inside";
	if (why != NULL)
		add_find(r, FIND_BLOCKED, r->part[i], why, item);
}

static bool
found_in_part(const struct fact_scan *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->find[i].kind == FIND_VIRUS)
			return true;
	return false;
}

/* A second reading tells what it alone shows: a virus, or a failure. */
static bool
told(const struct round *r, size_t i)
{
	const struct scan_item *item = &r->item[i], *first = item - 1;

	if (item->encoding != TRANSFER_BASE64_LOOSE ||
	    item->status == SCAN_FAILED)
		return false;
	return item->status != SCAN_VIRUS || (first->status == SCAN_VIRUS &&
	    !scan_is_heuristic(first->name));
}

static void
take(struct round *r, size_t i)
{
	const struct scan_item *item = &r->item[i];
	size_t part = r->part[i];

	r->out->cached += item->cached;
	if (told(r, i))
		return;
	switch (item->status) {
	case SCAN_CLEAN:
		break;
	case SCAN_VIRUS:
		if (scan_is_heuristic(item->name))
			add_find(r, FIND_HEURISTIC, part, item->name, item);
		else if (part != MIME_NONE || !found_in_part(r->out))
			add_find(r, FIND_VIRUS, part, item->name, item);
		break;
	case SCAN_NOT_SCANNED:
		add_find(r, FIND_UNSCANNED, part, item->name, item);
		break;
	case SCAN_FAILED:
		if (r->out->reason == NULL)
			r->out->reason = item->name;
		break;
	}
	look_inside(r, i);
}

/* One client, one login: the scanner keeps room for others. */
static const char *
who(const struct message *m)
{
	char ip[IPADDR_STRLEN];

	if (m->login[0] != '\0')
		return m->login;
	return arena_strdup(m->arena, ipaddr_str(&m->session->client, ip));
}

static void
look_at_structure(struct round *r)
{
	if (r->tree->limit != NULL)
		add_find(r, FIND_MALFORMED, MIME_NONE, arena_printf(
		    r->m->arena, "limit: %s", r->tree->limit), NULL);
	else if (r->tree->malformed != 0)
		add_find(r, FIND_MALFORMED, MIME_NONE, mime_malformed_words(
		    r->m->arena, r->tree->malformed), NULL);
}

void
scan_run(struct message *m, struct span raw, const struct mime_tree *tree,
    struct fact_scan *out)
{
	struct round r = { .m = m, .raw = raw, .tree = tree, .out = out };

	*out = (struct fact_scan){ 0 };
	buf_init(&r.cut, raw.n);
	out->find = arena_array(m->arena, FINDS_MAX(tree), sizeof(*out->find));
	look_at_structure(&r);
	collect(&r);
	scan_client_run(m->session->services->scanner, m->arena, r.item, r.n,
	    who(m), clock_ms() + m->session->conf->scan_timeout_ms);
	buf_free(&r.cut);
	out->items = r.n;
	for (size_t i = 0; i < r.n; i++)
		take(&r, i);
	/* Viruses first: what they are called matters most. */
	look_at_names(&r);
	out->result = out->reason != NULL ? "failed" :
	    out->n > 0 ? "found" : "clean";
}
