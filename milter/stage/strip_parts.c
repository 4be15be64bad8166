/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strip_parts: takes parts out of a message by edits, and looks at what is
 * left as at a message that comes in.
 *
 * Called by the stage strip, once for a message; all in its arena but for the
 * rendering, which is freed before the return.
 */
#include "strip_parts.h"

#include <string.h>

#include "clock.h"
#include "codec.h"
#include "date.h"
#include "notice.h"
#include "replace.h"
#include "scan_run.h"

static bool
must_go(const struct find *f)
{
	if (f->part == MIME_NONE || f->kind == FIND_MALFORMED)
		return false;
	/* What is held because it could not be scanned is held whole. */
	return strcmp(f->action, "strip") == 0 ||
	    (strcmp(f->action, "hold") == 0 && f->kind != FIND_UNSCANNED);
}

/* The part to replace: a sealed message loses the part itself. */
static size_t
target(struct message *m, const struct find *f)
{
	size_t part = replace_candidate(&m->facts.parts, f->part);

	if (part != MIME_NONE)
		return part;
	m->facts.strip.signature_broken = true;
	return f->part;
}

/* Is this part, or one that holds it, replaced already? */
static bool
is_gone(const struct mime_tree *t, const bool *gone, size_t part)
{
	for (; part != MIME_NONE; part = t->part[part].parent)
		if (gone[part])
			return true;
	return false;
}

static void
hex(struct message *m, const unsigned char *sha256, const char **out)
{
	char *p = arena_alloc(m->arena, HEX_SIZE(SCAN_SHA256_SIZE));

	if (sha256 != NULL)
		hex_encode(p, sha256, SCAN_SHA256_SIZE);
	*out = p;
}

/* For Content-Language (RFC 3282). */
static const char *
languages(struct message *m)
{
	const struct conf_strings *list = &m->session->conf->notice_languages;
	const char *out = NULL;

	for (size_t i = 0; i < list->n; i++)
		out = out == NULL ? list->v[i] : arena_printf(m->arena,
		    "%s, %s", out, list->v[i]);
	return out;
}

static int
replace(struct message *m, const struct find *f, size_t part)
{
	const struct conf *c = m->session->conf;
	struct notice n = {
		.file = find_file(&m->facts, f),
		.virus = f->kind == FIND_VIRUS ? f->name : "",
		.reason = f->kind == FIND_VIRUS ? "" : f->name,
		.time = date_rfc5322(m->arena, clock_wall()),
		.reference = m->facts.strip.ref,
		.contact = c->notice_contact
	};
	struct replacement r = { .filename = NULL };

	hex(m, f->sha256, &n.sha256);
	r.text = notice_text(m->arena, &n, c->notice_languages.v,
	    c->notice_languages.n, m->session->services->notice);
	r.ascii = notice_ascii(m->arena, &n);
	r.languages = languages(m);
	return replace_part(&m->edits, m->fields, m->nfields,
	    buf_span(&m->raw), m->body_at, &m->facts.parts, part, &r);
}

/* -1 when a part cannot be taken out. */
int
strip_replace(struct message *m)
{
	struct fact_scan *s = &m->facts.scan;
	const struct mime_tree *t = &m->facts.parts;
	bool *gone = arena_array(m->arena, t->n, sizeof(*gone));
	bool *wanted = arena_array(m->arena, t->n, sizeof(*wanted));

	for (size_t i = 0; i < s->n; i++)
		if (must_go(&s->find[i]))
			wanted[target(m, &s->find[i])] = true;
	for (size_t i = 0; i < s->n; i++) {
		const struct find *f = &s->find[i];
		size_t part;

		if (!must_go(f))
			continue;
		part = target(m, f);
		if (gone[part] || is_gone(t, wanted, t->part[part].parent))
			continue;
		if (replace(m, f, part) < 0)
			return -1;
		gone[part] = true;
		s->find[i].replaced = part;
		m->facts.strip.stripped++;
	}
	return 0;
}

/* The message as it will leave, in one piece. */
static int
render(struct message *m, struct buf *b)
{
	struct edits_walk w;
	struct span piece;
	size_t n;
	const struct field *f = edits_render(&m->edits, m->fields,
	    m->nfields, &n);

	for (size_t i = 0; i < n; i++) {
		buf_addspan(b, f[i].name);
		buf_addc(b, ':');
		buf_addspan(b, f[i].value);
		buf_add(b, "\r\n", 2);
	}
	buf_add(b, "\r\n", 2);
	edits_walk_begin(&w, &m->edits, m->body);
	while (edits_walk_next(&w, &piece))
		buf_addspan(b, piece);
	return buf_failed(b) ? -1 : 0;
}

static enum second_look
look_at(struct message *m, struct span rendered, const char **why)
{
	struct mime_tree tree = { 0 };
	struct fact_scan again;
	enum second_look look = LOOK_CLEAN;

	mime_parse(m->arena, rendered, &tree);
	scan_run(m, rendered, &tree, &again);
	for (size_t i = 0; i < again.n && look == LOOK_CLEAN; i++) {
		if (again.find[i].kind != FIND_VIRUS)
			continue;
		*why = again.find[i].name;
		look = LOOK_INFECTED;
	}
	if (look == LOOK_CLEAN && again.reason != NULL) {
		*why = again.reason;
		look = LOOK_FAILED;
	}
	return look;
}

enum second_look
strip_look_again(struct message *m, const char **why)
{
	size_t room = m->raw.n + HEADER_BYTES_MAX + m->raw.n / 8;
	enum second_look look = LOOK_FAILED;
	struct buf b;

	*why = "no memory to look at the stripped message";
	if (!message_take_memory(m, m->raw.n))
		return look;
	buf_init(&b, room);
	if (render(m, &b) == 0)
		look = look_at(m, buf_span(&b), why);
	buf_free(&b);
	message_give_memory(m->raw.n);
	return look;
}
