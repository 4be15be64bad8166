/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_outline: braces, names and repetitions of postern.conf.
 *
 * It sees each token of the joined text once and knows only as much of the
 * grammar as it needs: which section a name stands in, and where a section or
 * a list begins and ends.  Three things are found here because libconfuse
 * passes them or stops at the first: what is not closed, names that do not
 * exist, and names that are given twice.  What has an unknown name is taken
 * out of the text, so that libconfuse goes on.  All else is left to it.
 *
 * Called by conf_text.c only; state in the scratch arena.
 */
#include <assert.h>
#include <string.h>

#include "conf_private.h"
#include "domain.h"

/* Braces in braces; the grammar needs four. */
#define FRAMES_MAX 16
/* Heads of the table of names seen: for 100,000 domains. */
#define SEEN_HEADS 16384

#define SECTION_UNKNOWN (-1)
#define NOWHERE SIZE_MAX

enum frame_kind {
	FRAME_SECTION,
	FRAME_LIST
};

enum state {
	WANT_NAME,
	HAVE_NAME,
	HAVE_TITLE,
	WANT_VALUE
};

/* A name, or a section's name and title, that stood in a frame. */
struct seen {
	unsigned	 frame;		/* its number */
	const char	*name;
	const char	*title;		/* NULL: a setting */
	unsigned	 line;
	struct seen	*next;
};

struct frame {
	enum frame_kind	 kind;
	int		 section;	/* enum setting_section or UNKNOWN */
	unsigned	 line;		/* of its brace */
	unsigned	 number;	/* no other has it */
};

struct outline {
	struct frame	frames[FRAMES_MAX];
	size_t		n;
	enum state	state;
	struct span	name;		/* points into the arena */
	struct span	title;
	unsigned	name_line;
	size_t		name_at;	/* in the text */
	size_t		drop_from;	/* unknown: from there; or NOWHERE */
	size_t		drop_depth;
	size_t		file_depth;	/* frames of the files around */
	unsigned	frames_seen;
	struct seen	*seen[SEEN_HEADS];
};

void
outline_new(struct conf_text *t)
{
	struct outline *o = arena_alloc(t->arena, sizeof(*o));

	o->frames[0].section = SECTION_TOP;
	o->n = 1;
	o->drop_from = NOWHERE;
	t->outline = o;
}

static struct frame *
top(struct outline *o)
{
	return &o->frames[o->n - 1];
}

bool
outline_wants_name(const struct conf_text *t)
{
	const struct outline *o = t->outline;

	return o->state == WANT_NAME &&
	    o->frames[o->n - 1].kind == FRAME_SECTION;
}

static unsigned
here(const struct conf_text *t)
{
	return (unsigned)t->nlines;
}

static void
push(struct conf_text *t, enum frame_kind kind, int section)
{
	struct outline *o = t->outline;
	struct frame *f;

	if (o->n == FRAMES_MAX) {
		conf_problem(t, here(t), "more than %d braces are open here; "
		    "is a \"}\" missing above?", FRAMES_MAX - 1);
		t->broken = true;
		return;
	}
	f = &o->frames[o->n++];
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->section = section;
	f->line = here(t);
	f->number = ++o->frames_seen;
	o->state = WANT_NAME;
}

static void
pop(struct conf_text *t)
{
	struct outline *o = t->outline;

	o->state = WANT_NAME;
	if (o->n > o->file_depth + 1) {
		o->n--;
		return;
	}
	conf_problem(t, here(t), "nothing is open that this \"}\" could "
	    "close; take it out");
	t->broken = true;
}

/* In which other section this name would be right. */
static void
say_elsewhere(struct conf_text *t, unsigned line, struct span name, int section)
{
	const char *where = "";

	for (int other = SECTION_TOP; other <= SECTION_FORWARDER; other++) {
		if (setting_find((enum setting_section)other, name) == NULL &&
		    setting_subsection((enum setting_section)other, name) == -1)
			continue;
		where = arena_printf(t->arena, "%s%s%s%s", where,
		    *where == '\0' ? "" : " or ", other == SECTION_TOP ?
		    "outside of sections" : "in section ",
		    section_names[other]);
	}
	if (section == SECTION_TOP)
		conf_problem(t, line, "'%.*s' cannot stand outside of "
		    "sections; it belongs %s", (int)name.n, name.p, where);
	else
		conf_problem(t, line, "'%.*s' cannot stand in section %s; it "
		    "belongs %s (is a \"}\" missing above?)", (int)name.n,
		    name.p, section_names[section], where);
}

static bool
known_elsewhere(struct span name)
{
	for (int s = SECTION_TOP; s <= SECTION_FORWARDER; s++)
		if (setting_find((enum setting_section)s, name) != NULL ||
		    setting_subsection((enum setting_section)s, name) != -1)
			return true;
	return false;
}

/* What begins with the last name is not for libconfuse. */
static void
drop(struct outline *o)
{
	if (o->drop_from != NOWHERE)
		return;
	o->drop_from = o->name_at;
	o->drop_depth = o->n;
}

/* Makes it blank when it is over. */
static void
drop_ends(struct conf_text *t)
{
	struct outline *o = t->outline;

	if (o->drop_from == NOWHERE || o->n != o->drop_depth ||
	    o->state != WANT_NAME)
		return;
	for (size_t i = o->drop_from; i < t->text.n; i++)
		if (t->text.p[i] != '\n')
			t->text.p[i] = ' ';
	o->drop_from = NOWHERE;
}

static void
unknown(struct conf_text *t, unsigned line, struct span name, int section)
{
	const char *nearest;

	drop(t->outline);
	if (known_elsewhere(name)) {
		say_elsewhere(t, line, name, section);
		return;
	}
	nearest = setting_nearest((enum setting_section)section, name);
	if (nearest != NULL)
		conf_problem(t, line, "no such setting '%.*s'; "
		    "did you mean '%s'?", (int)name.n, name.p, nearest);
	else
		conf_problem(t, line, "no such setting '%.*s'; "
		    "postern.conf(5) lists them", (int)name.n, name.p);
}

static bool
same_title(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static struct seen **
seen_head(struct outline *o, struct span name, const char *title)
{
	uint32_t h = top(o)->number;	/* FNV-1a */

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * 16777619u;
	for (; title != NULL && *title != '\0'; title++)
		h = (h ^ (unsigned char)*title) * 16777619u;
	return &o->seen[h % SEEN_HEADS];
}

/* The entry of this name in the innermost frame; line 0: it is a new one. */
static struct seen *
seen_entry(struct conf_text *t, struct span name, const char *title)
{
	struct outline *o = t->outline;
	struct seen **head = seen_head(o, name, title), *s;

	for (s = *head; s != NULL; s = s->next)
		if (s->frame == top(o)->number && span_is(name, s->name) &&
		    same_title(title, s->title))
			return s;
	s = arena_alloc(t->arena, sizeof(*s));
	s->frame = top(o)->number;
	s->name = arena_cstr(t->arena, name);
	s->title = title;
	s->next = *head;
	return *head = s;
}

/*
 * Notes a name in the innermost frame; an error when it stood there before,
 * unless this one is from an include()d file and may override.
 */
static void
note(struct conf_text *t, struct span name, const char *title)
{
	unsigned line = t->outline->name_line;
	struct seen *s = seen_entry(t, name, title);

	if (s->line != 0 && title != NULL)
		conf_problem(t, line, "%s \"%s\" is here a second time; the "
		    "first is at %s; make one of them", s->name, title,
		    conf_where(t, s->line));
	else if (s->line != 0 && (t->lines[line].source == 0 ||
	    t->lines[line].source == t->lines[s->line].source))
		conf_problem(t, line, "'%s' is set already at %s; take one "
		    "out (only an include()d file may override)", s->name,
		    conf_where(t, s->line));
	s->line = line;
}

static void
assigned(struct conf_text *t, enum conf_token token)
{
	struct outline *o = t->outline;
	int section = top(o)->section;

	o->state = WANT_VALUE;
	if (section == SECTION_UNKNOWN)
		return;
	if (setting_subsection((enum setting_section)section, o->name) != -1) {
		drop(o);
		conf_problem(t, o->name_line, "'%.*s' is a section; write: "
		    "%.*s \"NAME\" { ... }", (int)o->name.n, o->name.p,
		    (int)o->name.n, o->name.p);
	} else if (setting_find((enum setting_section)section, o->name) ==
	    NULL) {
		unknown(t, o->name_line, o->name, section);
	} else if (token == TOKEN_ASSIGN) {
		note(t, o->name, NULL);
	}
}

/* The title as it counts: domains and selectors in normal form. */
static const char *
title_form(struct conf_text *t, int section, struct span title)
{
	char normal[DOMAIN_SIZE];

	if (section != SECTION_FORWARDER &&
	    domain_normalise(title, normal) == 0)
		return arena_strdup(t->arena, normal);
	return arena_cstr(t->arena, title);
}

static bool
section_begins(struct conf_text *t, bool titled)
{
	struct outline *o = t->outline;
	int around = top(o)->section, section = SECTION_UNKNOWN;

	if (around != SECTION_UNKNOWN) {
		section = setting_subsection((enum setting_section)around,
		    o->name);
		if (section == -1 && setting_find((enum setting_section)around,
		    o->name) == NULL)
			unknown(t, o->name_line, o->name, around);
		else if (section != -1 && titled)
			note(t, o->name, title_form(t, section, o->title));
	}
	push(t, FRAME_SECTION, section);
	return section != SECTION_UNKNOWN;
}

static void
name_begins(struct conf_text *t, struct span text)
{
	struct outline *o = t->outline;

	o->name = arena_span(t->arena, text);
	o->name_line = here(t);
	o->name_at = t->text.n;
	o->state = HAVE_NAME;
}

static void
in_list(struct conf_text *t, enum conf_token token)
{
	struct outline *o = t->outline;

	if (token == TOKEN_CLOSE) {
		pop(t);
	} else if (token == TOKEN_OPEN) {
		push(t, FRAME_LIST, SECTION_UNKNOWN);
	} else if (token == TOKEN_ASSIGN || token == TOKEN_APPEND) {
		conf_problem(t, top(o)->line, "the list that begins here is "
		    "not closed; add \"}\" behind its last value");
		t->broken = true;
	}
}

static bool
after_name(struct conf_text *t, enum conf_token token, struct span text)
{
	struct outline *o = t->outline;

	switch (token) {
	case TOKEN_ASSIGN:
	case TOKEN_APPEND:
		assigned(t, token);
		break;
	case TOKEN_OPEN:
		return section_begins(t, o->state == HAVE_TITLE);
	case TOKEN_WORD:
	case TOKEN_STRING:
		if (o->state == HAVE_TITLE) {
			name_begins(t, text);
			break;
		}
		o->title = arena_span(t->arena, text);
		o->state = HAVE_TITLE;
		break;
	default:
		o->state = WANT_NAME;
		break;
	}
	return false;
}

bool
outline_token(struct conf_text *t, enum conf_token token, struct span text)
{
	struct outline *o = t->outline;

	drop_ends(t);
	if (top(o)->kind == FRAME_LIST) {
		in_list(t, token);
		return false;
	}
	if (token == TOKEN_CLOSE) {
		pop(t);
		return false;
	}
	if (o->state == HAVE_NAME || o->state == HAVE_TITLE)
		return after_name(t, token, text);
	if (o->state == WANT_VALUE) {
		if (token == TOKEN_OPEN)
			push(t, FRAME_LIST, SECTION_UNKNOWN);
		else
			o->state = WANT_NAME;
		return false;
	}
	if (token == TOKEN_WORD || token == TOKEN_STRING)
		name_begins(t, text);
	else if (token == TOKEN_OPEN)
		push(t, FRAME_SECTION, SECTION_UNKNOWN);
	return false;
}

size_t
outline_file_begins(struct conf_text *t)
{
	struct outline *o = t->outline;
	size_t around = o->file_depth;

	/* The file that begins now may not close what is open. */
	o->file_depth = o->n - 1;
	return around;
}

/* The file ends behind a name, or behind its equal sign. */
static void
ends_within(struct conf_text *t)
{
	struct outline *o = t->outline;
	int section = top(o)->section;

	if (section != SECTION_UNKNOWN && setting_find(
	    (enum setting_section)section, o->name) == NULL)
		unknown(t, o->name_line, o->name, section);
	else
		conf_problem(t, o->name_line, "the file ends behind '%.*s'; "
		    "write: %.*s = VALUE", (int)o->name.n, o->name.p,
		    (int)o->name.n, o->name.p);
	t->broken = true;
}

void
outline_file_ends(struct conf_text *t, size_t around)
{
	struct outline *o = t->outline;

	drop_ends(t);
	if (top(o)->kind == FRAME_SECTION && (o->state == HAVE_NAME ||
	    o->state == WANT_VALUE))
		ends_within(t);
	for (size_t i = o->file_depth + 1; i < o->n; i++) {
		conf_problem(t, o->frames[i].line, "the %s that begins here "
		    "is not closed; add \"}\"", o->frames[i].kind ==
		    FRAME_LIST ? "list" : "section");
		t->broken = true;
	}
	o->file_depth = around;
}
