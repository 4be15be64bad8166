/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader: the process that loads one set of signatures and keeps workers.
 *
 * Forked by the main process (keeper.c), which talks to it over a pair of
 * packet sockets: the loader says LOADER_READY, or LOADER_FAILED with a
 * sentence behind it; the main process says LOADER_RETIRE.
 *
 * SECURITY: parses the signature files, as the user of the scanner, without a
 * network; what it says to the main process is treated as input.
 */
#ifndef POSTERN_LOADER_H
#define POSTERN_LOADER_H

#include <stdbool.h>

#include "env.h"

#define LOADER_READY	'R'
#define LOADER_FAILED	'F'
#define LOADER_RETIRE	'Q'
/* Bytes of one of these packets. */
#define LOADER_SAY_MAX	1024

struct loader {
	const struct env *env;
	int		 link;		/* to the main process */
	const char	*dir;		/* of its own, made by it */
	bool		 quietly;	/* others serve: load at low priority */
	const char	*reason;	/* not NULL: load nothing, have every
					 * question answered with this */
};

void	loader_run(const struct loader *) __attribute__((noreturn));

/* For -t: loads and proves; NULL with *error_r (malloc'd). */
struct engine	*loader_load(const struct scanconf *, const char *tmp,
	    char **error_r);

#endif
