/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_turns: how many questions one sender has under way.
 *
 * Called by scan_call.c, any thread, one lock.  One row for each `who` with
 * something under way or a thread that waits; names longer than WHO_SIZE are
 * cut and share their turns.
 *
 * Limits: there are as many rows as threads that scan, at most.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "scan_internal.h"

#define EX_MEMORY	71	/* EX_OSERR of sysexits.h */
#define WHO_SIZE	320

struct row {
	struct row	*next;
	unsigned	 taken;
	unsigned	 waiting;
	pthread_cond_t	 given;
	char		 who[WHO_SIZE];
};

struct scan_turns {
	pthread_mutex_t	 lock;
	pthread_condattr_t clock;
	struct row	*rows;
};

struct scan_turns *
scan_turns_new(void)
{
	struct scan_turns *t = calloc(1, sizeof(*t));

	if (t == NULL)
		log_fatal(EX_MEMORY, "out of memory (turns to scan)");
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&t->clock);
	pthread_condattr_setclock(&t->clock, CLOCK_MONOTONIC);
	return t;
}

void
scan_turns_free(struct scan_turns **tp)
{
	struct scan_turns *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	assert(t->rows == NULL);
	pthread_condattr_destroy(&t->clock);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* The link to the row of this one, or the one at the end. */
static struct row **
find(struct scan_turns *t, const char *who)
{
	struct row **link = &t->rows;

	while (*link != NULL && strncmp((*link)->who, who, WHO_SIZE - 1) != 0)
		link = &(*link)->next;
	return link;
}

static struct row *
find_or_add(struct scan_turns *t, const char *who)
{
	struct row **link = find(t, who);

	if (*link != NULL)
		return *link;
	*link = calloc(1, sizeof(**link));
	if (*link == NULL)
		log_fatal(EX_MEMORY, "out of memory (turns to scan)");
	pthread_cond_init(&(*link)->given, &t->clock);
	strncpy((*link)->who, who, WHO_SIZE - 1);
	return *link;
}

static void
drop_if_unused(struct scan_turns *t, const char *who)
{
	struct row **link = find(t, who), *r = *link;

	if (r->taken > 0 || r->waiting > 0)
		return;
	*link = r->next;
	pthread_cond_destroy(&r->given);
	free(r);
}

bool
scan_turns_take(struct scan_turns *t, const char *who, unsigned limit,
    int64_t deadline)
{
	struct timespec until = clock_timespec(deadline);
	struct row *r;
	bool taken;
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	r = find_or_add(t, who);
	r->waiting++;
	while (r->taken >= limit && deadline > 0 && rc == 0)
		rc = pthread_cond_timedwait(&r->given, &t->lock, &until);
	r->waiting--;
	taken = r->taken < limit;
	if (taken)
		r->taken++;
	drop_if_unused(t, who);
	pthread_mutex_unlock(&t->lock);
	return taken;
}

void
scan_turns_give(struct scan_turns *t, const char *who)
{
	struct row *r;

	pthread_mutex_lock(&t->lock);
	r = *find(t, who);
	assert(r != NULL && r->taken > 0);
	r->taken--;
	/* Who was woken but is late takes the turn all the same. */
	if (r->waiting > 0)
		pthread_cond_signal(&r->given);
	drop_if_unused(t, who);
	pthread_mutex_unlock(&t->lock);
}
