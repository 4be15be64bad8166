/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: atomic counts of what the process has done.  Any thread.
 */
#include "counters.h"

#include <stdatomic.h>
#include <stdio.h>

#include "verdict.h"

#define CLASSES 4

static _Atomic uint64_t counts[COUNTERS];
static _Atomic uint64_t verdicts[CLASSES][VERDICT_REJECT + 1];

void
counter_add(enum counter c)
{
	atomic_fetch_add_explicit(&counts[c], 1, memory_order_relaxed);
}

uint64_t
counter_get(enum counter c)
{
	return atomic_load_explicit(&counts[c], memory_order_relaxed);
}

static size_t
class_index(enum mail_class class)
{
	size_t i = 0;

	while (i < CLASSES - 1 && (class >> i) != 1)
		i++;
	return i;
}

void
counter_verdict(enum mail_class class, enum verdict_kind kind)
{
	atomic_fetch_add_explicit(&verdicts[class_index(class)][kind], 1,
	    memory_order_relaxed);
}

void
counters_print(char *out, size_t size)
{
	size_t n;
	int w;

	w = snprintf(out, size, "sessions=%llu messages=%llu signed=%llu "
	    "aborted=%llu",
	    (unsigned long long)counter_get(COUNT_SESSIONS),
	    (unsigned long long)counter_get(COUNT_MESSAGES),
	    (unsigned long long)counter_get(COUNT_SIGNED),
	    (unsigned long long)counter_get(COUNT_ABORTED));
	n = w < 0 ? 0 : (size_t)w;
	for (size_t c = 0; c < CLASSES; c++) {
		for (int k = VERDICT_ACCEPT; k <= VERDICT_REJECT; k++) {
			uint64_t v = atomic_load(&verdicts[c][k]);

			if (v == 0 || n >= size)
				continue;
			w = snprintf(out + n, size - n, " %s.%s=%llu",
			    class_word((enum mail_class)(1 << c)),
			    verdict_word((enum verdict_kind)k),
			    (unsigned long long)v);
			n += w < 0 ? 0 : (size_t)w;
		}
	}
}
