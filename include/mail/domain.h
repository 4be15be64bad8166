/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: names of hosts and domains (RFC 1035, RFC 5890 to 5892, RFC 8616).
 *
 * The normal form everywhere in postern: lower-case A-labels, no final dot,
 * at most DOMAIN_MAX bytes, labels of 1 to LABEL_MAX bytes.  Pure functions.
 */
#ifndef POSTERN_DOMAIN_H
#define POSTERN_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "bounds.h"
#include "span.h"

/*
 * Writes the normal form of `in` (UTF-8 U-labels are converted by IDNA 2008
 * with UTS 46 mapping; one final dot is taken off).  Letters, digits, hyphen
 * and underscore only.  Returns 0, or -1 when it is no domain name.
 */
int	domain_normalise(struct span in, char out[DOMAIN_SIZE]);

/* True for a name in normal form. */
bool	domain_valid(const char *);
size_t	domain_labels(const char *);
/* The name without its leftmost label; "" when there was one label only. */
const char *domain_parent(const char *);
/* The last `keep` labels of the name (a pointer into it). */
const char *domain_tail(const char *, size_t keep);
/* True when `name` is `above` or lies below it. */
bool	domain_below(const char *name, const char *above);

#endif
