/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_fixture: what the tests of the part finder share.
 *
 * A message is parsed from a heap block of just its size, so that a read past
 * the end is seen, and its tree is written as text, one line a part:
 *
 *	DEPTH KIND TYPE [HEADER][BODY]
 *
 * with the raw bytes of both ranges, CRLF as "|", LF alone as "^", CR as "~".
 * The body of what holds parts is left out.
 */
#ifndef POSTERN_MIME_FIXTURE_H
#define POSTERN_MIME_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "bounds.h"
#include "buf.h"
#include "mime.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct parsed {
	struct arena	*arena;
	char		*block;
	struct span	 raw;
	struct mime_tree tree;
};

static inline void
parse_span(struct parsed *p, struct span text)
{
	p->arena = arena_new();
	p->block = malloc(text.n > 0 ? text.n : 1);
	assert_non_null(p->block);
	memcpy(p->block, text.p, text.n);
	p->raw = span_make(p->block, text.n);
	mime_parse(p->arena, p->raw, &p->tree);
	/* Not written to. */
	assert_memory_equal(p->block, text.p, text.n);
}

static inline void
parse(struct parsed *p, const char *text)
{
	parse_span(p, span_of(text));
}

static inline void
parsed_free(struct parsed *p)
{
	arena_free(&p->arena);
	free(p->block);
}

static inline void
tree_bytes(struct buf *b, struct span raw, size_t from, size_t to)
{
	buf_addc(b, '[');
	for (size_t i = from; i < to; i++) {
		if (raw.p[i] == '\r' && i + 1 < to && raw.p[i + 1] == '\n')
			continue;
		if (raw.p[i] == '\n')
			buf_addc(b, i > from && raw.p[i - 1] == '\r' ?
			    '|' : '^');
		else
			buf_addc(b, raw.p[i] == '\r' ? '~' : raw.p[i]);
	}
	buf_addc(b, ']');
}

/* The whole tree as text, in the arena. */
static inline const char *
tree_text(const struct parsed *p)
{
	static const char kinds[] = "LPME";
	struct buf b;
	const char *text;

	buf_init(&b, 1 << 20);
	buf_adds(&b, "");
	for (size_t i = 0; i < p->tree.n; i++) {
		const struct mime_part *m = &p->tree.part[i];

		buf_addf(&b, "%zu%c %s ", m->depth, kinds[m->kind], m->type);
		tree_bytes(&b, p->raw, m->head, m->body);
		if (m->kind == MIME_LEAF || m->kind == MIME_ENCLOSED)
			tree_bytes(&b, p->raw, m->body, m->end);
		buf_addc(&b, '\n');
	}
	text = arena_span(p->arena, buf_span(&b)).p;
	buf_free(&b);
	return text;
}

static inline int
mime_group(void **state)
{
	(void)state;
	mime_init();
	return 0;
}

#endif
