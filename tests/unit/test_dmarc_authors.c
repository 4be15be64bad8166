/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dmarc_authors: the domains of From, in all the forms that mail has.
 *
 * What a case wants is the domains with blanks between them, "!" behind when
 * something was malformed, "+" when there were more than we look at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dmarc.h"

static const struct {
	const char *from[3];
	const char *want;
} cases[] = {
	{ { NULL }, "" },
	{ { " a@example.com" }, "example.com" },
	{ { " A <a@Example.COM>" }, "example.com" },
	{ { " a@example.com." }, "example.com" },
	{ { " \"a b\"@example.com" }, "example.com" },
	{ { " \"x@bank.example\"@example.com" }, "example.com" },
	{ { " \"x@bank.example\" <a@example.com>" }, "example.com" },
	{ { " (x@bank.example) a@example.com" }, "example.com" },
	{ { "\r\n A\r\n <a@example.com>" }, "example.com" },
	{ { " <@relay.example:a@example.com>" }, "example.com !" },
	/* Several: in one field, in groups, in several fields. */
	{ { " a@one.example, b@two.example" }, "one.example two.example" },
	{ { " a@one.example, b@ONE.example" }, "one.example" },
	{ { " Team: a@one.example, B <b@two.example>;" },
	    "one.example two.example" },
	{ { " undisclosed:;" }, "" },
	{ { " a@one.example", " b@two.example" }, "one.example two.example" },
	{ { " a@one.example", " a@one.example" }, "one.example" },
	{ { " a@1.x", " a@2.x", " a@3.x" }, "1.x 2.x 3.x" },
	{ { " Team: a@one.example;", " \"x, y\" <b@two.example>" },
	    "one.example two.example" },
	/* International. */
	{ { " a@b\xc3\xbc" "cher.example" }, "xn--bcher-kva.example" },
	{ { " a@xn--bcher-kva.example, b@b\xc3\xbc" "cher.example" },
	    "xn--bcher-kva.example" },
	{ { " \xc3\xbc <\xc3\xbc@example.com>" }, "example.com" },
	/* What gives no domain. */
	{ { "" }, "" },
	{ { " root" }, "!" },
	{ { " a@[192.0.2.1]" }, "!" },
	{ { " a@=?utf-8?q?example?=.com" }, "!" },
	{ { " a@exa\xffmple.com" }, "!" },
	{ { " a@one.example@two.example" }, "one.example two.example !" },
	{ { " a@[x], b@example.com" }, "example.com !" },
	{ { " a@example..com" }, "!" },
	{ { " root", " b@two.example" }, "two.example !" },
	/* Eight are looked at. */
	{ { " a@1.x, a@2.x, a@3.x, a@4.x, a@5.x, a@6.x, a@7.x, a@8.x" },
	    "1.x 2.x 3.x 4.x 5.x 6.x 7.x 8.x" },
	{ { " a@1.x, a@2.x, a@3.x, a@4.x, a@5.x, a@6.x, a@7.x, a@8.x, a@9.x",
	    " b@10.x" }, "1.x 2.x 3.x 4.x 5.x 6.x 7.x 8.x +" }
};

static size_t
fill(struct field *f, const char *const *from)
{
	static const char *const names[] = { "From", "FROM", "from \t" };
	size_t n = 0, i;

	f[n].name = span_of("Subject");
	f[n++].value = span_of(" a@bank.example");
	for (i = 0; i < 3 && from[i] != NULL; i++) {
		f[n].name = span_of(names[i]);
		f[n++].value = span_of(from[i]);
	}
	f[n].name = span_of("From-X");
	f[n++].value = span_of(" a@bank.example");
	return n;
}

static void
describe(const struct dmarc_authors *a, char *out, size_t size)
{
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < a->n; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s",
		    i > 0 ? " " : "", a->domain[i]);
	if (a->malformed)
		n += (size_t)snprintf(out + n, size - n, "%s!",
		    n > 0 ? " " : "");
	if (a->truncated)
		snprintf(out + n, size - n, " +");
}

static void
test_cases(void **state)
{
	struct arena *arena = arena_new();
	struct dmarc_authors a;
	struct field f[5];
	char got[512];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = fill(f, cases[i].from);
		dmarc_authors(arena, f, n, &a);
		describe(&a, got, sizeof(got));
		if (strcmp(got, cases[i].want) != 0)
			print_error("case %zu:%s\n", i, cases[i].from[0] ?
			    cases[i].from[0] : "");
		assert_string_equal(got, cases[i].want);
		assert_int_equal(a.from_fields, n - 2);
	}
	arena_free(&arena);
}

/* Many mailboxes of one domain must not hide the one behind them. */
static void
test_hiding(void **state)
{
	struct arena *arena = arena_new();
	struct dmarc_authors a;
	static char text[20000];
	struct field f;
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "a@evil.example,");
	snprintf(text + n, sizeof(text) - n, "a@bank.example");
	f.name = span_of("From");
	f.value = span_of(text);
	dmarc_authors(arena, &f, 1, &a);
	assert_true(a.truncated || a.n == 2);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hiding)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
