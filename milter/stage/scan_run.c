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
#include <strings.h>

#include "clock.h"

/* Of one part: a verdict, a name inside, its own name; of all: structure. */
#define FINDS_MAX(tree) (3 * ((tree)->n + 1) + 1)

struct round {
	struct message		*m;
	struct span		 raw;
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

static void
collect(struct round *r)
{
	bool deep = r->tree->limit != NULL || r->tree->malformed != 0;

	r->item = arena_array(r->m->arena, r->tree->n + 1, sizeof(*r->item));
	r->part = arena_array(r->m->arena, r->tree->n + 1, sizeof(*r->part));
	for (size_t i = 0; i < r->tree->n; i++) {
		const struct mime_part *p = &r->tree->part[i];
		struct span content = mime_content(r->raw, p);

		if ((p->kind == MIME_LEAF || p->kind == MIME_ENCLOSED) &&
		    content.n > 0)
			add_item(r, content, p->encoding, SCAN_PART, i);
	}
	if (deep || r->m->session->conf->scan_message)
		add_item(r, r->raw, TRANSFER_IDENTITY, deep ?
		    SCAN_MESSAGE_DEEP : SCAN_MESSAGE, MIME_NONE);
}

static bool
blocked(const struct conf *c, const char *ending, size_t n)
{
	for (size_t i = 0; i < c->block_names.n; i++)
		if (strlen(c->block_names.v[i]) == n &&
		    strncasecmp(c->block_names.v[i], ending, n) == 0)
			return true;
	return false;
}

/* What Windows takes for the ending: blanks and dots behind it do not count. */
static bool
name_blocked(const struct conf *c, const char *name)
{
	size_t n = strlen(name), from;

	while (n > 0 && (name[n - 1] == '.' || name[n - 1] == ' '))
		n--;
	for (from = n; from > 0 && name[from - 1] != '.'; from--)
		;
	return from > 0 && blocked(c, name + from, n - from);
}

/* The first blocked one of "exe txt *", or NULL. */
static const char *
inside_blocked(struct message *m, const char *extensions)
{
	struct span all = span_of(extensions), word;

	while (span_split(&all, ' ', &word))
		if (blocked(m->session->conf, word.p, word.n))
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

		if (p->name[0] != '\0' && name_blocked(c, p->name))
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

static void
take(struct round *r, size_t i)
{
	const struct scan_item *item = &r->item[i];
	size_t part = r->part[i];

	r->out->cached += item->cached;
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
	out->find = arena_array(m->arena, FINDS_MAX(tree), sizeof(*out->find));
	look_at_structure(&r);
	collect(&r);
	scan_client_run(m->session->services->scanner, m->arena, r.item, r.n,
	    who(m), clock_ms() + m->session->conf->scan_timeout_ms);
	out->items = r.n;
	for (size_t i = 0; i < r.n; i++)
		take(&r, i);
	/* Viruses first: what they are called matters most. */
	look_at_names(&r);
	out->result = out->reason != NULL ? "failed" :
	    out->n > 0 ? "found" : "clean";
}
