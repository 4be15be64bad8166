/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_run: one round of scans over a message, for the stages scan and strip.
 *
 * Every leaf and enclosed file of the tree is scanned on its own, and the
 * message as a whole once; the finds go to *out, in the arena of m.  Names
 * (block-names) are looked at too.  Runs in the message's thread and waits for
 * the scanner until scan-timeout.
 */
#ifndef POSTERN_SCAN_RUN_H
#define POSTERN_SCAN_RUN_H

#include "message.h"

void	scan_run(struct message *m, struct span raw,
	    const struct mime_tree *, struct fact_scan *out);

/* Heuristics and unwanted applications are no viruses. */
bool	scan_is_heuristic(const char *virus);

#endif
