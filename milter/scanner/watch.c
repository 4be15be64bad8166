/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: see the header.  Looking each second costs a readdir() and a stat()
 * a file; it sees every change, on any file system, of a folder that may come
 * and go.
 */
#include "watch.h"

void
watch_begin(struct watch *w, uint64_t stamp, int64_t now)
{
	*w = (struct watch){ .seen = stamp, .since = now };
}

void
watch_trying(struct watch *w, uint64_t stamp)
{
	w->tried = stamp;
	w->failed = false;
	w->forced = false;
}

void
watch_failed(struct watch *w, int64_t now)
{
	w->failed = true;
	w->failed_at = now;
}

void
watch_force(struct watch *w)
{
	w->forced = true;
}

bool
watch_due(struct watch *w, uint64_t stamp, int64_t now, bool serving)
{
	int64_t pause = serving ? WATCH_RETRY_MS : WATCH_AWAY_MS;

	if (stamp != w->seen) {
		w->seen = stamp;
		w->since = now;
	}
	if (w->forced)
		return true;
	if (w->failed && now - w->failed_at >= pause)
		return true;
	return stamp != w->tried && now - w->since >= WATCH_SETTLE_MS;
}
