/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conffilter: leaves of a configuration text what one program knows.
 *
 * postern.conf is one file for several programs.  libconfuse 3.3 can ignore
 * unknown settings (CFGF_IGNORE_UNKNOWN) but not unknown sections, so what
 * the program does not know is overwritten with blanks before libconfuse reads
 * the text (ownconf.c); line numbers stay as they are.  It also finds what
 * libconfuse passes silently: a section that is not closed.  Pure, linear, any
 * thread.
 */
#ifndef POSTERN_CONFFILTER_H
#define POSTERN_CONFFILTER_H

#include <stddef.h>

/* Sections inside sections, deeper ones are an error. */
#define CONFFILTER_DEPTH_MAX 16

/* A name that is known, and what may stand in it when it is a section. */
struct conf_word {
	const char	*name;
	const struct conf_word *inside;	/* NULL: a plain setting */
};

/* An include("FILE") at the top of the file. */
struct conf_include {
	size_t	 start, end;	/* of the statement in the text */
	size_t	 path, path_n;	/* of the name, without quotes */
	unsigned line;
};

struct conf_filter {
	char	*text;		/* in: the file; out: blanked */
	size_t	 n;
	/* results */
	struct conf_include include;
	size_t	 next;		/* where to go on after an include */
	unsigned next_line;
	const char *error;	/* a literal, or NULL */
	unsigned error_line;
};

/*
 * Works from f->next (0 at first, with next_line 1) up to the next include
 * or the end.  `words` ends with a row whose name is NULL.  Returns 1 when it
 * stopped at an include, 0 at the end, -1 with error and error_line.
 */
int	conffilter_run(struct conf_filter *f, const struct conf_word *words);

#endif
