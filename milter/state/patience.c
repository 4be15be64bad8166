/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * patience: since when a domain has had only temporary DNS errors.
 *
 * Called by the checks, any thread, one lock.  The names are in a balanced
 * tree (tsearch), so that names chosen by senders cannot make it slow, and in
 * a list by last use.  A row of errors is over when the domain answers, or
 * when it was not seen for PATIENCE_FORGET_S: mail that comes again after
 * days is a new row.
 *
 * Limits: PATIENCE_MAX names; names longer than a domain are cut.
 */
#include <assert.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "bounds.h"
#include "log.h"
#include "patience.h"

/* Senders try again after hours at most, and give up after five days. */
#define PATIENCE_FORGET_S (2 * 24 * 3600)
#define EX_MEMORY 71		/* EX_OSERR of sysexits.h */

struct row {
	char		name[DOMAIN_SIZE];	/* first: compared by it */
	struct row	*before;
	struct row	*after;
	int64_t		 first_ms;
	int64_t		 last_ms;
};

struct patience {
	pthread_mutex_t	 lock;
	void		*tree;
	struct row	*oldest;
	struct row	*newest;
	size_t		 n;
};

static int
compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Domain names have no case. */
static void
copy_name(char out[DOMAIN_SIZE], const char *name)
{
	size_t i;

	for (i = 0; i < DOMAIN_MAX && name[i] != '\0'; i++) {
		char c = name[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	out[i] = '\0';
}

static void
unlink_row(struct patience *p, struct row *r)
{
	if (r->before != NULL)
		r->before->after = r->after;
	else
		p->oldest = r->after;
	if (r->after != NULL)
		r->after->before = r->before;
	else
		p->newest = r->before;
}

static void
append_row(struct patience *p, struct row *r)
{
	r->before = p->newest;
	r->after = NULL;
	if (p->newest != NULL)
		p->newest->after = r;
	else
		p->oldest = r;
	p->newest = r;
}

static void
forget(struct patience *p, struct row *r)
{
	tdelete(r, &p->tree, compare);
	unlink_row(p, r);
	p->n--;
	free(r);
}

static struct row *
find(struct patience *p, const char *domain)
{
	struct row probe;
	void *node;

	copy_name(probe.name, domain);
	node = tfind(&probe, &p->tree, compare);
	return node != NULL ? *(struct row **)node : NULL;
}

static struct row *
add(struct patience *p, const char *domain, int64_t now)
{
	struct row *r = calloc(1, sizeof(*r));

	if (r == NULL)
		log_fatal(EX_MEMORY, "out of memory (DNS errors)");
	if (p->n >= PATIENCE_MAX)
		forget(p, p->oldest);
	copy_name(r->name, domain);
	r->first_ms = now;
	if (tsearch(r, &p->tree, compare) == NULL)
		log_fatal(EX_MEMORY, "out of memory (DNS errors)");
	append_row(p, r);
	p->n++;
	return r;
}

struct patience *
patience_new(void)
{
	struct patience *p = calloc(1, sizeof(*p));

	if (p == NULL)
		log_fatal(EX_MEMORY, "out of memory (DNS errors)");
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void
patience_free(struct patience **pp)
{
	struct patience *p = *pp;

	if (p == NULL)
		return;
	while (p->oldest != NULL)
		forget(p, p->oldest);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pp = NULL;
}

bool
patience_wait(struct patience *p, const char *domain, uint32_t limit_s)
{
	int64_t now = clock_ms();
	struct row *r;
	bool wait;

	pthread_mutex_lock(&p->lock);
	r = find(p, domain);
	if (r == NULL) {
		r = add(p, domain, now);
	} else {
		unlink_row(p, r);
		append_row(p, r);
		if (now - r->last_ms >= (int64_t)PATIENCE_FORGET_S * 1000)
			r->first_ms = now;
	}
	r->last_ms = now;
	wait = now - r->first_ms < (int64_t)limit_s * 1000;
	pthread_mutex_unlock(&p->lock);
	return wait;
}

void
patience_clear(struct patience *p, const char *domain)
{
	struct row *r;

	pthread_mutex_lock(&p->lock);
	r = p->n > 0 ? find(p, domain) : NULL;
	if (r != NULL)
		forget(p, r);
	pthread_mutex_unlock(&p->lock);
}
