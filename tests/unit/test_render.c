/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_render: what no edit touches leaves byte for byte as it came.
 *
 * Thousands of made messages are taken apart, some of their parts replaced,
 * put together, and taken apart again.  All outside of the replaced parts must
 * be the same bytes, and the parts the same but for the replaced ones.
 *
 *   POSTERN_RENDER_COUNT  messages (default: 5000)
 *   POSTERN_RENDER_SEED   number of the first (default: 1)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail_maker.h"
#include "notice.h"
#include "replace_fixture.h"

#define MESSAGE_MAX	(4 * 1024 * 1024)
#define WHOLE		((size_t)-2)	/* goes with the part above it */

struct trial {
	uint64_t		 seed;
	struct maker		 maker;
	struct letter		 old, new;
	struct replacement	 with;
	/* for each old part: itself replaced, and its number in the new one */
	bool			*gone;
	size_t			*now;
};

#define CHECK(t, what) do {						\
	if (!(what))							\
		fail_msg("message %llu: %s", (unsigned long long)	\
		    (t)->seed, #what);					\
} while (0)

static void
make_notice(struct trial *t)
{
	static const char *const files[] = {
		"", "a.exe", "--b1", "=_1'()+_,-./:=?", "gr\xc3\xbc\xc3\x9f",
		"x--b1--b2--b1--b2--b1--b2--b1--b2--b1--b2--b1--b2--b1--b2",
	};
	static const char *const languages[] = { "fr", "en", "es", "de" };
	struct arena *a = t->old.arena;
	struct notice n = {
		.file = files[maker_pick(&t->maker, 6)], .virus = "Eicar",
		.reason = "", .time = "Sat, 21 Nov 2026 08:00:00 +0000",
		.reference = "R1", .contact = "help@example.org",
		.sha256 = ""
	};
	struct span own = span_of("--b1\n--b1--\n${file}\n--${file}\n.\n");

	if (maker_chance(&t->maker, 50))
		own = span_of(NULL);
	t->with = (struct replacement){
		.text = notice_text(a, &n, languages + maker_pick(&t->maker, 3),
		    1 + maker_pick(&t->maker, 2), own),
		.ascii = notice_ascii(a, &n),
		.languages = maker_chance(&t->maker, 50) ? "en" : NULL,
		.filename = maker_chance(&t->maker, 50) ? "note.txt" : NULL,
	};
}

static bool
above(const struct mime_tree *tree, size_t up, size_t part)
{
	for (; part != MIME_NONE; part = tree->part[part].parent)
		if (part == up)
			return true;
	return false;
}

/* Does it stand in a part that is gone, or has it one, or is it one? */
static bool
overlaps(const struct trial *t, size_t part)
{
	const struct mime_tree *tree = &t->old.tree;

	for (size_t i = 0; i < tree->n; i++)
		if (t->gone[i] && (above(tree, i, part) ||
		    above(tree, part, i)))
			return true;
	return false;
}

/* Some parts; returns how many went. */
static size_t
replace_some(struct trial *t)
{
	size_t n = 1 + maker_pick(&t->maker, 4), done = 0, part;

	while (n-- > 0) {
		part = maker_pick(&t->maker, (unsigned)t->old.tree.n);
		part = replace_candidate(&t->old.tree, part);
		if (part == MIME_NONE)
			continue;
		/* A message without a body: what could be in it? */
		if (overlaps(t, part) || (part > 0 && t->old.body_at == 0)) {
			CHECK(t, letter_replace(&t->old, part, &t->with) ==
			    -1);
			continue;
		}
		CHECK(t, letter_replace(&t->old, part, &t->with) == 0);
		t->gone[part] = true;
		done++;
	}
	return done;
}

/* What came of a part that is gone. */
static void
check_new_leaf(struct trial *t, const struct mime_part *p)
{
	struct span content = mime_content(t->new.raw, p), want, got;
	struct transfer d;
	enum transfer_result result;
	unsigned char *out = arena_alloc(t->new.arena,
	    TRANSFER_ROOM(content.n) + 64);
	size_t n, at = 0;

	CHECK(t, p->kind == MIME_LEAF);
	CHECK(t, strcmp(p->type, "text/plain") == 0);
	CHECK(t, strcmp(p->charset, "utf-8") == 0);
	CHECK(t, strcmp(p->disposition, "inline") == 0);
	CHECK(t, p->encoding == TRANSFER_QP);
	CHECK(t, p->nfields == 3 + (size_t)(t->with.languages != NULL));
	CHECK(t, strcmp(p->name, t->with.filename == NULL ? "" :
	    t->with.filename) == 0);
	transfer_begin(&d, TRANSFER_QP);
	n = transfer_decode(&d, content, out);
	n += transfer_end(&d, out + n, &result);
	CHECK(t, result == TRANSFER_OK);
	/* Without CR, and however the last line ends. */
	got = span_make((char *)out, 0);
	for (at = 0; at < n; at++)
		if (out[at] != '\r')
			out[got.n++] = out[at];
	want = span_trim(t->with.text);
	CHECK(t, span_eq(span_trim(got), want));
}

static bool
has_gone_child(const struct trial *t, size_t part)
{
	for (size_t i = part + 1; i < t->old.tree.n; i++)
		if (t->gone[i] && above(&t->old.tree, part, i))
			return true;
	return false;
}

static void
check_same(struct trial *t, size_t i, size_t k)
{
	const struct mime_part *o = &t->old.tree.part[i];
	const struct mime_part *n = &t->new.tree.part[k];

	CHECK(t, o->kind == n->kind);
	CHECK(t, o->depth == n->depth);
	CHECK(t, o->parent == MIME_NONE || t->now[o->parent] == n->parent);
	CHECK(t, o->encoding == n->encoding);
	CHECK(t, o->sealed == n->sealed);
	CHECK(t, o->nfields == n->nfields);
	CHECK(t, strcmp(o->type, n->type) == 0);
	CHECK(t, strcmp(o->charset, n->charset) == 0);
	CHECK(t, strcmp(o->name, n->name) == 0);
	CHECK(t, strcmp(o->disposition, n->disposition) == 0);
	if (!has_gone_child(t, i))
		CHECK(t, span_eq(mime_content(t->old.raw, o),
		    mime_content(t->new.raw, n)));
}

/*
 * What was in order is in order.  What GMime says of a message that is broken,
 * or does not end with a line end, depends on where its buffers end.
 */
static void
check_malformed(const struct trial *t)
{
	struct span raw = t->old.raw;

	if (t->old.tree.malformed == 0 && raw.p[raw.n - 1] == '\n')
		CHECK(t, t->new.tree.malformed == 0);
}

static void
check_tree(struct trial *t)
{
	const struct mime_tree *old = &t->old.tree;
	size_t k = 0;

	for (size_t i = 0; i < old->n; i++) {
		const struct mime_part *o = &old->part[i];
		size_t up = o->parent;

		t->now[i] = WHOLE;
		if (up != MIME_NONE && (t->gone[up] || t->now[up] == WHOLE))
			continue;
		if (t->gone[i] && o->kind == MIME_ENCLOSED)
			continue;
		CHECK(t, k < t->new.tree.n);
		t->now[i] = k;
		if (t->gone[i])
			check_new_leaf(t, &t->new.tree.part[k]);
		else
			check_same(t, i, k);
		k++;
	}
	CHECK(t, k == t->new.tree.n);
	check_malformed(t);
}

static struct span
without_ends(struct span s)
{
	while (s.n > 0 && (s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\n'))
		s.n--;
	return s;
}

/* The header of a part without its Content-* lines and its last line ends. */
static struct span
other_lines(struct arena *a, struct span raw, const struct mime_part *p)
{
	char *out = arena_alloc(a, p->body - p->head + 1);
	size_t n = 0, from = p->head, to;

	for (size_t i = 0; i <= p->nfields; i++) {
		to = i < p->nfields ? p->fields[i].from : p->body;
		if (to > from)
			memcpy(out + n, raw.p + from, to - from);
		n += to > from ? to - from : 0;
		from = i < p->nfields ? p->fields[i].to : 0;
	}
	return without_ends(span_make(out, n));
}

static struct span
without_version(struct arena *a, struct span lines)
{
	static const char version[] = "MIME-Version: 1.0";
	size_t len = sizeof(version) - 1, behind;
	char *out = arena_strndup(a, lines.p, lines.n), *p;

	p = memmem(out, lines.n, version, len);
	if (p == NULL)
		return lines;
	behind = lines.n - (size_t)(p - out) - len;
	if (behind >= 2) {
		len += 2;
		behind -= 2;
	}
	memmove(p, p + len, behind);
	return without_ends(span_make(out, (size_t)(p - out) + behind));
}

static void
check_header(struct trial *t, const struct mime_part *o,
    const struct mime_part *n)
{
	struct arena *a = t->new.arena;
	struct span was = other_lines(a, t->old.raw, o);
	struct span is = other_lines(a, t->new.raw, n);

	if (!span_eq(was, is) &&
	    t->old.tree.part[o->parent].kind == MIME_MESSAGE)
		is = without_version(a, is);
	CHECK(t, span_eq(was, is));
}

/*
 * The bytes between two replaced parts.  An open header, or a boundary line
 * without content behind it, gets the line ends that it lacks.
 */
static void
check_gap(struct trial *t, struct span was, struct span is, bool broken)
{
	while (broken && is.n > was.n && (is.p[is.n - 1] == '\n' ||
	    is.p[is.n - 1] == '\r'))
		is.n--;
	CHECK(t, is.n == was.n);
	CHECK(t, was.n == 0 || memcmp(was.p, is.p, was.n) == 0);
}

/* Behind the ASCII text that must stand at `at`. */
static size_t
check_ascii(struct trial *t, const struct mime_part *o, size_t at)
{
	struct span is = span_from(t->new.raw, at), ascii = t->with.ascii;

	CHECK(t, is.n >= ascii.n && memcmp(is.p, ascii.p, ascii.n) == 0);
	at += ascii.n;
	if (t->old.raw.p[o->end - 1] != '\n')
		return at;
	CHECK(t, span_starts(span_from(t->new.raw, at), "\r\n"));
	return at + 2;
}

/* No line end before the part, or no empty line where one must be. */
static bool
open_header(const struct trial *t, const struct mime_part *o)
{
	const char *at = t->old.raw.p + o->head;

	if (t->old.tree.part[o->parent].kind != MIME_MESSAGE)
		return at[-1] != '\n';
	return memcmp(at - 2, "\n\n", 2) != 0 &&
	    memcmp(at - 3, "\n\r\n", 3) != 0;
}

static struct span
cut(struct span raw, size_t from, size_t to)
{
	return span_make(raw.p + from, to - from);
}

static void
check_bytes(struct trial *t)
{
	struct span was = t->old.raw, is = t->new.raw;
	size_t from = 0, at = 0;

	for (size_t i = 1; i < t->old.tree.n; i++) {
		const struct mime_part *o = &t->old.tree.part[i], *n;

		if (!t->gone[i])
			continue;
		if (o->kind == MIME_ENCLOSED) {
			CHECK(t, is.n - at >= o->body - from);
			check_gap(t, cut(was, from, o->body),
			    cut(is, at, at + o->body - from), false);
			at = check_ascii(t, o, at + o->body - from);
		} else {
			n = &t->new.tree.part[t->now[i]];
			CHECK(t, n->head >= at);
			check_gap(t, cut(was, from, o->head),
			    cut(is, at, n->head), open_header(t, o));
			check_header(t, o, n);
			at = n->end;
			if (span_starts(span_from(was, o->end), "--") &&
			    span_starts(span_from(is, at), "\r\n--"))
				at += 2;
		}
		from = o->end;
	}
	check_gap(t, span_from(was, from), span_from(is, at),
	    t->old.body_at == 0);
}

static bool
is_content(const struct field *f)
{
	return span_caseis(span_make(f->name.p, f->name.n < 8 ? f->name.n : 8),
	    "content-");
}

/* The message as a whole was replaced: its other fields are as they were. */
static void
check_fields(struct trial *t)
{
	const struct letter *o = &t->old, *n = &t->new;
	size_t k = 0;

	for (size_t i = 0; i < o->nfields; i++) {
		if (is_content(&o->fields[i]))
			continue;
		while (k < n->nfields && is_content(&n->fields[k]))
			k++;
		CHECK(t, k < n->nfields);
		CHECK(t, span_eq(o->fields[i].name, n->fields[k].name));
		CHECK(t, span_eq(o->fields[i].value, n->fields[k].value));
		k++;
	}
	CHECK(t, field_count(n->fields, n->nfields, "MIME-Version") ==
	    1);
}

static size_t
run_trial(uint64_t seed)
{
	struct trial t = { .seed = seed };
	struct buf raw, out;
	size_t done;

	buf_init(&raw, MESSAGE_MAX);
	buf_init(&out, MESSAGE_MAX);
	maker_message(&t.maker, seed, &raw);
	CHECK(&t, !buf_failed(&raw));
	letter_open(&t.old, buf_span(&raw));
	CHECK(&t, t.old.tree.limit == NULL && t.old.tree.n > 0);
	t.gone = arena_array(t.old.arena, t.old.tree.n, sizeof(*t.gone));
	t.now = arena_array(t.old.arena, t.old.tree.n, sizeof(*t.now));
	make_notice(&t);
	done = replace_some(&t);
	letter_render(&t.old, &out);
	letter_open(&t.new, buf_span(&out));
	check_tree(&t);
	if (t.gone[0])
		check_fields(&t);
	else
		check_bytes(&t);
	letter_close(&t.new);
	letter_close(&t.old);
	buf_free(&out);
	buf_free(&raw);
	return done;
}

static uint64_t
number(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value == NULL ? otherwise : strtoull(value, NULL, 10);
}

static void
test_render(void **state)
{
	uint64_t seed = number("POSTERN_RENDER_SEED", 1);
	uint64_t count = number("POSTERN_RENDER_COUNT", 5000);
	uint64_t replaced = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++)
		replaced += run_trial(seed + i);
	print_message("%llu messages, %llu parts replaced\n",
	    (unsigned long long)count, (unsigned long long)replaced);
	/* The makers and the choice must not run dry. */
	assert_true(count < 100 || replaced > count);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
