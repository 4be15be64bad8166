/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_replace: one part of any message replaced.
 *
 * The first byte picks the part, the rest of the first line is the text that
 * comes in its place, the rest is the message.  It is rendered and parsed once
 * more.  When its MIME is in order, the other leaves are what they were.
 */
#include "bounds.h"
#include "buf.h"
#include "fuzz.h"
#include "replace_fixture.h"

#define OUT_MAX	(1024 * 1024)

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

/* Has each line of the header a name, as Postfix sees to? */
static bool
is_header(struct span raw)
{
	struct span line;
	size_t fields = 0;

	while (span_split(&raw, '\n', &line)) {
		if (line.n == 0)
			return true;
		if (span_is(line, "\r"))
			return raw.p != NULL;
		if (fields > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
			continue;
		if (++fields >= HEADER_FIELDS_MAX)
			return false;
		for (size_t i = 0; i == 0 || line.p[i] != ':'; i++)
			if (i + 1 >= line.n || line.p[i] <= ' ' ||
			    line.p[i] > '~' || line.p[i] == ':')
				return false;
	}
	return true;
}

static bool
above(const struct mime_tree *t, size_t up, size_t part)
{
	for (; part != MIME_NONE; part = t->part[part].parent)
		if (part == up)
			return true;
	return false;
}

/* All outside of the part: the same, and in the same order. */
static void
check_rest(const struct letter *o, const struct letter *n, size_t gone)
{
	size_t k = 0;

	CHECK(n->tree.limit == NULL);
	for (size_t i = 0; i < o->tree.n; i++) {
		const struct mime_part *was = &o->tree.part[i], *is;

		if (i != gone && above(&o->tree, gone, i))
			continue;
		if (i == gone && was->kind == MIME_ENCLOSED)
			continue;
		CHECK(k < n->tree.n);
		is = &n->tree.part[k++];
		if (i == gone) {
			CHECK(is->kind == MIME_LEAF);
			CHECK(strcmp(is->type, "text/plain") == 0);
			continue;
		}
		CHECK(is->kind == was->kind && is->depth == was->depth);
		CHECK(strcmp(is->type, was->type) == 0);
		CHECK(strcmp(is->name, was->name) == 0);
		CHECK(is->encoding == was->encoding);
		if (!above(&o->tree, i, gone))
			CHECK(span_eq(mime_content(o->raw, was),
			    mime_content(n->raw, is)));
	}
	CHECK(k == n->tree.n);
}

static void
run(struct span raw, unsigned pick, struct span text)
{
	struct replacement with = { .text = text,
	    .ascii = SPAN_LIT("taken out\n"), .languages = "en",
	    .filename = "note.txt" };
	struct letter old, new;
	struct buf out;
	size_t part;

	letter_open(&old, raw);
	part = old.tree.n == 0 ? MIME_NONE :
	    replace_candidate(&old.tree, pick % old.tree.n);
	if (part != MIME_NONE && letter_replace(&old, part, &with) == 0) {
		CHECK(letter_replace(&old, part, &with) == -1);
		buf_init(&out, OUT_MAX);
		letter_render(&old, &out);
		CHECK(is_header(buf_span(&out)));
		letter_open(&new, buf_span(&out));
		if (old.tree.malformed == 0)
			check_rest(&old, &new, part);
		letter_close(&new);
		buf_free(&out);
	}
	letter_close(&old);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span rest = fuzz_input(p, n), first;

	if (!span_split(&rest, '\n', &first) || first.n == 0 ||
	    rest.n == 0 || !is_header(rest))
		return 0;
	run(rest, (unsigned char)first.p[0], span_from(first, 1));
	return 0;
}
