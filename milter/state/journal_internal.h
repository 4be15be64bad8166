/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_internal: what the files of the journal share.
 *
 * Segments are known by their numbers, which only grow; the list of a folder
 * is sorted by them.  Used by journal.c and journal_room.c (writer),
 * journal_reader.c, journal_position.c, and their tests.
 */
#ifndef POSTERN_JOURNAL_INTERNAL_H
#define POSTERN_JOURNAL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"
#include "span.h"

/* Digits of a segment's number in its name; the largest number. */
#define SEGMENT_DIGITS		10
#define SEGMENT_NUMBER_MAX	9999999999ull
/* Longest name of a journal, so that file names fit. */
#define JOURNAL_NAME_MAX	64
/* Bytes of a path with NUL. */
#define JOURNAL_PATH_SIZE	4096

struct segment {
	uint64_t	number;
	uint64_t	size;
	int64_t		mtime;		/* seconds: of its last event */
};

/* Sorted by number; starts as zeroes. */
struct segments {
	struct segment	*v;
	size_t		 n;
	size_t		 cap;
	uint64_t	 bytes;
};

/* Letters, digits, "_" and "-" only. */
bool	journal_name_valid(const char *name);
/* NAME-0000000001.jsonl in the folder; false: too long. */
bool	segment_path(char path[JOURNAL_PATH_SIZE], const char *folder,
	    const char *name, uint64_t number);
/* The number in a file's name; false when it is none of this journal. */
bool	segment_number(const char *file, const char *name,
	    uint64_t *number_r);

/*
 * Reads the folder anew; one that is missing is empty.  0, or -1 with
 * *error_r.
 */
int	segments_scan(struct segments *, const char *folder,
	    const char *name, char **error_r);
/* Appends one; false: JOURNAL_SEGMENTS_MAX, or out of memory. */
bool	segments_add(struct segments *, const struct segment *);
/* Forgets the first n, or the last. */
void	segments_forget(struct segments *, size_t n);
void	segments_forget_last(struct segments *);
void	segments_free(struct segments *);

/* Where a reader is: all before this offset has been read. */
struct position {
	uint64_t	segment;	/* 0: none yet */
	uint64_t	offset;
};

/* 0, or -1 when it is not the text of a position. */
int	position_parse(struct span text, struct position *);
/* 1; 0: there is no file; -1 with *error_r: unreadable or garbage. */
int	position_load(const char *path, struct position *, char **error_r);
/* Replaces the file in one step.  0, or -1 with *error_r. */
int	position_save(const char *path, const struct position *,
	    char **error_r);

/* What was dropped and is still to be told by a "gap" event. */
struct journal_gap {
	uint64_t	first, last;	/* segments; first 0: nothing */
	uint64_t	bytes;
	int64_t		until;		/* seconds: last write into them */
};

/* Protected by the lock of struct journal. */
struct journal_room {
	const char		*folder, *name;
	struct journal_limits	 limits;
	struct segments		 seg;
	bool			 open;	/* the last of seg is written to */
	bool			 alarmed;
	struct journal_gap	 gap;
	int64_t			 warned; /* clock_ms() of a drop's line */
};

/* Bytes after which a segment is closed. */
uint64_t journal_segment_max(const struct journal_limits *);
/* Seconds after which it is closed, so that its age can count; 0: never. */
int64_t	journal_segment_age(const struct journal_limits *);
/* Removes segments that are too old. */
void	room_expire(struct journal_room *);
/* Makes room for n bytes.  0, or -1 with *error_r. */
int	room_make(struct journal_room *, size_t n, char **error_r);
/* The alarm at 80 %, once per crossing. */
void	room_alarm(struct journal_room *);

#endif
