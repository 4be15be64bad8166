/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_transfer: the decoders, whole and in chunks, and the way back.
 *
 * Every case is decoded in one piece, byte by byte and in random chunks, into
 * blocks that are just as large as promised.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "buf.h"
#include "codec.h"
#include "transfer.h"

#define SEED	20260310u
#define ROUNDS	4000
#define INPUT_MAX 600

#define BLANKS_8	"        "
#define BLANKS_56	BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8 BLANKS_8 \
			BLANKS_8
#define BLANKS_64	BLANKS_56 BLANKS_8
#define A_15		"AAAAAAAAAAAAAAA"
#define A_75		A_15 A_15 A_15 A_15 A_15

enum { OK = TRANSFER_OK, EMPTY = TRANSFER_EMPTY, GARBAGE = TRANSFER_GARBAGE,
	CUT = TRANSFER_TRUNCATED, NONE = TRANSFER_UNDECODABLE };
enum { ID = TRANSFER_IDENTITY, B64 = TRANSFER_BASE64, QP = TRANSFER_QP,
	UU = TRANSFER_UU, YENC = TRANSFER_YENC };

static const struct {
	int encoding;
	struct span in, want;
	int result;
} cases[] = {
#define CASE(e, in, out, r) { e, SPAN_LIT(in), SPAN_LIT(out), r }
	CASE(ID, "", "", EMPTY),
	CASE(ID, " \r\n", " \r\n", EMPTY),
	CASE(ID, "a\0b", "a\0b", OK),
	CASE(TRANSFER_UNKNOWN, "=41", "=41", OK),

	CASE(B64, "", "", EMPTY),
	CASE(B64, " \t\r\n", "", EMPTY),
	CASE(B64, "aGVsbG8=", "hello", OK),
	CASE(B64, "aGVs\r\nbG8=\r\n", "hello", OK),
	CASE(B64, "a\nG\nV\ns\nb\nG\n8\n=", "hello", OK),
	CASE(B64, "aGVsbG8", "hello", OK),
	CASE(B64, "aGVsbA", "hell", OK),
	CASE(B64, "aGVsb", "hel", CUT),
	CASE(B64, "a", "", NONE),
	CASE(B64, "====", "", NONE),
	CASE(B64, "\x80*-!", "", NONE),
	CASE(B64, "aG*Vs\x80" "bG8=", "hello", GARBAGE),
	CASE(B64, "aGVs*b", "hel", CUT),
	CASE(B64, "aGVsbA==aGVsbG8=", "hellhello", OK),
	CASE(B64, "aGVsbA==\r\naGVsbG8=\r\n", "hellhello", OK),
	CASE(B64, "aGVsbA=aGVs", "hellhel", OK),
	CASE(B64, "aGVsb=aGVs", "helhel", GARBAGE),
	CASE(B64, "aGVsbA=aGVs=", "hellhel", GARBAGE),
	CASE(B64, "aGVsbA=a GVs=", "hellhel", GARBAGE),
	CASE(B64, "aGVsbG8===", "hello", GARBAGE),
	CASE(B64, "aGVs====", "hel", GARBAGE),
	CASE(B64, "AP+/", "\0\xff\xbf", OK),

	CASE(QP, "", "", EMPTY),
	CASE(QP, " \r\n", "\r\n", EMPTY),
	CASE(QP, "=\r\n=\r\n", "", EMPTY),
	CASE(QP, "caf=C3=A9\r\n", "caf\xc3\xa9\r\n", OK),
	CASE(QP, "=c3=a9", "\xc3\xa9", OK),
	CASE(QP, "caf\xc3\xa9", "caf\xc3\xa9", OK),
	CASE(QP, "a=\r\nb=\nc", "abc", OK),
	CASE(QP, "a= \t\r\nb=  \nc", "abc", OK),
	CASE(QP, "a =\r\n b", "a  b", OK),
	CASE(QP, "a=\rb", "ab", OK),
	CASE(QP, "a=\r=\n=41", "aA", OK),
	CASE(QP, "a \t\r\nb \nc ", "a\r\nb\nc", OK),
	CASE(QP, "a=20 \r\nb", "a \r\nb", OK),
	CASE(QP, "a  b\tc", "a  b\tc", OK),
	CASE(QP, "a=", "a", OK),
	CASE(QP, "a= ", "a", OK),
	CASE(QP, "a=4", "a=4", CUT),
	CASE(QP, "=4", "=4", CUT),
	CASE(QP, "=XY", "=XY", GARBAGE),
	CASE(QP, "=4Y", "=4Y", GARBAGE),
	CASE(QP, "= Y", "= Y", GARBAGE),
	CASE(QP, "= 41", "= 41", GARBAGE),
	CASE(QP, "==41", "=A", GARBAGE),
	CASE(QP, "=4=41", "=4A", GARBAGE),
	CASE(QP, "=4\r\nb", "=4\r\nb", GARBAGE),
	CASE(QP, "= =\nb", "= b", GARBAGE),
	CASE(QP, "a" BLANKS_64 BLANKS_64 "\nb", "a\nb", OK),
	CASE(QP, "a" BLANKS_64 BLANKS_64 " \nb", "a" BLANKS_64 BLANKS_64
	    "\nb", OK),
	CASE(QP, "a=" BLANKS_64 BLANKS_56 "       \nb", "ab", OK),
	CASE(QP, "a=" BLANKS_64 BLANKS_64 "\nb", "a=" BLANKS_64 BLANKS_56
	    "       \nb", GARBAGE),

	CASE(UU, "", "", EMPTY),
	CASE(UU, "hello\n", "", NONE),
	CASE(UU, "begin 644 x\n%:&5L;&\\\n`\nend\n", "hello", OK),
	CASE(UU, "begin 644 x\r\n%:&5L;&\\\r\n`\r\nend\r\n", "hello", OK),
	CASE(UU, "begin 644 a b\n%:&5L;&\\ \n \nend", "hello", OK),
	CASE(UU, "\n\nbegin 600 x\n%:&5L;&\\\n\nend\n\n", "hello", OK),
	CASE(UU, "begin 644 x\n%:&5L;&\\`X\n`\nend\n", "hello", OK),
	CASE(UU, "begin 644 x\n%:&5L;&\\`XY\n`\nend\n", "hello", GARBAGE),
	CASE(UU, BLANKS_64 BLANKS_64 "\nbegin 644 x\n`\n", "", EMPTY),
	CASE(UU, BLANKS_64 BLANKS_64 "x\nbegin 644 x\n`\n", "", NONE),
	CASE(UU, "Hi\nbegin 644 x\n%:&5L;&\\\n`\nend\n", "hello", GARBAGE),
	CASE(UU, "begin of a tale\nbegin 644 x\n%:&5L;&\\\nend\n", "hello",
	    GARBAGE),
	CASE(UU, "begin 644 x\n%:&5L;&\\\n`\nend\nbye\n", "hello", GARBAGE),
	CASE(UU, "begin 644 x\n%:&5L;&\\\n`\n%:&5L;&\\\n", "hello", GARBAGE),
	CASE(UU, "begin 644 x\n%:&5L;&\\\n\n%:&5L;&\\\n`\n", "hellohello", OK),
	CASE(UU, "begin 644 x\n%:&5L;&\\\n", "hello", CUT),
	CASE(UU, "begin 644 x\n%:&5L;&\\", "hello", CUT),
	CASE(UU, "begin 644 x\n%:&5L;&\\\n`", "hello", OK),
	CASE(UU, "begin 644 x\n#`0``\n`\nend\n", "\x01\0\0", OK),
	CASE(UU, "begin 644 x\n#\n#``\n`\nend\n", "\0\0\0\0\0\0", OK),
	CASE(UU, "begin 644 x\n\xa5:&5L;&\\\n`\nend\n", "hello", GARBAGE),
	CASE(UU, "begin 644 x\n`\nend\n", "", EMPTY),
	CASE(UU, "begin 644 x\n", "", NONE),

	CASE(YENC, "", "", EMPTY),
	CASE(YENC, "hello", "", NONE),
	CASE(YENC, "=ybegin line=128 size=5 name=x\r\n\x92\x8f\x96\x96\x99"
	    "\r\n=yend size=5\r\n", "hello", OK),
	CASE(YENC, "=ybegin part=1 name=x\n=ypart begin=1 end=5\n"
	    "\x92\x8f\r\n\x96\x96\x99\n=yend size=5", "hello", OK),
	CASE(YENC, "=ybegin name=x\n=n=}=J=M*\n=yend\n", "\x04\x13\xe0\xe3"
	    "\0", OK),
	CASE(YENC, "=ybegin name=x\na=y\n=yend\n", "\x37\x0f", OK),
	CASE(YENC, "\n=ybegin name=x\nabc", "789", CUT),
	CASE(YENC, "=ybegin name=x\nabc=", "789", CUT),
	CASE(YENC, "=ybegin name=x\nabc\n=ye", "789", CUT),
	CASE(YENC, "=ybegin name=x\nabc=\r\n=yend\n", "789", GARBAGE),
	CASE(YENC, "=ybegin name=x\nabc\n=ywhat\nabc\n=yend\n", "789789",
	    GARBAGE),
	CASE(YENC, "Hi\n=ybegin name=x\nabc\n=yend\n", "789", GARBAGE),
	CASE(YENC, "=ybegin name=x\nabc\n=yend\nbye\n", "789", GARBAGE),
	CASE(YENC, "=ybegin name=x\n=yend\n", "", EMPTY),
	CASE(YENC, "=ybegin name=x\n", "", NONE),
};

static uint32_t seed;

static unsigned
rnd(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (unsigned)(((uint64_t)seed * below) >> 32);
}

/* Decodes s in chunks of up to `chunk` bytes (0: random ones) into b. */
static enum transfer_result
decode(int encoding, struct span s, size_t chunk, struct buf *b)
{
	unsigned char last[TRANSFER_END_ROOM];
	enum transfer_result r;
	struct transfer t;

	transfer_begin(&t, (enum transfer_encoding)encoding);
	buf_reset(b);
	buf_adds(b, "");
	while (s.n > 0) {
		size_t n = chunk > 0 ? chunk : rnd(100);
		unsigned char *out;

		if (n > s.n)
			n = s.n;
		out = malloc(TRANSFER_ROOM(n));
		assert_non_null(out);
		buf_add(b, out, transfer_decode(&t, span_make(s.p, n), out));
		free(out);
		s = span_from(s, n);
	}
	buf_add(b, last, transfer_end(&t, last, &r));
	assert_false(buf_failed(b));
	return r;
}

static void
check(size_t i, size_t chunk, struct buf *b)
{
	enum transfer_result r = decode(cases[i].encoding, cases[i].in, chunk,
	    b);

	if ((int)r != cases[i].result || !span_eq(buf_span(b), cases[i].want))
		fail_msg("%s \"%s\" in chunks of %zu: \"%s\" (%zu), %s",
		    transfer_word((enum transfer_encoding)cases[i].encoding),
		    cases[i].in.p, chunk, b->p, b->n, transfer_result_word(r));
}

static void
test_cases(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(i, 10000, &b);
		check(i, 1, &b);
		check(i, 3, &b);
	}
	buf_free(&b);
}

/* Bytes that mean something to one of the decoders, and any others. */
static size_t
make_input(char *p)
{
	static const char *const word[] = { "begin 644 x\n", "end\n", "`\n",
		"=ybegin line=1 name=\n", "=yend\n", "=ypart\n", "\r\n", "\n",
		"=", "==", "=\n", " ", "  \n", "M", "#", "\n=y", "QUJD", "A",
		"=4", "Zg==", "M86%A86%A86%A86%A\n", "\t" };
	size_t n = 0, end = rnd(INPUT_MAX - 32);

	while (n < end) {
		const char *w = word[rnd(sizeof(word) / sizeof(word[0]))];

		if (rnd(4) == 0) {
			p[n++] = (char)rnd(256);
			continue;
		}
		memcpy(p + n, w, strlen(w));
		n += strlen(w);
	}
	return n;
}

static void
test_chunks(void **state)
{
	char in[INPUT_MAX];
	struct buf whole, parts;

	(void)state;
	seed = SEED;
	buf_init(&whole, 100000);
	buf_init(&parts, 100000);
	for (int i = 0; i < ROUNDS; i++) {
		struct span s = span_make(in, make_input(in));
		int e = i % (TRANSFER_UNKNOWN + 1);
		enum transfer_result r = decode(e, s, INPUT_MAX, &whole);

		assert_true(whole.n <= s.n + TRANSFER_SLACK);
		for (size_t chunk = 0; chunk < 2; chunk++) {
			if (decode(e, s, chunk, &parts) == r &&
			    span_eq(buf_span(&whole), buf_span(&parts)))
				continue;
			fail_msg("seed %u, round %d, encoding %d", SEED, i, e);
		}
	}
	buf_free(&whole);
	buf_free(&parts);
}

/* Base64 in lines of any length, decoded again. */
static void
test_base64_lines(void **state)
{
	unsigned char raw[300];
	char text[BASE64_SIZE(sizeof(raw))];
	struct buf in, out;

	(void)state;
	seed = SEED;
	buf_init(&in, 10000);
	buf_init(&out, 10000);
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = 1 + rnd(sizeof(raw)), line = 1 + rnd(80), len;

		for (size_t k = 0; k < n; k++)
			raw[k] = (unsigned char)rnd(256);
		len = base64_encode(text, raw, n);
		buf_reset(&in);
		for (size_t k = 0; k < len; k += line) {
			buf_add(&in, text + k, len - k < line ? len - k : line);
			buf_adds(&in, "\r\n");
		}
		assert_int_equal(decode(B64, buf_span(&in), 0, &out), OK);
		assert_int_equal(out.n, n);
		assert_memory_equal(out.p, raw, n);
	}
	buf_free(&in);
	buf_free(&out);
}

/* Padding that no byte was read for ends, however many lines ask for it. */
static void
test_uu_padding(void **state)
{
	struct buf in, out;

	(void)state;
	buf_init(&in, 100000);
	buf_init(&out, 200000);
	buf_adds(&in, "begin 644 x\n");
	for (int i = 0; i < 50; i++)
		buf_adds(&in, "M\r\n");
	buf_adds(&in, "end\n");
	assert_int_equal(decode(UU, buf_span(&in), 1, &out), OK);
	assert_int_equal(out.n, 50 * 45);
	buf_reset(&in);
	buf_adds(&in, "begin 644 x\n");
	for (int i = 0; i < 20000; i++)
		buf_adds(&in, "M\r\n");
	buf_adds(&in, "end\n");
	assert_int_equal(decode(UU, buf_span(&in), 1, &out), CUT);
	assert_true(out.n <= in.n + TRANSFER_SLACK);
	buf_free(&in);
	buf_free(&out);
}

static const struct {
	const char *name;
	int want;
} names[] = {
	{ "", ID }, { "7bit", ID }, { " 8BIT ", ID }, { "Binary", ID },
	{ "base64", B64 }, { "BASE64", B64 }, { "\tbase64\r\n", B64 },
	{ "(a) base64", B64 }, { "(a (b) \\) c)\r\n base64 (d)", B64 },
	{ "base64(d)", B64 }, { "base64;", B64 }, { "\"base64\"", B64 },
	{ "base64 x", B64 }, { "quoted-printable", QP },
	{ "Quoted-Printable;x", QP }, { "x-uuencode", UU }, { "uuencode", UU },
	{ "X-UUE", UU }, { "x-yenc", YENC }, { "(unfinished base64", ID },
	{ "base 64", TRANSFER_UNKNOWN }, { "base641", TRANSFER_UNKNOWN },
	{ "x-other", TRANSFER_UNKNOWN }, { ")", TRANSFER_UNKNOWN },
};

static void
test_names(void **state)
{
	(void)state;
	assert_int_equal(transfer_named(span_of(NULL)), ID);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((int)transfer_named(span_of(names[i].name)) !=
		    names[i].want)
			fail_msg("\"%s\"", names[i].name);
	for (int e = 0; e <= TRANSFER_UNKNOWN; e++)
		assert_non_null(transfer_word((enum transfer_encoding)e));
	for (int r = 0; r <= TRANSFER_UNDECODABLE; r++)
		assert_non_null(transfer_result_word((enum transfer_result)r));
}

static const struct {
	const char *text, *want;
} writes[] = {
	{ "", "" },
	{ "hello", "hello" },
	{ "a\nb\r\n", "a\r\nb\r\n" },
	{ "\n\n", "\r\n\r\n" },
	{ "a=b\tc d", "a=3Db\tc d" },
	{ "a \nb\t\nc ", "a=20\r\nb=09\r\nc=20" },
	{ "caf\xc3\xa9\x7f\x01", "caf=C3=A9=7F=01" },
	{ "a\rb\r", "a=0Db=0D" },
	{ ".\n..\nFrom me\nFromage", "=2E\r\n=2E.\r\n=46rom me\r\nFromage" },
	{ "--x\n-x\na--", "=2D-x\r\n-x\r\na--" },
	{ A_75 "A", A_75 "A" },
	{ A_75 "A\n", A_75 "A\r\n" },
	{ A_75 "AA", A_75 "=\r\nAA" },
	{ A_75 ".", A_75 "." },
	{ A_75 ".A", A_75 "=\r\n=2EA" },
	{ A_75 " \n", A_75 "=\r\n=20\r\n" },
	{ A_75 "--x", A_75 "=\r\n=2D-x" },
};

static void
test_writes(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		struct span s = transfer_to_qp(a, span_of(writes[i].text));

		if (!span_is(s, writes[i].want))
			fail_msg("\"%s\": \"%s\"", writes[i].text,
			    arena_cstr(a, s));
	}
	arena_free(&a);
}

/* Any text comes back as it was, with CRLF, from lines that may be sent. */
static void
check_written(struct arena *a, struct span text, struct buf *want)
{
	struct span qp = transfer_to_qp(a, text), left = qp, line;
	struct buf back;

	while (span_split(&left, '\n', &line)) {
		assert_true(line.n <= 76 + (left.p != NULL));
		for (size_t i = 0; i < line.n; i++)
			assert_true(line.p[i] == '\t' || line.p[i] == '\r' ||
			    (line.p[i] >= ' ' && line.p[i] <= '~'));
		assert_false(span_starts(line, ".") ||
		    span_starts(line, "--") || span_starts(line, "From "));
	}
	buf_reset(want);
	buf_adds(want, "");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			buf_addc(want, '\r');
		buf_addc(want, text.p[i]);
	}
	buf_init(&back, 100000);
	decode(QP, qp, 10000, &back);
	assert_int_equal(back.n, want->n);
	assert_memory_equal(back.p, want->p, want->n);
	buf_free(&back);
}

static void
test_there_and_back(void **state)
{
	char in[INPUT_MAX];
	struct buf want;

	(void)state;
	seed = SEED;
	buf_init(&want, 100000);
	for (int i = 0; i < ROUNDS / 4; i++) {
		struct arena *a = arena_new();
		size_t n = rnd(sizeof(in));
		unsigned range = i % 2 == 0 ? 256 : 60;

		for (size_t k = 0; k < n; k++)
			in[k] = rnd(20) == 0 ? '\n' :
			    (char)(rnd(range) + (range == 60 ? ' ' : 0));
		check_written(a, span_make(in, n), &want);
		arena_free(&a);
	}
	buf_free(&want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_base64_lines),
		cmocka_unit_test(test_uu_padding),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
