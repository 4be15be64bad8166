/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc_table: a resolver made of a table, for the tests of DMARC.
 *
 * A row is a name and what its TXT question gives: records with '|' between
 * them, "-" for a name without them (NODATA), "!" for a failing server.  A
 * name without a row does not exist.  Questions are counted and remembered.
 */
#ifndef POSTERN_TEST_DMARC_TABLE_H
#define POSTERN_TEST_DMARC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "dns.h"

#define TABLE_ROWS 10

struct row {
	const char *name;
	const char *txt;
};

struct table {
	const struct row *rows;		/* up to one without a name */
	size_t		  asked;
	size_t		  started;
	char		  log[2048];	/* names asked for, with blanks */
};

static const char *
table_find(const struct table *t, const char *name)
{
	size_t i;

	for (i = 0; i < TABLE_ROWS && t->rows[i].name != NULL; i++)
		if (strcmp(t->rows[i].name, name) == 0)
			return t->rows[i].txt;
	return NULL;
}

static void
table_txt(struct dns_answer *a, struct arena *arena, const char *txt)
{
	struct dns_record *r = arena_array(arena, 8, sizeof(*r));
	struct span left = span_of(txt), one;

	while (a->n < 8 && span_split(&left, '|', &one))
		r[a->n++].data = one;
	a->records = r;
	a->status = DNS_FOUND;
}

static const struct dns_answer *
table_ask(void *ctx, struct arena *arena, const char *name,
    enum dns_type type, int64_t deadline)
{
	struct table *t = ctx;
	struct dns_answer *a = arena_alloc(arena, sizeof(*a));
	const char *txt = table_find(t, name);
	size_t n = strlen(t->log);

	(void)deadline;
	t->asked++;
	snprintf(t->log + n, sizeof(t->log) - n, "%s%s", n > 0 ? " " : "",
	    name);
	if (txt == NULL)
		a->status = DNS_NXDOMAIN;
	else if (strcmp(txt, "!") == 0) {
		a->status = DNS_TEMPFAIL;
		a->why = "SERVFAIL";
	} else if (strcmp(txt, "-") == 0 || type != DNS_TXT)
		a->status = DNS_NODATA;
	else
		table_txt(a, arena, txt);
	return a;
}

static void
table_start(void *ctx, const char *name, enum dns_type type)
{
	struct table *t = ctx;

	(void)name;
	(void)type;
	t->started++;
}

static inline void
table_dns(struct table *t, const struct row *rows, struct dns *dns)
{
	memset(t, 0, sizeof(*t));
	t->rows = rows;
	dns->ctx = t;
	dns->start = table_start;
	dns->ask = table_ask;
}

#endif
