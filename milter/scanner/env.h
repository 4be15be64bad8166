/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env: what the main process hands to its loaders and they to their workers.
 *
 * Made in main.c before the first fork; after that it is only read.
 */
#ifndef POSTERN_SCAN_ENV_H
#define POSTERN_SCAN_ENV_H

#include <sys/types.h>

#include <stddef.h>

#include "scanconf.h"
#include "tmpdir.h"

struct env {
	const struct scanconf *conf;
	const uid_t	*uids;		/* of scan-clients */
	size_t		 nuids;
	int		 listener;	/* does not block */
	struct tmpdir	 tmp;
};

#endif
