/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crew: the workers of one loader.
 *
 * Forks them, replaces those that leave or die, kills those whose scan takes
 * too long, empties the directories of the dead, and tells the log why.  In a
 * loader process, one thread.
 */
#ifndef POSTERN_CREW_H
#define POSTERN_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "env.h"

/* Past scan-time, until a worker is killed. */
#define CREW_GRACE_MS		2000
/* How often the slots are looked at. */
#define CREW_LOOK_MS		1000
/* Workers that died: replaced at once, then one each CREW_REPLACE_MS. */
#define CREW_REPLACE_BURST	20
#define CREW_REPLACE_MS		250
/* When a process cannot be made at all. */
#define CREW_PAUSE_MS		2000
/* Strangers are told of at most so often. */
#define CREW_STRANGERS_MS	10000

struct crew;

/*
 * engine NULL: `n` workers that answer every question with the reason.  dir:
 * for the directories of the workers.  The workers close `private_fd`.
 */
struct crew	*crew_new(const struct env *, struct engine *,
	    const char *reason, const char *dir, unsigned n, int private_fd);
/* To be called on SIGCHLD, and after the time that it returned (ms). */
int	crew_step(struct crew *);
/* Idle workers leave now, busy ones when they are done. */
void	crew_retire(struct crew *);
/* True when no worker is left. */
bool	crew_gone(const struct crew *);

#endif
