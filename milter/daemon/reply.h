/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: a message's edits and verdict, said to the MTA.
 *
 * One of the two files that may see libmilter's header (with conn.c).
 */
#ifndef POSTERN_REPLY_H
#define POSTERN_REPLY_H

#include <libmilter/mfapi.h>

#include <stdbool.h>

#include "message.h"

/*
 * At end of message: renders the edits once (header only so far), then the
 * verdict.  leadspc: SMFIP_HDR_LEADSPC is in force.  Where an edit cannot be
 * sent the verdict becomes a tempfail.  Returns what the callback returns.
 */
sfsistat	reply_message(SMFICTX *, struct message *, bool leadspc);

/* At MAIL and RCPT: the verdict alone. */
sfsistat	reply_verdict(SMFICTX *, const struct verdict *);

#endif
