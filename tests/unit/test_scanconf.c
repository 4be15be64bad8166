/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scanconf: what postern-scan reads of postern.conf; its defaults and
 * ranges are those of the table that makes the manual.
 */
#include "config.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scanconf.h"
#include "settings.h"

static char path[] = "/tmp/test_scanconf.XXXXXX";

static struct scanconf *
load(const char *text, char **errors_r)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return scanconf_load(path, errors_r);
}

static void
is_right(const char *text, bool right)
{
	char *errors;
	struct scanconf *c = load(text, &errors);

	if ((c != NULL) != right)
		fail_msg("%s: %s", text, errors != NULL ? errors : "taken");
	assert_true((errors == NULL) == right);
	free(errors);
	scanconf_free(&c);
	assert_null(c);
}

static void
test_all(void **state)
{
	char *errors;
	struct scanconf *c = load(
	    "scan = yes\nscan-user = u\nscan-group = g\n"
	    "scan-socket = \"unix:/s\"\nscan-socket-mode = 0600\n"
	    "scan-socket-group = sg\nscan-clients = { a, b }\n"
	    "scan-database = /db\nscan-workers = 7\nscan-time = 3s\n"
	    "scan-size = 200M\nscan-file-size = 50M\nscan-files = 9\n"
	    "scan-depth = 8\nscan-tmp = /t\nscan-tmp-size = 1G\n"
	    "scan-pua = yes\nscan-low-memory = on\n", &errors);

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->user, "u");
	assert_string_equal(c->group, "g");
	assert_string_equal(c->socket, "/s");
	assert_int_equal(c->socket_mode, 0600);
	assert_string_equal(c->socket_group, "sg");
	assert_int_equal(c->nclients, 2);
	assert_string_equal(c->clients[1], "b");
	assert_true(c->clients_named);
	assert_string_equal(c->database, "/db");
	assert_int_equal(c->workers, 7);
	assert_int_equal(c->time_ms, 3000);
	assert_int_equal(c->scan_size, 200 << 20);
	assert_int_equal(c->file_size, 50 << 20);
	assert_int_equal(c->files, 9);
	assert_int_equal(c->depth, 8);
	assert_string_equal(c->tmp, "/t");
	assert_int_equal(c->tmp_size, 1 << 30);
	assert_true(c->pua && c->low_memory);
	assert_string_equal(c->path, path);
	scanconf_free(&c);
}

/* In the table of all settings: our own, and those with numbers of them. */
static bool
is_ours(const struct setting *s)
{
	return strncmp(s->name, "scan-", 5) == 0 &&
	    (s->restart & RESTART_SCANNER);
}

static void
test_defaults(void **state)
{
	char text[300], *errors;
	struct scanconf *none = load("", &errors), *c;
	size_t seen = 0;

	(void)state;
	assert_non_null(none);
	assert_true(none->workers >= 2);
	assert_false(none->clients_named);
	for (size_t i = 0; i < nsettings; i++) {
		const struct setting *s = &settings[i];

		if (!is_ours(s))
			continue;
		seen++;
		snprintf(text, sizeof(text), s->type == SETTING_STRINGS ?
		    "%s = %s" : "%s = \"%s\"", s->name, s->fallback);
		c = load(text, &errors);
		if (c == NULL || !scanconf_same(c, none))
			fail_msg("another default: %s", text);
		scanconf_free(&c);
		/* And it is read at all. */
		snprintf(text, sizeof(text), s->type == SETTING_STRINGS ?
		    "%s = { x }" : s->type == SETTING_BOOL ? "%s = yes" :
		    s->type == SETTING_STRING ? "%s = /x" :
		    s->type == SETTING_SIZE ? "%s = 17M" :
		    s->type == SETTING_TIME ? "%s = 1s" :
		    s->type == SETTING_MODE ? "%s = 0600" : "%s = 99",
		    s->name);
		c = load(text, &errors);
		if (c == NULL || scanconf_same(c, none))
			fail_msg("not read: %s", text);
		scanconf_free(&c);
	}
	assert_int_equal(seen, 17);
	scanconf_free(&none);
}

static void
is_taken(const struct setting *s, int64_t number, bool right)
{
	char text[100];

	snprintf(text, sizeof(text), "%s = %" PRId64 "%s", s->name, number,
	    s->type == SETTING_TIME ? "ms" : "");
	is_right(text, right);
}

static void
test_ranges(void **state)
{
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < nsettings; i++) {
		const struct setting *s = &settings[i];

		if (!is_ours(s) || (s->type != SETTING_COUNT &&
		    s->type != SETTING_SIZE && s->type != SETTING_TIME))
			continue;
		seen++;
		is_taken(s, s->min, true);
		is_taken(s, s->max, true);
		is_taken(s, s->max + 1, false);
		if (s->min > 0)
			is_taken(s, s->min - 1, false);
	}
	assert_int_equal(seen, 7);
}

static void
test_wrong(void **state)
{
	static const char *const rows[] = {
		"scan-time = 10", "scan-size = many", "scan-workers = -1",
		"scan-workers = 1.5", "scan-pua = maybe",
		"scan-low-memory = 2", "scan-socket = scan.sock",
		"scan-database = \"\"", "scan-tmp = tmp",
		"scan-socket-mode = 888", "scan-socket-mode = 1777",
		"syslog-facility = x", "scan-user = {", "domain x {",
		"scan-depth = 0", "scan-files = 0", "scan-size = 512K",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		is_right(rows[i], false);
	is_right("socket = 1 domain x { a { b = 1 } } other = { 1, 2 }",
	    true);
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
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
