/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr: the mailboxes of an address list.
 *
 * Called for From above all, where what we read must be what the reader sees.
 * RFC 5322 sections 3.4 and 4.4 with its obsolete forms, groups in From
 * (RFC 6854), 8-bit text (RFC 6532).  So that nobody can hide an author:
 * whatever could pass for an address comes out, and what is not plain
 * (a second address beside the first, stray signs, controls, source routes,
 * blanks inside of a domain, words without "@") sets `malformed`.  A quoted
 * name, an encoded word or a comment that looks like an address is text.
 *
 * One token of look-ahead, each byte is lexed once; something that is opened
 * and never closed is searched for once only.  Results are in the arena.
 * Envelope paths are in addr_path.c.
 */
#include <string.h>

#include "addr.h"

#define COMMENT_DEPTH_MAX	20
#define ENCODED_WORD_MAX	1000
#define MAILBOXES_FIRST		4

enum token {
	T_END,
	T_ATOM,
	T_QUOTED,
	T_LITERAL,		/* "[...]" */
	T_SPECIAL,		/* one of < > @ , ; : . */
	T_JUNK			/* a byte that has no place here */
};

/* A text that is put together from words, in memory for the longest one. */
struct text {
	char	*p;
	size_t	 n;
};

struct parser {
	struct arena	*arena;
	struct span	 in;
	size_t		 at;		/* behind the token */
	enum token	 tok;
	struct span	 word;		/* the token's text */
	bool		 gap;		/* blanks or comment before it */
	bool		 open_quote;	/* one is never closed: no more */
	bool		 open_comment;
	bool		 open_literal;

	struct text	 local;		/* the last run of dotted words */
	struct text	 domain;
	size_t		 runs;		/* how many runs there were */
	bool		 split;		/* blanks inside of the last run */

	bool		 in_group;
	bool		 found;		/* a mailbox, in this list item */
	struct mailboxes *out;
	size_t		 max;
	size_t		 room;		/* of out->m */
};

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* What ends an atom; NUL does not, it makes the atom no valid name. */
static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(" \t\r\n()<>[]:;@\\,.\"", c) != NULL;
}

static void
malformed(struct parser *p)
{
	p->out->malformed = true;
}

/* A line end at `at`: right only as a fold, or at the very end. */
static bool
fold_at(const struct parser *p, size_t at)
{
	if (p->in.p[at] == '\r')
		return at + 1 < p->in.n && p->in.p[at + 1] == '\n';
	return at + 1 == p->in.n || is_wsp(p->in.p[at + 1]);
}

/* Marks controls other than folds in what has been skipped or quoted. */
static void
check_controls(struct parser *p, size_t from, size_t to)
{
	for (; from < to; from++) {
		char c = p->in.p[from];

		if (c == '\r' || c == '\n' ? !fold_at(p, from) : is_control(c))
			malformed(p);
	}
}

/*
 * The end of what opens at p->at and closes with `close`, a quoted pair
 * skipped; 0 when it never closes.  Comments nest, a literal does not.
 */
static size_t
find_close(struct parser *p, char open, char close)
{
	size_t depth = 0;

	for (size_t i = p->at; i < p->in.n; i++) {
		char c = p->in.p[i];

		if (c == '\\') {
			i++;
		} else if (c == close && depth == (close == '"' ? 0 : 1) &&
		    i > p->at) {
			return i + 1;
		} else if (c == close && i > p->at) {
			depth--;
		} else if (c == open && close != '"') {
			if (++depth > (open == '(' ? COMMENT_DEPTH_MAX : 1))
				return 0;
		}
	}
	return 0;
}

static void
skip_blanks(struct parser *p)
{
	size_t end;

	p->gap = false;
	for (; p->at < p->in.n; p->gap = true) {
		char c = p->in.p[p->at];

		if (is_wsp(c)) {
			p->at++;
		} else if (c == '\r' || c == '\n') {
			check_controls(p, p->at, p->at + 1);
			p->at++;
		} else if (c == '(' && !p->open_comment) {
			end = find_close(p, '(', ')');
			if (end == 0) {
				p->open_comment = true;
				return;
			}
			check_controls(p, p->at, end);
			p->at = end;
		} else {
			return;
		}
	}
}

/*
 * The end of an encoded word (RFC 2047) that starts at `at`, or 0.  Its text
 * may hold signs that it should not, as mailers do write them.
 */
static size_t
encoded_word(struct parser *p, size_t at)
{
	size_t stop = p->in.n - at > ENCODED_WORD_MAX ?
	    at + ENCODED_WORD_MAX : p->in.n;
	unsigned marks = 0;
	bool loud = false;

	if (stop - at < 2 || p->in.p[at] != '=' || p->in.p[at + 1] != '?')
		return 0;
	for (size_t i = at + 2; i < stop; i++) {
		char c = p->in.p[i];

		if (is_wsp(c) || is_control(c) ||
		    (marks < 2 && is_delimiter(c)))
			return 0;
		if (strchr("@<>()[]\"\\", c) != NULL)
			loud = true;
		if (c == '?')
			marks++;
		if (marks == 3) {
			if (i + 1 == p->in.n || p->in.p[i + 1] != '=')
				return 0;
			/* Who lexes before decoding reads something else. */
			if (loud)
				malformed(p);
			return i + 2;
		}
	}
	return 0;
}

static void
lex_atom(struct parser *p)
{
	size_t from = p->at, end = encoded_word(p, p->at);

	if (end != 0)
		p->at = end;
	while (p->at < p->in.n && !is_delimiter(p->in.p[p->at])) {
		if (is_control(p->in.p[p->at]))
			malformed(p);
		p->at++;
	}
	p->tok = T_ATOM;
	p->word = span_make(p->in.p + from, p->at - from);
}

/* A quoted string or a literal; junk when it never closes. */
static void
lex_closed(struct parser *p, enum token tok, bool *open)
{
	size_t from = p->at;
	size_t end = *open ? 0 : tok == T_QUOTED ? find_close(p, '"', '"') :
	    find_close(p, '[', ']');

	p->tok = end == 0 ? T_JUNK : tok;
	p->at = end == 0 ? from + 1 : end;
	if (end == 0)
		*open = true;
	check_controls(p, from, p->at);
	p->word = span_make(p->in.p + from, p->at - from);
}

static void
next(struct parser *p)
{
	char c;

	skip_blanks(p);
	p->word = span_make(p->in.p, 0);
	p->tok = T_END;
	if (p->at == p->in.n)
		return;
	c = p->in.p[p->at];
	if (c == '"') {
		lex_closed(p, T_QUOTED, &p->open_quote);
	} else if (c == '[') {
		lex_closed(p, T_LITERAL, &p->open_literal);
	} else if (!is_delimiter(c)) {
		lex_atom(p);
	} else {
		p->tok = strchr("()]\\", c) != NULL ? T_JUNK : T_SPECIAL;
		p->word = span_make(p->in.p + p->at, 1);
		p->at++;
	}
}

static bool
at_sign(const struct parser *p, char c)
{
	return p->tok == T_SPECIAL && p->word.p[0] == c;
}

static bool
at_word(const struct parser *p)
{
	return p->tok == T_ATOM || p->tok == T_QUOTED;
}

static bool
at_dot(const struct parser *p)
{
	return at_sign(p, '.');
}

/* The token's text: of a quoted one without quotes, backslashes and folds. */
static void
take(struct parser *p, struct text *t)
{
	struct span s = p->word;

	if (p->tok == T_QUOTED)
		s = span_make(s.p + 1, s.n - 2);
	for (size_t i = 0; i < s.n; i++) {
		if (p->tok == T_QUOTED && s.p[i] == '\\' && i + 1 < s.n)
			i++;
		else if (s.p[i] == '\r' || s.p[i] == '\n')
			continue;
		t->p[t->n++] = s.p[i];
	}
	next(p);
}

/* RFC 2047 section 5 forbids it in an address; some readers decode it there. */
static bool
encoded(const struct text *t)
{
	for (size_t i = 0; i + 1 < t->n; i++)
		if (t->p[i] == '=' && t->p[i + 1] == '?')
			return true;
	return false;
}

static void
emit(struct parser *p, const struct text *local, const struct text *domain)
{
	struct mailboxes *out = p->out;
	struct mailbox *m;

	if (p->found || encoded(local) || encoded(domain))
		malformed(p);
	p->found = true;
	if (out->n == p->max) {
		out->truncated = true;
		return;
	}
	if (out->n == p->room) {
		p->room = p->room == 0 ? MAILBOXES_FIRST : p->room * 2;
		m = arena_array(p->arena, p->room, sizeof(*m));
		if (out->n > 0)
			memcpy(m, out->m, out->n * sizeof(*m));
		out->m = m;
	}
	m = &out->m[out->n++];
	m->local = arena_span(p->arena, span_make(local->p, local->n));
	m->domain = arena_span(p->arena, span_make(domain->p, domain->n));
}

/*
 * Reads words and dots.  The last run of dotted words is kept, as the local
 * part that it is when "@" comes next; runs before it were a name.
 */
static void
parse_words(struct parser *p)
{
	bool joined = true;

	p->runs = 0;
	p->split = false;
	p->local.n = 0;
	while (at_word(p) || at_dot(p)) {
		if (p->runs == 0 || (!joined && !at_dot(p))) {
			/* Such a quote may be in an encoded word for some. */
			if (p->runs > 0 && !p->gap)
				malformed(p);
			p->runs++;
			p->local.n = 0;
			p->split = false;
		} else if (p->gap) {
			p->split = true;
		}
		joined = at_dot(p);
		take(p, &p->local);
	}
}

/* Reads a domain into p->domain; blanks inside are taken out but not plain. */
static void
parse_domain(struct parser *p)
{
	bool joined = true;

	p->domain.n = 0;
	if (p->tok == T_LITERAL) {
		take(p, &p->domain);
		return;
	}
	while (at_dot(p) || (at_word(p) && joined)) {
		if (p->tok == T_QUOTED || (at_dot(p) && joined) ||
		    (p->gap && p->domain.n > 0))
			malformed(p);
		joined = at_dot(p);
		take(p, &p->domain);
	}
	if (p->domain.n == 0)
		malformed(p);
}

/*
 * At "@", with the local part read.  Of "a@b@c" both readings come out: some
 * readers take the first domain, some the last.
 */
static void
parse_addr_spec(struct parser *p)
{
	struct text swap;

	if (p->runs != 1 || p->split)
		malformed(p);
	for (;;) {
		next(p);
		parse_domain(p);
		emit(p, &p->local, &p->domain);
		if (!at_sign(p, '@'))
			return;
		malformed(p);
		swap = p->local;
		p->local = p->domain;
		p->domain = swap;
	}
}

/* A word without "@": a local name perhaps; of several only the mark. */
static void
parse_bare(struct parser *p)
{
	malformed(p);
	p->domain.n = 0;
	if (p->runs == 1 && !p->found)
		emit(p, &p->local, &p->domain);
}

/*
 * At "@" behind "<".  A source route's domains are nobody's address, but a
 * reader could take one for it, so it is never plain.
 */
static bool
parse_route(struct parser *p)
{
	malformed(p);
	while (at_sign(p, '@')) {
		next(p);
		parse_domain(p);
		while (at_sign(p, ','))
			next(p);
	}
	if (at_sign(p, ':')) {
		next(p);
		return true;
	}
	p->local.n = 0;
	emit(p, &p->local, &p->domain);
	return false;
}

/* At "<".  Stops where it does not go on; the caller reads what is left. */
static void
parse_angle(struct parser *p)
{
	next(p);
	if (at_sign(p, '@') && !parse_route(p))
		return;
	parse_words(p);
	if (at_sign(p, '@'))
		parse_addr_spec(p);
	else
		parse_bare(p);
	if (at_sign(p, '>'))
		next(p);
	else
		malformed(p);
}

/* At ":" behind a name.  True when a group starts here. */
static bool
parse_group_start(struct parser *p)
{
	bool starts = p->runs > 0 && !p->found && !p->in_group;

	if (starts)
		p->in_group = true;
	else
		malformed(p);
	next(p);
	return starts;
}

/* At ";": the end of a group; else a separator that some mailers write. */
static void
parse_semicolon(struct parser *p)
{
	next(p);
	if (!p->in_group || (p->tok != T_END && !at_sign(p, ',')))
		malformed(p);
	p->in_group = false;
}

/* One item of the list, with the sign that ends it. */
static void
parse_item(struct parser *p)
{
	p->found = false;
	for (;;) {
		parse_words(p);
		if (at_sign(p, '@')) {
			parse_addr_spec(p);
		} else if (at_sign(p, '<')) {
			parse_angle(p);
		} else if (at_sign(p, ':')) {
			if (parse_group_start(p))
				return;
		} else if (p->tok == T_END || at_sign(p, ',') ||
		    at_sign(p, ';')) {
			break;
		} else {
			malformed(p);
			next(p);
		}
	}
	if (p->runs > 0)
		parse_bare(p);
	if (at_sign(p, ';'))
		parse_semicolon(p);
	else if (at_sign(p, ','))
		next(p);
}

void
addr_parse_list(struct arena *a, struct span value, size_t max,
    struct mailboxes *out)
{
	struct parser p = {
		.arena = a, .in = value, .out = out, .max = max
	};

	*out = (struct mailboxes){ 0 };
	if (value.n == 0)
		return;
	p.local.p = arena_alloc(a, value.n);
	p.domain.p = arena_alloc(a, value.n);
	next(&p);
	while (p.tok != T_END)
		parse_item(&p);
	if (p.in_group)
		malformed(&p);
}
