/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: what becomes of a message.  The gravest of all that was raised
 * wins, with the stage that raised it, its reason (for the log) and its reply
 * (for the client).  Of two equally grave ones the first stays.
 */
#ifndef POSTERN_VERDICT_H
#define POSTERN_VERDICT_H

#include <stdbool.h>

enum verdict_kind {		/* in order of gravity */
	VERDICT_ACCEPT,
	VERDICT_HOLD,
	VERDICT_DISCARD,
	VERDICT_TEMPFAIL,
	VERDICT_REJECT
};

struct verdict {
	enum verdict_kind kind;
	const char	*stage;		/* who raised it; NULL: nobody */
	const char	*reason;	/* short, for the log; arena */
	const char	*code;		/* "550" */
	const char	*enhanced;	/* "5.7.26" (RFC 3463, 7372) */
	const char	*text;		/* sentence for the client; arena */
};

/*
 * Raises to `kind`.  code, enhanced and text are for TEMPFAIL and REJECT, NULL
 * else.  Strings are literals or in the message's arena.  HOLD's reason goes
 * to Postfix and the log.
 */
void	verdict_raise(struct verdict *, enum verdict_kind, const char *stage,
	    const char *reason, const char *code, const char *enhanced,
	    const char *text);

/* "accept", "hold", "discard", "tempfail", "reject" */
const char *verdict_word(enum verdict_kind);

#endif
