/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psl: the public suffix list, by libpsl.
 *
 * Names are in normal form.  psl_open() once, before threads (the newest list
 * on the system, else the one built into the library); the rest any thread.
 */
#ifndef POSTERN_PSL_H
#define POSTERN_PSL_H

#include <stdbool.h>

/* 0, or -1 when no list could be loaded. */
int	psl_open(void);
/* True for "com", "co.uk"; for unlisted top-level domains too. */
bool	psl_is_suffix(const char *domain);
/* The registrable domain, a pointer into `domain`; NULL for a suffix. */
const char *psl_registrable(const char *domain);

#endif
