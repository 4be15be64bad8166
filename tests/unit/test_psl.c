/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_psl: suffixes and registrable domains.
 *
 * The traps that other software fell into are in the table.  With the
 * environment variable POSTERN_SUITES naming the folder of public suites,
 * the list's own vectors (psl/test_psl.txt) are run too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain.h"
#include "psl.h"

static const struct {
	const char *domain;
	const char *registrable;	/* NULL: a suffix */
} cases[] = {
	{ "com", NULL },
	{ "x.com", "x.com" },
	{ "a.x.com", "x.com" },
	{ "a.co", "a.co" },
	{ "x.co.uk", "x.co.uk" },
	{ "co.uk", NULL },
	{ "uk", NULL },
	{ "b.x.co.uk", "x.co.uk" },
	{ "kobe.jp", NULL },
	{ "c.kobe.jp", NULL },
	{ "b.c.kobe.jp", "b.c.kobe.jp" },
	{ "a.b.c.kobe.jp", "b.c.kobe.jp" },
	{ "city.kobe.jp", "city.kobe.jp" },
	{ "www.city.kobe.jp", "city.kobe.jp" },
	{ "test", NULL },
	{ "example.test", "example.test" },
	{ "a.b.example.test", "example.test" },
	{ "github.io", NULL },
	{ "somebody.github.io", "somebody.github.io" },
	{ "xn--85x722f.com.cn", "xn--85x722f.com.cn" },
	{ "www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn" },
	{ "xn--55qx5d.cn", NULL }
};

static void
check(const char *domain, const char *want)
{
	const char *got = psl_registrable(domain);

	if ((got == NULL) != (want == NULL) ||
	    (got != NULL && strcmp(got, want) != 0))
		fail_msg("%s gives %s, not %s", domain, got ? got : "none",
		    want ? want : "none");
	assert_int_equal(psl_is_suffix(domain), want == NULL);
}

static void
test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].domain, cases[i].registrable);
	assert_null(psl_registrable(""));
	assert_false(psl_is_suffix(""));
}

/* The text between the nth pair of quotes; false when there is none. */
static bool
quoted(const char *line, int nth, char *out, size_t size)
{
	size_t n;

	for (; nth > 0; nth--) {
		line = strchr(line, '\'');
		if (line == NULL || (line = strchr(line + 1, '\'')) == NULL)
			return false;
		line++;
	}
	line = strchr(line, '\'');
	if (line == NULL)
		return false;
	n = strcspn(++line, "'");
	if (n >= size)
		return false;
	memcpy(out, line, n);
	out[n] = '\0';
	return true;
}

static bool
vector(const char *line)
{
	char in[256], out[256], name[DOMAIN_SIZE], want[DOMAIN_SIZE];

	if (strncmp(line, "checkPublicSuffix(", 18) != 0 ||
	    !quoted(line, 0, in, sizeof(in)) ||
	    domain_normalise(span_of(in), name) == -1)
		return false;
	if (!quoted(line, 1, out, sizeof(out))) {
		check(name, NULL);
		return true;
	}
	assert_int_equal(domain_normalise(span_of(out), want), 0);
	check(name, want);
	return true;
}

static void
test_suite(void **state)
{
	const char *dir = getenv("POSTERN_SUITES");
	char path[1024], line[1024];
	size_t n = 0;
	FILE *f;

	(void)state;
	if (dir == NULL) {
		print_message("POSTERN_SUITES is not set: no vectors\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/psl/test_psl.txt", dir);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += vector(line);
	fclose(f);
	print_message("%zu vectors\n", n);
	assert_true(n > 70);
}

static int
setup(void **state)
{
	(void)state;
	return psl_open() == 0 && psl_open() == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_suite)
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
