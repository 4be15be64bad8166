/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: when to load the signatures again.
 *
 * Fed with the stamp of the folder (engine_folder_stamp) each WATCH_MS by the
 * main process.  A change counts when it has stayed the same for
 * WATCH_SETTLE_MS, so that a set that is being copied is left alone.  A set
 * that could not be used is tried again on the next change, or after
 * WATCH_RETRY_MS (WATCH_AWAY_MS when nothing serves).
 *
 * Pure: the caller gives the time.  One thread.
 */
#ifndef POSTERN_WATCH_H
#define POSTERN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define WATCH_MS	1000
#define WATCH_SETTLE_MS	3000
#define WATCH_RETRY_MS	600000
#define WATCH_AWAY_MS	60000

struct watch {
	uint64_t seen;		/* stamp at the last look */
	int64_t	 since;		/* when it became so */
	uint64_t tried;		/* stamp of the last load */
	bool	 failed;	/* that load */
	int64_t	 failed_at;
	bool	 forced;	/* SIGHUP */
};

/* The first load takes the folder as it is. */
void	watch_begin(struct watch *, uint64_t stamp, int64_t now);
/* A load is due: the caller starts it and says watch_trying(). */
bool	watch_due(struct watch *, uint64_t stamp, int64_t now, bool serving);
/* A load of the folder with this stamp begins. */
void	watch_trying(struct watch *, uint64_t stamp);
void	watch_failed(struct watch *, int64_t now);
/* As if the folder had changed. */
void	watch_force(struct watch *);

#endif
