/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_ownconf: values with units, and complaints with file and line.  How
 * the file is read is tested with what reads it (test_keytable).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ownconf.h"

static char path[] = "/tmp/test_ownconf.XXXXXX";
static struct arena *arena;
static struct ownconf conf;

static const struct conf_word words[] = {
	{ "x", NULL }, { "list", NULL }, { "syslog-facility", NULL },
	{ NULL, NULL }
};

static int
begin(const char *text)
{
	static char no_list[] = "{}";
	cfg_opt_t opts[] = {
		CFG_STR("x", NULL, CFGF_NONE),
		CFG_STR_LIST("list", no_list, CFGF_NONE),
		CFG_STR("syslog-facility", "mail", CFGF_NONE),
		CFG_END()
	};
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	arena = arena_new();
	ownconf_begin(&conf, arena, opts, words);
	return ownconf_read(&conf, path);
}

static void
end(int rc, const char *want)
{
	char *errors = ownconf_end(&conf, rc);

	if (want == NULL)
		assert_null(errors);
	else if (errors == NULL || strstr(errors, want) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", errors, want);
	free(errors);
	arena_free(&arena);
}

/* What is no value, or past a maximum of 5000000000, is -1. */
static const struct {
	const char	*text;
	int64_t		 number, size, time, mode;
	int		 yes;
} values[] = {
	{ "0", 0, 0, 0, 0, -1 },
	{ "1", 1, 1, -1, 1, -1 },
	{ "10", 10, 10, -1, 8, -1 },
	{ "0660", 660, 660, -1, 0660, -1 },
	{ "0777", 777, 777, -1, 0777, -1 },
	{ "01000", 1000, 1000, -1, -1, -1 },
	{ "0888", 888, 888, -1, -1, -1 },
	{ "3K", -1, 3072, -1, -1, -1 },
	{ "2M", -1, 2097152, -1, -1, -1 },
	{ "4G", -1, INT64_C(4294967296), -1, -1, -1 },
	{ "5G", -1, -1, -1, -1, -1 },
	{ "5000000000", INT64_C(5000000000), INT64_C(5000000000), -1, -1,
	    -1 },
	{ "5000000001", -1, -1, -1, -1, -1 },
	{ "9999999999999999999999", -1, -1, -1, -1, -1 },
	{ "250ms", -1, -1, 250, -1, -1 },
	{ "10s", -1, -1, 10000, -1, -1 },
	{ "2m", -1, -1, 120000, -1, -1 },
	{ "1h", -1, -1, 3600000, -1, -1 },
	{ "1d", -1, -1, 86400000, -1, -1 },
	{ "1w", -1, -1, 604800000, -1, -1 },
	{ "9w", -1, -1, -1, -1, -1 },
	{ "1.5M", -1, -1, -1, -1, -1 },
	{ "-1", -1, -1, -1, -1, -1 },
	{ "' 1'", -1, -1, -1, -1, -1 },
	{ "1k", -1, -1, -1, -1, -1 },
	{ "''", -1, -1, -1, -1, -1 },
	{ "no", -1, -1, -1, -1, 0 },
	{ "yes", -1, -1, -1, -1, 1 },
	{ "off", -1, -1, -1, -1, 0 },
	{ "on", -1, -1, -1, -1, 1 },
	{ "false", -1, -1, -1, -1, 0 },
	{ "true", -1, -1, -1, -1, 1 },
	{ "Yes", -1, -1, -1, -1, -1 },
};

static void
test_values(void **state)
{
	const int64_t max = INT64_C(5000000000);
	char text[80];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		snprintf(text, sizeof(text), "x = %s", values[i].text);
		assert_int_equal(begin(text), 0);
		if (ownconf_number(&conf, "x", max) != values[i].number ||
		    ownconf_size(&conf, "x", max) != values[i].size ||
		    ownconf_time(&conf, "x", max) != values[i].time ||
		    ownconf_mode(&conf, "x") != values[i].mode ||
		    ownconf_bool(&conf, "x") != values[i].yes)
			fail_msg("wrong value of %s", values[i].text);
		end(0, NULL);
	}
	assert_int_equal(begin(""), 0);
	assert_int_equal(ownconf_number(&conf, "x", max), -1);
	assert_int_equal(ownconf_mode(&conf, "x"), -1);
	assert_int_equal(ownconf_bool(&conf, "x"), -1);
	assert_string_equal(ownconf_text(&conf, "x"), "");
	end(0, NULL);
}

static void
test_texts(void **state)
{
	const char **v;
	size_t n;

	(void)state;
	assert_int_equal(begin("unknown { a = 1 }\nx = ${HOME}\n"
	    "list = { a, \"b c\" }\nlist += { d }"), 0);
	v = ownconf_texts(&conf, "list", &n);
	assert_int_equal(n, 3);
	assert_string_equal(v[1], "b c");
	assert_string_equal(v[2], "d");
	assert_int_equal(conf.nfiles, 1);
	assert_string_equal(conf.files[0], path);
	end(0, NULL);
	assert_int_equal(begin(""), 0);
	(void)ownconf_texts(&conf, "list", &n);
	assert_int_equal(n, 0);
	end(0, NULL);
}

static void
test_complaints(void **state)
{
	char want[80];

	(void)state;
	snprintf(want, sizeof(want), "%s:3: ", path);
	assert_int_equal(begin("# one\n\nx = {"), -1);
	end(-1, want);
	assert_int_equal(begin("syslog-facility = nothing"), 0);
	assert_int_equal(ownconf_facility(&conf), -1);
	ownconf_complain(&conf, 3, "and %s", "this");
	snprintf(want, sizeof(want), "%s:3: and this\n", path);
	end(-1, want);
	assert_int_equal(begin(""), 0);
	assert_int_not_equal(ownconf_facility(&conf), -1);
	end(-1, "cannot be read");	/* never without a word */
	assert_int_equal(begin("include(\"/no/such/file\")"), -1);
	end(-1, "/no/such/file:0: cannot be read: No such file");
	/* It includes itself. */
	snprintf(want, sizeof(want), "include(\"%s\")", path);
	assert_int_equal(begin(want), -1);
	end(-1, "too many include()s");
}

static int
set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd == -1 ? -1 : close(fd);
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
