/* SPDX-License-Identifier: BSD-2-Clause */
/* date: a table of times and what mail writes for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "date.h"

static void
test_date(void **state)
{
	static const struct {
		int64_t		 at;
		const char	*text;
	} rows[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 +0000" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 +0000" },
		{ 1795255200, "Sat, 21 Nov 2026 10:00:00 +0000" },
		{ 4102444799, "Thu, 31 Dec 2099 23:59:59 +0000" },
		/* A year that no struct tm holds. */
		{ INT64_MAX, "Thu, 01 Jan 1970 00:00:00 +0000" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(date_rfc5322(a, rows[i].at), rows[i].text);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_date) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
