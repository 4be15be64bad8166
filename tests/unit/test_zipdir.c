/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_zipdir: what a zip's directory and headers may say.
 *
 * A zip of a few stored members is built, bytes of its headers are changed,
 * and the reason must be the one for that; then it is cut at every byte and
 * changed in every byte, for the sanitizers.  Zips that other programs wrote
 * are in test_engine.c's files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "zipdir.h"

#define ROOM (1 << 20)
#define LOCAL "PK\x03\x04"
#define CENTRAL "PK\x01\x02"
#define END "PK\x05\x06"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct zipdir_limits limits = { 1000, 2500, 50 };

struct member {
	const char	*name, *data;
};

static const struct member members[] = {
	{ "readme.txt", "Hello" },
	{ "photos/a.JPG", "not really a picture" },
	{ "photos/", "" },
};

static void
put(struct buf *b, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addc(b, i < sizeof(v) ? (char)(v >> 8 * i) : '\0');
}

static void
put_entry(struct buf *b, const struct member *m)
{
	put(b, 10, 2);
	put(b, 0, 2);			/* flags */
	put(b, 0, 2);			/* method */
	put(b, 0, 8);			/* time, date, crc: not looked at */
	put(b, (uint32_t)strlen(m->data), 4);
	put(b, (uint32_t)strlen(m->data), 4);
	put(b, (uint32_t)strlen(m->name), 2);
	put(b, 0, 2);			/* extra */
}

static void
put_end(struct buf *b, size_t n, size_t size, size_t offset)
{
	buf_adds(b, END);
	put(b, 0, 4);
	put(b, (uint32_t)n, 2);
	put(b, (uint32_t)n, 2);
	put(b, (uint32_t)size, 4);
	put(b, (uint32_t)offset, 4);
	put(b, 0, 2);
}

static void
build(struct buf *b, const struct member *m, size_t n, const char *before)
{
	uint32_t offsets[100];
	size_t directory, base = strlen(before);

	assert_true(n <= COUNT(offsets));
	buf_init(b, ROOM);
	buf_adds(b, before);
	for (size_t i = 0; i < n; i++) {
		offsets[i] = (uint32_t)(b->n - base);
		buf_adds(b, LOCAL);
		put_entry(b, &m[i]);
		buf_adds(b, m[i].name);
		buf_adds(b, m[i].data);
	}
	directory = b->n;
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, CENTRAL);
		put(b, 20, 2);
		put_entry(b, &m[i]);
		put(b, 0, 10);
		put(b, offsets[i], 4);
		buf_adds(b, m[i].name);
	}
	put_end(b, n, b->n - directory, directory - base);
	assert_false(buf_failed(b));
}

/* Where the nth record with this signature begins. */
static size_t
record(const struct buf *b, const char *sign, int nth)
{
	for (size_t i = 0; i + 4 <= b->n; i++)
		if (memcmp(b->p + i, sign, 4) == 0 && nth-- == 0)
			return i;
	fail_msg("no such record");
	return 0;
}

static void
set(struct buf *b, const char *sign, int nth, size_t at, size_t n, uint32_t v)
{
	char *p = b->p + record(b, sign, nth) + at;

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(v >> 8 * i);
}

static const char *
check(const struct buf *b, struct zipdir_names *names)
{
	if (names != NULL)
		memset(names, 0, sizeof(*names));
	return zipdir_check(buf_span(b), &limits, names);
}

static void
assert_reason(const char *reason, const char *wanted)
{
	if (wanted == NULL)
		assert_null(reason);
	else
		assert_string_equal(reason != NULL ? reason : "none", wanted);
}

static void
test_sound(void **state)
{
	static const char *before[] = { "", "MZ a program", "P", "PK" };
	static const char *behind[] = { "", "\r\n", "PK", "some more text" };
	struct zipdir_names names;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(before); i++)
		for (size_t j = 0; j < COUNT(behind); j++) {
			build(&b, members, 3, before[i]);
			buf_adds(&b, behind[j]);
			assert_true(zipdir_is_zip(buf_span(&b)));
			assert_reason(check(&b, &names), NULL);
			assert_string_equal(names.text, "jpg txt");
			assert_reason(check(&b, NULL), NULL);
			buf_free(&b);
		}
	build(&b, members, 0, "");
	assert_true(zipdir_is_zip(buf_span(&b)));
	assert_reason(check(&b, NULL), NULL);
	buf_free(&b);
}

static void
test_no_zip(void **state)
{
	static const char *texts[] = { "", "P", "PK", "PK\x03", "text",
	    END, "PK\x05\x06 in a text that goes on for long enough",
	    "a PK\x03\x04 in a text" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(zipdir_is_zip(span_of(texts[i])));
	assert_true(zipdir_is_zip(span_of(LOCAL)));
	assert_string_equal(zipdir_check(span_of(LOCAL), &limits, NULL),
	    "zip: no end record");
}

/* One change, and what must come of it. */
static const struct change {
	const char	*sign;
	int		nth;
	size_t		at, n;
	uint32_t	value;
	const char	*reason;
} changes[] = {
	{ CENTRAL, 0, 8, 2, 1, "zip: an encrypted entry" },
	{ CENTRAL, 1, 8, 2, 0x2000, "zip: an encrypted entry" },
	{ LOCAL, 0, 6, 2, 1, "zip: an entry's header unlike the directory" },
	{ CENTRAL, 0, 10, 2, 14, "zip: an unknown method" },
	{ CENTRAL, 2, 10, 2, 14,
	    "zip: an entry's header unlike the directory" },
	{ CENTRAL, 0, 10, 2, 8,
	    "zip: an entry's header unlike the directory" },
	{ LOCAL, 1, 8, 2, 8, "zip: an entry's header unlike the directory" },
	{ CENTRAL, 0, 20, 4, ~0U, "zip: a zip64 entry" },
	{ CENTRAL, 0, 24, 4, ~0U, "zip: a zip64 entry" },
	{ CENTRAL, 0, 42, 4, ~0U, "zip: a zip64 entry" },
	{ CENTRAL, 0, 24, 4, 1001, "zip: a file over the size limit" },
	{ CENTRAL, 0, 20, 4, 1001, "zip: a file over the size limit" },
	{ CENTRAL, 0, 20, 4, 900, "zip: an entry outside of the file" },
	{ CENTRAL, 0, 24, 4, 900,
	    "zip: an entry's header unlike the directory" },
	{ LOCAL, 0, 22, 4, 0, "zip: an entry's header unlike the directory" },
	{ LOCAL, 0, 18, 4, 7, "zip: an entry's header unlike the directory" },
	{ LOCAL, 0, 18, 4, ~0U, "zip: a zip64 entry" },
	{ LOCAL, 0, 22, 4, ~0U, "zip: a zip64 entry" },
	{ CENTRAL, 0, 42, 4, 1, "zip: an entry outside of the file" },
	{ CENTRAL, 1, 42, 4, 0x7fffffff, "zip: an entry outside of the file" },
	{ CENTRAL, 0, 46, 1, 'R', "zip: two names for one entry" },
	{ LOCAL, 1, 30, 1, 'q', "zip: two names for one entry" },
	{ LOCAL, 1, 36, 1, '\\', NULL },
	{ CENTRAL, 0, 28, 2, 0xffff, "zip: directory damaged" },
	{ CENTRAL, 2, 32, 2, 1, "zip: directory damaged" },
	{ CENTRAL, 1, 0, 4, 0, "zip: directory damaged" },
	{ LOCAL, 1, 0, 4, 0, "zip: an entry outside of the file" },
	{ LOCAL, 0, 28, 2, 0xffff, "zip: an entry outside of the file" },
	{ END, 0, 4, 2, 1, "zip: more than one disk" },
	{ END, 0, 6, 2, 1, "zip: more than one disk" },
	{ END, 0, 8, 2, 2, "zip: more than one disk" },
	{ END, 0, 8, 4, 0x00020002, "zip: directory damaged" },
	{ END, 0, 8, 4, 0x00040004, "zip: directory damaged" },
	{ END, 0, 8, 4, ~0U, "zip: a zip64 directory" },
	{ END, 0, 12, 4, ~0U, "zip: a zip64 directory" },
	{ END, 0, 16, 4, ~0U, "zip: a zip64 directory" },
	{ END, 0, 12, 4, 0x7fffffff, "zip: directory outside of the file" },
	{ END, 0, 16, 4, 0x7fffffff, "zip: directory outside of the file" },
	{ END, 0, 0, 4, 0, "zip: no end record" },
};

static void
test_changes(void **state)
{
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		const struct change *c = &changes[i];

		build(&b, members, 3, "");
		set(&b, c->sign, c->nth, c->at, c->n, c->value);
		assert_true(zipdir_is_zip(buf_span(&b)));
		assert_reason(check(&b, NULL), c->reason);
		buf_free(&b);
	}
}

/* Sizes of a streamed entry stand behind it. */
static void
test_streamed(void **state)
{
	struct buf b;

	(void)state;
	build(&b, members, 3, "");
	set(&b, LOCAL, 1, 6, 2, 8);
	set(&b, CENTRAL, 1, 8, 2, 8);
	set(&b, LOCAL, 1, 18, 4, 0);
	set(&b, LOCAL, 1, 22, 4, 0);
	assert_reason(check(&b, NULL), NULL);
	set(&b, LOCAL, 1, 22, 4, 1);
	assert_reason(check(&b, NULL),
	    "zip: an entry's header unlike the directory");
	buf_free(&b);
}

static void
test_too_much(void **state)
{
	static char data[1001];
	static const struct member big[] = { { "a", data }, { "b", data },
	    { "c", data } };
	struct member many[51];
	struct zipdir_names names;
	struct buf b;

	(void)state;
	memset(data, 'x', 900);
	build(&b, big, 2, "");
	assert_reason(check(&b, NULL), NULL);
	buf_free(&b);
	build(&b, big, 3, "");
	assert_reason(check(&b, NULL), "zip: too much to unpack");
	buf_free(&b);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct member){ i < 50 ? "a" : "b.exe", "" };
	build(&b, many, 50, "");
	assert_reason(check(&b, NULL), NULL);
	buf_free(&b);
	build(&b, many, 51, "");
	assert_reason(check(&b, &names), "zip: too many files");
	assert_string_equal(names.text, "exe");
	buf_free(&b);
}

/* An entry twice, in the directory only; and one that it does not name. */
static void
test_ranges(void **state)
{
	struct buf b;

	(void)state;
	build(&b, members, 2, "");
	set(&b, CENTRAL, 1, 42, 4, 0);
	memcpy(b.p + record(&b, CENTRAL, 1) + 20,
	    b.p + record(&b, CENTRAL, 0) + 20, 8);
	assert_non_null(check(&b, NULL));
	buf_free(&b);
	build(&b, (const struct member[]){ members[0], members[0] }, 2, "");
	set(&b, CENTRAL, 1, 42, 4, 0);
	assert_reason(check(&b, NULL), "zip: overlapping entries");
	buf_free(&b);
	build(&b, (const struct member[]){ members[0], members[0] }, 2, "");
	set(&b, CENTRAL, 0, 42, 4, (uint32_t)record(&b, LOCAL, 1));
	set(&b, CENTRAL, 1, 42, 4, 0);
	assert_reason(check(&b, NULL), NULL);		/* any order */
	set(&b, CENTRAL, 1, 42, 4, (uint32_t)record(&b, LOCAL, 1));
	assert_non_null(check(&b, NULL));
	buf_free(&b);
	build(&b, members, 3, LOCAL " and more of an entry");
	assert_reason(check(&b, NULL),
	    "zip: an entry outside of the directory");
	buf_free(&b);
}

static void
test_several_ends(void **state)
{
	struct buf b;

	(void)state;
	build(&b, members, 3, "");
	set(&b, END, 0, 20, 2, 22);
	put_end(&b, 0, 0, 0);
	assert_reason(check(&b, NULL), "zip: several end records");
	buf_free(&b);
	/* A whole zip as a stored member has its own. */
	build(&b, members, 3, "");
	set(&b, END, 0, 20, 2, 3);
	buf_adds(&b, "end");
	assert_reason(check(&b, NULL), NULL);
	buf_free(&b);
}

static void
test_names(void **state)
{
	static const struct {
		struct span name;
		const char *text;
	} cases[] = {
		{ SPAN_LIT("a.exe"), "exe" },
		{ SPAN_LIT("A.EXE"), "exe" },
		{ SPAN_LIT("a.txt.exe"), "exe" },
		{ SPAN_LIT("d.ir/a"), "" },
		{ SPAN_LIT("d.ir/a.js"), "js" },
		{ SPAN_LIT("d.ir\\a.js"), "js" },
		{ SPAN_LIT("d.ir/"), "" },
		{ SPAN_LIT("a.exe. . "), "exe" },
		{ SPAN_LIT("a.exe..."), "exe" },
		{ SPAN_LIT("a.e xe"), "e?xe" },
		{ SPAN_LIT("a.e*e"), "e?e" },
		{ SPAN_LIT("a.\xc3\xa9"), "??" },
		{ SPAN_LIT("a.e\nx"), "e?x" },
		{ SPAN_LIT("a.exe\0.txt"), "exe txt" },
		{ SPAN_LIT(".exe"), "exe" },
		{ SPAN_LIT("."), "" },
		{ SPAN_LIT(""), "" },
		{ SPAN_LIT("\0"), "" },
		{ SPAN_LIT("exe"), "" },
		{ SPAN_LIT("a.settingcontent-ms"), "settingcontent-ms" },
		{ SPAN_LIT("a.01234567890123456789012345678901"),
		    "01234567890123456789012345678901" },
		{ SPAN_LIT("a.012345678901234567890123456789012"), "" },
		{ SPAN_LIT("a.7z"), "7z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct zipdir_names names = { .n = 0 };

		zipdir_add_name(&names, cases[i].name);
		assert_string_equal(names.text, cases[i].text);
		zipdir_add_name(&names, cases[i].name);
		assert_string_equal(names.text, cases[i].text);
	}
}

static void
test_names_sorted(void **state)
{
	static const char *given[] = { "m", "z", "a", "mm", "z", "$", "b", "l",
	    "m", "aa" };
	struct zipdir_names names = { .n = 0 };
	char name[16];

	(void)state;
	for (size_t i = 0; i < COUNT(given); i++) {
		snprintf(name, sizeof(name), "f.%s", given[i]);
		zipdir_add_name(&names, span_of(name));
	}
	assert_string_equal(names.text, "$ a aa b l m mm z");
	zipdir_add_more(&names);
	zipdir_add_more(&names);
	zipdir_add_more(NULL);
	assert_string_equal(names.text, "$ * a aa b l m mm z");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f.%d", i * 7919 % 1000);
		zipdir_add_name(&names, span_of(name));
		assert_true(names.n < sizeof(names.text));
		assert_int_equal(strlen(names.text), names.n);
	}
	assert_true(names.n > sizeof(names.text) - 16);
	assert_non_null(strstr(names.text, " * "));
}

/* The name that Info-ZIP's field gives counts too. */
static void
test_unicode_path(void **state)
{
	static const char field[] = "\x75\x70\x0a\0\x01" "CRC4" "x.exe";
	struct zipdir_names names;
	struct buf b, c;
	size_t at;

	(void)state;
	build(&b, members, 1, "");
	at = record(&b, END, 0);
	buf_init(&c, ROOM);
	buf_add(&c, b.p, at);
	buf_add(&c, field, sizeof(field) - 1);
	put_end(&c, 1, at - record(&b, CENTRAL, 0) + sizeof(field) - 1,
	    record(&b, CENTRAL, 0));
	set(&c, CENTRAL, 0, 30, 2, sizeof(field) - 1);
	assert_reason(check(&c, &names), NULL);
	assert_string_equal(names.text, "exe txt");
	buf_free(&b);
	buf_free(&c);
}

/* On a block of its own, so that reading past the end is seen. */
static void
check_copy(const char *p, size_t n)
{
	struct zipdir_names names = { .n = 0 };
	char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, p, n);
	zipdir_is_zip(span_make(copy, n));
	zipdir_check(span_make(copy, n), &limits, &names);
	assert_int_equal(strlen(names.text), names.n);
	free(copy);
}

static void
test_any_byte(void **state)
{
	static const unsigned char to[] = { 0, 1, 0x50, 0x7f, 0x80, 0xff };
	struct buf b;

	(void)state;
	build(&b, members, 3, "");
	for (size_t n = 0; n <= b.n; n++) {
		check_copy(b.p, n);
		check_copy(b.p + n, b.n - n);
	}
	for (size_t i = 0; i < b.n; i++) {
		char kept = b.p[i];

		for (size_t j = 0; j < sizeof(to); j++) {
			b.p[i] = (char)to[j];
			check_copy(b.p, b.n);
		}
		b.p[i] = kept;
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_no_zip),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_streamed),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_several_ends),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_sorted),
		cmocka_unit_test(test_unicode_path),
		cmocka_unit_test(test_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
