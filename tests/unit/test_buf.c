/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_buf: growing, the maximum, and that failure sticks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"

static void
test_grows(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 10000; i++)
		buf_addf(&b, "%d,", i % 10);
	buf_add(&b, "\0x", 2);
	assert_false(buf_failed(&b));
	assert_int_equal(b.n, 20002);
	assert_int_equal(b.p[b.n], '\0');
	assert_memory_equal(b.p + 19998, "9,\0x", 4);
	buf_free(&b);
	assert_null(b.p);
	buf_adds(&b, "again");
	assert_true(span_is(buf_span(&b), "again"));
	buf_free(&b);
}

static void
test_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	buf_adds(&b, "1234");
	buf_addc(&b, '5');
	assert_false(buf_failed(&b));
	buf_add(&b, "", 0);
	assert_false(buf_failed(&b));
	buf_addc(&b, '6');
	assert_true(buf_failed(&b));
	assert_string_equal(b.p, "12345");
	buf_reset(&b);
	assert_false(buf_failed(&b));
	buf_addf(&b, "%s", "123456");
	assert_true(buf_failed(&b));
	buf_adds(&b, "1");	/* would fit, but the failure sticks */
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

static void
test_zero_maximum(void **state)
{
	struct span some = SPAN_LIT("x");
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_adds(&b, "");
	assert_string_equal(b.p, "");
	buf_addspan(&b, some);
	assert_true(buf_failed(&b));
	buf_free(&b);
}

/* Large buffers share blocks; what one had must not show in the next. */
static void
test_large(void **state)
{
	static char piece[100000];
	struct buf a, b;

	(void)state;
	memset(piece, 'a', sizeof(piece));
	buf_init(&a, 50000000);
	buf_init(&b, 50000000);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 60; i++) {
			buf_add(&a, piece, sizeof(piece));
			buf_addc(&b, (char)('0' + i % 10));
			buf_add(&b, piece, sizeof(piece) / 2);
		}
		assert_false(buf_failed(&a) || buf_failed(&b));
		assert_int_equal(a.n, 6000000);
		assert_int_equal(b.n, 60 * 50001);
		assert_ptr_not_equal(a.p, b.p);
		for (int i = 0; i < 60; i++)
			assert_int_equal(b.p[i * 50001], '0' + i % 10);
		assert_int_equal(a.p[a.n], '\0');
		assert_int_equal(b.p[b.n], '\0');
		buf_free(&b);
		buf_free(&a);
		assert_null(b.p);
	}
}

/* The maximum holds beside a shared block too. */
static void
test_large_maximum(void **state)
{
	static char piece[1000000];
	struct buf b;

	(void)state;
	for (size_t max = 4000000; max < 5000000; max += 194304) {
		buf_init(&b, max);
		while (b.n + sizeof(piece) <= max)
			buf_add(&b, piece, sizeof(piece));
		buf_add(&b, piece, max - b.n);
		assert_false(buf_failed(&b));
		assert_int_equal(b.n, max);
		buf_addc(&b, 'x');
		assert_true(buf_failed(&b));
		assert_int_equal(b.n, max);
		buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_zero_maximum),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_large_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
