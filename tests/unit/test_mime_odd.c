/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mime_odd: what others could read differently is marked, and its ranges
 * are still exact.  No part of a tree may be wrong here: an edit would write
 * there.
 */
#include "mime_fixture.h"

#define T "Content-Type: "
#define M T "multipart/mixed; boundary=A\r\n"
#define MIXED M "\r\n"
#define ROOT "0P multipart/mixed [" T "multipart/mixed; boundary=A||]\n"
#define ONE "1L text/plain [|][x]\n"
#define PART "--A\r\n\r\nx\r\n--A--\r\n"
#define LONG "0123456789012345678901234567890123456789" \
	"012345678901234567890123456789"
#define BASE64 "Content-Transfer-Encoding: base64\r\n"

struct odd {
	const char *text, *words, *want;	/* want: NULL: not looked at */
};

/* Boundary lines. */
static const struct odd boundaries[] = {
	{ MIXED "--A\r\n\r\n"
	  "x\r\n", "truncated", ROOT "1L text/plain [|][x|]\n" },
	{ MIXED "--A\r\n\r\nx\r\n--A", "truncated,bad-header,other",
	  ROOT ONE "1L text/plain [][]\n" },
	{ MIXED "nothing\r\n", "no-boundary,truncated",
	  "0L multipart/mixed [" T "multipart/mixed; boundary=A||][nothing|"
	  "]\n" },
	{ MIXED "--A--\r\nx", "no-boundary",
	  "0L multipart/mixed [" T "multipart/mixed; boundary=A||][--A--|"
	  "x]\n" },
	{ T "multipart/mixed\r\n" BASE64 "\r\nQUJD\r\n",
	  "no-boundary,bad-encoding", NULL },
	/* An inner one that is never met is a leaf. */
	{ MIXED "--A\r\n" T "multipart/x; boundary=B\r\n\r\ny\r\n--A--\r\n",
	  "no-boundary,truncated", ROOT "1L multipart/x [" T
	  "multipart/x; boundary=B||][y]\n" },
	/* An inner one that is not closed. */
	{ MIXED "--A\r\n" T "multipart/x; boundary=B\r\n\r\n--B\r\n\r\ny\r\n"
	  "--A\r\n\r\nx\r\n--A--\r\n", "truncated",
	  ROOT "1P multipart/x [" T "multipart/x; boundary=B||]\n"
	  "2L text/plain [|][y]\n" ONE },
	/* The same, and one that begins like it. */
	{ MIXED "--A\r\n" T "multipart/x; boundary=A\r\n\r\n--A\r\n\r\ny\r\n"
	  "--A--\r\n--A\r\n\r\nx\r\n--A--\r\n", "duplicate-boundary,other",
	  ROOT "1P multipart/x [" T "multipart/x; boundary=A||]\n"
	  "2L text/plain [|][y]\n" ONE },
	{ MIXED "--A\r\n" T "multipart/x; boundary=AB\r\n\r\n--AB\r\n\r\ny\r\n"
	  "--AB--\r\n--A\r\n\r\nx\r\n--A--\r\n", NULL,
	  ROOT "1P multipart/x [" T "multipart/x; boundary=AB||]\n"
	  "2L text/plain [|][y]\n" ONE },
	/* To some readers the longer one's last line begins a part. */
	{ MIXED "--A\r\n" T "multipart/x; boundary=AB\r\n\r\n--AB\r\n\r\ny\r\n"
	  "--AB--\r\nz\r\n--A\r\n\r\nx\r\n--A--\r\n", "duplicate-boundary",
	  NULL },
	{ MIXED "--A\r\n" T "multipart/x; boundary=A--\r\n\r\n--A--\r\n\r\ny"
	  "\r\n--A----\r\n--A\r\n\r\nx\r\n--A--\r\n", "duplicate-boundary",
	  NULL },
	/* More behind it. */
	{ MIXED "--A\r\n\r\nx\r\n--Ax\r\n\r\ny\r\n--A--\r\n", "other",
	  ROOT "1L text/plain [|][x|--Ax||y]\n" },
	{ MIXED "--A\r\n\r\nx\r\n--A--z\r\n--A--\r\n", "other",
	  ROOT "1L text/plain [|][x|--A--z]\n" },
	{ MIXED PART "--A\r\n\r\nhidden\r\n--A--\r\n", "other", ROOT ONE },
	/* Only a carriage return before it. */
	{ MIXED "--A\r\n\r\nx\r--A\r\n--A--\r\n", "other", NULL },
	/* Empty parts. */
	{ MIXED "--A\r\n--A\r\n\r\n--A\r\nX: y\r\n\r\n--A\r\nX: y\r\n--A--\r\n",
	  "bad-header,other", ROOT "1L text/plain [][]\n1L text/plain [][]\n"
	  "1L text/plain [X: y|][]\n1L text/plain [X: y][]\n" },
	{ MIXED "--A\r\n" T "message/rfc822\r\n\r\n--A--\r\n", "bad-header",
	  ROOT "1M message/rfc822 [" T "message/rfc822|]\n"
	  "2L text/plain [][]\n" },
	{ MIXED "--A\r\n" T "message/rfc822\r\n--A--\r\n", NULL,
	  ROOT "1M message/rfc822 [" T "message/rfc822]\n"
	  "2L text/plain [][]\n" },
	/* Mixed line ends. */
	{ M "\n--A\n\nx\n--A\r\n\r\nx\n--A\r\n\nx\r\n--A--",
	  NULL, "0P multipart/mixed [" T "multipart/mixed; boundary=A|^]\n"
	  "1L text/plain [^][x]\n" ONE "1L text/plain [^][x]\n" },
	{ MIXED "--A\r\n\r\nx\r\r\n--A--\r\n", NULL,
	  ROOT "1L text/plain [|][x~]\n" },
};

/* What the fields say. */
static const struct odd fields[] = {
	{ T "multipart/mixed; boundary=A; boundary=B\r\n\r\n" PART,
	  "duplicate-boundary", NULL },
	{ T "multipart/mixed; boundary=A; x=\"boundary=B\"\r\n\r\n" PART,
	  "duplicate-boundary", NULL },
	{ T "multipart/mixed; (boundary=B) boundary=A\r\n\r\n" PART,
	  "duplicate-boundary,other", NULL },
	{ T "multipart/mixed (c); boundary=A\r\n\r\n" PART, "other", NULL },
	{ T "multipart/mixed; boundary*0=A; boundary*1=B\r\n\r\n--AB\r\n\r\n"
	  "--AB--\r\n", "duplicate-boundary,other", NULL },
	{ T "multipart/mixed; boundary*=us-ascii''A\r\n\r\n" PART, "other",
	  NULL },
	{ T "multipart/mixed; boundary=\"=?utf-8?q?A?=\"\r\n\r\n" PART,
	  "other", NULL },
	{ T "multipart/mixed; boundary=\"\\A\"\r\n\r\n" PART, "other", NULL },
	{ T "multipart/mixed; boundary=\"A \"\r\n\r\n" PART, "truncated,other",
	  "0P multipart/mixed [" T "multipart/mixed; boundary=\"A \"||"
	  "]\n" ONE },
	{ T "multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n----\r\n",
	  "other", NULL },
	{ T "multipart/mixed; boundary="
	  LONG "0\r\n\r\n--"
	  LONG "0\r\n\r\n\r\n--"
	  LONG "0--\r\n", "other", NULL },
	/* The first one counts. */
	{ M T "text/plain\r\n\r\n" PART, "duplicate-field,other", NULL },
	{ BASE64 "Content-Transfer-Encoding: 7bit\r\n\r\nx", "duplicate-field",
	  NULL },
	{ T "text/plain\r\nContent-Disposition: inline\r\n"
	  "Content-Disposition: attachment\r\n\r\n", "duplicate-field", NULL },
	{ T "text\r\n\r\nx", "bad-header", "0L application/octet-stream ["
	  T "text||][x]\n" },
	/* Encodings. */
	{ "Content-Transfer-Encoding: rot13\r\n\r\nx", "bad-encoding", NULL },
	{ M BASE64 "\r\n" PART, "bad-encoding", NULL },
	{ T "message/rfc822\r\n" BASE64 "\r\nQTogYg0KDQo=\r\n", "bad-encoding",
	  "0L message/rfc822 "
	  "[" T "message/rfc822|" "Content-Transfer-Encoding: "
	  "base64||][QTogYg0KDQo=|]\n" },
	{ "Content-Transfer-Encoding: 8BIT\r\n\r\nx", "", NULL },
	{ "Subject: a\r\nSubject: b\r\nFrom: \r\nTo: (\r\n\r\nx", "", NULL },
};

/* Lines of headers. */
static const struct odd headers[] = {
	{ MIXED "--A\r\nContent-Type : text/html\r\n\r\nx\r\n--A--\r\n",
	  "bad-header", ROOT "1L text/html [Content-Type : text/html||][x]\n" },
	/* Text where the header should be is the part's text, */
	{ MIXED "--A\r\nhello\r\nyou\r\n\r\nx\r\n--A--\r\n",
	  "bad-header,other", ROOT "1L text/plain [][hello|you||x]\n" },
	/* but not when there is a header. */
	{ MIXED "--A\r\nhello\r\n" T "text/html\r\n\r\nx\r\n--A--\r\n",
	  "bad-header", ROOT "1L text/html [hello|" T "text/html||][x]\n" },
	{ MIXED "--A\r\n" T "text/html\r\njunk\r\n" BASE64 "\r\nx\r\n--A--\r\n",
	  "bad-header", NULL },
	{ MIXED "--A\r\n " T "text/html\r\n\r\nx\r\n--A--\r\n",
	  "bad-header,other", NULL },
	{ MIXED "--A\r\n" T "text/html\r\n \r\nX: y\r\n\r\nx\r\n--A--\r\n",
	  "bad-header", ROOT "1L text/html [" T "text/html| |X: y||][x]\n" },
	{ MIXED "--A\r\n" T "text/html\r\r\n\r\nx\r\n--A--\r\n", "bad-header",
	  NULL },
	/* An mbox line before a message. */
	{ T "message/rfc822\r\n\r\nFrom a@b Sat Nov 21 07:00:00 2026\r\n"
	  T "text/html\r\n\r\nx", "bad-header", "0M message/rfc822 [" T
	  "message/rfc822||]\n1L text/html [From a@b Sat Nov 21 07:00:00 2026|"
	  T "text/html||][x]\n" },
	{ T "multipart/digest; boundary=A\r\n\r\n--A\r\njunk\r\n\r\nx\r\n--A--"
	  "\r\n",
	  "bad-header,other", "0P multipart/digest [" T "multipart/digest; "
	  "boundary=A||]\n1M message/rfc822 []\n"
	  "2L text/plain [][junk||x]\n" },
	{ "Subject: x\r\n", "truncated,bad-header", NULL },
	{ "", "bad-header,other", "0L text/plain [][]\n" },
};

static void
check(const struct odd *o)
{
	struct parsed p;
	const char *words;

	parse(&p, o->text);
	assert_null(p.tree.limit);
	words = mime_malformed_words(p.arena, p.tree.malformed);
	if (o->words != NULL && strcmp(words, o->words) != 0)
		fail_msg("%s: %s, not %s", o->text, words, o->words);
	if (o->want != NULL)
		assert_string_equal(tree_text(&p), o->want);
	parsed_free(&p);
}

static void
test_boundaries(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(boundaries); i++)
		check(&boundaries[i]);
}

static void
test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++)
		check(&fields[i]);
}

static void
test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++)
		check(&headers[i]);
}

/* NUL bytes, in a header and in a boundary line. */
static void
test_nul(void **state)
{
	static const char header[] = T "text/html\0; charset=x\r\n\r\nx";
	static const char line[] = MIXED "--A\0\r\n\r\nx\r\n--A--\r\n";
	struct parsed p;

	(void)state;
	parse_span(&p, span_make(header, sizeof(header) - 1));
	assert_true(p.tree.malformed & MIME_BAD_HEADER);
	parsed_free(&p);
	parse_span(&p, span_make(line, sizeof(line) - 1));
	assert_true(p.tree.malformed & MIME_NO_BOUNDARY);
	assert_true(p.tree.malformed & MIME_OTHER);
	parsed_free(&p);
}

/* Any cut of a message: still a tree inside of its bytes. */
static void
test_cuts(void **state)
{
	static const char text[] = MIXED "--A\r\n" T "multipart/x; boundary=B"
	    "\r\n\r\n--B\r\n" T "message/rfc822\r\n\r\nA: b\r\n\r\ny\r\n"
	    "--B--\r\n"
	    "--A\r\n\r\nbegin 644 x\r\n#9F]O\r\nend\r\n--A--\r\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct parsed p;

		parse_span(&p, span_make(text, n));
		for (size_t i = 0; i < p.tree.n; i++) {
			const struct mime_part *m = &p.tree.part[i];

			assert_true(m->head <= m->body && m->body <= m->end);
			assert_true(m->end <= n);
			if (i == 0)
				continue;
			assert_true(m->parent < i);
			assert_true(m->head >= p.tree.part[m->parent].body);
			assert_true(m->end <= p.tree.part[m->parent].end);
		}
		parsed_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, mime_group, NULL);
}
