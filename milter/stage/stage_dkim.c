/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage dkim: the signatures that the message came with.
 *
 * Outbound only those of the domain that would sign are of interest: one of
 * ours that verifies is left alone, and a forged one is no reason not to
 * sign.
 */
#include "dkim_verify.h"
#include "table.h"

static void
verify(struct message *m, const char *const *authors, size_t n)
{
	const struct conf *c = m->session->conf;
	const struct dkim_policy policy = {
		.min_rsa_bits = c->dkim_min_bits,
		.accept_sha1 = c->dkim_accept_sha1,
		.accept_partial_body = c->dkim_accept_partial,
		.accept_expired = c->dkim_accept_expired
	};
	const struct dkim_message msg = {
		.fields = m->fields,
		.nfields = m->nfields,
		.body = m->body
	};

	dkim_verify_message(m->arena, m->session->services->dns, &policy,
	    &msg, authors, n, m->queue_id, message_dns_until(m),
	    &m->facts.dkim);
}

static void
run(struct message *m)
{
	if (m->session->conf->dkim)
		verify(m, m->facts.authors.domain, m->facts.authors.n);
}

static void
run_own(struct message *m)
{
	if (m->facts.domain != NULL && m->facts.domain->nkeys > 0)
		verify(m, &m->facts.domain->name, 1);
}

const struct stage stage_dkim = {
	.name = "dkim",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY,
	.needs = FACT_AUTHORS,
	.gives = FACT_DKIM,
	.run = run
};

const struct stage stage_dkim_own = {
	.name = "dkim-own",
	.point = AT_END,
	.classes = CLASS_OUTBOUND | CLASS_LOCAL,
	.needs = FACT_DOMAIN,
	.gives = FACT_DKIM,
	.run = run_own
};
