/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mime_names: file names in every form of RFC 2231 and RFC 2047, and in
 * those that are only seen; what is done to hostile ones.
 */
#include "mime_fixture.h"

#define AUML "\xc3\xa4"

/* Lines of the header behind "Content-Type: application/x". */
static const struct {
	const char *type, *disposition, *want, *words;
} cases[] = {
	{ "", NULL, "", "" },
	{ "", "attachment", "", "" },
	{ "", "attachment; filename=a.exe", "a.exe", "" },
	{ "", "attachment; filename=\"a b.exe\"", "a b.exe", "" },
	{ "", "attachment; FileName = \"a.exe\" ; size=1", "a.exe", "" },
	{ "", "attachment; filename=a b.exe", "a b.exe", "" },
	{ "", "attachment;\r\n filename=\"a.exe\"", "a.exe", "" },
	{ "", "attachment; filename=\"a\\\"b.exe\"", "a\"b.exe", "" },
	{ "", "attachment; filename=\"a\r\n b.exe\"", "a b.exe", "" },
	{ "; name=a.exe", NULL, "a.exe", "" },
	{ "; name=\"b.exe\"", "inline", "b.exe", "" },
	/* RFC 2231: charset, continuations, both, any order. */
	{ "", "attachment; filename*=utf-8''%c3%a4.exe", AUML ".exe", "" },
	{ "", "attachment; filename*=UTF-8'de'%C3%A4.exe", AUML ".exe", "" },
	{ "", "attachment; filename*=iso-8859-1''%e4.exe", AUML ".exe", "" },
	{ "", "attachment; filename*=us-ascii'en'a%20b.exe", "a b.exe", "" },
	{ "", "attachment; filename*0=\"a.\"; filename*1=exe", "a.exe", "" },
	{ "", "attachment; filename*1=exe;\r\n filename*0=\"a.\"", "a.exe",
	  "" },
	{ "", "attachment; filename*0*=utf-8''%c3%a4; filename*1=\".e\";"
	  " filename*2*=%78e", AUML ".exe", "" },
	{ "; name*=utf-8''%c3%a4.exe", NULL, AUML ".exe", "" },
	{ "; name*0*=utf-8''%c3%a4; name*1=.exe", NULL, AUML ".exe", "" },
	/* A charset that nobody knows. */
	{ "", "attachment; filename*=nonsense''%e4.exe", AUML ".exe", "" },
	/* RFC 2047, where it may not stand. */
	{ "", "attachment; "
	  "filename=\"=?utf-8?B?w6QuZXhl?=\"", AUML ".exe", "" },
	{ "", "attachment; filename=\"=?iso-8859-1?Q?=E4.exe?=\"",
	  AUML ".exe", "" },
	{ "", "attachment; filename==?utf-8?Q?a=2Eexe?=", "a.exe", "" },
	{ "; name=\"=?utf-8?Q?a=2E?=\r\n =?utf-8?Q?exe?=\"", NULL, "a.exe",
	  "" },
	/* 8-bit text: UTF-8, the part's charset, or Latin 1. */
	{ "", "attachment; filename=\"" AUML ".exe\"", AUML ".exe", "" },
	{ "", "attachment; filename=\"\xe4.exe\"", AUML ".exe", "" },
	{ "; charset=koi8-r", "attachment; filename=\"\xc1.exe\"",
	  "\xd0\xb0.exe", "" },
	{ "; charset=\"../x//IGNORE\"", "attachment; filename=\"\xe4.exe\"",
	  AUML ".exe", "" },
	/* Two names: the file name wins; another ending is suspicious. */
	{ "; name=b.exe", "attachment; filename=a.exe", "a.exe", "" },
	{ "; name=b.EXE", "attachment; filename=a.exe", "a.exe", "" },
	{ "; name=b.exe", "attachment; filename=a.txt", "a.txt", "other" },
	{ "; name=b", "attachment; filename=a.txt", "a.txt", "other" },
	{ "", "attachment; filename=\"_.exe\"; filename*=utf-8''%c3%a4.exe",
	  AUML ".exe", "" },
	{ "", "attachment; filename*=utf-8''a.txt; filename=b.exe", "a.txt",
	  "other" },
	{ "", "attachment; filename=a.txt; filename=b.exe", "a.txt", "other" },
	/* No word before it; a quote without its end; empty parameters. */
	{ "", "filename=a.exe", "a.exe", "other" },
	{ "", "attachment; filename=\"a.exe", "\"a.exe", "" },
	{ "", "attachment;; filename=a.exe;", "a.exe", "" },
	/* Paths. */
	{ "", "attachment; filename=\"/etc/../a.exe\"", "a.exe", "" },
	{ "", "attachment; filename=\"c:\\\\x\\\\a.exe\"", "a.exe", "" },
	{ "", "attachment; filename=\"../a.exe//\"", "a.exe", "" },
	{ "", "attachment; filename=\"/\"", "", "" },
	{ "", "attachment; filename*=utf-8''..%2fa.exe", "a.exe", "" },
	/* What hides an ending. */
	{ "", "attachment; filename*=utf-8''a%00.exe", "a?.exe", "other" },
	{ "", "attachment; filename*=utf-8''a%0d%0a%1b%7f.exe", "a????.exe",
	  "" },
	{ "", "attachment; filename=\"a\xe2\x80\xae" "txt.exe\"",
	  "a?txt.exe", "" },
	{ "", "attachment; filename=\"a\xe2\x80\x8b.\xc2\xadtxt\"",
	  "a?.?txt", "" },
	{ "", "attachment; filename=\"a.exe. .\"", "a.exe. .", "" },
	{ "", "attachment; filename=\"a.exe \"", "a.exe ", "" },
};

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		struct parsed p;

		snprintf(text, sizeof(text), "Content-Type: application/x%s\r\n"
		    "%s%s%s\r\nx", cases[i].type,
		    cases[i].disposition ? "Content-Disposition: " : "",
		    cases[i].disposition ? cases[i].disposition : "",
		    cases[i].disposition ? "\r\n" : "");
		parse(&p, text);
		assert_int_equal(p.tree.n, 1);
		assert_string_equal(p.tree.part[0].name, cases[i].want);
		if (strcmp(mime_malformed_words(p.arena, p.tree.malformed),
		    cases[i].words) != 0)
			fail_msg("%s: malformed %x", text, p.tree.malformed);
		parsed_free(&p);
	}
}

/* Cut in the middle, between characters; the ending stays. */
static void
test_long(void **state)
{
	char text[4096] = "Content-Disposition: x; filename=\"";
	struct parsed p;
	const char *name;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		strcat(text, i < 500 ? AUML : "b");
	strcat(text, ".txt.exe \"\r\n\r\n");
	parse(&p, text);
	name = p.tree.part[0].name;
	assert_in_range(strlen(name), MIME_NAME_SIZE - 4, MIME_NAME_SIZE - 1);
	assert_non_null(strstr(name, AUML "...b"));
	assert_string_equal(name + strlen(name) - 9, ".txt.exe ");
	assert_memory_equal(name, AUML, 2);
	parsed_free(&p);
}

/* Types and charsets are ASCII without blanks, and bounded. */
static void
test_words(void **state)
{
	char text[1024] = "Content-Type: Text/X-";
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < 300; i++)
		strcat(text, "Y");
	strcat(text, "; charset=\"A \x01" AUML "\"\r\n\r\n");
	parse(&p, text);
	assert_int_equal(strlen(p.tree.part[0].type), MIME_TYPE_SIZE - 1);
	assert_memory_equal(p.tree.part[0].type, "text/x-yyy", 10);
	assert_string_equal(p.tree.part[0].charset, "a????");
	parsed_free(&p);
}

static void
test_bits(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(mime_malformed_words(a, 0), "");
	assert_string_equal(mime_malformed_words(a, 0x7f),
	    "duplicate-field,duplicate-boundary,no-boundary,truncated,"
	    "bad-header,bad-encoding,other");
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bits),
	};

	return cmocka_run_group_tests(tests, mime_group, NULL);
}
