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

#include <stdint.h>
#include <time.h>

int64_t	clock_ms(void);
int64_t	clock_wall(void);
int64_t	clock_wall_ms(void);

/* The absolute CLOCK_MONOTONIC time of a clock_ms() value, for condvars. */
struct timespec	clock_timespec(int64_t ms);

/* Milliseconds left until a clock_ms() deadline; 0 when it has passed. */
int	clock_left(int64_t deadline);

/* Tests only: a fixed wall clock; 0 gives the real one back. */
void	clock_set_wall(int64_t);

#endif
