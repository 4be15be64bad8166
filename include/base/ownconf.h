/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ownconf: a program's own view of postern.conf.
 *
 * postern.conf is one file for several programs.  postern reads all of it
 * (state/conf.h) and judges it; postern-sign and postern-scan read by this
 * only the settings that are theirs.  conffilter blanks what the program does
 * not know, libconfuse reads the rest.  include("FILE") at the top level is
 * read in place; a relative name is looked for beside the including file.
 *
 * Main thread only, one at a time: libconfuse's callbacks have no argument.
 * Strings go into the caller's arena.
 */
#ifndef POSTERN_OWNCONF_H
#define POSTERN_OWNCONF_H

#include <confuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "conffilter.h"

#define OWNCONF_BYTES_MAX		(256u * 1024 * 1024)	/* of a file */
#define OWNCONF_INCLUDES_MAX		1000
#define OWNCONF_INCLUDE_DEPTH_MAX	8
#define OWNCONF_ERRORS_MAX		8192	/* bytes of all messages */

struct ownconf {
	struct arena	*arena;
	cfg_t		*cfg;
	const struct conf_word *words;
	const char	*top;		/* the file that was asked for */
	const char	*path;		/* of the file being read */
	const char	**files;	/* all that were read */
	size_t		 nfiles;
	unsigned	 includes;
	struct buf	 errors;
};

/*
 * words: what of the text libconfuse is to see, conffilter.h; it must have a
 * row for each option of opts.
 */
void	ownconf_begin(struct ownconf *, struct arena *, cfg_opt_t *opts,
	    const struct conf_word *words);
/* 0, or -1 after complaints. */
int	ownconf_read(struct ownconf *, const char *path);
/* "FILE:LINE: sentence" for the operator; line 0: the file as a whole. */
void	ownconf_complain(struct ownconf *, int line, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/*
 * Releases all but what is in the arena.  rc -1: returns the complaints, lines
 * to be freed with free(); else NULL.
 */
char	*ownconf_end(struct ownconf *, int rc);

/* Values.  A text: a copy in the arena, "" when there is none. */
const char	*ownconf_text(struct ownconf *, const char *name);
/* A list, in the arena; *n_r texts. */
const char	**ownconf_texts(struct ownconf *, const char *name,
	    size_t *n_r);
/*
 * Numbers of a text setting: -1 when they are none or larger than max.  A
 * mode is octal; a size has a suffix K, M, G or none; a time has one of ms,
 * s, m, h, d, w and is told in ms (only 0 may have none).
 */
int64_t	ownconf_number(const struct ownconf *, const char *name, int64_t max);
int64_t	ownconf_mode(const struct ownconf *, const char *name);
int64_t	ownconf_size(const struct ownconf *, const char *name, int64_t max);
int64_t	ownconf_time(const struct ownconf *, const char *name, int64_t max);
/* 0 or 1 for the words of postern.conf (no, off, false; yes, on, true). */
int	ownconf_bool(const struct ownconf *, const char *name);
/* A facility of syslog; complains and returns -1 when it is none. */
int	ownconf_facility(struct ownconf *);

#endif
