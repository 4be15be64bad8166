/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_codec: base64 (RFC 4648 section 10, and what the field has) and hex.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))


static void
test_base64_vectors(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xff\xfe\xfb", "//77" }, { "\xfb\xf0", "+/A=" },
	};
	char text[BASE64_SIZE(8)], back[8];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = strlen(cases[i][0]);

		assert_int_equal(base64_encode(text, cases[i][0], n),
		    strlen(cases[i][1]));
		assert_string_equal(text, cases[i][1]);
		assert_int_equal(base64_decode(back, n, span_of(text)), n);
		assert_memory_equal(back, cases[i][0], n);
	}
}

static void
test_base64_decode(void **state)
{
	static const struct {
		const char *in;
		long n;
	} cases[] = {
		{ "Zm9v\r\n\tYmFy ", 6 }, { " Z m 8 ", 2 }, { "Zg", 1 },
		{ "Zg=", 1 }, { "Zg==", 1 }, { "Zg = =", 1 },
		{ "Zg===", -1 }, { "Zm8==", -1 }, { "Zm9v=", -1 },
		{ "=", -1 }, { "Z", -1 }, { "Zm9vY", -1 },
		{ "Zg==Zg==", -1 }, { "Zm9-", -1 }, { "Zm_v", -1 },
		{ "Zm9\v", -1 }, { "Zm9\xc3", -1 },
		{ "Zm9vYmFyZm9vYmFy", -1 },
	};
	char out[8];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(base64_decode(out, sizeof(out),
		    span_of(cases[i].in)), cases[i].n);
}

static void
test_hex(void **state)
{
	char out[HEX_SIZE(4)];

	(void)state;
	hex_encode(out, "\x00\x7f\x80\xff", 4);
	assert_string_equal(out, "007f80ff");
	hex_encode(out, "", 0);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_vectors),
		cmocka_unit_test(test_base64_decode),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
