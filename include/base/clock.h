/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: the only source of time.
 *
 * clock_ms() is monotonic, for deadlines and durations; clock_wall() is the
 * calendar (seconds since 1970), for t=, x= and dates; clock_wall_ms() the
 * same in milliseconds, for events.  Tests can set the wall clock.  Any
 * thread.
 */
#ifndef POSTERN_CLOCK_H
#define POSTERN_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

int64_t	clock_ms(void);
int64_t	clock_wall(void);
int64_t	clock_wall_ms(void);

/* The absolute CLOCK_MONOTONIC time of a clock_ms() value, for condvars. */
struct timespec	clock_timespec(int64_t ms);

/* Milliseconds left until a clock_ms() deadline; 0 when it has passed. */
int	clock_left(int64_t deadline);

/*
 * May what is old by the wall clock be thrown away?  Not for CLOCK_DOUBT_MS
 * after that clock went ahead by more than CLOCK_JUMP_S at once, by the
 * monotonic clock's judgement: a clock that is set wrong must not wipe what is
 * kept.  Setting it back ends the doubt.  Always true while a test has set
 * the clock.
 */
#define CLOCK_JUMP_S	(24 * 60 * 60)
#define CLOCK_DOUBT_MS	(24 * 60 * 60 * 1000)
bool	clock_believed(void);

/* The judgement itself, on a state that begins as zero; one thread. */
struct clock_watch {
	bool		begun;
	int64_t		apart;		/* wall less monotonic, s */
	int64_t		doubt;		/* until then, ms; 0: none */
};

bool	clock_watch(struct clock_watch *, int64_t mono_ms, int64_t wall_s);

/* Tests only: a fixed wall clock; 0 gives the real one back. */
void	clock_set_wall(int64_t);

#endif
