/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notice: fills the text that stands where a part was taken out.
 *
 * Called by the strip stage for each part that goes; notice_check when the
 * configuration is read.  Values come from the network (a file's name) or
 * from signatures: cleaned (clean.h) and cut to NOTICE_VALUE_MAX, so that no
 * value can begin a line of its own.  A name in ${} that is not known stands
 * as it is: notice_check has refused it before.  In the line for an enclosed
 * file the contact stands only where there is room for it.  At most
 * NOTICE_TEMPLATE_MAX bytes of a template are read.  Results are in the arena;
 * pure, any thread.
 */
#include <assert.h>
#include <string.h>

#include "buf.h"
#include "clean.h"
#include "notice.h"
#include "notice_text.h"

#define ASCII_MAX	200
#define ASCII_FILE_MAX	64
#define ASCII_WHY_MAX	40
#define ASCII_REF_MAX	32
/* The longest text: each "${x}" of a template may become a whole value. */
#define TEXT_MAX	(NOTICE_TEMPLATE_MAX / 7 * NOTICE_VALUE_MAX + \
			    NOTICE_TEMPLATE_MAX)
/* Between two languages. */
#define RULE		"\n* * *\n\n"

static const char *const names[] = {
	"file", "virus", "reason", "time", "reference", "contact", "sha256"
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* The cleaned values, in the order of `names`. */
struct values {
	struct span	 value[NAMES];
	unsigned	 when;		/* enum notice_when that holds */
};

static const char *
raw_value(const struct notice *n, size_t i)
{
	const char *const all[] = {
		n->file, n->virus, n->reason, n->time, n->reference,
		n->contact, n->sha256
	};

	return all[i] == NULL ? "" : all[i];
}

static void
values_of(struct arena *a, const struct notice *n, struct values *v)
{
	for (size_t i = 0; i < NAMES; i++)
		v->value[i] = clean_text(a, span_of(raw_value(n, i)),
		    NOTICE_VALUE_MAX, true);
	v->when = raw_value(n, 0)[0] != '\0' ? NOTICE_NAMED : NOTICE_UNNAMED;
	v->when |= raw_value(n, 1)[0] != '\0' ? NOTICE_VIRUS : NOTICE_OTHER;
	if (raw_value(n, 5)[0] != '\0')
		v->when |= NOTICE_CONTACT;
}

static size_t
name_index(struct span name)
{
	for (size_t i = 0; i < NAMES; i++)
		if (span_is(name, names[i]))
			return i;
	return NAMES;
}

enum dollar { DOLLAR_ITSELF, DOLLAR_VALUE, DOLLAR_UNKNOWN, DOLLAR_LONE };

/*
 * What begins at the dollar that `text` begins with: its length and, for a
 * value, its index.  A closing brace is looked for in reach of a name only.
 */
static enum dollar
dollar(struct span text, size_t *len_r, size_t *index_r)
{
	struct span name = span_from(text, 2);
	long end;

	*len_r = 1;
	if (text.n >= 2 && text.p[1] == '$') {
		*len_r = 2;
		return DOLLAR_ITSELF;
	}
	if (text.n < 2 || text.p[1] != '{')
		return DOLLAR_LONE;
	if (name.n > 16)
		name.n = 16;
	end = span_chr(name, '}');
	if (end < 0)
		return DOLLAR_UNKNOWN;
	name.n = (size_t)end;
	*index_r = name_index(name);
	*len_r = *index_r < NAMES ? name.n + 3 : 1;
	return *index_r < NAMES ? DOLLAR_VALUE : DOLLAR_UNKNOWN;
}

static void
fill(struct buf *out, struct span text, const struct values *v)
{
	size_t len, index;
	long at;

	while ((at = span_chr(text, '$')) >= 0) {
		buf_add(out, text.p, (size_t)at);
		text = span_from(text, (size_t)at);
		if (dollar(text, &len, &index) == DOLLAR_VALUE)
			buf_addspan(out, v->value[index]);
		else
			buf_addc(out, '$');
		text = span_from(text, len);
	}
	buf_addspan(out, text);
}

static const struct notice_language *
language(const char *code)
{
	for (size_t i = 0; code != NULL && i < NOTICE_LANGUAGES; i++)
		if (span_caseis(span_of(code), notice_languages[i].code))
			return &notice_languages[i];
	return NULL;
}

bool
notice_speaks(const char *code)
{
	return language(code) != NULL;
}

static void
add_language(struct buf *out, const struct notice_language *l,
    const struct values *v)
{
	if (out->n > 0)
		buf_adds(out, RULE);
	for (const struct notice_line *n = l->line; n->text != NULL; n++)
		if ((n->when & v->when) == n->when)
			fill(out, span_of(n->text), v);
}

/* The same language twice is said once. */
static void
add_languages(struct buf *out, const char *const *codes, size_t n,
    const struct values *v)
{
	bool done[NOTICE_LANGUAGES] = { false };
	const struct notice_language *l;

	for (size_t i = 0; i < n; i++) {
		l = language(codes[i]);
		if (l == NULL || done[l - notice_languages])
			continue;
		done[l - notice_languages] = true;
		add_language(out, l, v);
	}
	if (out->n == 0)
		add_language(out, &notice_languages[0], v);
}

struct span
notice_text(struct arena *a, const struct notice *n,
    const char *const *codes, size_t ncodes, struct span own)
{
	struct values v;
	struct span text;
	struct buf b;

	values_of(a, n, &v);
	buf_init(&b, TEXT_MAX);
	if (own.n > NOTICE_TEMPLATE_MAX)
		own.n = NOTICE_TEMPLATE_MAX;
	if (own.n > 0)
		fill(&b, own, &v);
	else
		add_languages(&b, codes, ncodes, &v);
	if (b.n == 0 || b.p[b.n - 1] != '\n')
		buf_addc(&b, '\n');
	assert(!buf_failed(&b));
	text = arena_span(a, buf_span(&b));
	buf_free(&b);
	return text;
}

struct span
notice_ascii(struct arena *a, const struct notice *n)
{
	struct span file = span_of(raw_value(n, 0));
	struct span virus = span_of(raw_value(n, 1));
	struct span why = virus.n > 0 ? virus : span_of(raw_value(n, 2));
	struct span ref = span_of(raw_value(n, 4));
	struct span contact = span_of(raw_value(n, 5));
	const char *line, *more;

	file = clean_text(a, file, ASCII_FILE_MAX, false);
	why = clean_text(a, why, ASCII_WHY_MAX, false);
	ref = clean_text(a, ref, ASCII_REF_MAX, false);
	line = arena_printf(a, "[%s%s%s was removed: %s%s. Reference: %s]",
	    file.n > 0 ? "The file \"" : "A file", file.p,
	    file.n > 0 ? "\"" : "", virus.n > 0 ? "virus " : "", why.p, ref.p);
	assert(strlen(line) <= ASCII_MAX);
	contact = clean_text(a, contact, NOTICE_VALUE_MAX, false);
	more = arena_printf(a, "%.*s. Questions: %s]", (int)strlen(line) - 1,
	    line, contact.p);
	return span_of(contact.n > 0 && strlen(more) <= ASCII_MAX ? more :
	    line);
}

/* Of controls only tab and line ends. */
static bool
plain(struct span own)
{
	for (size_t i = 0; i < own.n; i++) {
		unsigned char c = (unsigned char)own.p[i];

		if ((c < ' ' && strchr("\t\r\n", c) == NULL) || c == 0x7f ||
		    c == '\0')
			return false;
	}
	return true;
}

static const char *
check_dollars(struct span text)
{
	size_t len, index;
	long at;

	while ((at = span_chr(text, '$')) >= 0) {
		text = span_from(text, (size_t)at);
		switch (dollar(text, &len, &index)) {
		case DOLLAR_UNKNOWN:
			return "has a ${...} that is none of ${file}, "
			    "${virus}, ${reason}, ${time}, ${reference}, "
			    "${contact}, ${sha256}";
		case DOLLAR_LONE:
			return "has a single \"$\": for a dollar write \"$$\"";
		case DOLLAR_ITSELF:
		case DOLLAR_VALUE:
			break;
		}
		text = span_from(text, len);
	}
	return NULL;
}

const char *
notice_check(struct span own)
{
	if (own.n > NOTICE_TEMPLATE_MAX)
		return "is longer than 16384 bytes";
	if (span_trim(own).n == 0)
		return "has no text";
	if (!clean_utf8(own))
		return "is not UTF-8";
	if (!plain(own))
		return "has control characters";
	return check_dollars(own);
}
