/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydirs: the only directories that postern-sign reads from.
 *
 * Called by confine.c in the main thread, before any other thread.
 */
#ifndef POSTERN_KEYDIRS_H
#define POSTERN_KEYDIRS_H

#include "keytable.h"

/*
 * From now on only files below the directories of the key files and of the
 * configuration can be opened, and only for reading.  -1 when the kernel has
 * no Landlock or does not allow it; nothing is changed then.
 */
int	keydirs_confine(const struct keytable *);

#endif
