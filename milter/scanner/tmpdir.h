/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpdir: where temporary files of scans go, in memory if possible.
 *
 * A private tmpfs that only postern-scan sees and that is gone with it; else a
 * directory of our own under scan-tmp, /dev/shm or $TMPDIR.  Such a one is
 * locked (flock) as long as one of our processes lives; what a killed scanner
 * left behind there is removed at the next start.
 *
 * Main process; tmpdir_empty() and tmpdir_remove() in any process.
 */
#ifndef POSTERN_TMPDIR_H
#define POSTERN_TMPDIR_H

#include <sys/types.h>

#include <stdbool.h>

#include "scanconf.h"

struct tmpdir {
	const char	*path;		/* in the arena of the settings */
	bool		 is_private;
	bool		 in_memory;
	int		 lock;
};

/*
 * With CAP_SYS_ADMIN, before privileges are dropped: mounts a tmpfs that
 * belongs to uid over a directory of a mount namespace of our own.  False when
 * it cannot be, or is not wanted (scan-tmp).
 */
bool	tmpdir_mount(struct tmpdir *, const struct scanconf *, uid_t, gid_t);
/* Else, afterwards: makes a directory.  -1 and errno; *place_r: where. */
int	tmpdir_make(struct tmpdir *, const struct scanconf *,
	    const char **place_r);
/* Empties it, and removes it unless it is the private one. */
void	tmpdir_close(struct tmpdir *);

/* Removes all that is in a directory; -1 when something stays. */
int	tmpdir_empty(const char *path);
/* And the directory itself. */
int	tmpdir_remove(const char *path);

#endif
