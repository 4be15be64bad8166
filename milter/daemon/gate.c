/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate: a counting gate with a time limit.  The limit is given at each
 * entry, so that a reload can change it.
 */
#include "gate.h"

#include <errno.h>
#include <pthread.h>

#include "clock.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* inside */
static pthread_cond_t left;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned inside;

static void
init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&left, &attr);
	pthread_condattr_destroy(&attr);
}

bool
gate_enter(unsigned limit, unsigned wait_ms)
{
	struct timespec until = clock_timespec(clock_ms() + wait_ms);
	bool in;
	int e = 0;

	pthread_once(&once, init);
	pthread_mutex_lock(&lock);
	while (inside >= limit && e != ETIMEDOUT)
		e = pthread_cond_timedwait(&left, &lock, &until);
	in = inside < limit;
	if (in)
		inside++;
	pthread_mutex_unlock(&lock);
	return in;
}

void
gate_leave(void)
{
	pthread_mutex_lock(&lock);
	inside--;
	pthread_cond_signal(&left);
	pthread_mutex_unlock(&lock);
}
