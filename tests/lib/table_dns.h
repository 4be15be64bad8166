/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_dns: a struct dns that answers from a table, for tests.
 *
 * Names are compared without regard to case.  A CNAME is followed.  A name
 * with a TIMEOUT record answers TEMPFAIL for the types that it does not have.
 * A name that only stands above others is NODATA.
 */
#ifndef POSTERN_TABLE_DNS_H
#define POSTERN_TABLE_DNS_H

#include <stddef.h>

#include "dns.h"
#include "span.h"

struct table_dns;

struct table_dns *table_dns_new(void);
void	table_dns_free(struct table_dns **);
/* Removes all records. */
void	table_dns_clear(struct table_dns *);

/*
 * Adds a record: "A", "AAAA" (text of the address), "TXT" (bytes), "PTR",
 * "CNAME" (name), "MX" ("10 name"), "TIMEOUT".  -1 when it is none of these.
 */
int	table_dns_add(struct table_dns *, const char *name, const char *type,
	    struct span value);
/* The same for a C string. */
int	table_dns_put(struct table_dns *, const char *name, const char *type,
	    const char *value);

/* The interface over the table, valid as long as it. */
const struct dns *table_dns_of(struct table_dns *);

/* Questions asked so far, and how many of them were about this name. */
size_t	table_dns_asked(const struct table_dns *);
size_t	table_dns_asked_for(const struct table_dns *, const char *name);
/* Questions started so far. */
size_t	table_dns_started(const struct table_dns *);

#endif
