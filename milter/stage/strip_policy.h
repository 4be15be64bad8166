/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strip_policy: what to do about each find, by class and recipients.
 *
 * Pure: reads facts and configuration, writes nothing.
 */
#ifndef POSTERN_STRIP_POLICY_H
#define POSTERN_STRIP_POLICY_H

#include "message.h"

/* In order of gravity: the message gets the gravest of its finds. */
enum strip_action {
	STRIP_NOTHING,
	STRIP_MARK,
	STRIP_MONITOR,
	STRIP_STRIP,
	STRIP_HOLD,		/* and strip what must go */
	STRIP_DISCARD,
	STRIP_REJECT
};

enum strip_action strip_action_for(const struct message *,
	    const struct find *);
/* Viruses are only marked: one that is still there is no reason to refuse. */
bool strip_virus_is_monitored(const struct message *);
/* For a virus that is still there when all has been stripped. */
enum strip_action strip_action_unstripped(const struct message *);

const char *strip_action_word(enum strip_action);

#endif
