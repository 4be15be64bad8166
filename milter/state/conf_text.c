/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_text: postern.conf and what it include()s as one text for libconfuse.
 *
 * libconfuse takes an unclosed section or string for a closed one, loses
 * count of lines behind a comment, and skips bytes that it does not know.  So
 * the files are looked at here first: comments become blanks, a string ends
 * on its line, odd bytes are errors, include() is done here, and each line of
 * the joined text remembers the file and line that it came from.  conf_outline
 * sees every token on the way.
 *
 * Called by conf_load() only.  Everything is in the caller's scratch arena
 * but the two bufs, which conf_text_free() releases.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_private.h"
#include "bounds.h"

/* Where the scanner is in one file. */
struct cursor {
	struct conf_text	*t;
	const char		*file;
	const char		*p, *end;
	unsigned		 source;
	unsigned		 line;		/* in the file */
	unsigned		 depth;		/* of include()s */
};

static void	scan_file(struct conf_text *, const char *path,
		    unsigned depth, unsigned from);

static void
add_problem(struct conf_text *t, unsigned line, const char *text)
{
	if (t->nproblems == CONF_PROBLEMS_MAX) {
		t->more++;
		return;
	}
	t->problems[t->nproblems].line = line;
	t->problems[t->nproblems++].text = text;
}

/* No byte of the file may make two lines of one message. */
static char *
one_line(char *s)
{
	for (char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return s;
}

void
conf_problem(struct conf_text *t, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_problem(t, line, one_line(arena_vprintf(t->arena, fmt, ap)));
	va_end(ap);
}

void
conf_warning(struct conf_text *t, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (t->warnings.n > 0)
		buf_addc(&t->warnings, '\n');
	buf_adds(&t->warnings, conf_where(t, line));
	buf_adds(&t->warnings, ": ");
	buf_adds(&t->warnings, one_line(arena_vprintf(t->arena, fmt, ap)));
	va_end(ap);
}

const char *
conf_where(struct conf_text *t, unsigned line)
{
	if (line == 0 || t->nlines == 0)
		return t->path;
	if (line > t->nlines)
		line = (unsigned)t->nlines;
	return arena_printf(t->arena, "%s:%u", t->lines[line].file,
	    t->lines[line].line);
}

static int
by_line(const void *a, const void *b)
{
	const struct conf_problem *x = a, *y = b;

	return x->line != y->line ? (x->line > y->line) - (x->line < y->line) :
	    strcmp(x->text, y->text);
}

char *
conf_problems(struct conf_text *t)
{
	struct buf out;

	if (t->nproblems == 0)
		return NULL;
	qsort(t->problems, t->nproblems, sizeof(t->problems[0]), by_line);
	buf_init(&out, CONF_BYTES_MAX);
	for (size_t i = 0; i < t->nproblems; i++) {
		if (i > 0)
			buf_addc(&out, '\n');
		buf_addf(&out, "%s: %s", conf_where(t, t->problems[i].line),
		    t->problems[i].text);
	}
	if (t->more > 0)
		buf_addf(&out, "\n%s: and %zu more", t->path, t->more);
	return out.p;
}

/* A new line of the joined text begins. */
static void
begin_line(const struct cursor *c)
{
	struct conf_text *t = c->t;
	struct conf_line *lines;

	if (t->nlines + 2 > t->maxlines) {
		t->maxlines = t->maxlines == 0 ? 256 : t->maxlines * 2;
		lines = arena_array(t->arena, t->maxlines, sizeof(*lines));
		if (t->nlines > 0)
			memcpy(lines, t->lines,
			    (t->nlines + 1) * sizeof(*lines));
		t->lines = lines;
	}
	t->nlines++;
	t->lines[t->nlines].file = c->file;
	t->lines[t->nlines].source = c->source;
	t->lines[t->nlines].line = c->line;
}

static void
newline(struct cursor *c)
{
	c->p++;
	c->line++;
	buf_addc(&c->t->text, '\n');
	begin_line(c);
}

static bool
word_byte(char b)
{
	return (unsigned char)b > 0x20 && b != 0x7f &&
	    strchr("#\"'={}()+,*", b) == NULL;
}

static bool
starts(const struct cursor *c, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(c->end - c->p) >= n && memcmp(c->p, s, n) == 0;
}

static void
broken(struct cursor *c, const char *sentence)
{
	if (!c->t->broken)
		conf_problem(c->t, (unsigned)c->t->nlines, "%s", sentence);
	c->t->broken = true;
}

/* A comment that ends with its line leaves the '\n' to the caller. */
static bool
skip_comment(struct cursor *c)
{
	unsigned from = (unsigned)c->t->nlines;

	if (*c->p == '#' || starts(c, "//")) {
		while (c->p < c->end && *c->p != '\n')
			c->p++;
		return true;
	}
	if (!starts(c, "/*"))
		return false;
	for (c->p += 2; c->p < c->end && !starts(c, "*/"); )
		if (*c->p == '\n')
			newline(c);
		else
			c->p++;
	if (c->p < c->end) {
		c->p += 2;
		buf_addc(&c->t->text, ' ');
		return true;
	}
	conf_problem(c->t, from,
	    "the comment that begins here has no end; add */");
	c->t->broken = true;
	return true;
}

/* A string without its quotes; -1 when its line ends first. */
static int
take_string(struct cursor *c, struct span *inside)
{
	const char quote = *c->p, *from = ++c->p;

	while (c->p < c->end && *c->p != quote && *c->p != '\n') {
		if (*c->p == '\\' && c->p + 1 < c->end && c->p[1] != '\n')
			c->p++;
		c->p++;
	}
	if (c->p == c->end || *c->p == '\n') {
		broken(c, quote == '"' ?
		    "a string begins on this line and does not end on it; "
		    "add the closing \"" :
		    "a string begins on this line and does not end on it; "
		    "add the closing '");
		return -1;
	}
	*inside = span_make(from, (size_t)(c->p - from));
	c->p++;
	return 0;
}

/* A bare word; ${NAME} is one too. */
static struct span
take_word(struct cursor *c)
{
	const char *from = c->p;

	if (starts(c, "${")) {
		while (c->p < c->end && *c->p != '}' && *c->p != '\n')
			c->p++;
		if (c->p < c->end && *c->p == '}')
			c->p++;
		return span_make(from, (size_t)(c->p - from));
	}
	while (c->p < c->end && word_byte(*c->p) && !starts(c, "/*"))
		c->p++;
	return span_make(from, (size_t)(c->p - from));
}

static void
skip_blanks(struct cursor *c)
{
	while (c->p < c->end && strchr(" \t\r\n", *c->p) != NULL)
		if (*c->p == '\n')
			newline(c);
		else
			c->p++;
}

static bool
take_byte(struct cursor *c, char b)
{
	skip_blanks(c);
	if (c->p == c->end || *c->p != b)
		return false;
	c->p++;
	return true;
}

/* A relative name means a file beside the one that includes it. */
static const char *
beside(const struct cursor *c, struct span path)
{
	const char *slash = strrchr(c->file, '/');

	if (slash == NULL || (path.n > 0 && path.p[0] == '/'))
		return arena_cstr(c->t->arena, path);
	return arena_printf(c->t->arena, "%.*s/%.*s", (int)(slash - c->file),
	    c->file, (int)path.n, path.p);
}

/* Behind the word include: ("FILE"). */
static void
do_include(struct cursor *c)
{
	unsigned line = (unsigned)c->t->nlines;
	struct span path = { NULL, 0 };

	if (!take_byte(c, '(') || (skip_blanks(c), c->p == c->end) ||
	    (*c->p != '"' && *c->p != '\'') || take_string(c, &path) == -1 ||
	    !take_byte(c, ')') || path.n == 0) {
		broken(c, "include needs a file: "
		    "include(\"/etc/postern/more.conf\")");
		return;
	}
	if (c->depth == CONF_INCLUDE_MAX) {
		conf_problem(c->t, line, "files include each other more than "
		    "%d deep; does one include itself?", CONF_INCLUDE_MAX);
		c->t->broken = true;
		return;
	}
	scan_file(c->t, beside(c, path), c->depth + 1, line);
	buf_addc(&c->t->text, '\n');
	begin_line(c);
}

static void
odd_byte(struct cursor *c)
{
	unsigned char b = (unsigned char)*c->p;
	struct arena *a = c->t->arena;

	if (b < 0x20 || b == 0x7f)
		broken(c, arena_printf(a, "a control character (0x%02x) "
		    "stands here; take it out", b));
	else
		broken(c, arena_printf(a, "'%c' cannot stand here; "
		    "put the value in double quotes", b));
}

static void
take_mark(struct cursor *c)
{
	struct conf_text *t = c->t;
	enum conf_token token = TOKEN_OTHER;
	size_t n = 1;

	if (starts(c, "+=")) {
		token = TOKEN_APPEND;
		n = 2;
	} else if (*c->p == '=') {
		token = TOKEN_ASSIGN;
	} else if (*c->p == '{') {
		token = TOKEN_OPEN;
	} else if (*c->p == '}') {
		token = TOKEN_CLOSE;
	} else if (strchr("(),", *c->p) == NULL || *c->p == '\0') {
		odd_byte(c);
		return;
	}
	buf_add(&t->text, c->p, n);
	if (outline_token(t, token, span_make(c->p, n)))
		buf_addf(&t->text, " " CONF_LINE_SETTING "=%zu ", t->nlines);
	c->p += n;
}

static void
take_token(struct cursor *c)
{
	struct conf_text *t = c->t;
	const char *from = c->p;
	struct span text;

	if (*c->p == '"' || *c->p == '\'') {
		if (take_string(c, &text) == -1)
			return;
		outline_token(t, TOKEN_STRING, text);
		buf_add(&t->text, from, (size_t)(c->p - from));
	} else if (word_byte(*c->p)) {
		text = take_word(c);
		if (outline_wants_name(t) && span_is(text, "include")) {
			do_include(c);
			return;
		}
		outline_token(t, TOKEN_WORD, text);
		buf_addspan(&t->text, text);
	} else {
		take_mark(c);
	}
}

static int
read_file(struct conf_text *t, const char *path, struct buf *content)
{
	char chunk[8192];
	FILE *f;
	size_t n;
	int error;

	buf_init(content, CONF_BYTES_MAX);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	errno = 0;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(content, chunk, n);
	error = ferror(f) ? errno : 0;
	fclose(f);
	if (error == 0 && (buf_failed(content) || t->text.n + content->n >
	    CONF_BYTES_MAX / 2))
		error = EFBIG;
	if (error != 0)
		buf_free(content);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* The file's tokens; from is the line of its include(). */
static void
scan_file(struct conf_text *t, const char *path, unsigned depth,
    unsigned from)
{
	struct cursor c = { .t = t, .file = path, .depth = depth, .line = 1 };
	struct buf content;
	size_t around;

	if (read_file(t, path, &content) == -1) {
		if (from != 0)
			conf_problem(t, from, "%s cannot be read: %s", path,
			    strerror(errno));
		else
			conf_problem(t, 0, "cannot be read: %s",
			    strerror(errno));
		t->broken = true;
		return;
	}
	around = outline_file_begins(t);
	c.source = t->nsources++;
	c.p = content.n > 0 ? content.p : "";
	c.end = c.p + content.n;
	if (depth > 0)
		buf_addc(&t->text, '\n');
	begin_line(&c);
	while (c.p < c.end && !t->broken) {
		if (*c.p == '\n') {
			newline(&c);
		} else if (*c.p == ' ' || *c.p == '\t' || *c.p == '\r') {
			buf_addc(&t->text, ' ');
			c.p++;
		} else if (!skip_comment(&c)) {
			take_token(&c);
		}
	}
	if (!t->broken)
		outline_file_ends(t, around);
	buf_free(&content);
}

void
conf_text_read(struct conf_text *t, struct arena *arena, const char *path)
{
	memset(t, 0, sizeof(*t));
	t->arena = arena;
	t->path = arena_strdup(arena, path);
	buf_init(&t->text, CONF_BYTES_MAX);
	buf_init(&t->warnings, LOG_LINE_MAX * CONF_PROBLEMS_MAX);
	outline_new(t);
	scan_file(t, t->path, 0, 0);
	buf_addc(&t->text, '\n');
	if (buf_failed(&t->text) && !t->broken) {
		conf_problem(t, 0, "is too long");
		t->broken = true;
	}
}

void
conf_text_free(struct conf_text *t)
{
	buf_free(&t->text);
	buf_free(&t->warnings);
}
