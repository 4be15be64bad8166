/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock: file access of postern-sign, limited by the kernel.
 *
 * Called by confine.c in the main thread, before any other thread.
 */
#ifndef POSTERN_LANDLOCK_H
#define POSTERN_LANDLOCK_H

#include "keytable.h"

/*
 * From now on only files below the directories of the key files and of the
 * configuration can be opened, and only for reading.  -1 when the kernel has
 * no Landlock or does not allow it; nothing is changed then.
 */
int	landlock_confine(const struct keytable *);

#endif
