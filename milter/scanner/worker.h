/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker: one process that scans, confined.
 *
 * Forked by crew.c from a loader, whose signatures it shares.  It takes one
 * connection at a time from the shared listening socket, and leaves when its
 * loader retires or when it has done enough.
 */
#ifndef POSTERN_WORKER_H
#define POSTERN_WORKER_H

#include <stdint.h>

#include "engine.h"
#include "env.h"
#include "slots.h"

/* How long a connection may wait with its question. */
#define SCAN_RECEIVE_MS		1000
/* After so many requests, or with so much memory of its own, it leaves. */
#define WORKER_REQUESTS_MAX	1000
#define WORKER_MEMORY_MAX	(64u * 1024 * 1024)

struct worker {
	const struct env *env;
	struct engine	*engine;	/* NULL: */
	const char	*reason;	/* nothing can be scanned, for that */
	struct slot	*slot;
	const char	*dir;		/* for its temporary files */
	int		 retire;	/* its end: time to go */
	int64_t		 loaded;	/* clock_wall() */
	unsigned	 workers;
};

/* Never returns; ends with exit code 0 when it is to be replaced. */
void	worker_run(const struct worker *) __attribute__((noreturn));

#endif
