/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns: the two calls that the checks make, over whatever struct dns they were
 * given.
 *
 * Called by spf, dkim_verify and dmarc; keeps nothing, any thread.  Who fills
 * the struct in keeps its promises (dns.h): an answer is never NULL, and
 * starting may be nothing at all.
 */
#include <assert.h>
#include <stddef.h>

#include "dns.h"

void
dns_start(const struct dns *dns, const char *name, enum dns_type type)
{
	if (dns->start != NULL)
		dns->start(dns->ctx, name, type);
}

const struct dns_answer *
dns_ask(const struct dns *dns, struct arena *arena, const char *name,
    enum dns_type type, int64_t deadline)
{
	const struct dns_answer *a;

	a = dns->ask(dns->ctx, arena, name, type, deadline);
	assert(a != NULL);
	return a;
}
