/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve: the connections of postern-sign.
 *
 * One thread accepts (serve_wait, the main thread) and starts one for each
 * connection, at most SIGN_CLIENTS_MAX.  The server owns the listening socket.
 * All functions here are for the main thread.
 */
#ifndef POSTERN_SERVE_H
#define POSTERN_SERVE_H

#include <sys/types.h>

#include <stddef.h>

#include "keycache.h"

/* A record must be complete so soon after its first byte. */
#define SERVE_RECORD_MS	5000
/* A connection without question is closed after that. */
#define SERVE_IDLE_MS	(10 * 60 * 1000)

struct server;

/*
 * uids: who may ask besides root and ourselves (copied).  Takes the cache
 * over and clears *cache.
 */
struct server	*serve_new(int listener, const uid_t *uids, size_t n,
	    struct keycache **cache);

/* Later questions are answered from this cache; takes it over. */
void	serve_reload(struct server *, struct keycache **cache);

/* Accepts connections until fd is readable (a signal descriptor). */
void	serve_wait(struct server *, int fd);

/*
 * Accepts no more, lets answers under way out, and closes what is idle.
 * Returns the number of connections still open after `ms`.
 */
size_t	serve_stop(struct server *, int ms);

/* After serve_stop() returned 0. */
void	serve_free(struct server **);

#endif
