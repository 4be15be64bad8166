/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_dns: a struct dns that answers from a table, for tests.
 *
 * One thread.  Linear search: tables are small.
 */
#include "config.h"

#include <arpa/inet.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table_dns.h"

#define TYPE_CNAME	5
#define TYPE_TIMEOUT	0
#define CNAMES_MAX	10
#define LOG_MAX		4096

struct row {
	char		*name;
	int		 type;
	struct span	 data;
	uint16_t	 preference;
};

struct table_dns {
	struct dns	 dns;
	struct row	*row;
	size_t		 n, cap;
	char		*log[LOG_MAX];
	size_t		 asked, started;
};

static const struct {
	const char	*word;
	int		 type;
} types[] = {
	{ "A", DNS_A }, { "AAAA", DNS_AAAA }, { "TXT", DNS_TXT },
	{ "PTR", DNS_PTR }, { "MX", DNS_MX }, { "CNAME", TYPE_CNAME },
	{ "TIMEOUT", TYPE_TIMEOUT },
};

static struct span
copy(struct span s)
{
	char *p = malloc(s.n + 1);

	if (p == NULL)
		abort();
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return span_make(p, s.n);
}

static struct span
copy_name(struct span s)
{
	struct span c;
	char *p;

	if (s.n > 0 && s.p[s.n - 1] == '.')
		s.n--;
	c = copy(s);
	/* The copy is ours to change. */
	for (p = (char *)(uintptr_t)c.p; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return c;
}

static struct span
address(int family, struct span text)
{
	struct span c = copy(text);
	char b[16];

	if (inet_pton(family, c.p, b) != 1)
		memset(b, 0, sizeof(b));
	free((void *)(uintptr_t)c.p);
	return copy(span_make(b, family == AF_INET ? 4 : 16));
}

static void
set_data(struct row *r, struct span value)
{
	struct span word;

	switch (r->type) {
	case DNS_A:
		r->data = address(AF_INET, value);
		break;
	case DNS_AAAA:
		r->data = address(AF_INET6, value);
		break;
	case DNS_MX:
		span_split(&value, ' ', &word);
		r->preference = (uint16_t)strtoul(word.p, NULL, 10);
		r->data = copy_name(value);
		break;
	case DNS_TXT:
		r->data = copy(value);
		break;
	default:
		r->data = copy_name(value);
		break;
	}
}

int
table_dns_add(struct table_dns *t, const char *name, const char *type,
    struct span value)
{
	struct row *r;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].word, type) == 0)
			break;
	if (i == sizeof(types) / sizeof(types[0]))
		return -1;
	if (t->n == t->cap) {
		t->cap = t->cap * 2 + 16;
		t->row = realloc(t->row, t->cap * sizeof(*t->row));
		if (t->row == NULL)
			abort();
	}
	r = &t->row[t->n++];
	memset(r, 0, sizeof(*r));
	r->name = strdup(name);
	r->type = types[i].type;
	set_data(r, value);
	return 0;
}

int
table_dns_put(struct table_dns *t, const char *name, const char *type,
    const char *value)
{
	return table_dns_add(t, name, type, span_of(value));
}

static const struct row *
find(const struct table_dns *t, const char *name, int type)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->row[i].type == type &&
		    strcasecmp(t->row[i].name, name) == 0)
			return &t->row[i];
	return NULL;
}

/* Does the name exist, itself or above another one? */
static bool
exists(const struct table_dns *t, const char *name)
{
	size_t n = strlen(name), m;

	for (size_t i = 0; i < t->n; i++) {
		m = strlen(t->row[i].name);
		if (m >= n && strcasecmp(t->row[i].name + m - n, name) == 0 &&
		    (m == n || t->row[i].name[m - n - 1] == '.'))
			return true;
	}
	return false;
}

static void
collect(const struct table_dns *t, struct arena *arena, const char *name,
    int type, struct dns_answer *a)
{
	struct dns_record *rec = arena_array(arena, t->n + 1, sizeof(*rec));

	for (size_t i = 0; i < t->n; i++) {
		if (t->row[i].type != type ||
		    strcasecmp(t->row[i].name, name) != 0)
			continue;
		rec[a->n].data = t->row[i].data;
		rec[a->n++].preference = t->row[i].preference;
	}
	a->records = rec;
	a->status = DNS_FOUND;
}

static const struct dns_answer *
ask(void *ctx, struct arena *arena, const char *name, enum dns_type type,
    int64_t deadline)
{
	struct table_dns *t = ctx;
	struct dns_answer *a = arena_alloc(arena, sizeof(*a));
	const struct row *cname;

	(void)deadline;
	if (t->asked < LOG_MAX)
		t->log[t->asked] = strdup(name);
	t->asked++;
	for (int i = 0; i < CNAMES_MAX; i++) {
		cname = find(t, name, TYPE_CNAME);
		if (cname == NULL)
			break;
		name = cname->data.p;
	}
	if (find(t, name, (int)type) != NULL) {
		collect(t, arena, name, (int)type, a);
	} else if (find(t, name, TYPE_TIMEOUT) != NULL) {
		a->status = DNS_TEMPFAIL;
		a->why = "timed out";
	} else
		a->status = exists(t, name) ? DNS_NODATA : DNS_NXDOMAIN;
	return a;
}

static void
start(void *ctx, const char *name, enum dns_type type)
{
	struct table_dns *t = ctx;

	(void)name;
	(void)type;
	t->started++;
}

struct table_dns *
table_dns_new(void)
{
	struct table_dns *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	t->dns = (struct dns){ .ctx = t, .start = start, .ask = ask };
	return t;
}

void
table_dns_clear(struct table_dns *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->row[i].name);
		free((void *)(uintptr_t)t->row[i].data.p);
	}
	for (size_t i = 0; i < t->asked && i < LOG_MAX; i++)
		free(t->log[i]);
	t->n = t->asked = t->started = 0;
}

void
table_dns_free(struct table_dns **t)
{
	if (*t == NULL)
		return;
	table_dns_clear(*t);
	free((*t)->row);
	free(*t);
	*t = NULL;
}

const struct dns *
table_dns_of(struct table_dns *t)
{
	return &t->dns;
}

size_t
table_dns_asked(const struct table_dns *t)
{
	return t->asked;
}

size_t
table_dns_asked_for(const struct table_dns *t, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < t->asked && i < LOG_MAX; i++)
		n += strcasecmp(t->log[i], name) == 0;
	return n;
}

size_t
table_dns_started(const struct table_dns *t)
{
	return t->started;
}
