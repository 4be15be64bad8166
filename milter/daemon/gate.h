/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate: how many messages are at their end at once.
 *
 * libmilter starts threads without a limit; what is dear (hashing, memory,
 * waiting for DNS) happens at the end of a message and passes through here.
 * Our own mail has places of its own: strangers can make a check wait for
 * their DNS for as long as the budget goes, and must not hold it up.
 * Any thread; one lock.
 */
#ifndef POSTERN_GATE_H
#define POSTERN_GATE_H

#include <stdbool.h>

enum gate_side {
	GATE_FOREIGN,
	GATE_OWN,
	GATE_SIDES
};

/*
 * Waits at most wait_ms for one of the side's `limit` places; false: none
 * came free.  The limit given last holds for all who wait.
 */
bool	gate_enter(enum gate_side, unsigned limit, unsigned wait_ms);
void	gate_leave(enum gate_side);

#endif
