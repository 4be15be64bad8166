/* SPDX-License-Identifier: BSD-2-Clause */
/* block_names: names as a system may take them, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "block_names.h"

static const struct {
	const char	*name;
	bool		 blocked;
} rows[] = {
	{ "a.exe", true },
	{ "a.EXE", true },
	{ "a.pdf.exe", true },
	{ ".exe", true },
	{ "a.exe.", true },
	{ "a.exe . ", true },
	{ "a.exe\t", true },
	{ "a.exe\xc2\xa0", true },
	{ "'a.exe'", true },
	{ "a.ex\xe2\x80\x8b" "e", true },
	{ "a.\xef\xbc\xa5xe", true },
	{ "a.\xef\xbd\x85\xef\xbd\x98\xef\xbd\x85", true },
	{ "a.exe:x.txt", true },
	{ "a.exe::$DATA", true },
	{ "a.exe?.txt", true },
	{ "a.exe x", true },
	{ "a.js", true },
	{ "a.exe.txt", false },
	{ "a.exes", false },
	{ "exe", false },
	{ "a.ex", false },
	{ "", false },
	{ ".", false },
	{ "a.", false },
	{ "a.txt:b", false },
	{ "a.\xef\xbc\xa1", false },
	{ "\xef\xbc", false },
};

static void
test_names(void **state)
{
	const char *list[] = { "exe", "js" };
	struct conf c = { .block_names = { list, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (block_names_have(&c, rows[i].name) != rows[i].blocked)
			fail_msg("\"%s\"", rows[i].name);
	c.block_names.n = 0;
	assert_false(block_names_have(&c, "a.exe"));
}

static void
test_long(void **state)
{
	const char *list[] = { "exe" };
	struct conf c = { .block_names = { list, 1 } };
	char name[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = '?';
	name[sizeof(name) - 1] = '\0';
	assert_false(block_names_have(&c, name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
