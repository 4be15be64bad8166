/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args: reads the command line by the tables of options.
 *
 * Called by main.c, once for what stands before the command and once for what
 * stands behind.  Options may stand between operands; "--" ends them; a value
 * follows as "--name=VALUE", "--name VALUE", "-nVALUE" or "-n VALUE".
 * Values point into argv.
 */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "clock.h"
#include "ctl.h"

/* A longer word is not compared further. */
#define WORD_MAX	32
#define NEAR		3

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters added, left out, wrong, or two of them the wrong way round. */
unsigned
distance(const char *a, const char *b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	size_t i, j, na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (i = 0; i <= na; i++)
		d[i][0] = (unsigned)i;
	for (j = 0; j <= nb; j++)
		d[0][j] = (unsigned)j;
	for (i = 1; i <= na; i++)
		for (j = 1; j <= nb; j++) {
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
			    d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j],
				    d[i - 2][j - 2] + 1);
		}
	return d[na][nb];
}

static void
add_specs(struct ctl *c, const struct option_spec *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		for (size_t i = 0; i < c->nspec; i++)
			if (strcmp(c->spec[i]->name, o->name) == 0)
				return;	/* the common ones, known already */
		assert(c->nspec < OPTIONS_MAX);
		c->spec[c->nspec++] = o;
	}
}

const char *
option(const struct ctl *c, const char *name)
{
	for (size_t i = 0; i < c->nspec; i++)
		if (strcmp(c->spec[i]->name, name) == 0)
			return c->value[i];
	assert(!"an option that the command has not declared");
	return NULL;
}

static int
unknown(const struct ctl *c, const char *typed, size_t n)
{
	unsigned d, best = NEAR + 1;
	const char *near = NULL;
	char word[WORD_MAX + 1];

	snprintf(word, sizeof(word), "%.*s", (int)n, typed);
	for (size_t i = 0; i < c->nspec; i++) {
		d = distance(c->spec[i]->name, word);
		if (d < best) {
			best = d;
			near = c->spec[i]->name;
		}
	}
	if (near != NULL)
		complain(EX_USAGE, "there is no option --%s; did you mean "
		    "--%s?", word, near);
	else
		complain(EX_USAGE, "there is no option --%s here; --help "
		    "shows those that are", word);
	return -1;
}

/* Stores the value; `next` is the following argument.  Arguments used, -1. */
static int
store(struct ctl *c, size_t i, const char *value, const char *next)
{
	const struct option_spec *o = c->spec[i];

	if (o->arg == NULL) {
		if (value != NULL) {
			complain(EX_USAGE, "--%s takes no value", o->name);
			return -1;
		}
		c->value[i] = "";
		return 1;
	}
	c->value[i] = value != NULL ? value : next;
	if (c->value[i] == NULL) {
		complain(EX_USAGE, "--%s needs a value: --%s %s", o->name,
		    o->name, o->arg);
		return -1;
	}
	return value != NULL ? 1 : 2;
}

static int
take_long(struct ctl *c, const char *arg, const char *next)
{
	size_t n = strcspn(arg, "=");
	const char *value = arg[n] == '=' ? arg + n + 1 : NULL;

	for (size_t i = 0; i < c->nspec; i++)
		if (strlen(c->spec[i]->name) == n &&
		    memcmp(c->spec[i]->name, arg, n) == 0)
			return store(c, i, value, next);
	return unknown(c, arg, n);
}

/* Letters together, the last one perhaps with a value. */
static int
take_letters(struct ctl *c, const char *arg, const char *next)
{
	size_t i;
	int used = 1;

	for (; *arg != '\0' && used == 1; arg++) {
		for (i = 0; i < c->nspec; i++)
			if (c->spec[i]->letter == *arg)
				break;
		if (i == c->nspec) {
			complain(EX_USAGE, "there is no option -%c here; "
			    "--help shows those that are",
			    isprint((unsigned char)*arg) ? *arg : '?');
			return -1;
		}
		if (c->spec[i]->arg == NULL)
			used = store(c, i, NULL, NULL);
		else
			return store(c, i, arg[1] != '\0' ? arg + 1 : NULL,
			    next);
	}
	return used;
}

static int
check_operands(const struct ctl *c)
{
	const struct command *m = c->command;

	if (c->noperand >= m->least &&
	    (m->most == -1 || c->noperand <= m->most))
		return 0;
	complain(EX_USAGE, "%s; type: posternctl %s%s%s%s%s",
	    c->noperand < m->least ? "something is missing" :
	    "there is a word too many", m->name,
	    m->subcommand != NULL ? " " : "",
	    m->subcommand != NULL ? m->subcommand : "",
	    m->operands[0] != '\0' ? " " : "", m->operands);
	return -1;
}

int
args_parse(struct ctl *c, int argc, char **argv)
{
	bool ended = false;
	int i = 0, used;

	add_specs(c, common_options);
	if (c->command != NULL)
		add_specs(c, c->command->options);
	c->operand = arena_array(c->arena, (size_t)argc + 1, sizeof(char *));
	while (i < argc) {
		const char *a = argv[i], *next = argv[i + 1];

		if (ended || a[0] != '-' || a[1] == '\0') {
			if (c->command == NULL)
				return i;
			c->operand[c->noperand++] = argv[i++];
			continue;
		}
		if (strcmp(a, "--") == 0) {
			ended = true;
			used = 1;
		} else
			used = a[1] == '-' ? take_long(c, a + 2, next) :
			    take_letters(c, a + 1, next);
		if (used == -1)
			return -1;
		i += used;
	}
	if (c->command != NULL && option(c, "help") == NULL &&
	    check_operands(c) == -1)
		return -1;
	return i;
}

/* A number and a unit; -1 when it is none. */
static int
duration(const char *s, int64_t *seconds_r)
{
	static const struct { char unit; int64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 7 * 86400 } };
	char *end;
	long n;

	errno = 0;
	if (!isdigit((unsigned char)*s))
		return -1;
	n = strtol(s, &end, 10);
	if (errno != 0 || n > 1000000 || *end == '\0' || end[1] != '\0')
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == *end) {
			*seconds_r = n * units[i].seconds;
			return 0;
		}
	return -1;
}

int
parse_duration(const char *s, int64_t *seconds_r)
{
	if (duration(s, seconds_r) == 0)
		return 0;
	complain(EX_USAGE, "\"%s\" is no length of time; write it as 90s, "
	    "15m, 12h, 30d or 4w", s);
	return -1;
}

int
parse_since(const char *s, int64_t *wall_r)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M",
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ" };
	int64_t before;

	if (duration(s, &before) == 0) {
		*wall_r = clock_wall() - before;
		return 0;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(s, forms[i], &tm);

		if (end != NULL && *end == '\0') {
			*wall_r = (int64_t)timegm(&tm);
			return 0;
		}
	}
	complain(EX_USAGE, "\"%s\" is no time; write it as 2d (two days ago) "
	    "or 2026-11-21T09:41 (UTC)", s);
	return -1;
}
