/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal: the events of one program, durable before it answers.
 *
 * A folder with segments NAME-0000000001.jsonl, ...; one event is one line of
 * JSON, written with one write() (what went in of a line that did not fit is
 * cut off again at once, at the next write, or at the next open).  A segment
 * is closed at JOURNAL_SEGMENT_MAX or an eighth of the size, and, where there
 * is a limit of age, after a quarter of it (a minute to a day), since whole
 * segments are removed.  At 80 % of the size an alarm is logged (once per
 * crossing).  When it is full: journal-full = drop: the oldest segment goes,
 * with an alarm and a "gap" event; tempfail: the write fails and the message
 * waits.
 *
 * Written events survive a crash of the program; nothing is synced, so that a
 * power cut can lose the last seconds (doc/events.md).
 *
 * One writer process per NAME (a lock file says who else); readers any, each
 * used by one thread.  journal_write() from any thread; one lock.
 */
#ifndef POSTERN_JOURNAL_H
#define POSTERN_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "bounds.h"

/* Bytes of an event id with NUL: 26 characters that sort by time. */
#define EVENT_ID_SIZE		27
#define JOURNAL_SEGMENT_MAX	(16u * 1024 * 1024)
#define JOURNAL_SEGMENTS_MAX	100000
/* The NAME of the milter's journal. */
#define JOURNAL_POSTERN		"postern"

struct journal;
struct journal_reader;

struct journal_limits {
	uint64_t	size;		/* bytes of all segments */
	uint64_t	age_s;		/* older segments go; 0: never */
	bool		tempfail;	/* full: fail instead of dropping */
};

/*
 * Opens for writing; the folder is made (0750) when it is missing.  NULL with
 * *error_r (malloc'd sentence) when it cannot be written or another process
 * has it.
 */
struct journal	*journal_open(const char *folder, const char *name,
	    const struct journal_limits *, char **error_r);
void	journal_close(struct journal **);
/* New limits after a reload. */
void	journal_limit(struct journal *, const struct journal_limits *);
/*
 * Removes what is too old also while nothing is written; call it now and then
 * (writes do it too).
 */
void	journal_expire(struct journal *);

/*
 * A new id: time in ms, then random; unique over processes and hosts, and
 * greater than all before in this process, also when the clock is set back.
 */
void	event_id(char id[EVENT_ID_SIZE]);

/*
 * Writes one event.  `body` (borrowed) gets no new members: id, type, time
 * (ms since 1970), tenant ("" allowed) and "v": 1 stand before its members in
 * the line.  0, or -1 with *error_r (malloc'd): not written, longer than
 * EVENT_MAX (the caller shortens it), or full.
 */
int	journal_write(struct journal *, const char *id, const char *type,
	    const char *tenant, const json_t *body, char **error_r);

/*
 * Reading in order.  position: file that remembers how far we are (written
 * with rename); NULL or missing: from the oldest; garbage, or a place that is
 * not there any more: from the nearest before it or the oldest, so that
 * events can come again (their ids tell) but none is left out.  A reader
 * follows a writer in another thread or process; the folder may appear later.
 */
struct journal_reader *journal_reader_open(const char *folder,
	    const char *name, const char *position, char **error_r);
void	journal_reader_close(struct journal_reader **);
/*
 * The next event, owned by the caller (json_decref); *gap_r is set when
 * segments may have been dropped before they were read, and left as it is
 * otherwise.  1, 0: none now, -1 with *error_r.  A line that is no event is
 * skipped and logged.
 */
int	journal_next(struct journal_reader *, json_t **event_r, bool *gap_r,
	    char **error_r);
/*
 * Remembers everything that journal_next() has given (nothing without a
 * position file).  0, or -1.
 */
int	journal_commit(struct journal_reader *, char **error_r);

#endif
