/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_suite: runs spf_check() over the public SPF suites.
 *
 *	spf_suite		the suites in $POSTERN_SUITES/spf (else skipped)
 *	spf_suite -		what spf_cases.py prints, from standard input
 *	spf_suite -v ...	tells of each case
 *
 * Prints each case that fails, then "N passed, N failed"; exits 1 when one
 * failed or there was none, 77 when it was skipped.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "spf.h"
#include "table_dns.h"

#define LINE_SIZE	(256 * 1024)
#define FIELDS_MAX	8
#define BUDGET_MS	20000
#define COMMAND_SIZE	8192

struct suite {
	struct table_dns	*table;
	char			 name[256];
	char			 scenario[256];
	bool			 verbose;
	unsigned		 passed, failed;	/* of this suite */
	unsigned		 all_passed, all_failed;
};

static void
die(const char *what, const char *line)
{
	fprintf(stderr, "spf_suite: %s: %s\n", what, line);
	exit(2);
}

static size_t
split(char *line, char **field)
{
	size_t n = 0;
	char *p = line;

	line[strcspn(line, "\n")] = '\0';
	while (n < FIELDS_MAX && p != NULL)
		field[n++] = strsep(&p, "\t");
	return n;
}

static size_t
unhex(char *s)
{
	size_t n = strlen(s) / 2;
	unsigned byte;

	for (size_t i = 0; i < n; i++) {
		if (sscanf(s + 2 * i, "%2x", &byte) != 1)
			die("bad hexadecimal", s);
		s[i] = (char)byte;
	}
	return n;
}

static void
add_record(struct suite *s, char **f)
{
	struct span value = span_of(f[3]);

	if (strcmp(f[2], "TXT") == 0)
		value.n = unhex(f[3]);
	if (table_dns_add(s->table, f[1], f[2], value) != 0)
		die("unknown type", f[2]);
}

static bool
is_listed(char *list, const char *word)
{
	struct span s = span_of(list), one;

	while (span_split(&s, ',', &one))
		if (span_is(one, word))
			return true;
	return false;
}

static void
run_test(struct suite *s, char **f)
{
	struct spf_query q = { .identity = SPF_MAILFROM, .helo = f[3],
	    .local = f[4], .domain = f[5], .deadline = clock_ms() + BUDGET_MS };
	struct arena *arena = arena_new();
	struct spf_verdict v;
	const char *word;
	bool right;

	if (ipaddr_parse(f[2], &q.client) != 0)
		die("bad address", f[2]);
	spf_check(arena, table_dns_of(s->table), &q, &v);
	word = spf_result_word(v.result);
	right = is_listed(f[6], word);
	if (!right || s->verbose)
		printf("%s %s / %s: %s, wanted %s (%s)\n",
		    right ? "ok" : "FAILED", s->scenario, f[1], word, f[6],
		    v.reason);
	s->passed += right;
	s->failed += !right;
	arena_free(&arena);
}

/* The end of one suite: its sum. */
static void
end_suite(struct suite *s, const char *next)
{
	if (s->passed + s->failed > 0)
		printf("%s: %u of %u\n", s->name, s->passed,
		    s->passed + s->failed);
	s->all_passed += s->passed;
	s->all_failed += s->failed;
	s->passed = s->failed = 0;
	snprintf(s->name, sizeof(s->name), "%s", next);
}

static void
run_line(struct suite *s, char *line)
{
	char *f[FIELDS_MAX];
	size_t n = split(line, f);

	if (n == 2 && strcmp(f[0], "SUITE") == 0)
		end_suite(s, f[1]);
	else if (n == 2 && strcmp(f[0], "SCENARIO") == 0) {
		table_dns_clear(s->table);
		snprintf(s->scenario, sizeof(s->scenario), "%s", f[1]);
	} else if (n == 4 && strcmp(f[0], "RR") == 0)
		add_record(s, f);
	else if (n == 7 && strcmp(f[0], "TEST") == 0)
		run_test(s, f);
	else
		die("cannot read", line);
}

/* The suites through spf_cases.py; NULL when there are none. */
static FILE *
open_suites(void)
{
	const char *suites = getenv("POSTERN_SUITES");
	const char *srcdir = getenv("srcdir");
	char command[COMMAND_SIZE];

	if (suites == NULL || *suites == '\0')
		return NULL;
	snprintf(command, sizeof(command), "exec /usr/bin/python3 "
	    "'%s/tests/conformance/spf_cases.py' '%s'/spf/*.yml",
	    srcdir != NULL ? srcdir : ".", suites);
	return popen(command, "r");
}

static void
run_all(struct suite *s, FILE *in)
{
	char *line = malloc(LINE_SIZE);

	if (line == NULL)
		die("no memory", "");
	s->table = table_dns_new();
	while (fgets(line, LINE_SIZE, in) != NULL)
		run_line(s, line);
	end_suite(s, "");
	table_dns_free(&s->table);
	free(line);
}

int
main(int argc, char **argv)
{
	struct suite s = { .verbose = false };
	FILE *in = NULL;

	if (spf_init() != 0)
		die("no memory", "");
	for (int i = 1; i < argc; i++) {
		s.verbose = s.verbose || strcmp(argv[i], "-v") == 0;
		if (strcmp(argv[i], "-") == 0)
			in = stdin;
	}
	if (in == NULL)
		in = open_suites();
	if (in == NULL) {
		printf("skipped: POSTERN_SUITES does not name the suites\n");
		return 77;
	}
	run_all(&s, in);
	if (in != stdin && pclose(in) != 0)
		die("spf_cases.py failed", "");
	printf("%u passed, %u failed\n", s.all_passed, s.all_failed);
	return s.all_failed > 0 || s.all_passed == 0;
}
