/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign_client: postern's way to postern-sign.
 *
 * Keeps a few idle connections; a question takes one (or makes one), and when
 * an idle one turns out to be stale, the question is asked once more on a
 * fresh one.  Who may listen at the socket's path is a matter of its
 * directory's mode.  Any thread; one lock for the idle connections.
 */
#ifndef POSTERN_SIGN_CLIENT_H
#define POSTERN_SIGN_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "signproto.h"

struct sign_client;

struct sign_client *sign_client_new(const char *socket_path);
void	sign_client_free(struct sign_client **);

/*
 * Asks for n signatures (at most SIGN_DIGESTS_MAX) before the clock_ms()
 * deadline.  Returns 0 when there is an answer for each (each with its own
 * status), or -1 with a reason in `why` when the signer is away, late or
 * answers nonsense.
 */
int	sign_client_ask(struct sign_client *, const struct sign_question *,
	    size_t n, struct sign_reply *, int64_t deadline,
	    char why[SIGN_REASON_MAX]);

/*
 * Is the signer well?  0 with the number of keys that it has, and of those
 * that it can read, or -1 with a reason.
 */
int	sign_client_ping(struct sign_client *, uint32_t *keys_r,
	    uint32_t *readable_r, int64_t deadline,
	    char why[SIGN_REASON_MAX]);

#endif
