/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_client: postern's way to postern-scan.
 *
 * scan_client_run() decodes each item into a sealed memfd while hashing it,
 * looks the hash up, and asks the scanner for what is not known, at most
 * SCAN_BESIDE_MAX questions of one call at a time.  The same content that
 * another call is asking for is waited for, not asked again.
 *
 * Cache: verdicts (clean, virus, not scanned) by SHA-256, kind and version of
 * the signatures, `scan-cache` of them, the one used longest ago goes first.
 * 0: off (waiting for the same content stays).
 *
 * Faults: a connection that ends without an answer is tried once more.  Each
 * end after a worker had taken the question is a strike for the content
 * (scan_strikes.h), and so is a time-out after a worker had it for half of
 * scan-timeout.  After SCAN_STRIKES_MAX the content is "not scanned: not
 * scannable", without asking.  A verdict clears its strikes.
 *
 * Health: one thread asks for the status and scans EICAR and a harmless text
 * through the same socket, each SCAN_PROBE_MS; until both are right the
 * scanner is "away": every item FAILED at once, with the reason, and the
 * change is logged loudly both ways.  A call that finds it away probes itself,
 * at most each SCAN_PROBE_AGAIN_MS.
 *
 * Fairness: one `who` (a client network, a login) has at most one less than
 * the scanner's workers under way, so that others get through.
 *
 * Any thread; locks: one each for the cache and what is under way, for turns,
 * for strikes and for health; none is held while another is taken.
 */
#ifndef POSTERN_SCAN_CLIENT_H
#define POSTERN_SCAN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "conf.h"
#include "scanproto.h"
#include "span.h"
#include "transfer.h"

#define SCAN_PROBE_MS		10000
#define SCAN_PROBE_AGAIN_MS	250
#define SCAN_SHA256_SIZE	32

struct scan_client;

struct scan_item {
	/* in */
	struct span		 content;	/* as in the message */
	enum transfer_encoding	 encoding;	/* decoded before the scan */
	enum scan_kind		 kind;
	/* out */
	enum scan_status	 status;
	const char		*name;		/* virus or reason; "" */
	const char		*extensions;	/* scanproto.h; "" */
	/*
	 * Of the bytes that are scanned: the decoded ones, or the content as
	 * it stands when nothing of it can be decoded (UNDECODABLE).  Zero
	 * where it came not that far.
	 */
	unsigned char		 sha256[SCAN_SHA256_SIZE];
	uint64_t		 size;
	enum transfer_result	 decoded;
	bool			 cached;	/* not asked for this item */
};

/* Starts the thread; never fails for want of a scanner. */
struct scan_client *scan_client_new(const struct conf *);
/* Ends the thread.  No scan_client_run() may be under way. */
void	scan_client_free(struct scan_client **);

/*
 * Scans all items before the clock_ms() deadline; what is not done by then is
 * FAILED "late".  Strings in the arena.
 */
void	scan_client_run(struct scan_client *, struct arena *,
	    struct scan_item *, size_t n, const char *who, int64_t deadline);

/* Version of the signatures last told; 0: not known yet. */
uint64_t	scan_client_version(struct scan_client *);

struct scan_stats {
	uint64_t	asked;		/* items */
	uint64_t	hits;		/* answered by the cache */
	uint64_t	joined;		/* waited for another's scan */
	uint64_t	sent;		/* questions to the scanner */
	uint64_t	failed;		/* items FAILED */
	bool		away;
	uint32_t	signatures;
	uint64_t	built;		/* of the newest file, seconds */
};

void	scan_client_stats(struct scan_client *, struct scan_stats *);

#endif
