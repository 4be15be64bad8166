/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: the only source of time.
 *
 * Called for deadlines (monotonic) and for dates (calendar).  The wall clock
 * that tests set is one atomic value for the process; the monotonic clock
 * cannot be set.  Any thread; owns nothing.
 */
#include "config.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "clock.h"

static _Atomic int64_t wall_for_tests;

int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall(void)
{
	int64_t fixed = atomic_load(&wall_for_tests);

	return fixed != 0 ? fixed : (int64_t)time(NULL);
}

int64_t
clock_wall_ms(void)
{
	int64_t fixed = atomic_load(&wall_for_tests);
	struct timespec ts;

	if (fixed != 0)
		return fixed * 1000;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool
clock_watch(struct clock_watch *w, int64_t mono_ms, int64_t wall_s)
{
	int64_t apart = wall_s - mono_ms / 1000;
	int64_t ahead = w->begun ? apart - w->apart : 0;

	w->begun = true;
	w->apart = apart;
	if (ahead > CLOCK_JUMP_S)
		w->doubt = mono_ms + CLOCK_DOUBT_MS;
	else if (ahead < -CLOCK_JUMP_S || mono_ms >= w->doubt)
		w->doubt = 0;
	return w->doubt == 0;
}

bool
clock_believed(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct clock_watch watch;
	bool believed;

	if (atomic_load(&wall_for_tests) != 0)
		return true;
	pthread_mutex_lock(&lock);
	believed = clock_watch(&watch, clock_ms(), clock_wall());
	pthread_mutex_unlock(&lock);
	return believed;
}

struct timespec
clock_timespec(int64_t ms)
{
	struct timespec ts = { 0 };

	if (ms > 0) {
		ts.tv_sec = (time_t)(ms / 1000);
		ts.tv_nsec = (long)(ms % 1000) * 1000000;
	}
	return ts;
}

int
clock_left(int64_t deadline)
{
	int64_t now = clock_ms();

	if (deadline <= now)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

void
clock_set_wall(int64_t t)
{
	atomic_store(&wall_for_tests, t);
}
