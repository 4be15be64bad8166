/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn: the milter callbacks, in the order in which Postfix calls them.
 *
 * One of the two files that see libmilter's header (with reply.c).  The
 * callbacks only collect; stages do the work at the end of a message.
 * libmilter's pool moves a session from thread to thread, one at a time: all
 * state is in the session's private pointer.
 */
#ifndef POSTERN_CONN_H
#define POSTERN_CONN_H

#include <stdint.h>

/* Registers with libmilter, for a socket as smfi_setconn(3) wants it. */
int	conn_setup(const char *socket_spec);
/* Serves until libmilter ends; call it in a thread of its own. */
int	conn_serve(void);

/* Open sessions, and messages between MAIL and their reply. */
unsigned	conn_sessions(void);
unsigned	conn_messages(void);
/* A connection came in; and how many wait for their negotiation. */
void	conn_accepted(void);
int	conn_unserved(void);
/* Waits until a session is open; for one thread. */
void	conn_await(void);
/* clock_ms() when the last message ended, 0: none yet. */
int64_t	conn_last_end(void);

#endif
