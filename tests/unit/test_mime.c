/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mime: the parts of well-formed messages, byte for byte; what is sealed;
 * files inside of text.
 */
#include "mime_fixture.h"

#define MIXED "Content-Type: multipart/mixed; boundary=A\r\n\r\n"
#define ROOT \
	"0P multipart/mixed [Content-Type: multipart/mixed; boundary=A||]\n"

static const struct {
	const char *text, *want;
} cases[] = {
	/* One part. */
	{ "Subject: x\r\n\r\nhello\r\n",
	  "0L text/plain [Subject: x||][hello|]\n" },
	{ "Subject: x\r\n\r\n", "0L text/plain [Subject: x||][]\n" },
	{ "Subject: x\r\n\r\nno newline",
	  "0L text/plain [Subject: x||][no newline]\n" },
	{ "Content-Type: Text/HTML;\r\n charset=X\r\n\r\n--A\r\n",
	  "0L text/html [Content-Type: Text/HTML;| charset=X||][--A|]\n" },
	{ "Subject: x\nTo: y\n\nz\n", "0L text/plain [Subject: x^To: "
	  "y^^][z^]\n" },
	{ "\r\nx", "0L text/plain [|][x]\n" },
	/* Parts with and without header; text around them is in none. */
	{ MIXED "before\r\n--A\r\n\r\none\r\ntwo\r\n--A\r\n"
	  "Content-Type: text/html\r\nX-Y: z\r\n\r\nthree\r\n\r\n--A--\r\n"
	  "behind",
	  ROOT "1L text/plain [|][one|two]\n"
	  "1L text/html [Content-Type: text/html|X-Y: z||][three|]\n" },
	/* Blanks behind a boundary; the last line without its end. */
	{ MIXED "--A \t\r\n\r\nx\r\n--A--  ",
	  ROOT "1L text/plain [|][x]\n" },
	/* Lines that only begin with dashes. */
	{ MIXED "--A\r\n\r\n--\r\n-- \r\n--B\r\n-A\r\n --A\r\n--A--\r\n",
	  ROOT "1L text/plain [|][--|-- |--B|-A| --A]\n" },
	/* Nested, each with its own boundary. */
	{ MIXED "--A\r\n"
	  "Content-Type: multipart/alternative; boundary=\"B C\"\r\n"
	  "\r\n--B C\r\n\r\n1\r\n--B C\r\n\r\n2\r\n--B C--\r\nend\r\n--A\r\n"
	  "\r\n3"
	  "\r\n--A--\r\n",
	  ROOT "1P multipart/alternative [Content-Type: multipart/alternative; "
	  "boundary=\"B C\"||]\n2L text/plain [|][1]\n2L text/plain [|][2]\n"
	  "1L text/plain [|][3]\n" },
	/* A message in a multipart in a message in a multipart. */
	{ MIXED "--A\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n"
	  "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n"
	  "Content-Type: message/global\r\n\r\nSubject: deep\r\n\r\ny\r\n"
	  "--B--\r\n"
	  "\r\n--A--\r\n",
	  ROOT "1M message/rfc822 [Content-Type: message/rfc822||]\n"
	  "2P multipart/mixed [Subject: in|Content-Type: multipart/mixed; "
	  "boundary=B||]\n"
	  "3M message/global [Content-Type: message/global||]\n"
	  "4L text/plain [Subject: deep||][y]\n" },
	{ "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny",
	  "0M message/rfc822 [Content-Type: message/rfc822||]\n"
	  "1L text/plain [Subject: x||][y]\n" },
	/* In a digest a part is a message when it does not say else. */
	{ "Content-Type: multipart/digest; boundary=A\r\n\r\n--A\r\n\r\n"
	  "Subject: x\r\n\r\ny\r\n--A--\r\n",
	  "0P multipart/digest [Content-Type: multipart/digest; boundary=A||]\n"
	  "1M message/rfc822 [|]\n2L text/plain [Subject: x||][y]\n" },
	/* These are not walked. */
	{ MIXED "--A\r\nContent-Type: message/delivery-status\r\n\r\nA: b\r\n"
	  "--A\r\nContent-Type: text/rfc822-headers\r\n\r\nA: b\r\n--A--\r\n",
	  ROOT "1L message/delivery-status [Content-Type: "
	  "message/delivery-status||][A: b]\n1L text/rfc822-headers "
	  "[Content-Type: text/rfc822-headers||][A: b]\n" },
	/* Only line feeds. */
	{ "Content-Type: multipart/mixed; boundary=A\n\n--A\n\nx\n\n--A--\n",
	  "0P multipart/mixed [Content-Type: multipart/mixed; boundary=A^^]\n"
	  "1L text/plain [^][x^]\n" },
};

static void
test_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parsed p;

		parse(&p, cases[i].text);
		assert_null(p.tree.limit);
		assert_string_equal(tree_text(&p), cases[i].want);
		assert_string_equal(mime_malformed_words(p.arena,
		    p.tree.malformed), "");
		parsed_free(&p);
	}
}

static void
test_fields(void **state)
{
	struct parsed p;
	const struct mime_part *m;

	(void)state;
	parse(&p, MIXED "--A\r\nX: 1\r\nContent-Type: text/HTML;\r\n"
	    "\tcharset=\"UTF-8\"\r\nY: 2\r\ncontent-disposition: INLINE\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "Content-ID: <a>\r\n\r\nx\r\n--A--\r\n");
	assert_int_equal(p.tree.n, 2);
	m = &p.tree.part[1];
	assert_string_equal(m->charset, "utf-8");
	assert_string_equal(m->disposition, "inline");
	assert_int_equal(m->encoding, TRANSFER_QP);
	assert_int_equal(m->parent, 0);
	assert_int_equal(m->nfields, 4);
	assert_true(span_is(span_make(p.raw.p + m->fields[0].from,
	    m->fields[0].to - m->fields[0].from),
	    "Content-Type: text/HTML;\r\n\tcharset=\"UTF-8\"\r\n"));
	assert_true(span_is(m->fields[0].field.name, "Content-Type"));
	assert_true(span_is(m->fields[0].field.value,
	    " text/HTML;\r\n\tcharset=\"UTF-8\""));
	assert_true(span_is(m->fields[3].field.name, "Content-ID"));
	assert_true(span_is(mime_content(p.raw, m), "x"));
	parsed_free(&p);
}

#define SIGNED "Content-Type: multipart/signed; boundary=S\r\n\r\n"
#define SIGNATURE \
	"--S\r\nContent-Type: application/pgp-signature\r\n\r\ns\r\n" \
	"--S--\r\n"

/* A part is sealed when its letter is an "s". */
static const struct {
	const char *text, *sealed;
	enum mime_crypto crypto;
} crypto[] = {
	{ "Subject: x\r\n\r\ny\r\n", "-", MIME_PLAIN },
	{ SIGNED "--S\r\n" MIXED "--A\r\n\r\nx\r\n--A--\r\n" SIGNATURE,
	  "-sss", MIME_SIGNED },
	{ "Content-Type: multipart/encrypted; boundary=S\r\n\r\n--S\r\n\r\n"
	  "x\r\n"
	  "--S--\r\n", "-s", MIME_ENCRYPTED },
	/* Alone in a mixed one it is the message; beside another it is not. */
	{ MIXED "--A\r\n" SIGNED "--S\r\n\r\nx\r\n" SIGNATURE "--A--\r\n",
	  "--ss", MIME_SIGNED },
	{ MIXED "--A\r\n" SIGNED "--S\r\n\r\nx\r\n" SIGNATURE
	  "--A\r\n\r\nfooter\r\n--A--\r\n", "--ss-", MIME_PLAIN },
	/* Forwarded: only its own parts. */
	{ MIXED "--A\r\nContent-Type: message/rfc822\r\n\r\n" SIGNED
	  "--S\r\n\r\nx\r\n" SIGNATURE "--A\r\n\r\ny\r\n--A--\r\n", "---ss-",
	  MIME_PLAIN },
	{ "Content-Type: message/rfc822\r\n\r\n" SIGNED "--S\r\n\r\nx\r\n"
	  SIGNATURE, "--ss", MIME_PLAIN },
	/* A message inside of a signature is in it. */
	{ SIGNED "--S\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx\r\n"
	  SIGNATURE, "-sss", MIME_SIGNED },
	{ "Content-Type: application/pkcs7-mime; smime-type=Signed-Data\r\n"
	  "\r\nx",
	  "s", MIME_SIGNED },
	{ "Content-Type: application/x-pkcs7-mime; "
	  "smime-type=enveloped-data\r\n"
	  "\r\nx", "s", MIME_ENCRYPTED },
	{ "Content-Type: application/pkcs7-mime\r\n\r\nx", "s",
	  MIME_ENCRYPTED },
	{ MIXED "--A\r\nContent-Type: application/pkcs7-mime\r\n\r\nx\r\n"
	  "--A\r\n\r\ny\r\n--A--\r\n", "-s-", MIME_PLAIN },
	{ "A: b\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n", "s",
	  MIME_SIGNED },
	{ "A: b\r\n\r\nhi\r\n-----BEGIN PGP MESSAGE-----\r\n", "s",
	  MIME_ENCRYPTED },
	{ "A: b\r\n\r\n> -----BEGIN PGP MESSAGE-----\r\n", "-", MIME_PLAIN },
	{ "A: b\r\n\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n", "-",
	  MIME_PLAIN },
	{ "Content-Transfer-Encoding: base64\r\n\r\n"
	  "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0t\r\nDQo=\r\n", "s",
	  MIME_ENCRYPTED },
	{ "Content-Type: image/png\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n", "-",
	  MIME_PLAIN },
};

static void
test_crypto(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(crypto); i++) {
		struct parsed p;
		char got[16] = "";

		parse(&p, crypto[i].text);
		assert_in_range(p.tree.n, 1, sizeof(got) - 1);
		for (size_t k = 0; k < p.tree.n; k++)
			got[k] = p.tree.part[k].sealed ? 's' : '-';
		assert_string_equal(got, crypto[i].sealed);
		assert_int_equal(p.tree.crypto, crypto[i].crypto);
		parsed_free(&p);
	}
}

#define H "A: b\r\n\r\n"
#define R "0L text/plain [A: b||]"
#define E "1E application/octet-stream []"

static const struct {
	const char *text, *want, *name, *words;
} enclosed[] = {
	{ H "hi\r\nbegin 644 x.exe\r\n#9F]O\r\n`\r\nend\r\nbye\r\n",
	  R "[hi|begin 644 x.exe|#9F]O|`|end|bye|]\n"
	  E "[begin 644 x.exe|#9F]O|`|end]\n", "x.exe", "" },
	{ H "begin 0644 /tmp/a b.com \r\n \r\nend", R
	  "[begin 0644 /tmp/a b.com | |end]\n"
	  E "[begin 0644 /tmp/a b.com | |end]\n", "a b.com", "" },
	{ H "begin 644 x\n#9F]O\nend\n", R "[begin 644 x^#9F]O^end^]\n"
	  E "[begin 644 x^#9F]O^end]\n", "x", "" },
	{ H "begin 644 x\r\n#9F]O\r\n", R "[begin 644 x|#9F]O|]\n"
	  E "[begin 644 x|#9F]O|]\n", "x", "truncated" },
	{ H "=ybegin line=9 size=1 name= a.zip\r\nx\r\n=yend size=1\r\nb",
	  R "[=ybegin line=9 size=1 name= a.zip|x|=yend size=1|b]\n"
	  E "[=ybegin line=9 size=1 name= a.zip|x|=yend size=1]\n", "a.zip",
	  "" },
	{ H "=ybegin part=1 name=a\r\nx\r\n",
	  R "[=ybegin part=1 name=a|x|]\n" E "[=ybegin part=1 name=a|x|]\n",
	  "a", "truncated" },
	/* Letters. */
	{ H "begin 644 things\r\nat once, and\r\nend\r\n",
	  R "[begin 644 things|at once, and|end|]\n", NULL, "" },
	{ H "begin x6 x\r\n#9F]O\r\n", R "[begin x6 x|#9F]O|]\n", NULL, "" },
	{ H "begin 64400x\r\n#9F]O\r\n", R "[begin 64400x|#9F]O|]\n", NULL,
	  "" },
	{ H "begin 689 x\r\n#9F]O\r\n", R "[begin 689 x|#9F]O|]\n", NULL, "" },
	{ H "begin 644 \r\n#9F]O\r\n", R "[begin 644 |#9F]O|]\n", NULL, "" },
	{ H " begin 644 x\r\n#9F]O\r\n", R "[ begin 644 x|#9F]O|]\n", NULL,
	  "" },
	{ H "=ybegin size=1\r\nx\r\n", R "[=ybegin size=1|x|]\n", NULL, "" },
	{ H "begin 644 x", R "[begin 644 x]\n", NULL, "" },
	/* Not in what is encoded, and not in what is no text. */
	{ "Content-Transfer-Encoding: base64\r\n\r\nbegin 644 x\r\n#9F]O\r\n",
	  "0L text/plain [Content-Transfer-Encoding: base64||]"
	  "[begin 644 x|#9F]O|]\n", NULL, "" },
	{ "Content-Type: image/png\r\n\r\nbegin 644 x\r\n#9F]O\r\n",
	  "0L image/png [Content-Type: image/png||][begin 644 x|#9F]O|]\n",
	  NULL, "" },
};

static void
test_enclosed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(enclosed); i++) {
		struct parsed p;

		parse(&p, enclosed[i].text);
		assert_string_equal(tree_text(&p), enclosed[i].want);
		if (enclosed[i].name != NULL)
			assert_string_equal(p.tree.part[1].name,
			    enclosed[i].name);
		assert_string_equal(mime_malformed_words(p.arena,
		    p.tree.malformed), enclosed[i].words);
		parsed_free(&p);
	}
}

/* Two files, then the next part: the order is that of the message. */
static void
test_order(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, MIXED "--A\r\n\r\nbegin 644 x\r\n`\r\nend\r\n"
	    "=ybegin name=y\r\n=yend\r\n--A\r\n\r\nz\r\n--A--\r\n");
	assert_int_equal(p.tree.n, 5);
	assert_int_equal(p.tree.part[2].parent, 1);
	assert_int_equal(p.tree.part[2].encoding, TRANSFER_UU);
	assert_int_equal(p.tree.part[3].parent, 1);
	assert_int_equal(p.tree.part[3].encoding, TRANSFER_YENC);
	assert_int_equal(p.tree.part[4].parent, 0);
	assert_int_equal(p.tree.malformed, 0);
	parsed_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_crypto),
		cmocka_unit_test(test_enclosed),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, mime_group, NULL);
}
