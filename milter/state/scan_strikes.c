/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_strikes: see the header.
 *
 * Called by scan_call.c, any thread, one lock.  The rows are in a balanced
 * tree (tsearch), so that contents chosen by senders cannot make it slow, and
 * in a list by last strike.
 *
 * Limits: SCAN_STRUCK_MAX rows.
 */
#include <pthread.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "clock.h"
#include "log.h"
#include "scan_strikes.h"

#define EX_MEMORY 71		/* EX_OSERR of sysexits.h */

struct row {
	unsigned char	 sha256[STRIKES_SHA256_SIZE];	/* compared by it */
	struct row	*before;
	struct row	*after;
	int64_t		 last_ms;
	unsigned	 strikes;
};

struct scan_strikes {
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

	return memcmp(x->sha256, y->sha256, STRIKES_SHA256_SIZE);
}

static void
unlink_row(struct scan_strikes *s, struct row *r)
{
	if (r->before != NULL)
		r->before->after = r->after;
	else
		s->oldest = r->after;
	if (r->after != NULL)
		r->after->before = r->before;
	else
		s->newest = r->before;
}

static void
append_row(struct scan_strikes *s, struct row *r)
{
	r->before = s->newest;
	r->after = NULL;
	if (s->newest != NULL)
		s->newest->after = r;
	else
		s->oldest = r;
	s->newest = r;
}

static void
forget(struct scan_strikes *s, struct row *r)
{
	tdelete(r, &s->tree, compare);
	unlink_row(s, r);
	s->n--;
	free(r);
}

/* The row, if it is not too old. */
static struct row *
find(struct scan_strikes *s, const unsigned char sha256[STRIKES_SHA256_SIZE])
{
	struct row probe, *r;
	void *node;

	if (s->n == 0)
		return NULL;
	memcpy(probe.sha256, sha256, STRIKES_SHA256_SIZE);
	node = tfind(&probe, &s->tree, compare);
	if (node == NULL)
		return NULL;
	r = *(struct row **)node;
	if (clock_ms() - r->last_ms < (int64_t)STRIKES_FORGET_S * 1000)
		return r;
	forget(s, r);
	return NULL;
}

static struct row *
add(struct scan_strikes *s, const unsigned char sha256[STRIKES_SHA256_SIZE])
{
	struct row *r = calloc(1, sizeof(*r));

	if (r == NULL)
		log_fatal(EX_MEMORY, "out of memory (failed scans)");
	if (s->n >= SCAN_STRUCK_MAX)
		forget(s, s->oldest);
	memcpy(r->sha256, sha256, STRIKES_SHA256_SIZE);
	if (tsearch(r, &s->tree, compare) == NULL)
		log_fatal(EX_MEMORY, "out of memory (failed scans)");
	append_row(s, r);
	s->n++;
	return r;
}

struct scan_strikes *
scan_strikes_new(void)
{
	struct scan_strikes *s = calloc(1, sizeof(*s));

	if (s == NULL)
		log_fatal(EX_MEMORY, "out of memory (failed scans)");
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
scan_strikes_free(struct scan_strikes **sp)
{
	struct scan_strikes *s = *sp;

	if (s == NULL)
		return;
	while (s->oldest != NULL)
		forget(s, s->oldest);
	pthread_mutex_destroy(&s->lock);
	free(s);
	*sp = NULL;
}

unsigned
scan_strikes_add(struct scan_strikes *s,
    const unsigned char sha256[STRIKES_SHA256_SIZE])
{
	struct row *r;
	unsigned strikes;

	pthread_mutex_lock(&s->lock);
	r = find(s, sha256);
	if (r == NULL) {
		r = add(s, sha256);
	} else {
		unlink_row(s, r);
		append_row(s, r);
	}
	r->last_ms = clock_ms();
	strikes = ++r->strikes;
	pthread_mutex_unlock(&s->lock);
	return strikes;
}

bool
scan_strikes_out(struct scan_strikes *s,
    const unsigned char sha256[STRIKES_SHA256_SIZE])
{
	struct row *r;
	bool out;

	pthread_mutex_lock(&s->lock);
	r = find(s, sha256);
	out = r != NULL && r->strikes >= SCAN_STRIKES_MAX;
	pthread_mutex_unlock(&s->lock);
	return out;
}

void
scan_strikes_clear(struct scan_strikes *s,
    const unsigned char sha256[STRIKES_SHA256_SIZE])
{
	struct row *r;

	pthread_mutex_lock(&s->lock);
	r = find(s, sha256);
	if (r != NULL)
		forget(s, r);
	pthread_mutex_unlock(&s->lock);
}

size_t
scan_strikes_count(struct scan_strikes *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}
