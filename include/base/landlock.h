/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock: the files that a process can reach, limited by the kernel.
 *
 * Called by programs that confine themselves (postern-sign, postern-scan), in
 * the main thread and before any other thread: it holds for the caller and
 * what it makes from then on.  It can be called again, to take more away.
 */
#ifndef POSTERN_LANDLOCK_H
#define POSTERN_LANDLOCK_H

#include <stddef.h>

#define LANDLOCK_MAY_READ	1u	/* open files to read them */
#define LANDLOCK_MAY_LIST	2u	/* read directories */
#define LANDLOCK_MAY_WRITE	4u	/* write, make and remove files and
					 * directories */

/* A directory and all below it, or one file. */
struct landlock_path {
	const char	*path;
	unsigned	 rights;	/* LANDLOCK_MAY_* */
};

/*
 * From now on only what is below these paths can be used, in these ways; what
 * does not exist is left out.  -1 when the kernel has no Landlock or does not
 * allow it; nothing is changed then.
 */
int	landlock_confine(const struct landlock_path *, size_t n);

#endif
