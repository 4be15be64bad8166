/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline: the one line that a message leaves.
 *
 * key=value pairs, the queue id first, every verdict and why.  The keys are
 * listed in doc/interfaces.md; new ones are added at the end of their group
 * and none is renamed.
 */
#ifndef POSTERN_LOGLINE_H
#define POSTERN_LOGLINE_H

#include "message.h"

/* In the message's arena.  Every value is cleaned, and cut when it is long. */
const char *logline(const struct message *);
/* The same for the recipient added last, when it is refused. */
const char *logline_rcpt(const struct message *);

#endif
