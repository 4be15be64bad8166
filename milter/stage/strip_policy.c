/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strip_policy: the table of policies (doc/scanning.md has it in words).
 *
 * Mail of class local cannot be refused or held: a refusal would loop in the
 * queue.  Nor is a relay's refused, which would have to send the bounce to
 * somebody who may not have written it: what cannot be stripped is discarded,
 * and kept in the quarantine.  postmaster and abuse get their mail stripped.
 */
#include "strip_policy.h"

#include <string.h>

#include "replace.h"

static enum strip_action
of_choice(enum conf_choice c)
{
	switch (c) {
	case CHOICE_STRIP:
		return STRIP_STRIP;
	case CHOICE_HOLD:
		return STRIP_HOLD;
	case CHOICE_DISCARD:
		return STRIP_DISCARD;
	case CHOICE_REJECT:
		return STRIP_REJECT;
	case CHOICE_MONITOR:
		return STRIP_MONITOR;
	case CHOICE_MARK:
		return STRIP_MARK;
	default:
		return STRIP_NOTHING;
	}
}

static bool
from_outside(const struct message *m)
{
	return m->class == CLASS_INBOUND || m->class == CLASS_RELAY;
}

/* What the class allows of an action. */
static enum strip_action
allowed(const struct message *m, enum strip_action a)
{
	if (m->class == CLASS_LOCAL && a == STRIP_HOLD)
		return STRIP_STRIP;
	if (!class_may_refuse(m->class) && a == STRIP_REJECT)
		return STRIP_DISCARD;
	return a;
}

enum strip_action
strip_action_unstripped(const struct message *m)
{
	return allowed(m, STRIP_REJECT);
}

static enum strip_action
virus_choice(const struct message *m)
{
	const struct conf *c = m->session->conf;

	if (m->class == CLASS_LOCAL)
		return of_choice(c->virus_local);
	if (m->class == CLASS_OUTBOUND)
		return of_choice(c->virus_outbound);
	if (m->facts.role_only && m->facts.policy.virus != CHOICE_MONITOR)
		return STRIP_STRIP;
	return of_choice(m->facts.policy.virus);
}

bool
strip_virus_is_monitored(const struct message *m)
{
	return virus_choice(m) == STRIP_MONITOR;
}

/* Of a message that hangs on this one even the text can go. */
static bool
is_attached(const struct mime_tree *t, size_t part)
{
	while ((part = t->part[part].parent) != MIME_NONE)
		if (t->part[part].kind == MIME_MESSAGE)
			return true;
	return false;
}

/* The text that a reader shows, not a file that hangs on it. */
static bool
is_body_text(const struct message *m, const struct find *f)
{
	const struct mime_part *p = &m->facts.parts.part[f->part];

	if (is_attached(&m->facts.parts, f->part))
		return false;
	return p->kind == MIME_LEAF && p->name[0] == '\0' &&
	    strcmp(p->disposition, "attachment") != 0 &&
	    (strcmp(p->type, "text/plain") == 0 ||
	    strcmp(p->type, "text/html") == 0);
}

static bool
can_go(const struct message *m, const struct find *f)
{
	if (f->part == MIME_NONE)
		return false;
	/* postmaster gets even a notice in place of the text. */
	return f->kind != FIND_VIRUS || m->facts.role_only ||
	    !is_body_text(m, f);
}

/* A part must go: strip, or what holds where that is not enough. */
static enum strip_action
must_go(const struct message *m, const struct find *f, enum strip_action a)
{
	if (a != STRIP_STRIP && a != STRIP_HOLD)
		return allowed(m, a);
	if (!can_go(m, f))
		return strip_action_unstripped(m);
	if (replace_candidate(&m->facts.parts, f->part) == MIME_NONE)
		return m->facts.role_only ? STRIP_STRIP :
		    allowed(m, of_choice(m->session->conf->virus_signed));
	return allowed(m, a);
}

static enum strip_action
unscannable(const struct message *m, const struct find *f)
{
	enum conf_choice c = from_outside(m) ? m->facts.policy.unscannable :
	    m->session->conf->unscannable;
	enum strip_action a = of_choice(c);

	if (a == STRIP_MARK ||
	    (a == STRIP_STRIP && f->part == MIME_NONE) ||
	    (a >= STRIP_HOLD && (m->facts.role_only ||
	    !class_may_refuse(m->class))))
		return STRIP_MARK;
	return a == STRIP_STRIP ? must_go(m, f, a) : a;
}

static enum strip_action
structure(const struct message *m)
{
	const struct conf *c = m->session->conf;
	enum strip_action a = of_choice(m->facts.parts.limit != NULL ?
	    c->mime_limit : c->malformed);

	if (a >= STRIP_HOLD && (m->facts.role_only ||
	    !class_may_refuse(m->class)))
		return STRIP_MARK;
	return a;
}

enum strip_action
strip_action_for(const struct message *m, const struct find *f)
{
	switch (f->kind) {
	case FIND_VIRUS:
		return must_go(m, f, virus_choice(m));
	case FIND_BLOCKED:
		return must_go(m, f, STRIP_STRIP);
	case FIND_UNSCANNED:
		return unscannable(m, f);
	case FIND_MALFORMED:
		return structure(m);
	case FIND_HEURISTIC:
		break;
	}
	return STRIP_MARK;
}

const char *
strip_action_word(enum strip_action a)
{
	static const char *const word[] = {
		[STRIP_NOTHING] = "none",
		[STRIP_MARK] = "mark",
		[STRIP_MONITOR] = "monitor",
		[STRIP_STRIP] = "strip",
		[STRIP_HOLD] = "hold",
		[STRIP_DISCARD] = "discard",
		[STRIP_REJECT] = "reject"
	};

	return word[a];
}
