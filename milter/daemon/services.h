/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * services: what sessions share, built for one configuration and attached to
 * it: the resolver, the ways to postern-sign and postern-scan, the table of
 * patience, journal, quarantine, notification.
 *
 * After a reload that does not touch their settings the new configuration
 * shares them with the old one (and the answers kept stay).  They go with the
 * last configuration that has them.
 */
#ifndef POSTERN_SERVICES_H
#define POSTERN_SERVICES_H

#include "conf.h"

/*
 * Attaches services to c, taking what is unchanged from `before` (pinned by
 * the caller, or NULL).  0, or -1 with *error_r (malloc'd).  Main thread.
 */
int	services_attach(struct conf *c, const struct conf *before,
	    char **error_r);

/*
 * What can be said of the services before there are any: files that the
 * configuration names.  0, or -1 with *error_r (malloc'd).
 */
int	services_check(const struct conf *, char **error_r);

/* Before the process ends: no child is left behind.  Main thread. */
void	services_end(void);

#endif
