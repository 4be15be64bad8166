/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * patience: for how long a domain has had only temporary DNS errors.
 *
 * A 451 for a temporary error must not go on for ever: after a set time the
 * domain's mail is marked and passed.  A bounded table (PATIENCE_MAX names;
 * when it is full the one that was seen longest ago goes).  Not kept over a
 * restart.  One lock.
 */
#ifndef POSTERN_PATIENCE_H
#define POSTERN_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_MAX 4096

struct patience;

struct patience	*patience_new(void);
void	patience_free(struct patience **);

/*
 * Notes a temporary error for this domain now.  True while the first one of
 * the row is less than limit_s seconds old.
 */
bool	patience_wait(struct patience *, const char *domain, uint32_t limit_s);
/* The domain answered: forget its errors. */
void	patience_clear(struct patience *, const char *domain);

#endif
