/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strip_parts: takes parts out of a message by edits, for the stage strip.
 */
#ifndef POSTERN_STRIP_PARTS_H
#define POSTERN_STRIP_PARTS_H

#include "message.h"

enum second_look {
	LOOK_CLEAN,
	LOOK_INFECTED,
	LOOK_FAILED
};

/*
 * Replaces each part whose find says so, and notes which in find->replaced
 * and strip.stripped.  -1 when a part cannot be taken out.
 */
int	strip_replace(struct message *);

/*
 * Parses and scans the message as it will leave.  why: the virus, or what is
 * wrong with the scanner.
 */
enum second_look strip_look_again(struct message *, const char **why);

#endif
