/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_room: limits of size and age of a journal.
 *
 * Called by journal.c under its lock, before an event is written.  Old
 * segments go first; then, when the size is reached, the oldest are dropped
 * (and told by a "gap" event) or the write is refused.  The segment that is
 * being written is never touched here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"
#include "journal_internal.h"
#include "log.h"

/* A journal is kept in this many segments or more, so that one can go. */
#define SHARES		8
/* Age counts by whole segments: they are closed after a part of it. */
#define AGE_SHARES	4
#define SEGMENT_AGE_MIN	60
#define SEGMENT_AGE_MAX	86400
/* Percent of the size: alarm, and end of the alarm. */
#define ALARM_AT	80
#define ALARM_OFF	70
/* One line about drops in this time. */
#define DROP_LINE_MS	60000

uint64_t
journal_segment_max(const struct journal_limits *l)
{
	uint64_t share = l->size / SHARES;

	if (share > JOURNAL_SEGMENT_MAX)
		return JOURNAL_SEGMENT_MAX;
	return share < EVENT_MAX ? EVENT_MAX : share;
}

int64_t
journal_segment_age(const struct journal_limits *l)
{
	uint64_t share = l->age_s / AGE_SHARES;

	if (l->age_s == 0)
		return 0;
	if (share > SEGMENT_AGE_MAX)
		return SEGMENT_AGE_MAX;
	return share < SEGMENT_AGE_MIN ? SEGMENT_AGE_MIN : (int64_t)share;
}

/* Segments that may go. */
static size_t
closed(const struct journal_room *r)
{
	return r->open ? r->seg.n - 1 : r->seg.n;
}

/* Removes the oldest segment's file.  0, or -1 and errno. */
static int
remove_oldest(const struct journal_room *r)
{
	char path[JOURNAL_PATH_SIZE];

	if (!segment_path(path, r->folder, r->name, r->seg.v[0].number)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

void
room_expire(struct journal_room *r)
{
	int64_t now = clock_wall();
	size_t n = 0;

	if (!clock_believed())
		return;
	while (r->limits.age_s > 0 && closed(r) > 0 &&
	    r->seg.v[0].mtime < now - (int64_t)r->limits.age_s) {
		if (remove_oldest(r) == -1)
			break;
		segments_forget(&r->seg, 1);
		n++;
	}
	if (n > 0)
		log_info("journal %s/%s: segments older than journal-age "
		    "removed: %zu", r->folder, r->name, n);
}

static bool
fits(const struct journal_room *r, size_t n)
{
	return r->seg.bytes + n <= r->limits.size &&
	    r->seg.n < JOURNAL_SEGMENTS_MAX;
}

/* The open segment is as we know it, whatever the folder says. */
static bool
put_current(struct segments *fresh, const struct segment *current)
{
	if (fresh->n > 0 && fresh->v[fresh->n - 1].number == current->number)
		segments_forget_last(fresh);
	return segments_add(fresh, current);
}

/*
 * What the operator has removed by hand is room too.  When the folder cannot
 * be read (no descriptor is left) the list stays as it was.
 */
static int
look_again(struct journal_room *r, char **error_r)
{
	struct segments fresh = { 0 };
	int rc = segments_scan(&fresh, r->folder, r->name, error_r);

	if (rc == 0 && r->open &&
	    !put_current(&fresh, &r->seg.v[r->seg.n - 1])) {
		*error_r = strdup("the journal has too many segments");
		rc = -1;
	}
	if (rc == -1) {
		segments_free(&fresh);
		return -1;
	}
	segments_free(&r->seg);
	r->seg = fresh;
	return 0;
}

static void
note_gap(struct journal_gap *g, const struct segment *s)
{
	if (g->first == 0)
		g->first = s->number;
	g->last = s->number;
	g->bytes += s->size;
	g->until = s->mtime;
}

static void
tell_drop(struct journal_room *r)
{
	int64_t now = clock_ms();

	if (r->warned != 0 && now - r->warned < DROP_LINE_MS)
		return;
	r->warned = now;
	log_warn("journal %s/%s is full: the oldest events were dropped, up "
	    "to segment %llu; raise journal-size, or see why nobody reads "
	    "them", r->folder, r->name, (unsigned long long)r->gap.last);
}

static int
refuse(struct journal_room *r, char **error_r)
{
	if (asprintf(error_r, "journal %s/%s is full (%llu bytes); raise "
	    "journal-size, or remove old segments", r->folder, r->name,
	    (unsigned long long)r->seg.bytes) == -1)
		*error_r = NULL;
	return -1;
}

static int
cannot_drop(struct journal_room *r, char **error_r)
{
	if (asprintf(error_r, "journal %s/%s is full, and segment %llu "
	    "cannot be removed: %s", r->folder, r->name,
	    (unsigned long long)r->seg.v[0].number, strerror(errno)) == -1)
		*error_r = NULL;
	return -1;
}

int
room_make(struct journal_room *r, size_t n, char **error_r)
{
	room_expire(r);
	if (fits(r, n))
		return 0;
	if (look_again(r, error_r) == -1)
		return -1;
	if (fits(r, n))
		return 0;
	if (r->limits.tempfail || closed(r) == 0)
		return refuse(r, error_r);
	while (!fits(r, n) && closed(r) > 0) {
		if (remove_oldest(r) == -1)
			return cannot_drop(r, error_r);
		note_gap(&r->gap, &r->seg.v[0]);
		segments_forget(&r->seg, 1);
	}
	tell_drop(r);
	return 0;
}

void
room_alarm(struct journal_room *r)
{
	uint64_t percent = r->seg.bytes / (r->limits.size / 100 + 1);

	if (percent >= ALARM_AT && !r->alarmed) {
		r->alarmed = true;
		log_warn("journal %s/%s: %llu %% of journal-size are used; "
		    "raise it, or lower journal-age", r->folder, r->name,
		    (unsigned long long)percent);
	} else if (percent < ALARM_OFF) {
		r->alarmed = false;
	}
}
