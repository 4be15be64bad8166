/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line of postern.
 */
#ifndef POSTERN_OPTIONS_H
#define POSTERN_OPTIONS_H

#include <stdbool.h>

struct options {
	const char	*path;		/* -c FILE */
	bool		 foreground;	/* -f: log to standard error */
	bool		 check;		/* -t: check the configuration only */
};

/* Prints usage and exits with 64 when the command line is wrong. */
void	options_read(struct options *, int argc, char **argv);

#endif
