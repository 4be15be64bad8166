/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver: the one resolver of the process, over an asynchronous libunbound
 * context, with a small answer cache in front.
 *
 * One thread of its own runs the library's callbacks.  A question that is
 * already under way is waited for, not asked again (no stampedes).  Each
 * question has a deadline of its own and is cancelled when it is over and
 * nobody waits any more.  Time-outs and failures are not kept in our cache.
 *
 * Locks: one for the table of questions (cache and those under way).
 * Create it after fork() and before other threads.
 */
#ifndef POSTERN_RESOLVER_H
#define POSTERN_RESOLVER_H

#include <stdint.h>

#include "conf.h"
#include "dns.h"

struct resolver;

/* NULL and *error_r (malloc'd sentence) when the settings do not work. */
struct resolver	*resolver_new(const struct conf *, char **error_r);
/* Cancels what is under way and ends the thread. */
void	resolver_free(struct resolver **);

/* The interface for auth/; valid as long as the resolver. */
const struct dns *resolver_dns(struct resolver *);

struct resolver_stats {
	uint64_t	asked;		/* questions by the checks */
	uint64_t	hits;		/* answered by the cache */
	uint64_t	joined;		/* joined one under way */
	uint64_t	sent;		/* given to the library */
	uint64_t	failed;		/* TEMPFAIL */
};

void	resolver_stats(struct resolver *, struct resolver_stats *);

#endif
