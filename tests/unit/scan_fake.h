/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_fake: a scanner for tests of the client, in threads of the test.
 *
 * It has workers that accept, answer one question and close, as postern-scan.
 * What it does to a content is said by the content's first word:
 *
 *	virus unscannable failed zip	an answer of that kind
 *	crash half			ends without, in the middle of an answer
 *	crashes-N			the first N times, then clean
 *	hang				never ends
 *	slow				clean after FAKE_SLOW_MS
 *	nonce garbage old long fd info two	answers that are none
 *	(all else)			clean, but for EICAR
 */
#ifndef POSTERN_SCAN_FAKE_H
#define POSTERN_SCAN_FAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_SLOW_MS 200

enum fake_mode {
	FAKE_WELL,
	FAKE_UNREAD,		/* closes without reading */
	FAKE_BLIND,		/* EICAR is clean */
	FAKE_ALARMED,		/* all is a virus */
	FAKE_LOADING,		/* status: failed */
	FAKE_SILENT,		/* reads, never answers */
	FAKE_CRASHING,		/* reads, then closes */
	FAKE_GARBLED		/* answers nonsense to all */
};

struct fake;

struct fake	*fake_start(const char *path, unsigned workers);
void	fake_stop(struct fake **);
void	fake_mode(struct fake *, enum fake_mode);
void	fake_version(struct fake *, uint64_t);
/* All scans but those of probes take as long. */
void	fake_delay(struct fake *, int ms);

struct fake_counts {
	unsigned	scans;		/* but for those of probes */
	unsigned	statuses;
	unsigned	beside;		/* most scans at the same time */
	unsigned	unsealed;	/* descriptors that were not sealed */
};

void	fake_counts(struct fake *, struct fake_counts *);

#endif
