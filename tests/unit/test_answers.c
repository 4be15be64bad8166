/* SPDX-License-Identifier: BSD-2-Clause */
/* answers: keys, copies, the bounds and the order of leaving. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolver_internal.h"

static struct answer *
text_answer(size_t n)
{
	char *text = calloc(1, n + 1);
	struct answer *a;

	memset(text, 'x', n);
	a = answer_new(DNS_FOUND, "", span_make(text, n), &n, NULL, 1);
	free(text);
	return a;
}

static struct dns_key
key_of(const struct answers *t, const char *name)
{
	struct dns_key key;

	assert_int_equal(answers_key(t, name, DNS_A, &key), 0);
	return key;
}

static void
put(struct answers *t, const char *name, size_t n)
{
	struct dns_key key = key_of(t, name);
	struct question *q = answers_begin(t, &key, 1);

	assert_non_null(q);
	assert_ptr_equal(answers_first_due(t), q);
	answers_settle(t, q, text_answer(n));
	assert_null(answers_first_due(t));
	answers_keep(t, q, 100);
}

static bool
has(struct answers *t, const char *name)
{
	struct dns_key key = key_of(t, name);

	return answers_find(t, &key) != NULL;
}

static void
test_keys(void **state)
{
	static const struct {
		const char *name;
		int labels_of_63, result;
	} t[] = {
		{ "a", 0, 0 }, { "A.b.", 0, 0 }, { "_x.\200 \\", 0, 0 },
		{ "", 0, -1 }, { ".", 0, -1 }, { "a..", 0, -1 },
		{ ".a", 0, -1 }, { "a..b", 0, -1 }, { "..", 0, -1 },
		{ "a", 1, 0 }, { "a", 3, 0 }, { "", 3, 0 },
		/* 3 * 64 + 61 = 253 */
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffffff"
		    "fg", 3, 0 },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffffff"
		    "fgg", 3, -1 },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeefffffffff"
		    "fgggg.b", 0, -1 },
		{ "a", 100, -1 },
	};
	struct answers *table = answers_new(1);
	struct dns_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char name[8192] = "";

		for (int k = 0; k < t[i].labels_of_63; k++)
			sprintf(name + strlen(name), "%063d.", 0);
		strcat(name, t[i].name);
		if (answers_key(table, name, DNS_A, &key) != t[i].result)
			fail_msg("row %zu: %s", i, name);
	}
	answers_free(&table);
}

static void
test_find(void **state)
{
	struct answers *t = answers_new(10);
	struct dns_key key, other;

	(void)state;
	put(t, "Example.COM.", 3);
	assert_true(has(t, "example.com"));
	assert_false(has(t, "example.co"));
	assert_int_equal(answers_key(t, "example.com", DNS_TXT, &other), 0);
	assert_null(answers_find(t, &other));
	key = key_of(t, "example.com");
	answers_drop(t, answers_find(t, &key));
	assert_false(has(t, "example.com"));
	answers_free(&t);
	assert_null(t);
	answers_free(&t);
}

static void
test_leaving(void **state)
{
	struct answers *t = answers_new(3);
	struct dns_key a;
	size_t bytes;

	(void)state;
	put(t, "a", 1);
	put(t, "b", 1);
	put(t, "c", 1);
	a = key_of(t, "a");
	answers_touch(t, answers_find(t, &a));
	put(t, "d", 1);
	assert_true(has(t, "a") && has(t, "c") && has(t, "d"));
	assert_false(has(t, "b"));
	/* Two large ones are more than three may take. */
	put(t, "e", 2000);
	put(t, "f", 2000);
	assert_true(has(t, "f"));
	assert_false(has(t, "a") || has(t, "c") || has(t, "e"));
	/* One that is larger than all together is not kept. */
	put(t, "g", 8000);
	assert_false(has(t, "g"));
	assert_int_equal(answers_kept(t, &bytes), 0);
	assert_int_equal(bytes, 0);
	answers_free(&t);
	t = answers_new(0);
	put(t, "a", 1);
	assert_false(has(t, "a"));
	answers_free(&t);
}

static void
test_under_way(void **state)
{
	struct answers *t = answers_new(10);
	char name[32];

	(void)state;
	for (int i = 0; i <= DNS_INFLIGHT_MAX; i++) {
		struct dns_key key;

		snprintf(name, sizeof(name), "n%d", i);
		key = key_of(t, name);
		if (i == DNS_INFLIGHT_MAX)
			assert_null(answers_begin(t, &key, i));
		else
			assert_non_null(answers_begin(t, &key, i));
	}
	for (int i = 0; i < DNS_INFLIGHT_MAX; i++) {
		struct question *q = answers_first_due(t);

		assert_int_equal(q->until, i);
		answers_settle(t, q, text_answer(0));
		answers_drop(t, q);
	}
	assert_null(answers_first_due(t));
	answers_free(&t);
}

static void
test_copy(void **state)
{
	static const size_t ends[] = { 2, 2, 5 };
	static const uint16_t prefs[] = { 10, 0, 65535 };
	struct arena *arena = arena_new();
	struct answer *a = answer_new(DNS_FOUND, "", span_make("abcde", 5),
	    ends, prefs, 3);
	const struct dns_answer *c = answer_copy(a, arena);

	(void)state;
	answer_unref(a);
	assert_int_equal(c->n, 3);
	assert_string_equal(c->records[0].data.p, "ab");
	assert_string_equal(c->records[1].data.p, "");
	assert_string_equal(c->records[2].data.p, "cde");
	assert_int_equal(c->records[2].data.n, 3);
	assert_int_equal(c->records[2].preference, 65535);
	assert_null(c->why);
	a = answer_new(DNS_TEMPFAIL, "so it is", span_make("", 0), NULL, NULL,
	    0);
	c = answer_copy(a, arena);
	answer_unref(a);
	assert_string_equal(c->why, "so it is");
	assert_int_equal(c->n, 0);
	arena_free(&arena);
}

static void
test_escape(void **state)
{
	static const struct {
		const char *name, *escaped;
	} t[] = {
		{ "example.com", "example.com." },
		{ "_a-b.c", "_a-b.c." },
		{ "a b\\c\"\t\377\177", "a\\032b\\092c\\034\\009\\255\\127." },
	};
	char out[PRESENTATION_SIZE], all[DOMAIN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		unbound_escape(span_of(t[i].name), out);
		assert_string_equal(out, t[i].escaped);
	}
	memset(all, 1, sizeof(all));
	unbound_escape(span_make(all, sizeof(all)), out);
	assert_int_equal(strlen(out), PRESENTATION_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys), cmocka_unit_test(test_find),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_under_way), cmocka_unit_test(test_copy),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
