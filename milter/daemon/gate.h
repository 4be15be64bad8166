/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate: how many messages are at their end at once.
 *
 * libmilter starts threads without a limit; what is dear (hashing, memory,
 * waiting for DNS) happens at the end of a message and passes through here.
 * Any thread; one lock.
 */
#ifndef POSTERN_GATE_H
#define POSTERN_GATE_H

#include <stdbool.h>

/* Waits at most wait_ms for one of `limit` places; false: none came free. */
bool	gate_enter(unsigned limit, unsigned wait_ms);
void	gate_leave(void);

#endif
