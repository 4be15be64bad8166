/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scanconf: what postern-scan takes from postern.conf.
 *
 * Read once, at the start, in the main thread; it never changes and all
 * processes of postern-scan share it.  Everything lives in its arena.
 */
#ifndef POSTERN_SCANCONF_H
#define POSTERN_SCANCONF_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

struct scanconf {
	struct arena	*arena;
	const char	*path;		/* of the configuration */
	const char	*socket;
	mode_t		 socket_mode;
	const char	*socket_group;	/* "": the process's */
	const char	*user;		/* "": stay as started */
	const char	*group;		/* "": the user's */
	const char	**clients;	/* users that may ask */
	size_t		 nclients;
	bool		 clients_named;	/* in the file: all must exist */
	const char	*database;
	unsigned	 workers;	/* never 0: the default is worked out */
	unsigned	 time_ms;
	uint64_t	 scan_size;
	uint64_t	 file_size;
	unsigned	 files;
	unsigned	 depth;
	const char	*tmp;		/* "": find one */
	uint64_t	 tmp_size;
	bool		 pua;
	bool		 low_memory;
	int		 facility;	/* of syslog */
};

/*
 * Reads a configuration.  Returns NULL with lines "FILE:LINE: sentence" in
 * *errors_r (free it with free()).
 */
struct scanconf	*scanconf_load(const char *path, char **errors_r);
void	scanconf_free(struct scanconf **);
/* True when both say the same. */
bool	scanconf_same(const struct scanconf *, const struct scanconf *);

#endif
