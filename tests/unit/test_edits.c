/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_edits: what comes of a list of edits.
 *
 * Each case is a little program over the message "A:1 B:2 C:3": "<X" puts a
 * field X:+ on top, ">X" at the end, "=N" changes field N to "*", "-N" drops
 * it.  The result is written in the same way as the message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "buf.h"
#include "edits.h"

static const struct field own[] = {
	{ SPAN_LIT("A"), SPAN_LIT("1") },
	{ SPAN_LIT("B"), SPAN_LIT("2") },
	{ SPAN_LIT("C"), SPAN_LIT("3") },
};

static const struct {
	const char *program, *want;
} cases[] = {
	{ "", " A:1 B:2 C:3" },
	{ "<X", " X:+ A:1 B:2 C:3" },
	{ "<X<Y", " Y:+ X:+ A:1 B:2 C:3" },
	{ ">X>Y", " A:1 B:2 C:3 X:+ Y:+" },
	{ ">X<Y>Z<W", " W:+ Y:+ A:1 B:2 C:3 X:+ Z:+" },
	{ "=1", " A:1 B:* C:3" },
	{ "-1", " A:1 C:3" },
	{ "-0-1-2", "" },
	{ "=1-1", " A:1 C:3" },
	{ "-1=1", " A:1 C:3" },
	{ "-0-0=2<X", " X:+ B:2 C:*" },
};

static void
run(struct edits *e, struct arena *a, const char *p)
{
	struct span plus = span_of("+"), star = span_of("*");

	for (; *p != '\0'; p += 2) {
		if (p[0] == '<')
			edits_prepend(e, arena_strndup(a, p + 1, 1), plus);
		else if (p[0] == '>')
			edits_append(e, arena_strndup(a, p + 1, 1), plus);
		else if (p[0] == '=')
			edits_change(e, (size_t)(p[1] - '0'), star);
		else
			edits_drop(e, (size_t)(p[1] - '0'));
	}
}

static void
test_render(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		const struct field *f;
		struct edits e;
		struct buf b;
		size_t n;

		edits_init(&e, a);
		run(&e, a, cases[i].program);
		assert_int_equal(edits_none(&e), i == 0);
		f = edits_render(&e, own, 3, &n);
		buf_init(&b, 1000);
		buf_adds(&b, "");
		for (size_t k = 0; k < n; k++) {
			buf_addc(&b, ' ');
			buf_addspan(&b, f[k].name);
			buf_addc(&b, ':');
			buf_addspan(&b, f[k].value);
		}
		assert_string_equal(b.p, cases[i].want);
		buf_free(&b);
		arena_free(&a);
	}
}

static void
test_by_field(void **state)
{
	struct arena *a = arena_new();
	const struct edit **by;
	struct edits e;

	(void)state;
	edits_init(&e, a);
	edits_change(&e, 2, span_of("first"));
	edits_prepend(&e, "X", span_of("y"));
	edits_change(&e, 2, span_of("second"));
	edits_drop(&e, 0);
	edits_change(&e, 0, span_of("late"));
	by = edits_by_field(&e, 3);
	assert_int_equal(by[0]->kind, EDIT_DROP);
	assert_null(by[1]);
	assert_int_equal(by[2]->kind, EDIT_CHANGE);
	assert_true(span_is(by[2]->field.value, "second"));
	arena_free(&a);
}

static void
test_limit(void **state)
{
	struct arena *a = arena_new();
	struct edits e;
	size_t n;

	(void)state;
	edits_init(&e, a);
	for (size_t i = 0; i < EDITS_MAX; i++)
		edits_append(&e, "X", span_of("y"));
	assert_false(e.failed);
	edits_append(&e, "Y", span_of("z"));
	assert_true(e.failed);
	assert_int_equal(e.n, EDITS_MAX);
	edits_render(&e, own, 3, &n);
	assert_int_equal(n, EDITS_MAX + 3);
	arena_free(&a);
}

static void
test_empty_message(void **state)
{
	struct arena *a = arena_new();
	struct edits e;
	size_t n = 9;

	(void)state;
	edits_init(&e, a);
	assert_non_null(edits_render(&e, NULL, 0, &n));
	assert_int_equal(n, 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),
		cmocka_unit_test(test_by_field),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_empty_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
