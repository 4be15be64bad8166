/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_keytable: what postern-sign reads of postern.conf: its own settings and
 * the keys, nothing else, with a file and a line in every error.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keytable.h"

static char dir[] = "/tmp/test_keytable.XXXXXX";
static char main_conf[64], more_conf[64];

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static struct keytable *
load_text(const char *text, char **errors)
{
	put(main_conf, text);
	return keytable_load(main_conf, errors);
}

static const struct {
	const char	*conf;
	const char	*keys;	/* "selector.domain=file/algorithm ..." */
} good[] = {
	{ "", "" },
	{ "domain \"a.example\" { key \"s\" { file = \"/k\" } }",
	    "s.a.example=/k/1 " },
	{ "domain A.Example. { key S1 { algorithm = ed25519-sha256\n"
	    "file = /k } }", "s1.a.example=/k/2 " },
	{ "domain a { key s { file = /1 } key t { file = /2 } }\n"
	    "domain b { key s { file = /3 } }",
	    "s.a=/1/1 t.a=/2/1 s.b=/3/1 " },
	/* what is unknown, in all its shapes */
	{ "x = 1 y = { a, \"b}\" } z += { c } w(1, 2)\n"
	    "u { v = 1 t { } } u \"t\" { n \"m\" { a = { 1 } } }\n"
	    "domain a { x = 1 l = { d } n \"m\" { key k { file = /no } }\n"
	    "key s { v = { 1 } file = /k n { file = /no } } }",
	    "s.a=/k/1 " },
	/* comments and quotes hide braces */
	{ "# {\n// {\n/* { \n domain */ x = \"{\" y = '}' z = a//b\n"
	    "domain a { /* } */ key s { file = \"/k#\" } }",
	    "s.a=/k#/1 " },
	{ "include(\"more.conf\")\ndomain b { key s { file = /b } }",
	    "m.more=/m/1 s.b=/b/1 " },
	{ "domain b { key s { file = /b } } include ( \"more.conf\" ) x = 1",
	    "s.b=/b/1 m.more=/m/1 " },
};

static void
test_good(void **state)
{
	(void)state;
	put(more_conf, "domain more { key m { file = /m } }");
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char got[512] = "", *errors;
		struct keytable *t = load_text(good[i].conf, &errors);

		if (t == NULL)
			fail_msg("case %zu: %s", i, errors);
		for (size_t k = 0; k < t->nkeys; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got),
			    "%s.%s=%s/%d ", t->keys[k].selector.p,
			    t->keys[k].domain.p, t->keys[k].file,
			    (int)t->keys[k].algorithm);
		assert_string_equal(got, good[i].keys);
		keytable_free(&t);
		assert_null(t);
	}
}

static const struct {
	const char	*conf, *error;	/* both parts must be in the text */
	const char	*where;
} bad[] = {
	{ "x = 1\ndomain a {\nkey s { file = /k }\n", "} is missing", ":2:" },
	{ "\n\ndomain a { key s { file = /k } } }", "}", ":3:" },
	{ "x {\n\n", "not closed", ":1:" },
	{ "x = 1\nx = \"abc\n", "not closed", ":2:" },
	{ "\n/* x", "not closed", ":2:" },
	{ "domain a { key s { } }", "file", ":1:" },
	{ "domain a { key s { file = k } }", "absolute", ":1:" },
	{ "domain a { key s {\nfile = /k algorithm = rsa-sha1 } }",
	    "rsa-sha256 or ed25519-sha256", ":" },
	{ "domain a { key s { file = /k } }\n"
	    "domain A { key s { file = /l } }", "twice", ":2:" },
	{ "domain a { key s { file = /k } key s { file = /l } }", "s", ":1:" },
	{ "domain m\xc3\xbcnchen.example { key s { file = /k } }",
	    "A-label", ":1:" },
	{ "domain \"a b\" { key s { file = /k } }", "not a domain", ":1:" },
	{ "domain a..b { key s { file = /k } }", "not a domain", ":1:" },
	{ "sign-socket-mode = 999", "octal", ":" },
	{ "sign-cache = 0", "sign-cache", ":" },
	{ "sign-cache = 12x", "sign-cache", ":" },
	{ "sign-socket = sock", "absolute", ":" },
	{ "syslog-facility = post", "syslog-facility", ":" },
	{ "\nsign-cache 5", "sign-cache", ":2:" },
	{ "\ninclude(\"absent.conf\")", "No such file", "absent.conf:" },
	{ "\ninclude(\"main.conf\")", "too many include", "main.conf:2:" },
	{ "\ninclude(\"more.conf\")", "missing", "more.conf:2:" },
	{ "domain a {\ninclude(\"more.conf\") }", "top level", ":2:" },
};

static void
test_bad(void **state)
{
	(void)state;
	put(more_conf, "\nx {");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *errors = NULL;
		struct keytable *t = load_text(bad[i].conf, &errors);

		if (t != NULL)
			fail_msg("case %zu passes: %s", i, bad[i].conf);
		if (strstr(errors, bad[i].error) == NULL ||
		    strstr(errors, bad[i].where) == NULL)
			fail_msg("case %zu says: %s", i, errors);
		free(errors);
	}
}

static void
test_settings(void **state)
{
	char *errors;
	struct keytable *t = load_text("", &errors);

	(void)state;
	assert_string_equal(t->socket, "/run/postern/sign.sock");
	assert_int_equal(t->socket_mode, 0660);
	assert_int_equal(t->cache, 1000);
	assert_int_equal(t->nclients, 1);
	assert_string_equal(t->clients[0], "postern");
	assert_false(t->clients_named);
	keytable_free(&t);
	t = load_text("sign-socket = /s sign-socket-mode = 0600\n"
	    "sign-socket-group = g sign-user = u sign-group = h\n"
	    "sign-clients = { a, \"b\" } sign-cache = 7\n"
	    "syslog-facility = local3", &errors);
	assert_string_equal(t->socket, "/s");
	assert_int_equal(t->socket_mode, 0600);
	assert_string_equal(t->socket_group, "g");
	assert_string_equal(t->user, "u");
	assert_string_equal(t->group, "h");
	assert_int_equal(t->nclients, 2);
	assert_string_equal(t->clients[1], "b");
	assert_true(t->clients_named);
	assert_int_equal(t->cache, 7);
	keytable_free(&t);
}

/* Many keys: all found, others not. */
static void
test_many(void **state)
{
	struct keytable *t = keytable_new();
	char domain[64];
	const char *error;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(domain, sizeof(domain), "d%d.example", i);
		assert_int_equal(keytable_add(t, domain, "s1", "/k",
		    SIGN_RSA_SHA256, &error), 0);
	}
	assert_int_equal(keytable_add(t, "D7.example", "S1", "/k",
	    SIGN_RSA_SHA256, &error), -1);
	assert_int_equal(keytable_find(t, span_of("d0.example"),
	    span_of("s1")), 0);
	assert_int_equal(keytable_find(t, span_of("D19999.example"),
	    span_of("S1")), 19999);
	assert_int_equal(keytable_find(t, span_of("d20000.example"),
	    span_of("s1")), -1);
	assert_int_equal(keytable_find(t, span_of("d0.example"),
	    span_of("s2")), -1);
	keytable_free(&t);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(main_conf, sizeof(main_conf), "%s/main.conf", dir);
	snprintf(more_conf, sizeof(more_conf), "%s/more.conf", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(main_conf);
	unlink(more_conf);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
