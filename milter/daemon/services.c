/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * services: counted parts of a configuration's services.
 *
 * Each part (resolver, signer's client) has a count of the configurations
 * that use it; the detach of the last one frees it, in whatever thread unpins
 * that configuration.
 */
#include "services.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "message.h"
#include "resolver.h"

struct part {
	_Atomic unsigned	 users;
	struct resolver		*resolver;
	struct sign_client	*signer;
};

struct bundle {
	struct services	 services;	/* first: conf->attached points here */
	struct part	*resolver;
	struct part	*signer;
};

static struct part *
part_new(void)
{
	struct part *p = calloc(1, sizeof(*p));

	if (p == NULL)
		log_fatal(EX_OSERR, "out of memory");
	p->users = 1;
	return p;
}

static struct part *
part_share(struct part *p)
{
	atomic_fetch_add(&p->users, 1);
	return p;
}

static void
part_leave(struct part *p)
{
	if (p == NULL || atomic_fetch_sub(&p->users, 1) > 1)
		return;
	if (p->resolver != NULL)
		resolver_free(&p->resolver);
	if (p->signer != NULL)
		sign_client_free(&p->signer);
	free(p);
}

static void
detach(void *attached)
{
	struct bundle *b = attached;

	part_leave(b->resolver);
	part_leave(b->signer);
	free(b);
}

static bool
same_strings(const struct conf_strings *a, const struct conf_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static bool
same_dns(const struct conf *a, const struct conf *b)
{
	return same_strings(&a->nameservers, &b->nameservers) &&
	    a->dns_timeout_ms == b->dns_timeout_ms &&
	    a->dns_cache == b->dns_cache &&
	    a->dns_min_ttl_s == b->dns_min_ttl_s &&
	    a->dns_max_ttl_s == b->dns_max_ttl_s &&
	    a->dns_ask_special == b->dns_ask_special &&
	    strcmp(a->dns_trust_anchor, b->dns_trust_anchor) == 0;
}

static struct part *
resolver_for(const struct conf *c, const struct conf *before, char **error_r)
{
	const struct bundle *b = before == NULL ? NULL : before->attached;
	struct part *p;

	if (b != NULL && same_dns(c, before))
		return part_share(b->resolver);
	p = part_new();
	p->resolver = resolver_new(c, error_r);
	if (p->resolver == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

static struct part *
signer_for(const struct conf *c, const struct conf *before)
{
	const struct bundle *b = before == NULL ? NULL : before->attached;
	struct part *p;

	if (b != NULL && strcmp(c->sign_socket, before->sign_socket) == 0)
		return part_share(b->signer);
	p = part_new();
	p->signer = sign_client_new(c->sign_socket);
	return p;
}

int
services_attach(struct conf *c, const struct conf *before, char **error_r)
{
	/* For the life of the process: what it knows outlives reloads. */
	static struct patience *patience;
	struct bundle *b = calloc(1, sizeof(*b));

	if (b == NULL)
		log_fatal(EX_OSERR, "out of memory");
	if (patience == NULL)
		patience = patience_new();
	b->resolver = resolver_for(c, before, error_r);
	if (b->resolver == NULL) {
		free(b);
		return -1;
	}
	b->signer = signer_for(c, before);
	b->services.dns = resolver_dns(b->resolver->resolver);
	b->services.signer = b->signer->signer;
	b->services.patience = patience;
	c->attached = b;
	c->detach = detach;
	return 0;
}
