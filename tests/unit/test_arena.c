/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_arena: what it gives is zeroed, aligned, apart, and counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdalign.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

static void
test_pieces(void **state)
{
	enum { PIECES = 3000 };
	struct arena *a = arena_new();
	unsigned char *p[PIECES];
	size_t total = 0;

	(void)state;
	for (size_t i = 0; i < PIECES; i++) {
		size_t n = i % 97 == 0 ? 70000 : i % 200;

		p[i] = arena_alloc(a, n);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % alignof(max_align_t), 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[i][k], 0);
		memset(p[i], (int)(i % 255) + 1, n);
		total += n;
	}
	for (size_t i = 0; i < PIECES; i++)
		if (i % 97 == 0 || i % 200 > 0)
			assert_int_equal(p[i][0], i % 255 + 1);
	assert_int_equal(arena_used(a), total);
	arena_free(&a);
	assert_null(a);
	arena_free(&a);
}

static void
test_large_first(void **state)
{
	struct arena *a = arena_new();
	char *large = arena_alloc(a, 1000000), *small;

	(void)state;
	small = arena_strdup(a, "small");
	memset(large, 'x', 1000000);
	assert_string_equal(small, "small");
	arena_free(&a);
}

static void
test_text(void **state)
{
	struct arena *a = arena_new();
	struct span s = SPAN_LIT("a\0b"), copy;

	(void)state;
	copy = arena_span(a, s);
	assert_ptr_not_equal(copy.p, s.p);
	assert_true(span_eq(copy, s));
	assert_int_equal(copy.p[3], '\0');
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_cstr(a, span_of(NULL)), "");
	assert_string_equal(arena_printf(a, "%d-%s", 7, "x"), "7-x");
	assert_int_equal(strlen(arena_printf(a, "%9000d", 1)), 9000);
	assert_non_null(arena_array(a, 0, 8));
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_large_first),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
