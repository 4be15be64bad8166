/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns: what the checks ask of a resolver, as an interface.
 *
 * auth/ knows no resolver; state/resolver.c fills this struct in, unit tests
 * fill it in with tables.  Names are in normal form (mail/domain.h), with the
 * exception that SPF macros may make names with other bytes.
 */
#ifndef POSTERN_DNS_H
#define POSTERN_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "span.h"

enum dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28
};

enum dns_status {
	DNS_FOUND,		/* one record or more */
	DNS_NODATA,		/* the name exists, this type does not */
	DNS_NXDOMAIN,		/* the name does not exist (RFC 8020) */
	DNS_TEMPFAIL		/* SERVFAIL, time out, bogus, over budget */
};

/*
 * One record's data: A: 4 bytes; AAAA: 16 bytes; TXT: all its strings joined;
 * PTR and MX: the target in presentation form, lower case, without final dot
 * ("" for the root), NUL-terminated.  MX also has its preference.
 */
struct dns_record {
	struct span	data;
	uint16_t	preference;
};

/* In the arena that was given to ask. */
struct dns_answer {
	enum dns_status		 status;
	bool			 secure;	/* validated by DNSSEC */
	const char		*why;		/* TEMPFAIL: a short reason */
	size_t			 n;
	const struct dns_record	*records;
};

struct dns {
	void	*ctx;
	/*
	 * Says that a question will be asked soon; returns at once.  May do
	 * nothing.
	 */
	void	(*start)(void *ctx, const char *name, enum dns_type);
	/*
	 * Asks and waits, at most until the clock_ms() deadline (and the
	 * resolver's own time-out).  CNAMEs are followed.  Never NULL.
	 */
	const struct dns_answer *(*ask)(void *ctx, struct arena *,
		    const char *name, enum dns_type, int64_t deadline);
};

void	dns_start(const struct dns *, const char *name, enum dns_type);
const struct dns_answer *dns_ask(const struct dns *, struct arena *,
	    const char *name, enum dns_type, int64_t deadline);

#endif
