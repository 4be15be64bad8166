/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_clean: what each sanitiser lets through, and its caps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clean.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define UMLAUT "\xc3\xa4"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const char *
reply_ascii(struct span s)
{
	return clean_reply(arena, s, false);
}

static const char *
reply_utf8(struct span s)
{
	return clean_reply(arena, s, true);
}

static const char *
log_value(struct span s)
{
	return clean_log(arena, s);
}

static const char *
authres(struct span s)
{
	return clean_authres(arena, s, false);
}

static const char *
authres_utf8(struct span s)
{
	return clean_authres(arena, s, true);
}

static const char *
comment(struct span s)
{
	return clean_comment(arena, s, true);
}

static const struct {
	const char	*(*f)(struct span);
	struct span	 in;
	const char	*want;
} cases[] = {
	{ log_value, { NULL, 0 }, "-" },
	{ log_value, SPAN_LIT(""), "-" },
	{ log_value, SPAN_LIT("a@b.c,d;e'f"), "a@b.c,d;e'f" },
	{ log_value, SPAN_LIT("a b"), "\"a b\"" },
	{ log_value, SPAN_LIT("a=b"), "\"a=b\"" },
	{ log_value, SPAN_LIT("a\"b\\c"), "\"a\\\"b\\\\c\"" },
	{ log_value, SPAN_LIT(UMLAUT), "\"" UMLAUT "\"" },
	{ log_value, SPAN_LIT("a\r\nb\0c\t"), "a??b?c?" },
	{ reply_ascii, { NULL, 0 }, "" },
	{ reply_ascii, SPAN_LIT("a " UMLAUT " 100%"), "a ? 100%" },
	{ reply_utf8, SPAN_LIT("a " UMLAUT " 100%"), "a " UMLAUT " 100%" },
	{ reply_utf8, SPAN_LIT("x\r\n250 ok"), "x??250 ok" },
	/* Controls: DEL, C1, and what turns the direction. */
	{ reply_utf8, SPAN_LIT("a\x7f" "b\xc2\x85" "c"), "a?b?c" },
	{ reply_utf8, SPAN_LIT("\xe2\x80\xae" "a\xe2\x80\xaa" "b"), "?a?b" },
	{ reply_utf8, SPAN_LIT("\xe2\x81\xa6" "a\xe2\x81\xa9"), "?a?" },
	{ reply_utf8, SPAN_LIT("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), "???" },
	{ reply_utf8, SPAN_LIT("\xe2\x80\xa8"), "?" },
	{ reply_utf8, SPAN_LIT("\xe2\x80\x8d\xe2\x82\xac\xf0\x9f\x98\x80"),
	    "\xe2\x80\x8d\xe2\x82\xac\xf0\x9f\x98\x80" },
	/* Not UTF-8: alone, overlong, surrogate, too high, cut. */
	{ reply_utf8, SPAN_LIT("a\xe4" "b\x80"), "a?b?" },
	{ reply_utf8, SPAN_LIT("\xc0\xaf\xc1\xbf"), "????" },
	{ reply_utf8, SPAN_LIT("\xe0\x80\xaf"), "???" },
	{ reply_utf8, SPAN_LIT("\xf0\x80\x80\xaf"), "????" },
	{ reply_utf8, SPAN_LIT("\xed\xa0\x80"), "???" },
	{ reply_utf8, SPAN_LIT("\xf4\x90\x80\x80"), "????" },
	{ reply_utf8, SPAN_LIT("\xf5\xff"), "??" },
	{ reply_utf8, SPAN_LIT("\xe2\x82"), "??" },
	{ reply_utf8, SPAN_LIT("\xe2\x82\"x"), "??\"x" },
	{ authres, SPAN_LIT("mail.example.org"), "mail.example.org" },
	{ authres, SPAN_LIT("a/b=c?"), "a/b=c?" },
	{ authres, SPAN_LIT(".a"), ".a" },	/* a token */
	{ authres, SPAN_LIT("a..b=c"), "\"a..b=c\"" },
	{ authres, SPAN_LIT("/a."), "\"/a.\"" },
	{ authres, SPAN_LIT(""), "\"\"" },
	{ authres, SPAN_LIT("a@b"), "\"a@b\"" },
	{ authres, SPAN_LIT("a b"), "\"a b\"" },
	{ authres, SPAN_LIT("a;b"), "\"a;b\"" },
	{ authres, SPAN_LIT("a\"\\b"), "\"a\\\"\\\\b\"" },
	{ authres, SPAN_LIT("(x)"), "\"(x)\"" },
	{ authres, SPAN_LIT("x\r\ny z"), "\"x??y z\"" },
	{ authres, SPAN_LIT("b" UMLAUT), "b?" },
	{ authres_utf8, SPAN_LIT("b" UMLAUT), "b" UMLAUT },
	{ comment, SPAN_LIT("a (b) \\c \"d\""), "a [b] /c \"d\"" },
	{ comment, SPAN_LIT("\r\n\0"), "???" },
};

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span in = cases[i].in;
		/* On the heap: a read past the end is seen. */
		char *copy = malloc(in.n > 0 ? in.n : 1);

		assert_non_null(copy);
		if (in.n > 0)
			memcpy(copy, in.p, in.n);
		assert_string_equal(cases[i].f(span_make(
		    in.p == NULL ? NULL : copy, in.n)), cases[i].want);
		free(copy);
	}
}

static void
test_caps(void **state)
{
	char text[5000];
	const char *out;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(strlen(clean_log(arena, span_make(text,
	    CLEAN_LOG_MAX))), CLEAN_LOG_MAX);
	for (size_t n = 1; n < 5; n++) {
		out = clean_log(arena, span_make(text, CLEAN_LOG_MAX + n));
		assert_int_equal(strlen(out), CLEAN_LOG_MAX);
		assert_string_equal(out + CLEAN_LOG_MAX - 4, "x...");
	}
	assert_int_equal(strlen(reply_utf8(span_make(text, sizeof(text)))),
	    CLEAN_REPLY_MAX);
}

/* The cut is between characters, whatever their place. */
static void
test_cut_utf8(void **state)
{
	char text[5000];

	(void)state;
	for (size_t lead = 0; lead < 4; lead++) {
		const char *out;
		size_t n;

		memset(text, 'x', lead);
		for (size_t i = lead; i + 4 <= sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 4);
		out = reply_utf8(span_make(text, 4000));
		n = strlen(out);
		assert_in_range(n, CLEAN_REPLY_MAX - 3, CLEAN_REPLY_MAX);
		assert_string_equal(out + n - 4, "\x80...");
		assert_int_equal((n - 3 - lead) % 4, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_caps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_utf8, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
