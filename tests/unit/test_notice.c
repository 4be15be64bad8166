/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_notice: the texts that stand in place of a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clean.h"
#include "notice.h"

static const struct notice virus = {
	.file = "Rechnung.exe", .virus = "Win.Test.EICAR_HDB-1",
	.reason = "", .time = "Sat, 21 Nov 2026 08:00:00 +0000",
	.reference = "R123", .contact = "help@example.org", .sha256 = "00ff"
};

/* A copy of `virus`, changed: v no virus, f no file, c no contact. */
static struct notice
variant(const char *flags)
{
	struct notice n = virus;

	if (strchr(flags, 'v') != NULL) {
		n.virus = "";
		n.reason = "blocked name .exe";
	}
	if (strchr(flags, 'f') != NULL)
		n.file = "";
	if (strchr(flags, 'c') != NULL)
		n.contact = "";
	return n;
}

static size_t
occurs(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text++;
		n++;
	}
	return n;
}

static const struct {
	const char *language, *flags, *has, *lacks;
} cases[] = {
	{ "en", "", "\"Rechnung.exe\" was removed", "${" },
	{ "en", "", "Virus: Win.Test.EICAR_HDB-1\n", "Reason" },
	{ "en", "", "Removed: Sat, 21 Nov 2026 08:00:00 +0000\n", "00ff" },
	{ "en", "", "Reference: R123\n", "A file" },
	{ "en", "", "ask help@example.org and", "rules" },
	{ "en", "c", "Reference: R123\n", "ask" },
	{ "en", "f", "A file was removed", "\"" },
	{ "en", "v", "Reason: blocked name .exe\n", "because it contained" },
	{ "en", "v", "our rules do not allow it", "Virus:" },
	{ "en", "vf", "A file was removed", "\"" },
	{ "de", "", "Die Datei „Rechnung.exe“ wurde", "Grund" },
	{ "de", "v", "unsere Regeln", "Virus:" },
	{ "de", "c", "Kennzeichen: R123", "wenden" },
	{ "fr", "", "Le fichier « Rechnung.exe » a été", "Raison" },
	{ "fr", "vf", "Un fichier a été retiré", "«" },
	{ "es", "", "El archivo «Rechnung.exe» se ha", "Motivo" },
	{ "es", "vc", "Motivo: blocked name .exe", "Consulte" },
	{ "DE", "", "Die Datei", "The file" },
	{ "xx", "", "The file", "Die Datei" },
	{ "", "", "The file", "Die Datei" },
};

static void
test_built_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		struct notice n = variant(cases[i].flags);
		struct span text = notice_text(a, &n, &cases[i].language, 1,
		    span_of(NULL));

		if (occurs(text.p, cases[i].has) != 1 ||
		    occurs(text.p, cases[i].lacks) != 0)
			fail_msg("case %zu: %s", i, text.p);
		arena_free(&a);
	}
}

/* Every text of every kind: plain, whole, and understood by everybody. */
static void
test_all_texts(void **state)
{
	static const char *const languages[] = { "en", "de", "fr", "es" };
	static const char *const flags[] = {
		"", "v", "f", "c", "vf", "vc", "fc", "vfc"
	};

	(void)state;
	for (size_t i = 0; i < 4 * 8; i++) {
		struct arena *a = arena_new();
		struct notice n = variant(flags[i % 8]);
		struct span t = notice_text(a, &n, &languages[i / 8], 1,
		    span_of(NULL));

		assert_true(clean_utf8(t));
		assert_true(t.n > 100 && t.p[t.n - 1] == '\n');
		assert_null(strpbrk(t.p, "!$\r\t"));
		assert_null(strstr(t.p, "\n\n\n"));
		assert_null(strstr(t.p, "\n--"));
		assert_int_equal(occurs(t.p, n.reference), 1);
		assert_int_equal(occurs(t.p, n.time), 1);
		assert_true(n.virus[0] == '\0' || occurs(t.p, n.virus) == 1);
		assert_true(n.file[0] == '\0' || occurs(t.p, n.file) == 1);
		arena_free(&a);
	}
}

static void
test_languages(void **state)
{
	static const char *const order[] = { "fr", "xx", "en", "FR" };
	struct arena *a = arena_new();
	struct span text = notice_text(a, &virus, order, 4, span_of(NULL));
	const char *english = strstr(text.p, "The file");

	(void)state;
	assert_non_null(english);
	assert_true(span_starts(text, "Le fichier"));
	assert_int_equal(occurs(text.p, "Le fichier"), 1);
	assert_memory_equal(english - 8, "\n\n* * *\n\n" + 1, 8);
	text = notice_text(a, &virus, NULL, 0, span_of(NULL));
	assert_true(span_starts(text, "The file"));
	assert_true(notice_speaks("en") && notice_speaks("De"));
	assert_false(notice_speaks("x") || notice_speaks("") ||
	    notice_speaks("ende") || notice_speaks(NULL));
	arena_free(&a);
}

static const struct {
	const char *own, *want;
} templates[] = {
	{ "plain", "plain\n" },
	{ "two\r\nlines\r\n", "two\r\nlines\r\n" },
	{ "${file}|${virus}|${time}", "Rechnung.exe|Win.Test.EICAR_HDB-1|"
	    "Sat, 21 Nov 2026 08:00:00 +0000\n" },
	{ "${reference}${contact}${sha256}${reason}.\n",
	    "R123help@example.org00ff.\n" },
	{ "$$${file}$$\n", "$Rechnung.exe$\n" },
	{ "$${file}\n", "${file}\n" },
	{ "$$$${file}\n", "$${file}\n" },
	/* Not past notice_check; but nothing may break. */
	{ "a ${nothing} $ ${file", "a ${nothing} $ ${file\n" },
	{ "$", "$\n" },
	{ "${", "${\n" },
	{ "${}", "${}\n" },
};

static void
test_templates(void **state)
{
	static const char *const en = "en";

	(void)state;
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		struct arena *a = arena_new();
		struct span text = notice_text(a, &virus, &en, 1,
		    span_of(templates[i].own));

		assert_string_equal(text.p, templates[i].want);
		arena_free(&a);
	}
}

/* What a sender may have put into a name. */
static void
test_hostile_values(void **state)
{
	struct arena *a = arena_new();
	struct notice n = virus;
	char name[1001];
	struct span text;

	(void)state;
	n.file = "a\r\n--b\nX: y\x1b[0m \xff\xe2\x80\xae" "exe.${virus}\x07";
	text = notice_text(a, &n, NULL, 0, span_of("${file}"));
	assert_string_equal(text.p, "a?" "?--b?X: y?[0m ?" "?exe.${virus}?\n");
	text = notice_ascii(a, &n);
	assert_null(strpbrk(text.p, "\r\n\x1b\xff"));
	memset(name, 'x', 1000);
	name[1000] = '\0';
	n.file = n.virus = n.reference = n.contact = name;
	text = notice_text(a, &n, NULL, 0, span_of("${file}"));
	assert_int_equal(text.n, NOTICE_VALUE_MAX + 1);
	assert_true(notice_ascii(a, &n).n <= 200);
	memset(name, '\xc3', 1000);
	assert_true(clean_utf8(notice_text(a, &n, NULL, 0, span_of(NULL))));
	assert_true(notice_ascii(a, &n).n <= 200);
	/* Half a character at the cut. */
	for (size_t i = 0; i < 500; i++)
		memcpy(name + 2 * i, "\xc3\xa4", 2);
	assert_true(clean_utf8(notice_text(a, &n, NULL, 0, span_of(NULL))));
	arena_free(&a);
}

static void
test_null_values(void **state)
{
	struct arena *a = arena_new();
	struct notice n = { .file = NULL };

	(void)state;
	assert_true(span_starts(notice_text(a, &n, NULL, 0, span_of(NULL)),
	    "A file was removed"));
	assert_true(span_is(notice_ascii(a, &n),
	    "[A file was removed: . Reference: ]"));
	arena_free(&a);
}

static void
test_ascii(void **state)
{
	struct arena *a = arena_new();
	struct notice n = virus;

	(void)state;
	assert_string_equal(notice_ascii(a, &n).p, "[The file "
	    "\"Rechnung.exe\" was removed: virus Win.Test.EICAR_HDB-1. "
	    "Reference: R123. Questions: help@example.org]");
	n = variant("vfc");
	assert_string_equal(notice_ascii(a, &n).p,
	    "[A file was removed: blocked name .exe. Reference: R123]");
	n.file = "Ärger.exe";
	assert_string_equal(notice_ascii(a, &n).p, "[The file \"?rger.exe\" "
	    "was removed: blocked name .exe. Reference: R123]");
	arena_free(&a);
}

static const struct {
	const char *own, *wrong;	/* a word of the complaint, or NULL */
} checks[] = {
	{ "Hello ${file}.\n", NULL },
	{ "${file}${virus}${reason}${time}${reference}${contact}${sha256}",
	    NULL },
	{ "Grüße, 5 $$\r\n\tx", NULL },
	{ "$$", NULL },
	{ "", "no text" },
	{ " \r\n\t", "no text" },
	{ "caf\xe9", "UTF-8" },
	{ "\xed\xa0\x80", "UTF-8" },
	{ "bell\x07", "control" },
	{ "${name}", "none of" },
	{ "${FILE}", "none of" },
	{ "${ file }", "none of" },
	{ "${file", "none of" },
	{ "${", "none of" },
	{ "${}", "none of" },
	{ "${file} and ${averyveryverylongname}", "none of" },
	{ "$file", "single" },
	{ "5 $", "single" },
	{ "$$$", "single" },
};

static void
test_check(void **state)
{
	static char big[NOTICE_TEMPLATE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const char *got = notice_check(span_of(checks[i].own));

		if ((got == NULL) != (checks[i].wrong == NULL) ||
		    (got != NULL && strstr(got, checks[i].wrong) == NULL))
			fail_msg("%s: %s", checks[i].own,
			    got == NULL ? "fine" : got);
	}
	memset(big, 'x', sizeof(big));
	assert_null(notice_check(span_make(big, sizeof(big) - 1)));
	assert_non_null(strstr(notice_check(span_make(big, sizeof(big))),
	    "16384"));
	assert_non_null(notice_check(span_make("a\0b", 3)));
}

/* The longest text that a template can become. */
static void
test_largest(void **state)
{
	struct arena *a = arena_new();
	char own[NOTICE_TEMPLATE_MAX], value[NOTICE_VALUE_MAX + 1];
	struct notice n = virus;
	size_t times = sizeof(own) / 7;

	(void)state;
	for (size_t i = 0; i < times; i++)
		memcpy(own + 7 * i, "${file}", 7);
	memset(value, 'y', NOTICE_VALUE_MAX);
	value[NOTICE_VALUE_MAX] = '\0';
	n.file = value;
	assert_int_equal(notice_text(a, &n, NULL, 0, span_make(own,
	    7 * times)).n, times * NOTICE_VALUE_MAX + 1);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_in),
		cmocka_unit_test(test_all_texts),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_hostile_values),
		cmocka_unit_test(test_null_values),
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
