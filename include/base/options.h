/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line that our daemons share.
 *
 *	-c FILE  configuration	-f  log to standard error
 *	-t       check and exit	-V  version	-h  these words
 *
 * Called once by main(), before anything else.
 */
#ifndef POSTERN_OPTIONS_H
#define POSTERN_OPTIONS_H

#include <stdbool.h>

struct options {
	const char	*path;		/* of the configuration */
	bool		 foreground;	/* log to standard error */
	bool		 check;		/* check the configuration and exit */
};

/*
 * program: its name; check: what -t does, for the help.  Does not return for
 * -V and -h (exit code 0) and for what it does not know (64).
 */
void	options_read(struct options *, int argc, char **argv,
	    const char *program, const char *check);

#endif
