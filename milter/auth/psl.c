/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psl: the public suffix list, by libpsl.
 *
 * dmarc.c asks it for one guard only (RFC 9989 finds organisational domains
 * by DNS), stage_domain and others for registrable domains.  The list is
 * loaded once at start-up, before threads, and never changes: libpsl's
 * context is immutable, so there is no lock.  It is never released; the
 * process ends with it.
 */
#include <stdbool.h>
#include <stddef.h>

#include <libpsl.h>

#include "psl.h"

static const psl_ctx_t *list;

int
psl_open(void)
{
	if (list != NULL)
		return 0;
	list = psl_latest(NULL);
	if (list == NULL)
		list = psl_builtin();
	return list == NULL ? -1 : 0;
}

bool
psl_is_suffix(const char *domain)
{
	if (list == NULL || *domain == '\0')
		return false;
	return psl_is_public_suffix(list, domain) == 1;
}

const char *
psl_registrable(const char *domain)
{
	if (list == NULL || *domain == '\0')
		return NULL;
	return psl_registrable_domain(list, domain);
}
