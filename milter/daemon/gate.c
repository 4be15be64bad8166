/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate: a counting gate with a time limit, for each side.  The limit is given
 * at each entry, so that a reload can change it.
 */
#include "gate.h"

#include <errno.h>
#include <pthread.h>

#include "clock.h"

struct side {
	pthread_cond_t	left;
	unsigned	inside;
	unsigned	limit;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all sides */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct side sides[GATE_SIDES];

static void
init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (int i = 0; i < GATE_SIDES; i++)
		pthread_cond_init(&sides[i].left, &attr);
	pthread_condattr_destroy(&attr);
}

bool
gate_enter(enum gate_side which, unsigned limit, unsigned wait_ms)
{
	struct timespec until = clock_timespec(clock_ms() + wait_ms);
	struct side *s = &sides[which];
	bool in;
	int e = 0;

	pthread_once(&once, init);
	pthread_mutex_lock(&lock);
	s->limit = limit;
	while (s->inside >= s->limit && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&s->left, &lock, &until);
	in = s->inside < s->limit;
	if (in)
		s->inside++;
	pthread_mutex_unlock(&lock);
	return in;
}

void
gate_leave(enum gate_side which)
{
	pthread_mutex_lock(&lock);
	sides[which].inside--;
	pthread_cond_signal(&sides[which].left);
	pthread_mutex_unlock(&lock);
}
