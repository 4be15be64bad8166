/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage strip: what becomes of a message in which something was found.
 *
 * Each find gets its action (strip_policy.h); the gravest is the message's.
 * Parts that must go are replaced by a notice through edits; marks are fields
 * X-Postern-Scan.  What comes out of stripping is parsed and scanned once
 * more: if a virus is still there the message does not pass.  Quarantine and
 * event are written by the stage record, when it is sure that the message
 * goes this way.
 */
#include "table.h"

#include <string.h>

#include "clean.h"
#include "strip_parts.h"
#include "strip_policy.h"

/* Marks of one message; more are counted in the last one. */
#define MARKS_MAX	20

/* " virus; name=EICAR; file=x.zip; action=strip", each value made safe. */
static void
mark(struct message *m, const char *kind, const char *name, const char *file,
    const char *action)
{
	struct buf b;
	struct span v;

	buf_init(&b, LINE_MAX_RFC5322);
	buf_addf(&b, " %s; name=%s", kind, clean_authres(m->arena,
	    span_of(name), m->utf8));
	if (file[0] != '\0')
		buf_addf(&b, ";\r\n\tfile=%s", clean_authres(m->arena,
		    span_of(file), m->utf8));
	buf_addf(&b, "; action=%s", action);
	v = arena_span(m->arena, buf_span(&b));
	buf_free(&b);
	edits_prepend(&m->edits, "X-Postern-Scan", v);
}

static void
mark_all(struct message *m)
{
	const struct fact_scan *s = &m->facts.scan;
	size_t marks = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct find *f = &s->find[i];

		if (strcmp(f->action, "none") == 0)
			continue;
		if (marks++ == MARKS_MAX) {
			mark(m, "more", "more finds than are told", "",
			    "none");
			return;
		}
		mark(m, find_kind_word(f->kind), f->name,
		    find_file(&m->facts, f), f->action);
	}
}

/*
 * A text that is infected because of a file in uuencode or yEnc inside of it:
 * the file goes, and the second look judges what is left.
 */
static bool
is_because_of_enclosed(const struct message *m, const struct find *f)
{
	const struct fact_scan *s = &m->facts.scan;

	if (f->kind != FIND_VIRUS || f->part == MIME_NONE)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct find *g = &s->find[i];

		if (g->kind == FIND_VIRUS && g->part != MIME_NONE &&
		    m->facts.parts.part[g->part].kind == MIME_ENCLOSED &&
		    m->facts.parts.part[g->part].parent == f->part)
			return true;
	}
	return false;
}

/* Each find's action; returns the gravest. */
static enum strip_action
decide(struct message *m)
{
	struct fact_scan *s = &m->facts.scan;
	enum strip_action gravest = STRIP_NOTHING;

	for (size_t i = 0; i < s->n; i++) {
		enum strip_action a = is_because_of_enclosed(m, &s->find[i]) ?
		    STRIP_NOTHING : strip_action_for(m, &s->find[i]);

		s->find[i].action = strip_action_word(a);
		if (a > gravest)
			gravest = a;
	}
	return gravest;
}

/* The find that the answer is about: the first of this action. */
static const struct find *
first_of(const struct message *m, enum strip_action a)
{
	const struct fact_scan *s = &m->facts.scan;

	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->find[i].action, strip_action_word(a)) == 0)
			return &s->find[i];
	return NULL;
}

static void
refuse(struct message *m, const struct find *f, const char *reason)
{
	const char *file = f == NULL ? "" : find_file(&m->facts, f);
	const char *what = f != NULL && f->kind != FIND_VIRUS ?
	    "is refused because of" : "carries";

	verdict_raise(&m->verdict, VERDICT_REJECT, "strip", reason, "554",
	    "5.7.1", arena_printf(m->arena, "This message %s %s%s%s%s "
	    "(reference %s)", what, clean_reply(m->arena, span_of(reason),
	    false), file[0] == '\0' ? "" : " in the file \"",
	    clean_reply(m->arena, span_of(file), false),
	    file[0] == '\0' ? "" : "\"", m->facts.strip.ref));
}

static void
drop(struct message *m, const char *reason)
{
	m->facts.strip.keep_whole = true;
	verdict_raise(&m->verdict, VERDICT_DISCARD, "strip", reason, NULL,
	    NULL, NULL);
}

/* A virus is there and cannot be taken out. */
static void
give_up(struct message *m, const char *reason)
{
	enum strip_action a = strip_action_unstripped(m);

	m->facts.strip.action = strip_action_word(a);
	m->facts.strip.stripped = 0;
	m->facts.strip.signature_broken = false;
	if (a == STRIP_REJECT)
		refuse(m, NULL, reason);
	else
		drop(m, reason);
}

static enum conf_choice
failure_choice(const struct message *m)
{
	const struct conf *c = m->session->conf;

	if (m->class == CLASS_LOCAL)
		return CHOICE_ACCEPT;
	return m->class == CLASS_OUTBOUND ? c->scan_failure_outbound :
	    c->scan_failure;
}

/* The scanner could not look: never "clean". */
static void
unchecked(struct message *m, const char *reason)
{
	switch (failure_choice(m)) {
	case CHOICE_ACCEPT:
		break;
	case CHOICE_HOLD:
		verdict_raise(&m->verdict, VERDICT_HOLD, "scan", reason,
		    NULL, NULL, NULL);
		break;
	default:
		m->facts.strip.action = "tempfail";
		verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "scan", reason,
		    "451", "4.7.1", "This message cannot be scanned for "
		    "viruses now, please try again later");
		return;
	}
	if (m->facts.strip.unchecked == NULL)
		mark(m, "failed", reason, "", "none");
	m->facts.strip.unchecked = reason;
}

static void
strip_and_look(struct message *m)
{
	const char *why = NULL;

	if (strip_replace(m) < 0) {
		give_up(m, "a part that cannot be taken out");
		return;
	}
	if (m->facts.strip.stripped == 0)
		return;
	switch (strip_look_again(m, &why)) {
	case LOOK_CLEAN:
		break;
	case LOOK_INFECTED:
		if (!strip_virus_is_monitored(m))
			give_up(m, why);
		break;
	case LOOK_FAILED:
		unchecked(m, why);
		break;
	}
}

static void
carry_out(struct message *m, enum strip_action a)
{
	const struct find *f = first_of(m, a);

	switch (a) {
	case STRIP_REJECT:
		refuse(m, f, f->name);
		break;
	case STRIP_DISCARD:
		drop(m, f->name);
		break;
	case STRIP_HOLD:
		verdict_raise(&m->verdict, VERDICT_HOLD, "strip",
		    arena_printf(m->arena, "%s: %s",
		    find_kind_word(f->kind), f->name),
		    NULL, NULL, NULL);
		if (f->part != MIME_NONE &&
		    m->facts.parts.part[f->part].sealed)
			m->facts.strip.keep_whole = true;
		strip_and_look(m);
		break;
	case STRIP_STRIP:
		strip_and_look(m);
		break;
	default:
		break;
	}
}

static void
run(struct message *m)
{
	struct fact_strip *s = &m->facts.strip;
	enum strip_action a;

	s->action = "none";
	for (size_t i = 0; i < m->facts.scan.n; i++)
		m->facts.scan.find[i].replaced = MIME_NONE;
	a = decide(m);
	if (a >= STRIP_MONITOR)
		quarantine_ref(s->ref);
	s->action = strip_action_word(a);
	/* What must be refused is, whatever else could not be looked at. */
	if (m->facts.scan.reason != NULL && a < STRIP_DISCARD)
		unchecked(m, m->facts.scan.reason);
	if (m->verdict.kind >= VERDICT_TEMPFAIL)
		return;
	carry_out(m, a);
	if (s->ref[0] != '\0')
		edits_prepend(&m->edits, "X-Postern-Ref", span_of(
		    arena_printf(m->arena, " %s", s->ref)));
	mark_all(m);
}

const struct stage stage_strip = {
	.name = "strip",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY | CLASS_OUTBOUND | CLASS_LOCAL,
	.needs = FACT_PARTS | FACT_SCAN | FACT_FORGED,
	.gives = FACT_STRIP,
	.run = run
};
