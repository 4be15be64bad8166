/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffilter: see the header.  A pull tokenizer with libconfuse's lexical
 * rules ('#', "//" and C comments, both kinds of quotes), and a walk over
 * statements:
 *
 *	name = value    name = { list }    name += ...    name(arguments)
 *	name "title" { statements }    name { statements }
 *
 * A statement whose name is not in the table of the section around it is
 * blanked whole, and so are comments (libconfuse 3.3 loses count of lines in
 * some).  What does not look like a statement is left for libconfuse to
 * complain about.  No recursion: the open sections are a small stack.
 */
#include <stdbool.h>
#include <string.h>

#include "conffilter.h"

enum token {
	TOK_END, TOK_WORD, TOK_OPEN, TOK_CLOSE, TOK_SET, TOK_LPAR, TOK_RPAR,
	TOK_COMMA, TOK_BAD
};

struct lexer {
	char	*p;
	size_t	 n, i;
	unsigned line;
	size_t	 start;		/* of the token */
	unsigned start_line;
	size_t	 word, word_n;	/* TOK_WORD, without quotes */
};

/* A section that is open. */
struct level {
	const struct conf_word *words;
	unsigned line;
};

static void
blank(struct lexer *l, size_t from, size_t to)
{
	for (; from < to; from++)
		if (l->p[from] != '\n')
			l->p[from] = ' ';
}

static void
skip_line(struct lexer *l)
{
	size_t from = l->i;

	while (l->i < l->n && l->p[l->i] != '\n')
		l->i++;
	blank(l, from, l->i);
}

/* False when it is not closed. */
static bool
skip_comment(struct lexer *l)
{
	size_t from = l->i;

	for (l->i += 2; l->i < l->n; l->i++) {
		if (l->p[l->i] == '\n')
			l->line++;
		if (l->p[l->i] == '*' && l->i + 1 < l->n &&
		    l->p[l->i + 1] == '/') {
			l->i += 2;
			blank(l, from, l->i);
			return true;
		}
	}
	return false;
}

static bool
skip_blanks(struct lexer *l)
{
	while (l->i < l->n) {
		char c = l->p[l->i];
		char d = l->i + 1 < l->n ? l->p[l->i + 1] : '\0';

		if (c == '\n')
			l->line++;
		if (c == '#' || (c == '/' && d == '/'))
			skip_line(l);
		else if (c == '/' && d == '*') {
			l->start = l->i;
			l->start_line = l->line;
			if (!skip_comment(l))
				return false;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			l->i++;
		else
			return true;
	}
	return true;
}

static enum token
lex_quoted(struct lexer *l)
{
	char quote = l->p[l->i++];

	l->word = l->i;
	for (; l->i < l->n; l->i++) {
		char c = l->p[l->i];

		if (c == '\n')
			l->line++;
		if (c == '\\' && l->i + 1 < l->n) {
			l->i++;
			if (l->p[l->i] == '\n')
				l->line++;
		} else if (c == quote) {
			l->word_n = l->i++ - l->word;
			return TOK_WORD;
		}
	}
	return TOK_BAD;
}

static enum token
lex_word(struct lexer *l)
{
	l->word = l->i;
	if (l->n - l->i > 2 && l->p[l->i] == '$' && l->p[l->i + 1] == '{') {
		while (l->i < l->n && l->p[l->i] != '}' &&
		    l->p[l->i] != '\n')
			l->i++;
		if (l->i < l->n && l->p[l->i] == '}')
			l->i++;
	}
	while (l->i < l->n && l->p[l->i] != '\0' &&
	    strchr(" \t\r\n'\"{}=,#()+*", l->p[l->i]) == NULL)
		l->i++;
	if (l->i == l->word)
		l->i++;		/* a foreign byte is a word of its own */
	l->word_n = l->i - l->word;
	return TOK_WORD;
}

static enum token
lex(struct lexer *l)
{
	static const char marks[] = "{}=(),";
	static const enum token kinds[] = { TOK_OPEN, TOK_CLOSE, TOK_SET,
		TOK_LPAR, TOK_RPAR, TOK_COMMA };
	const char *mark;

	if (!skip_blanks(l))
		return TOK_BAD;
	l->start = l->i;
	l->start_line = l->line;
	if (l->i >= l->n)
		return TOK_END;
	if (l->p[l->i] == '+' && l->i + 1 < l->n && l->p[l->i + 1] == '=') {
		l->i += 2;
		return TOK_SET;
	}
	if (l->p[l->i] == '"' || l->p[l->i] == '\'')
		return lex_quoted(l);
	mark = l->p[l->i] != '\0' ? strchr(marks, l->p[l->i]) : NULL;
	if (mark == NULL)
		return lex_word(l);
	l->i++;
	return kinds[mark - marks];
}

static const struct conf_word *
find_word(const struct conf_word *words, const char *p, size_t n)
{
	for (; words->name != NULL; words++)
		if (strlen(words->name) == n && memcmp(words->name, p, n) == 0)
			return words;
	return NULL;
}

/* Past the brace or parenthesis that closes the one just read. */
static int
skip_balanced(struct lexer *l)
{
	size_t depth = 1;

	while (depth > 0) {
		enum token t = lex(l);

		if (t == TOK_END || t == TOK_BAD)
			return -1;
		if (t == TOK_OPEN || t == TOK_LPAR)
			depth++;
		if (t == TOK_CLOSE || t == TOK_RPAR)
			depth--;
	}
	return 0;
}

/* Past the value after '='. */
static int
skip_value(struct lexer *l)
{
	struct lexer before = *l;
	enum token t = lex(l);

	if (t == TOK_OPEN)
		return skip_balanced(l);
	if (t != TOK_WORD)
		*l = before;	/* nothing there: libconfuse's to say */
	return t == TOK_BAD ? -1 : 0;
}

/* The argument of include(...), the name itself having been read. */
static int
take_include(struct lexer *l, struct conf_filter *f, size_t start)
{
	f->include.start = start;
	f->include.line = l->start_line;
	if (lex(l) != TOK_LPAR || lex(l) != TOK_WORD)
		return -1;
	f->include.path = l->word;
	f->include.path_n = l->word_n;
	if (lex(l) != TOK_RPAR)
		return -1;
	f->include.end = l->i;
	return 0;
}

/* One walk over the text, as far as it got. */
struct walk {
	struct conf_filter *f;
	struct lexer	 l;
	struct level	 levels[CONFFILTER_DEPTH_MAX];
	size_t		 depth;
};

static int
fail(struct walk *w, unsigned line, const char *what)
{
	w->f->error = what;
	w->f->error_line = line;
	return -1;
}

static int
open_section(struct walk *w, const struct conf_word *word, unsigned line)
{
	if (w->depth == CONFFILTER_DEPTH_MAX)
		return fail(w, line, "too many sections inside each other");
	w->levels[w->depth].words = word->inside;
	w->levels[w->depth++].line = line;
	return 0;
}

/*
 * The rest of a statement after its name.  word is NULL for an unknown one,
 * which is skipped whole and blanked.
 */
static int
statement(struct walk *w, const struct conf_word *word)
{
	struct lexer *l = &w->l;
	size_t start = l->start;
	unsigned line = l->start_line;
	struct lexer before = *l;
	enum token t = lex(l);
	int rc = 0;

	if (t == TOK_WORD) {		/* a title */
		before = *l;
		t = lex(l);
	}
	if (t == TOK_OPEN && word != NULL && word->inside != NULL)
		return open_section(w, word, line);
	if (t == TOK_OPEN || t == TOK_LPAR)
		rc = skip_balanced(l);
	else if (t == TOK_SET)
		rc = skip_value(l);
	else if (t == TOK_BAD)
		rc = -1;
	else {
		*l = before;
		return 0;
	}
	if (rc != 0)
		return fail(w, line,
		    "this is not closed: a }, a ) or a quote is missing");
	if (word == NULL)
		blank(l, start, l->i);
	return 0;
}

/* A statement that begins with a word: 1 when it is an include. */
static int
named(struct walk *w)
{
	struct lexer *l = &w->l;
	unsigned line = l->start_line;

	if (l->word_n != 7 || memcmp(l->p + l->word, "include", 7) != 0)
		return statement(w, find_word(w->levels[w->depth - 1].words,
		    l->p + l->word, l->word_n));
	if (w->depth > 1)
		return fail(w, line, "include() inside a section is not "
		    "possible; put it at the top level");
	if (take_include(l, w->f, l->start) == -1)
		return fail(w, line, "include wants one file: "
		    "include(\"/path\")");
	return 1;
}

static int
walk_step(struct walk *w, enum token t)
{
	if (t == TOK_BAD)
		return fail(w, w->l.start_line,
		    "a quote or a comment is opened here and not closed");
	if (t == TOK_CLOSE) {
		if (w->depth == 1)
			return fail(w, w->l.start_line,
			    "a } too much: no section is open here");
		w->depth--;
		return 0;
	}
	return t == TOK_WORD ? named(w) : 0;
}

int
conffilter_run(struct conf_filter *f, const struct conf_word *words)
{
	struct walk w = { .f = f, .depth = 1 };
	enum token t;
	int rc = 0;

	w.l.p = f->text;
	w.l.n = f->n;
	w.l.i = f->next;
	w.l.line = f->next_line;
	w.levels[0].words = words;
	while (rc == 0 && (t = lex(&w.l)) != TOK_END)
		rc = walk_step(&w, t);
	if (rc == 0 && w.depth > 1)
		rc = fail(&w, w.levels[w.depth - 1].line,
		    "this section is not closed: a } is missing");
	f->next = w.l.i;
	f->next_line = w.l.line;
	return rc;
}
