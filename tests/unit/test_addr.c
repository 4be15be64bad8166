/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_addr: which authors an address list has, and when it is not plain.
 *
 * A result is written as "local@domain" with blanks between, "!" in front
 * when malformed.  First what is plain (RFC 5322 and real mail), then what
 * somebody sends who wants one reader to see another author than we do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addr.h"
#include "buf.h"

#define GOOD "a@good.example"
#define EVIL "b@evil.example"
#define BOTH GOOD " " EVIL
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct a_case {
	struct span	 in;
	const char	*want;
};

#define CASE(in, want) { SPAN_LIT(in), want }

static const struct a_case plain[] = {
	CASE("", ""),
	CASE("  ", ""),
	CASE(" a@good.example", GOOD),
	CASE(" <a@good.example>", GOOD),
	CASE(" A. U. Thor <a@good.example>\r\n", GOOD),
	CASE("\r\n\tName\r\n <a@good.example>", GOOD),
	CASE("Name\n <a@good.example>", GOOD),
	CASE("a@good.example, b@evil.example", BOTH),
	CASE("<a@good.example>,\r\n <b@evil.example>", BOTH),
	CASE(",, a@good.example , ,b@evil.example,", BOTH),
	CASE("(c) a (c) @ (c) good.example (c (d \\) e))", GOOD),
	CASE("Name <a(x)@good.example(y)>", GOOD),
	CASE("a@good.example (comment <b@evil.example>)", GOOD),
	CASE("a@good.example (\"<b@evil.example>)", GOOD),
	/* Names that look like an address are names. */
	CASE("\"a@good.example\" <b@evil.example>", EVIL),
	CASE("\"x\\\" <a@good.example>, \\\"\" <b@evil.example>", EVIL),
	CASE("=?utf-8?q?=22a=40good=2Eexample=22?= <b@evil.example>", EVIL),
	CASE("=?utf-8?q?A,_B:_C;_D.?= =?utf-8?b?eA==?= <b@evil.example>",
	    EVIL),
	CASE("=?x?=y?z =? <b@evil.example>", EVIL),
	/* Local parts. */
	CASE("\"a@good.example\"@evil.example",
	    "a@good.example@evil.example"),
	CASE("\"a \\\"b\\\\\"@x.example", "a \"b\\@x.example"),
	CASE("\"a\r\n b\"@x.example", "a b@x.example"),
	CASE("\"\"@x.example", "@x.example"),
	CASE("a.\"b c\".d@x.example", "a.b c.d@x.example"),
	CASE("a..b.@x.example", "a..b.@x.example"),
	CASE("a+b=c!d%e{f}@x.example", "a+b=c!d%e{f}@x.example"),
	/* Domains. */
	CASE("a@[192.0.2.1]", "a@[192.0.2.1]"),
	CASE("a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"),
	CASE("a@x.example.", "a@x.example."),
	CASE("J\xc3\xb6rg <j\xc3\xb6@b\xc3\xbc.example>",
	    "j\xc3\xb6@b\xc3\xbc.example"),
	CASE("J\xf6rg <a@good.example>", GOOD),
	/* Groups. */
	CASE("undisclosed-recipients:;", ""),
	CASE("undisclosed recipients: (none) ;", ""),
	CASE("List: a@good.example, B <b@evil.example>;", BOTH),
	CASE("x: a@good.example;, b@evil.example", BOTH),
	CASE("x:;, \"y\": a@good.example,;, b@evil.example", BOTH),
	CASE("\"a@good.example\": b@evil.example;", EVIL),
};

static const struct a_case odd[] = {
	CASE("a@good.example <b@evil.example>", "!" BOTH),
	CASE("a@good.example\r\n <b@evil.example>", "!" BOTH),
	CASE("<a@good.example> <b@evil.example>", "!" BOTH),
	CASE("<a@good.example><b@evil.example>", "!" BOTH),
	CASE("<a@good.example> b@evil.example", "!" BOTH),
	CASE("a@good.example b@evil.example", "!" BOTH),
	CASE("a@good.example; b@evil.example", "!" BOTH),
	CASE("a@good.example: b@evil.example", "!" BOTH),
	CASE("a@good.example: b@evil.example;", "!" BOTH),
	CASE("a@good.example\" b@evil.example", "!" BOTH),
	CASE("<a@good.example, b@evil.example>", "!" BOTH),
	CASE("<a@good.example<b@evil.example>>", "!" BOTH),
	CASE("<<a@good.example> b@evil.example>", "!" BOTH),
	CASE("x <a@good.example b@evil.example>", "!" BOTH),
	CASE("<a@good.example", "!" GOOD),
	CASE("a@good.example>", "!" GOOD),
	CASE("<a@good.example> Name", "!" GOOD),
	CASE("a@good.example Name", "!" GOOD),
	CASE("Name a@good.example", "!" GOOD),
	CASE("\"Name\" a@good.example", "!" GOOD),
	CASE("\"Name\"a@good.example", "!" GOOD),
	CASE("<Name a@good.example>", "!" GOOD),
	CASE("<a@good.example>@evil.example",
	    "!a@good.example @evil.example"),
	CASE("a@b@c", "!a@b b@c"),
	CASE("<a@b@c@d>", "!a@b b@c c@d"),
	CASE("a@[192.0.2.1].x", "!a@[192.0.2.1]"),
	CASE("a@x[192.0.2.1]", "!a@x"),
	CASE("a@\"good.example\"", "!" GOOD),
	/* Blanks and comments in the middle. */
	CASE("a@good.example .evil.example",
	    "!a@good.example.evil.example"),
	CASE("a@good.(x)example", "!" GOOD),
	CASE("a@ good\r\n .example", "!" GOOD),
	CASE("x . a@good.example", "!x.a@good.example"),
	CASE("a @ good.example", GOOD),
	CASE("a@good.example evil.example", "!" GOOD),
	/* Never closed. */
	CASE("\"Name <b@evil.example>", "!" EVIL),
	CASE("\"a@good.example\" <b@evil.example> \"", "!" EVIL),
	CASE("(Name <b@evil.example>", "!" EVIL),
	CASE("(a@good.example) b@evil.example (", "!" EVIL),
	CASE("((a@good.example) b@evil.example", "!" BOTH),
	CASE("a@good.example (x", "!" GOOD),
	CASE("a@good.example (x\\)", "!" GOOD),
	CASE("b@evil.example \"x\\\"", "!" EVIL),
	CASE("a@[192.0.2.1", "!a@"),
	CASE("x: a@good.example", "!" GOOD),
	CASE("x: a@good.example, b@evil.example", "!" BOTH),
	/* Stray signs. */
	CASE("a@good.example)", "!" GOOD),
	CASE("a@good.example]", "!" GOOD),
	CASE("a@good.example\\", "!" GOOD),
	CASE("a\\@good.example", "!@good.example"),
	CASE("a@good.example:", "!" GOOD),
	CASE(": a@good.example", "!" GOOD),
	CASE(";a@good.example", "!" GOOD),
	CASE("x: y: a@good.example; b@evil.example", "!" BOTH),
	CASE("x: a@good.example; b@evil.example", "!" BOTH),
	/* Source routes. */
	CASE("<@good.example:b@evil.example>", "!" EVIL),
	CASE("<@x,,@y:b@evil.example>", "!" EVIL),
	CASE("<@good.example>, b@evil.example",
	    "!@good.example b@evil.example"),
	CASE("<@good.example b@evil.example>",
	    "!@good.example b@evil.example"),
	CASE("@good.example", "!@good.example"),
	/* Nothing there, or half. */
	CASE("<>", "!"),
	CASE("Name <>", "!"),
	CASE("Name", "!Name@"),
	CASE("<root>", "!root@"),
	CASE("A Name", "!"),
	CASE("Doe, John <a@good.example>", "!Doe@ " GOOD),
	CASE("a@", "!a@"),
	CASE("@", "!@"),
	CASE("a@, b@evil.example", "!a@ " EVIL),
	CASE("a@<b@evil.example>", "!a@ " EVIL),
	CASE("a@.good.example", "!a@.good.example"),
	CASE("a@good..example", "!a@good..example"),
	/* Control characters. */
	CASE("a@good.example\0<b@evil.example>",
	    "!a@good.example? b@evil.example"),
	CASE("a\0@good.example", "!a?@good.example"),
	CASE("\"x\0\" <a@good.example>", "!" GOOD),
	CASE("(\0) a@good.example", "!" GOOD),
	CASE("a@good.example\x7f", "!a@good.example\x7f"),
	CASE("a@good.example\r<b@evil.example>", "!" BOTH),
	CASE("a@good.example\nb@evil.example", "!" BOTH),
	CASE("\"x\ny\" <a@good.example>", "!" GOOD),
	/* Encoded words whose text is lexed by some, decoded by others. */
	CASE("=?x?q?a@good.example?= <b@evil.example>", "!" EVIL),
	CASE("=?x?q?\"?= \"a@good.example\" <b@evil.example>", "!" EVIL),
	CASE("=?x?q?(?= \"x) a@good.example\" <b@evil.example>", "!" EVIL),
	CASE("=?x?q?a=40good?=@x", "!=?x?q?a=40good?=@x"),
	CASE("a@=?x?q?good?=", "!a@=?x?q?good?="),
	CASE("x\"=?x?q?\"x?=\"a@good.example\" <b@evil.example>",
	    "!" EVIL),
	CASE("\"Name\"x <b@evil.example>", "!" EVIL),
	CASE("=?x?q a@good.example ?= <b@evil.example>", "!" BOTH),
};

static void
add_text(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(b, s.p[i] == '\0' ? '?' : s.p[i]);
}

/* The input on the heap, so that the sanitizer sees a read past its end. */
static void
parse(struct arena *a, struct span in, size_t max, struct mailboxes *out)
{
	char *copy = malloc(in.n + 1);

	assert_non_null(copy);
	if (in.n > 0)
		memcpy(copy, in.p, in.n);
	copy = realloc(copy, in.n > 0 ? in.n : 1);
	addr_parse_list(a, span_make(copy, in.n), max, out);
	free(copy);
}

static void
check(const struct a_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena *a = arena_new();
		struct mailboxes out;
		struct buf b;

		buf_init(&b, 10000);
		parse(a, cases[i].in, 100, &out);
		buf_adds(&b, out.malformed ? "!" : "");
		for (size_t k = 0; k < out.n; k++) {
			buf_adds(&b, k > 0 ? " " : "");
			add_text(&b, out.m[k].local);
			buf_addc(&b, '@');
			add_text(&b, out.m[k].domain);
		}
		if (strcmp(b.p, cases[i].want) != 0)
			fail_msg("%s: got %s, not %s", cases[i].in.p, b.p,
			    cases[i].want);
		assert_false(out.truncated);
		buf_free(&b);
		arena_free(&a);
	}
}

static void
test_plain(void **state)
{
	(void)state;
	check(plain, COUNT(plain));
}

static void
test_odd(void **state)
{
	(void)state;
	check(odd, COUNT(odd));
}

static void
test_truncated(void **state)
{
	struct arena *a = arena_new();
	struct mailboxes out;

	(void)state;
	addr_parse_list(a, span_of("a@x, b@x, c@x"), 3, &out);
	assert_int_equal(out.n, 3);
	assert_false(out.truncated);
	addr_parse_list(a, span_of("a@x, b@x, c@x"), 2, &out);
	assert_int_equal(out.n, 2);
	assert_true(out.truncated);
	addr_parse_list(a, span_of("a@x"), 0, &out);
	assert_int_equal(out.n, 0);
	assert_true(out.truncated);
	arena_free(&a);
}

/* Quadratic work on these would take minutes. */
static void
test_linear(void **state)
{
	static const char *const pieces[] = {
		"(", "\"", "[", "\\", "\"\\\"", "<", "@", ",", "a ", "a@",
		"=?", "=?a?q?,", "=?a?q?", "(a)(", "a:", ";", ".", "<@", "((x)",
		"\"a\"[", "a@b<", "\r\n ", "\r", "a@b,", "\\\"", "\\(",
		"\\[",
	};
	enum { BYTES = 400000 };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct arena *a = arena_new();
		struct mailboxes out;
		struct buf b;

		buf_init(&b, BYTES + 100);
		while (b.n < BYTES)
			buf_adds(&b, pieces[i]);
		parse(a, buf_span(&b), 10, &out);
		assert_true(out.n <= 10);
		buf_free(&b);
		arena_free(&a);
	}
}

/* Short texts of signs that matter: nothing is read past the end. */
static void
test_random(void **state)
{
	static const char signs[] = "a.@<>,;:\"\\()[] \r\n=?q\0\xc3";
	unsigned long seed = 1;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		struct arena *a = arena_new();
		struct mailboxes out;
		char text[24];
		size_t n = (size_t)i % sizeof(text);

		for (size_t k = 0; k < n; k++) {
			seed = seed * 1103515245 + 12345;
			text[k] = signs[(seed >> 16) % (sizeof(signs) - 1)];
		}
		parse(a, span_make(text, n), 3, &out);
		assert_true(out.n <= 3);
		arena_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_linear),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
