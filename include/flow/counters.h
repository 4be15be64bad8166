/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: what the process has done, for the line it writes at reload and
 * end.  Atomic; any thread; no lock.
 */
#ifndef POSTERN_COUNTERS_H
#define POSTERN_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

enum counter {
	COUNT_SESSIONS,
	COUNT_MESSAGES,
	COUNT_SIGNED,
	COUNT_ABORTED,
	COUNTERS
};

void	counter_add(enum counter);
uint64_t	counter_get(enum counter);
/* Counts a message by class and verdict. */
void	counter_verdict(enum mail_class, enum verdict_kind);
/* "sessions=... messages=... accept=... ..." into out. */
void	counters_print(char *out, size_t size);

#endif
