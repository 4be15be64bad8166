/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the milter socket, who may connect to it, and the nudge.
 *
 * The main thread opens it; libmilter's listener accepts through accept() of
 * accept.c, which asks listen_admits() about each new peer.
 */
#ifndef POSTERN_LISTEN_H
#define POSTERN_LISTEN_H

#include <stdbool.h>

#include "conf.h"

/*
 * Opens the socket of the configuration, or takes the one systemd passed.
 * Returns what smfi_setconn(3) wants (static), or NULL and *error_r
 * (malloc'd).  Call it before privileges are dropped; `user` will own a unix
 * socket, so that the nudge may connect.
 */
const char	*listen_open(const struct conf *, char **error_r);

/* Is this our listening descriptor? */
bool	listen_is(int fd);
/* May the peer of this new connection stay?  Logs why not. */
bool	listen_admits(int fd);

/* Connects and closes: makes libmilter look at sessions it left waiting. */
void	listen_nudge(void);

/*
 * Drain: takes the socket's name away and puts a socket that is never ready
 * in the place of the listening one, so that libmilter accepts no more than
 * the nudge.  A socket of systemd's keeps its queue.
 */
void	listen_end(void);

#endif
