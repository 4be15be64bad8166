/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine: what postern-sign gives up once it has its socket and settings.
 *
 * Main thread, before any other thread.  Each step that the kernel or the
 * container does not allow is said in one line and left out: a signer with
 * fewer walls is better than unsigned mail.
 */
#ifndef POSTERN_CONFINE_H
#define POSTERN_CONFINE_H

#include "keytable.h"

/*
 * Before privileges are dropped and before any key is read: locks memory, all
 * of it where the limit allows, else OpenSSL's secure heap with the keys.
 */
void	confine_memory(const struct keytable *);

#define CONFINED_CALLS	1u	/* the system call filter is on */
#define CONFINED_FILES	2u	/* Landlock is on */

/*
 * After they are dropped: no core, no tracing, no new rights, a few files to
 * read.  Returns which of the two walls above stand.
 */
unsigned	confine_process(const struct keytable *);

#endif
