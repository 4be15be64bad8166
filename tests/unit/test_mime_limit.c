/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mime_limit: where a message is not taken apart any more, and that one
 * just below is; headers that are dear or deadly for GMime.
 */
#include "mime_fixture.h"

#define TEXT_MAX (8 * 1024 * 1024)

/* head, then n times line ("%zu" in it is the number), then tail. */
static void
build(struct buf *b, const char *head, const char *line, size_t n,
    const char *tail)
{
	const char *at = strstr(line, "%zu");
	char number[32];

	buf_init(b, TEXT_MAX);
	buf_adds(b, head);
	for (size_t i = 0; i < n; i++) {
		if (at == NULL) {
			buf_adds(b, line);
			continue;
		}
		snprintf(number, sizeof(number), "%zu", i);
		buf_add(b, line, (size_t)(at - line));
		buf_adds(b, number);
		buf_adds(b, at + 3);
	}
	buf_adds(b, tail);
	assert_false(buf_failed(b));
}

#define MIXED "Content-Type: multipart/mixed; boundary=A\r\n\r\n"

static const struct {
	const char *head, *line;
	size_t n;
	const char *tail, *limit;	/* limit: NULL: none */
	size_t parts;
} cases[] = {
	{ MIXED, "--A\r\n\r\nx\r\n", MIME_PARTS_MAX - 1, "--A--\r\n", NULL,
	  MIME_PARTS_MAX },
	{ MIXED, "--A\r\n\r\nx\r\n", MIME_PARTS_MAX, "--A--\r\n", "parts", 0 },
	{ MIXED, "--A\r\n\r\nx\r\n", 100000, "--A--\r\n", "boundary lines", 0 },
	{ "A: b\r\n\r\n", "--x\r\n", MIME_DASHES_MAX, "", NULL, 1 },
	{ "A: b\r\n\r\n", "--x\r\n", MIME_DASHES_MAX + 1, "",
	  "boundary lines", 0 },
	{ "A: b\r\n\r\n", " --x\r\n", MIME_DASHES_MAX + 1, "", NULL, 1 },
	{ "A: b\r\n", "Content-Type: message/rfc822\r\n\r\n", MIME_DEPTH_MAX,
	  "\r\nx", NULL, MIME_DEPTH_MAX + 1 },
	{ "A: b\r\n", "Content-Type: message/rfc822\r\n\r\n",
	  MIME_DEPTH_MAX + 1, "\r\nx", "depth", 0 },
	{ "", "Content-Type: multipart/mixed; boundary=b%zux\r\n\r\n--b0x\r\n",
	  1, "\r\nx\r\n--b0x--\r\n", NULL, 2 },
	{ MIXED, "", 0, "--A\r\n\r\nx\r\n--A--\r\n", NULL, 2 },
	{ "", "A: b\r\n", MIME_HEADER_LINES_MAX, "\r\nx", NULL, 1 },
	{ "", "A: b\r\n", MIME_HEADER_LINES_MAX + 1, "\r\nx", "header lines",
	  0 },
	/* In text colons are no header, behind a boundary they are, */
	{ "A: b\r\n\r\n", "A: b\r\n", MIME_HEADER_LINES_MAX + 1, "", NULL, 1 },
	{ MIXED "--A\r\n", "A: b\r\n", MIME_HEADER_LINES_MAX, "\r\nx",
	  "header lines", 0 },
	/* and in a message inside. */
	{ "Content-Type: Message/rfc822\r\n\r\n", "A: b\r\n",
	  MIME_HEADER_LINES_MAX, "\r\nx", "header lines", 0 },
	{ "Content-Type:\r\n message/rfc822\r\n\r\n", "A: b\r\n",
	  MIME_HEADER_LINES_MAX, "\r\nx", "header lines", 0 },
	/* A megabyte of one field. */
	{ "A: b", "\r\n xxxxxxxxxxxxxxxxxxxxxxxxxx", 40000, "\r\n\r\nx", NULL,
	  1 },
	{ "Content-Type: a/b", ";\r\n a%zu=b", 100000, "\r\n\r\nx",
	  "content fields", 0 },
	{ "Content-Type: a/b", ";\r\n a%zu=b", 10000, "\r\n\r\nx", NULL, 1 },
	/* These make GMime overflow the stack, or take long. */
	{ "To: ", "a:", 500000, "\r\n\r\nx", NULL, 1 },
	{ "To :", "\r\n a:", 500000, "\r\n\r\nx", NULL, 1 },
	{ "From: ", "(", 500000, "\r\n\r\nx", NULL, 1 },
	{ "To: ", "a@b, ", 200000, "\r\n\r\nx", NULL, 1 },
	{ "Subject: ", "=?utf-8?q?a?= ", 70000, "\r\n\r\nx", NULL, 1 },
	{ "Content-Type: message/rfc822\r\n\r\nCc: ", "a:", 500000,
	  "\r\n\r\nx", NULL, 2 },
	/* GMime takes the last type, and so sees a header here. */
	{ "Content-Type: text/plain\r\nContent-Type: message/rfc822\r\n\r\n"
	  "To: ",
	  "a:", 500000, "\r\n\r\nx", NULL, 1 },
	{ "Content-Type: a/b; x=", "(", 500000, "\r\n\r\nx", NULL, 1 },
	{ "Content-ID: ", "<(", 500000, "\r\n\r\nx", NULL, 1 },
};

static void
test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parsed p;
		struct buf b;

		build(&b, cases[i].head, cases[i].line, cases[i].n,
		    cases[i].tail);
		parse_span(&p, buf_span(&b));
		if (cases[i].limit == NULL)
			assert_null(p.tree.limit);
		else
			assert_string_equal(p.tree.limit, cases[i].limit);
		assert_int_equal(p.tree.n, cases[i].parts);
		parsed_free(&p);
		buf_free(&b);
	}
}

/* Multiparts inside of each other, each with its own boundary. */
static void
test_nested(void **state)
{
	static const size_t depths[] = {
		MIME_DEPTH_MAX - 1, MIME_DEPTH_MAX, 1000, 4999
	};

	(void)state;
	for (size_t i = 0; i < COUNT(depths); i++) {
		struct parsed p;
		struct buf b;

		buf_init(&b, TEXT_MAX);
		for (size_t k = 0; k < depths[i]; k++)
			buf_addf(&b, "Content-Type: multipart/mixed; "
			    "boundary=\"b%zux\"\r\n\r\n--b%zux\r\n", k, k);
		buf_adds(&b, "\r\nx\r\n");
		for (size_t k = depths[i]; k-- > 0;)
			buf_addf(&b, "--b%zux--\r\n", k);
		parse_span(&p, buf_span(&b));
		if (depths[i] <= MIME_DEPTH_MAX) {
			assert_null(p.tree.limit);
			assert_int_equal(p.tree.n, depths[i] + 1);
			assert_int_equal(p.tree.malformed, 0);
		} else {
			assert_string_equal(p.tree.limit, "depth");
			assert_int_equal(p.tree.n, 0);
		}
		parsed_free(&p);
		buf_free(&b);
	}
}

/* Files in text: no more than some are told of. */
static void
test_enclosed(void **state)
{
	struct parsed p;
	struct buf b;

	(void)state;
	build(&b, "A: b\r\n\r\n", "begin 644 x%zu\r\n`\r\nend\r\n",
	    MIME_ENCLOSED_MAX + 1, "");
	parse_span(&p, buf_span(&b));
	assert_int_equal(p.tree.n, MIME_ENCLOSED_MAX + 1);
	assert_int_equal(p.tree.malformed, MIME_OTHER);
	assert_string_equal(p.tree.part[100].name, "x99");
	parsed_free(&p);
	buf_free(&b);
}

/* Long text before the first part is not copied for a second opinion. */
static void
test_preamble(void **state)
{
	struct parsed p;
	struct buf b;

	(void)state;
	build(&b, MIXED, "just text\r\n", 100000, "--A\r\n\r\nx\r\n--A--\r\n");
	parse_span(&p, buf_span(&b));
	assert_int_equal(p.tree.n, 2);
	assert_true(span_is(mime_content(p.raw, &p.tree.part[1]), "x"));
	assert_int_equal(p.tree.malformed, MIME_OTHER);
	parsed_free(&p);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_enclosed),
		cmocka_unit_test(test_preamble),
	};

	return cmocka_run_group_tests(tests, mime_group, NULL);
}
