/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_replace: a text in place of a part.
 *
 * Each case is a message, the number of a part and the message that must come
 * of it.  "~" in the texts is CRLF, "@" the new fields of a part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "replace_fixture.h"

#define FIELDS "Content-Type: text/plain; charset=utf-8\r\n"		\
	"Content-Transfer-Encoding: quoted-printable\r\n"		\
	"Content-Disposition: inline\r\n"
#define TOP "MIME-Version: 1.0~Content-Type: multipart/mixed; boundary=b~~"

static const struct replacement gone = {
	.text = SPAN_LIT("away\nwith \xc3\xbc\n"),
	.ascii = SPAN_LIT("[away]\n"),
};
#define GONE "away~with =C3=BC~"

static const struct {
	const char *name;
	const char *message;
	size_t part;
	const char *want;
} cases[] = {
	{ "a part between others",
	    TOP "--b~~one~--b~Content-Type: x/y~~two~--b~~three~--b--~", 2,
	    TOP "--b~~one~--b~@~" GONE "~--b~~three~--b--~" },
	{ "other fields stay, apart and folded",
	    TOP "pre~--b~X-A: 1~Content-Type: x/y;~ name=z~X-B: 2~ 3~"
	    "Content-ID: <i>~X-C: 4~~two~~--b--~post~", 1,
	    TOP "pre~--b~X-A: 1~@X-B: 2~ 3~X-C: 4~~" GONE "~--b--~post~" },
	{ "every Content- field, however it is written",
	    TOP "--b~content-TYPE : x/y~CONTENT-Location: u~X: 1~"
	    "Content-Type: a/b~Content-Foo: 3~~two~--b--~", 1,
	    TOP "--b~@X: 1~~" GONE "~--b--~" },
	{ "no header", TOP "--b~~two~--b--~", 1,
	    TOP "--b~@~" GONE "~--b--~" },
	{ "neither header nor empty line", TOP "--b~--b--~", 1,
	    TOP "--b~@~" GONE "--b--~" },
	{ "no header, empty", TOP "--b~~--b--~", 1,
	    TOP "--b~@~" GONE "~--b--~" },
	{ "no header, an empty line", TOP "--b~~~--b--~", 1,
	    TOP "--b~@~" GONE "~--b--~" },
	{ "empty", TOP "--b~Content-Type: x/y~~--b--~", 1,
	    TOP "--b~@~" GONE "~--b--~" },
	{ "empty, other field", TOP "--b~X: y~~--b--~", 1,
	    TOP "--b~@X: y~~" GONE "~--b--~" },
	{ "header runs into the boundary", TOP "--b~Content-Type: x/y~--b--~",
	    1, TOP "--b~@~" GONE "~--b--~" },
	{ "two fields run into it",
	    TOP "--b~Content-Type: x/y~Content-ID: z~--b--~", 1,
	    TOP "--b~@~" GONE "~--b--~" },
	{ "two fields apart run into it",
	    TOP "--b~Content-Type: x/y~X: 1~Content-ID: z~--b--~", 1,
	    TOP "--b~@X: 1~~" GONE "~--b--~" },
	{ "another field runs into it",
	    TOP "--b~Content-Type: x/y~X: 1~--b--~", 1,
	    TOP "--b~@X: 1~~" GONE "~--b--~" },
	{ "not closed", TOP "--b~Content-Type: x/y~~two", 1,
	    TOP "--b~@~" GONE },
	{ "not closed, line end", TOP "--b~Content-Type: x/y~~two~", 1,
	    TOP "--b~@~" GONE },
	{ "ends behind the header", TOP "--b~Content-Type: x/y~~", 1,
	    TOP "--b~@~" GONE },
	{ "ends in the header", TOP "--b~Content-Type: x/y~", 1,
	    TOP "--b~@~" GONE },
	{ "ends in a field", TOP "--b~Content-Type: x/y", 1,
	    TOP "--b~@~" GONE },
	{ "ends in another field", TOP "--b~Content-Type: x/y~X: y", 1,
	    TOP "--b~@X: y~~" GONE },
	{ "ends in the boundary", TOP "--b~~one~--b", 2,
	    TOP "--b~~one~--b~@~" GONE },
	{ "a digest ends in the boundary",
	    "Content-Type: multipart/digest; boundary=b~~--b", 2,
	    "Content-Type: multipart/digest; boundary=b~~--b~~"
	    "MIME-Version: 1.0~@~" GONE },
	{ "a boundary line that another one follows",
	    TOP "--b~Content-Type: multipart/mixed; boundary=c~~--c~--b--~",
	    2, TOP "--b~Content-Type: multipart/mixed; boundary=c~~--c~@~"
	    GONE "~--b--~" },
	{ "lines of the header that are no field stay",
	    TOP "--b~Content-Type: x/y~no field~more~--b--~", 1,
	    TOP "--b~@no field~more~~" GONE "~--b--~" },
	{ "bare line feeds", TOP "--b\nContent-Type: x/y\nX: 1\n\ntwo\n--b--\n",
	    1, TOP "--b\n@X: 1\n\n" GONE "\n--b--\n" },
	{ "a multipart goes as a whole",
	    TOP "--b~Content-Type: multipart/mixed; boundary=c~~--c~~1~--c--~"
	    "~--b~~2~--b--~", 1, TOP "--b~@~" GONE "~--b~~2~--b--~" },
	{ "the message is a leaf",
	    "From: a~Content-Type: x/y~MIME-Version: 1.0~Subject: s~"
	    "Content-Transfer-Encoding: base64~Content-MD5: m~~QUJD~", 0,
	    "From: a~Content-Type: text/plain; charset=utf-8~"
	    "MIME-Version: 1.0~Subject: s~Content-Transfer-Encoding: "
	    "quoted-printable~Content-Disposition: inline~~" GONE },
	{ "the message is a leaf that says nothing", "Subject: s~~one~", 0,
	    "Subject: s~MIME-Version: 1.0~@~" GONE },
	{ "the message says it twice",
	    "Content-Type: a/b~Content-Type : c/d~Content-Type: e/f~"
	    "mime-version: 1.0~~x", 0,
	    "Content-Type: text/plain; charset=utf-8~mime-version: 1.0~"
	    "Content-Transfer-Encoding: quoted-printable~"
	    "Content-Disposition: inline~~" GONE },
	{ "the message has no body", "MIME-Version: 1.0~Content-Type: x/y~", 0,
	    "MIME-Version: 1.0~@~" GONE },
	{ "the message is empty behind its header",
	    "MIME-Version: 1.0~Content-Type: x/y~~", 0,
	    "MIME-Version: 1.0~@~" GONE },
	{ "a multipart without a part",
	    "MIME-Version: 1.0~Content-Type: multipart/mixed~~one~", 0,
	    "MIME-Version: 1.0~@~" GONE },
	{ "the content of a message in the message",
	    TOP "--b~Content-Type: message/rfc822~~From: c~"
	    "Content-Type: x/y~MIME-Version: 1.0~~two~--b--~", 2,
	    TOP "--b~Content-Type: message/rfc822~~From: c~"
	    "@MIME-Version: 1.0~~" GONE "~--b--~" },
	{ "the same, not said to be MIME",
	    TOP "--b~Content-Type: message/rfc822~~From: c~~two~--b--~", 2,
	    TOP "--b~Content-Type: message/rfc822~~MIME-Version: 1.0~@"
	    "From: c~~" GONE "~--b--~" },
	{ "a message in the message without header",
	    TOP "--b~Content-Type: message/rfc822~~~two~--b--~", 2,
	    TOP "--b~Content-Type: message/rfc822~~MIME-Version: 1.0~@~" GONE
	    "~--b--~" },
	{ "a part of a message in the message",
	    TOP "--b~Content-Type: message/rfc822~~From: c~Content-Type: "
	    "multipart/mixed;~ boundary=c~~--c~X: 1~~two~--c~~x~--c--~~"
	    "--b--~", 3,
	    TOP "--b~Content-Type: message/rfc822~~From: c~Content-Type: "
	    "multipart/mixed;~ boundary=c~~--c~@X: 1~~" GONE "~--c~~x~"
	    "--c--~~--b--~" },
	{ "a message in the message as a whole",
	    TOP "--b~Content-Type: message/rfc822~~From: c~"
	    "Content-Type: x/y~MIME-Version: 1.0~~two~--b--~", 1,
	    TOP "--b~@~" GONE "~--b--~" },
	{ "the message is a message",
	    "MIME-Version: 1.0~Content-Type: message/rfc822~~From: c~"
	    "MIME-Version: 1.0~Content-Type: x/y~~two", 1,
	    "MIME-Version: 1.0~Content-Type: message/rfc822~~From: c~"
	    "MIME-Version: 1.0~@~" GONE },
	{ "a file in the text",
	    "Subject: s~~one~begin 644 x~#86)C~`~end~two~", 1,
	    "Subject: s~~one~[away]~two~" },
	{ "a file at the end of the text",
	    "Subject: s~~one~begin 644 x~#86)C~`~end", 1,
	    "Subject: s~~one~[away]" },
	{ "a file at the end of a part",
	    TOP "--b~~one~begin 644 x~#86)C~`~end~--b--~", 2,
	    TOP "--b~~one~[away]~--b--~" },
};

/* The text with its signs replaced, NUL-terminated. */
static struct span
spell(struct buf *b, const char *s)
{
	buf_init(b, 10000);
	buf_adds(b, "");
	for (; *s != '\0'; s++) {
		if (*s == '~')
			buf_adds(b, "\r\n");
		else if (*s == '@')
			buf_adds(b, FIELDS);
		else
			buf_addc(b, *s);
	}
	return buf_span(b);
}

static void
run_case(size_t i)
{
	struct buf message, want, got;
	struct letter l;

	letter_open(&l, spell(&message, cases[i].message));
	spell(&want, cases[i].want);
	buf_init(&got, 10000);
	if (cases[i].part >= l.tree.n)
		fail_msg("%s: %zu parts", cases[i].name, l.tree.n);
	if (letter_replace(&l, cases[i].part, &gone) != 0)
		fail_msg("%s: refused", cases[i].name);
	letter_render(&l, &got);
	if (got.n != want.n || memcmp(got.p, want.p, got.n) != 0)
		fail_msg("%s:\n%s\nand not\n%s", cases[i].name, got.p, want.p);
	buf_free(&got);
	buf_free(&want);
	buf_free(&message);
	letter_close(&l);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(i);
}

/* Twice the same part, or a part inside of one that is gone. */
static const struct {
	const char *message;
	size_t first, then;
	int want;
} pairs[] = {
	{ TOP "--b~~1~--b~~2~--b--~", 1, 2, 0 },
	{ TOP "--b~~1~--b~~2~--b--~", 2, 1, 0 },
	{ TOP "--b~~1~--b~~2~--b--~", 2, 2, -1 },
	{ TOP "--b~--b~--b--~", 1, 2, 0 },
	{ TOP "--b~--b~--b--~", 1, 1, -1 },
	{ TOP "--b~~1~--b~~2~--b--~", 2, 0, -1 },
	{ TOP "--b~~1~--b~~2~--b--~", 0, 2, -1 },
	{ TOP "--b~~1~--b~~2~--b--~", 0, 0, -1 },
	{ TOP "--b~Content-Type: message/rfc822~~X: 1~~2~--b--~", 1, 2, -1 },
	{ TOP "--b~Content-Type: message/rfc822~~X: 1~~2~--b--~", 2, 1, -1 },
	{ "X: 1~~begin 644 x~#86)C~`~end~begin 644 y~#86)C~`~end~", 1, 2, 0 },
	{ "X: 1~~begin 644 x~#86)C~`~end~begin 644 y~#86)C~`~end~", 2, 1, 0 },
	{ "X: 1~~begin 644 x~#86)C~`~end~begin 644 y~#86)C~`~end~", 2, 2, -1 },
	{ "X: 1~~begin 644 x~#86)C~`~end~begin 644 y~#86)C~`~end~", 2, 0, -1 },
};

static void
test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct buf message, once, twice;
		struct letter l;

		letter_open(&l, spell(&message, pairs[i].message));
		buf_init(&once, 10000);
		buf_init(&twice, 10000);
		assert_int_equal(letter_replace(&l, pairs[i].first, &gone), 0);
		letter_render(&l, &once);
		if (letter_replace(&l, pairs[i].then, &gone) != pairs[i].want)
			fail_msg("pair %zu", i);
		letter_render(&l, &twice);
		/* What is refused changes nothing. */
		assert_int_equal(pairs[i].want == -1,
		    span_eq(buf_span(&once), buf_span(&twice)));
		buf_free(&twice);
		buf_free(&once);
		buf_free(&message);
		letter_close(&l);
	}
}

/* An edit of somebody else in the part's place. */
static void
test_edited_before(void **state)
{
	struct buf message;
	struct letter l;
	size_t at;

	(void)state;
	letter_open(&l, spell(&message, TOP "--b~~one~--b--~"));
	at = l.tree.part[1].body - l.body_at;
	assert_int_equal(edits_body(&l.edits, at + 1, at + 1, span_of("x")),
	    0);
	assert_int_equal(letter_replace(&l, 1, &gone), -1);
	assert_int_equal(letter_replace(&l, 0, &gone), -1);
	assert_int_equal(l.edits.n, 1);
	letter_close(&l);
	buf_free(&message);
}

/* The part is said to be in a body that never came. */
static void
test_no_body(void **state)
{
	struct buf message;
	struct letter l;

	(void)state;
	letter_open(&l, spell(&message, "Content-Type: message/rfc822~X: y~"));
	assert_int_equal(l.tree.n, 2);
	assert_int_equal(letter_replace(&l, 1, &gone), -1);
	assert_true(edits_none(&l.edits));
	letter_close(&l);
	buf_free(&message);
}

static void
test_too_many_edits(void **state)
{
	struct buf message;
	struct letter l;

	(void)state;
	letter_open(&l, spell(&message, TOP "--b~~one~--b--~"));
	for (size_t i = 0; i + 1 < EDITS_MAX; i++)
		edits_append(&l.edits, "X", span_of(" y"));
	assert_int_equal(letter_replace(&l, 1, &gone), -1);
	letter_close(&l);
	buf_free(&message);
}

static const struct {
	const char *filename, *languages;
	const char *has;	/* NULL: no such field */
	const char *field;
} options[] = {
	{ "a.txt", NULL, "inline;\r\n\tfilename=\"a.txt\"\r\n", NULL },
	{ "a\"\\\r\n\xc3.txt", NULL, "filename=\"a_____.txt\"\r\n", NULL },
	{ "", NULL, "inline\r\n", "filename" },
	{ NULL, "en", "Content-Language: en\r\n", "filename" },
	{ NULL, "en, de", "Content-Language: en, de\r\n", NULL },
	{ NULL, "", "inline\r\n", "Language" },
	{ NULL, "en\r\nX: y", "inline\r\n", "Language" },
};

static void
test_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(options) / sizeof(options[0]); i++) {
		struct replacement r = gone;
		struct buf message, got;
		struct letter l;

		r.filename = options[i / 2].filename;
		r.languages = options[i / 2].languages;
		letter_open(&l, spell(&message, TOP "--b~~one~--b--~"));
		buf_init(&got, 10000);
		assert_int_equal(letter_replace(&l, i % 2, &r), 0);
		letter_render(&l, &got);
		assert_non_null(strstr(got.p, options[i / 2].has));
		if (options[i / 2].field != NULL)
			assert_null(strstr(got.p, options[i / 2].field));
		buf_free(&got);
		buf_free(&message);
		letter_close(&l);
	}
}

/* Long names, and a text of nothing or without its last line end. */
static void
test_texts(void **state)
{
	static const char *const texts[][2] = {
		{ "", "~" }, { "a", "a~" }, { "a\n", "a~" },
		{ "a\r\nb\r\n", "a~b~" }, { "--b--\n", "=2D-b--~" },
	};
	char name[300];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct replacement r = gone;
		struct buf message, want, got;
		struct letter l;

		r.text = span_of(texts[i][0]);
		r.filename = name;
		letter_open(&l, spell(&message, TOP "--b~~one~--b--~"));
		buf_init(&got, 10000);
		assert_int_equal(letter_replace(&l, 1, &r), 0);
		letter_render(&l, &got);
		spell(&want, texts[i][1]);
		buf_adds(&want, "\r\n--b--\r\n");
		assert_string_equal(strstr(strstr(got.p, "filename"),
		    "\r\n\r\n") + 4, want.p);
		buf_free(&got);
		buf_free(&want);
		buf_free(&message);
		letter_close(&l);
	}
}

/*
 * replace_candidate, over small trees: for each part its parent as a digit
 * ("-" for the first) and its kind: l leaf, m multipart, r message/rfc822,
 * e enclosed, s multipart/signed; then "!" when it is sealed.
 */
static const struct {
	const char *tree;
	size_t part, want;
} candidates[] = {
	{ "-l", 0, 0 },
	{ "-l!", 0, MIME_NONE },
	{ "-m0l0l", 2, 2 },
	{ "-m0l0l", 0, MIME_NONE },
	{ "-r0l", 1, 1 },
	{ "-r0l", 0, MIME_NONE },
	{ "-l0e", 1, 1 },
	{ "-l!0e!", 1, MIME_NONE },
	{ "-m0m1l", 1, 1 },
	/* the whole message is signed */
	{ "-s0l!0l!", 1, MIME_NONE },
	{ "-s!0l!0l!", 1, MIME_NONE },
	{ "-s0m!1l!1l!0l!", 3, MIME_NONE },
	{ "-r0s1l!", 2, MIME_NONE },
	{ "-r0l!", 1, MIME_NONE },
	/* signed below a list's footer: the seal goes */
	{ "-m0s1l!1l!0l", 2, 1 },
	{ "-m0s!1l!1l!0l", 3, 1 },
	{ "-m0s1l!1l!0l", 4, 4 },
	{ "-m0s1r!2l!1l!0l", 3, 1 },
	{ "-m0s1s!2l!", 3, 1 },
	{ "-m0l!0l", 1, 1 },
	{ "-m0l!1e!", 2, 1 },
	/* a signed message is attached: it goes */
	{ "-m0l0r2s3l!3l!", 4, 2 },
	{ "-m0l0r2s!3l!3l!", 3, 2 },
	{ "-m0l0r2m3s4l!", 5, 4 },
	{ "-m0r1l!", 2, 1 },
	{ "-m0r1r2s3l!", 4, 2 },
	{ "-m0r1l0l", 2, 2 },
};

static size_t
make_tree(const char *s, struct mime_part *part)
{
	size_t n = 0;

	for (; *s != '\0'; n++) {
		part[n] = (struct mime_part){ .kind = MIME_LEAF, .type = "x/y",
		    .parent = *s == '-' ? MIME_NONE : (size_t)(*s - '0') };
		part[n].kind = s[1] == 'm' || s[1] == 's' ? MIME_MULTIPART :
		    s[1] == 'r' ? MIME_MESSAGE :
		    s[1] == 'e' ? MIME_ENCLOSED : MIME_LEAF;
		if (s[1] == 's')
			part[n].type = "multipart/signed";
		s += 2;
		part[n].sealed = *s == '!';
		s += *s == '!';
	}
	return n;
}

static void
test_candidates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]);
	    i++) {
		struct mime_part part[10];
		struct mime_tree tree = { .part = part };

		tree.n = make_tree(candidates[i].tree, part);
		if (replace_candidate(&tree, candidates[i].part) !=
		    candidates[i].want)
			fail_msg("%s %zu: %zu", candidates[i].tree,
			    candidates[i].part, replace_candidate(&tree,
			    candidates[i].part));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_edited_before),
		cmocka_unit_test(test_no_body),
		cmocka_unit_test(test_too_many_edits),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_candidates),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
