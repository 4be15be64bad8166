/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_strikes: at which contents the scanner failed, and how often.
 *
 * A content at which it crashes or that it never ends would put its message
 * off for ever; after SCAN_STRIKES_MAX such ends it is not asked again.  By
 * SHA-256, in a table of SCAN_STRUCK_MAX; the one struck longest ago goes, and
 * a row that is STRIKES_FORGET_S old counts no more.  Not kept over a restart.
 * One lock; any thread.
 */
#ifndef POSTERN_SCAN_STRIKES_H
#define POSTERN_SCAN_STRIKES_H

#include <stdbool.h>
#include <stddef.h>

#define STRIKES_SHA256_SIZE	32
/* Longer than a sender tries: what comes later is looked at anew. */
#define STRIKES_FORGET_S	(5 * 24 * 3600)

struct scan_strikes;

struct scan_strikes *scan_strikes_new(void);
void	scan_strikes_free(struct scan_strikes **);

/* One more; returns how many it has now. */
unsigned	scan_strikes_add(struct scan_strikes *,
	    const unsigned char sha256[STRIKES_SHA256_SIZE]);
/* Has it SCAN_STRIKES_MAX of them? */
bool	scan_strikes_out(struct scan_strikes *,
	    const unsigned char sha256[STRIKES_SHA256_SIZE]);
/* There was a verdict. */
void	scan_strikes_clear(struct scan_strikes *,
	    const unsigned char sha256[STRIKES_SHA256_SIZE]);
/* Contents remembered. */
size_t	scan_strikes_count(struct scan_strikes *);

#endif
