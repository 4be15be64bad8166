/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration and services by hand, for tests of flow/ and stage/: no
 * DNS (every name is unknown), no signer.
 */
#ifndef POSTERN_FLOW_FIXTURE_H
#define POSTERN_FLOW_FIXTURE_H

#include "message.h"

/* Publishes a configuration; change it before the first session. */
struct conf	*fixture_conf(void);
/* A session of this client ("192.0.2.1", port). */
struct session	*fixture_session(const char *ip, unsigned port,
		    const char *daemon);
/* A session's message with this header (fields divided by '\n'). */
struct message	*fixture_message(struct session *, const char *login,
		    const char *const *fields, const char *body);

#endif
