/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_reader: follows a journal from segment to segment.
 *
 * Called by the threads and programs that pass events on; a reader belongs to
 * one thread.  It takes no lock and asks the writer for nothing: only whole
 * lines are read, since an unfinished one may be cut off and written anew.  A
 * segment is done when a later one exists and nothing more is in it; what
 * then stands behind its last newline is passed over.
 *
 * Anything may happen to the files meanwhile: segments removed (a gap), cut
 * short (read again from the start), filled with rubbish (skipped).
 */
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"
#include "journal_internal.h"
#include "log.h"

/* Read at once; one whole line always fits. */
#define READ_SIZE	(2 * EVENT_MAX)
/* The folder is looked through once in this time, at most. */
#define SCAN_EVERY_MS	1000
/* Segments that may vanish between our finding and opening them. */
#define VANISHED_MAX	100
/* Lines about what is skipped, of one segment. */
#define SKIPPED_LINES	5

struct journal_reader {
	char		*folder, *name;
	char		*path;		/* of the position; NULL: none */
	struct segments	 seg;		/* as seen last */
	int64_t		 scanned;	/* clock_ms() of it; 0: never */
	int		 fd;		/* -1: none open */
	uint64_t	 number;	/* open, or done; 0: none yet */
	uint64_t	 later;		/* the segment behind it; 0: none */
	uint64_t	 at;		/* offset behind what was looked at */
	struct position	 given;		/* all before it was given */
	char		*buf;		/* [used, have) are bytes from `at` */
	size_t		 used, have;
	bool		 too_long;	/* inside a line of > READ_SIZE */
	bool		 gap;
	unsigned	 skipped;	/* lines of this segment */
};

static int
fail_errno(const struct journal_reader *r, char **error_r)
{
	if (asprintf(error_r, "journal %s/%s, segment %llu: %s", r->folder,
	    r->name, (unsigned long long)r->number, strerror(errno)) == -1)
		*error_r = NULL;
	return -1;
}

static void
warn(struct journal_reader *r, const char *what)
{
	log_warn("journal %s/%s, segment %llu, byte %llu: %s", r->folder,
	    r->name, (unsigned long long)r->number, (unsigned long long)r->at,
	    what);
}

static void
skip(struct journal_reader *r, const char *what)
{
	if (++r->skipped <= SKIPPED_LINES)
		warn(r, what);
}

/* --- segments ---------------------------------------------------------- */

static void
leave(struct journal_reader *r)
{
	if (r->fd != -1)
		close(r->fd);
	r->fd = -1;
	r->used = r->have = 0;
	r->later = 0;
	r->too_long = false;
}

/* 1: open at its begin; 0: it is not there; -1. */
static int
enter(struct journal_reader *r, uint64_t number, char **error_r)
{
	char path[JOURNAL_PATH_SIZE];

	if (!segment_path(path, r->folder, r->name, number)) {
		errno = ENAMETOOLONG;
		return fail_errno(r, error_r);
	}
	/* O_NONBLOCK: root reads here too, and must not wait for a FIFO. */
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r->fd == -1)
		return errno == ENOENT ? 0 : fail_errno(r, error_r);
	if (r->number != 0 && number != r->number + 1)
		r->gap = true;
	r->number = number;
	r->at = 0;
	r->skipped = 0;
	r->given = (struct position){ number, 0 };
	return 1;
}

/* Starts a segment again: what we knew of it does not hold. */
static void
start_over(struct journal_reader *r, const char *why)
{
	warn(r, why);
	r->at = r->given.offset = 0;
	r->used = r->have = 0;
	r->too_long = false;
	r->gap = true;
}

/* Is the segment that we read still in the folder? */
static bool
removed(const struct journal_reader *r)
{
	struct stat st;

	return r->fd == -1 || (fstat(r->fd, &st) == 0 && st.st_nlink == 0);
}

static bool
exists(const struct journal_reader *r, uint64_t number)
{
	char path[JOURNAL_PATH_SIZE];

	return segment_path(path, r->folder, r->name, number) &&
	    access(path, F_OK) == 0;
}

static int
scan(struct journal_reader *r, char **error_r)
{
	r->scanned = clock_ms();
	return segments_scan(&r->seg, r->folder, r->name, error_r);
}

/* The segment to read after this one.  1 with *number_r, 0: none, -1. */
static int
find_later(struct journal_reader *r, uint64_t *number_r, char **error_r)
{
	*number_r = r->number + 1;
	if (exists(r, *number_r))
		return 1;
	if (r->scanned != 0 && clock_ms() - r->scanned < SCAN_EVERY_MS &&
	    (r->fd == -1 || !removed(r)))
		return 0;
	if (scan(r, error_r) == -1)
		return -1;
	for (size_t i = 0; i < r->seg.n; i++) {
		*number_r = r->seg.v[i].number;
		if (*number_r > r->number)
			return 1;
	}
	/* Only lower numbers: the folder was emptied, and begun anew. */
	if (r->seg.n == 0 || r->number == 0 || !removed(r))
		return 0;
	*number_r = r->seg.v[0].number;
	return 1;
}

/* 1: a segment is open; 0: there is none now; -1. */
static int
open_next(struct journal_reader *r, char **error_r)
{
	uint64_t number;
	int rc;

	for (int i = 0; i < VANISHED_MAX; i++) {
		rc = find_later(r, &number, error_r);
		if (rc == 1)
			rc = enter(r, number, error_r);
		else
			return rc;
		if (rc != 0)
			return rc;
		r->scanned = 0;		/* vanished: look again */
	}
	return 0;
}

/* --- opening ----------------------------------------------------------- */

/* Goes where the position says, as far as that is still true. */
static int
go_to(struct journal_reader *r, const struct position *p, char **error_r)
{
	struct stat st;
	char before;
	int rc = enter(r, p->segment, error_r);

	r->gap = false;
	if (rc == -1)
		return -1;
	if (rc == 0) {
		r->number = p->segment - 1;
		r->given = *p;
		r->gap = true;
		return 0;
	}
	if (fstat(r->fd, &st) == -1)
		return fail_errno(r, error_r);
	r->at = r->given.offset = p->offset;
	if (p->offset > (uint64_t)st.st_size)
		start_over(r, "the position is behind the end; reading the "
		    "segment from its start");
	else if (p->offset > 0 && (pread(r->fd, &before, 1,
	    (off_t)p->offset - 1) != 1 || before != '\n'))
		start_over(r, "the position is inside a line; reading the "
		    "segment from its start");
	return 0;
}

static int
set_up(struct journal_reader *r, char **error_r)
{
	struct position p = { 0 };
	char *why = NULL;
	int rc;

	if (!journal_name_valid(r->name)) {
		if (asprintf(error_r, "\"%s\" is no name of a journal",
		    r->name) == -1)
			*error_r = NULL;
		return -1;
	}
	if (r->path == NULL)
		return 0;
	rc = position_load(r->path, &p, &why);
	if (rc == -1) {
		log_warn("%s; reading the journal from its start",
		    why != NULL ? why : r->path);
		r->gap = true;
	}
	free(why);
	return rc == 1 ? go_to(r, &p, error_r) : 0;
}

struct journal_reader *
journal_reader_open(const char *folder, const char *name,
    const char *position, char **error_r)
{
	struct journal_reader *r = calloc(1, sizeof(*r));

	*error_r = NULL;
	if (r == NULL || (r->folder = strdup(folder)) == NULL ||
	    (r->name = strdup(name)) == NULL ||
	    (r->buf = malloc(READ_SIZE)) == NULL ||
	    (position != NULL && (r->path = strdup(position)) == NULL))
		log_panic("out of memory");
	r->fd = -1;
	if (set_up(r, error_r) == -1)
		journal_reader_close(&r);
	return r;
}

void
journal_reader_close(struct journal_reader **p)
{
	struct journal_reader *r = *p;

	*p = NULL;
	if (r == NULL)
		return;
	leave(r);
	segments_free(&r->seg);
	free(r->folder);
	free(r->name);
	free(r->path);
	free(r->buf);
	free(r);
}

/* --- lines ------------------------------------------------------------- */

/* The next whole line of what is in the buffer, without newline. */
static bool
buffered(struct journal_reader *r, struct span *line)
{
	const char *from = r->buf + r->used;
	const char *end = memchr(from, '\n', r->have - r->used);

	if (end == NULL)
		return false;
	*line = span_make(from, (size_t)(end - from));
	r->used += line->n + 1;
	r->at += line->n + 1;
	return true;
}

/* 1: there may be a line; 0: the end, for now; -1. */
static int
refill(struct journal_reader *r, char **error_r)
{
	ssize_t n = pread(r->fd, r->buf, READ_SIZE, (off_t)r->at);
	struct stat st;

	r->used = 0;
	r->have = n > 0 ? (size_t)n : 0;
	if (n == -1)
		return fail_errno(r, error_r);
	if (memchr(r->buf, '\n', r->have) != NULL)
		return 1;
	if (r->have == READ_SIZE) {
		r->at += r->have;
		r->have = 0;
		r->too_long = true;
		return 1;
	}
	/* What has come of a line may be cut off again: do not keep it. */
	r->have = 0;
	if (fstat(r->fd, &st) == -1)
		return fail_errno(r, error_r);
	if ((uint64_t)st.st_size >= r->at)
		return 0;
	start_over(r, "the segment was cut short; reading it from its start");
	return st.st_size > 0 ? 1 : 0;
}

/* 1 with a line, 0: none for now, -1. */
static int
take_line(struct journal_reader *r, struct span *line, char **error_r)
{
	int rc = 1;

	while (rc == 1) {
		if (!buffered(r, line)) {
			rc = refill(r, error_r);
			continue;
		}
		if (!r->too_long)
			return 1;
		r->too_long = false;
		skip(r, "a line that is too long was skipped");
		r->given.offset = r->at;
	}
	return rc;
}

/* The event, or NULL. */
static json_t *
parse(struct span line)
{
	json_t *o = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);

	if (json_is_string(json_object_get(o, "id")) &&
	    json_is_string(json_object_get(o, "type")))
		return o;
	json_decref(o);
	return NULL;
}

/* Nothing more is in this segment: is there a later one?  1, 0, -1. */
static int
finish(struct journal_reader *r, char **error_r)
{
	uint64_t later = r->later;
	struct stat st;
	int rc;

	if (later == 0) {
		rc = find_later(r, &r->later, error_r);
		if (rc != 1)
			r->later = 0;
		/* Once more: it was written to until the later one came. */
		return rc;
	}
	if (fstat(r->fd, &st) == 0 && (uint64_t)st.st_size > r->at)
		skip(r, "an unfinished line at the end was skipped");
	leave(r);
	rc = enter(r, later, error_r);
	if (rc == 0)
		r->scanned = 0;		/* vanished: look again */
	return rc == -1 ? -1 : 1;
}

/* 1 with a line, 0: none now, -1. */
static int
next_line(struct journal_reader *r, struct span *line, char **error_r)
{
	int rc;

	for (;;) {
		if (r->fd == -1) {
			rc = open_next(r, error_r);
			if (rc != 1)
				return rc;
		}
		rc = take_line(r, line, error_r);
		if (rc != 0)
			return rc;
		rc = finish(r, error_r);
		if (rc != 1)
			return rc;
	}
}

int
journal_next(struct journal_reader *r, json_t **event_r, bool *gap_r,
    char **error_r)
{
	struct span line;
	int rc;

	*event_r = NULL;
	*error_r = NULL;
	while ((rc = next_line(r, &line, error_r)) == 1) {
		*event_r = parse(line);
		if (*event_r == NULL)
			skip(r, "a line that is no event was skipped");
		r->given.offset = r->at;
		if (*event_r != NULL)
			break;
	}
	if (rc == 1 && r->gap) {
		*gap_r = true;
		r->gap = false;
	}
	return rc;
}

int
journal_commit(struct journal_reader *r, char **error_r)
{
	*error_r = NULL;
	if (r->path == NULL || r->given.segment == 0)
		return 0;
	return position_save(r->path, &r->given, error_r);
}
