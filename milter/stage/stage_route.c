/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage route: whose policy holds for this message?
 *
 * Each recipient's domain may have a section of its own; postmaster and abuse
 * are never refused.  A recipient whose policy could end otherwise than that
 * of those before it is asked to come separately (452 4.5.3), or the
 * strictest holds (split-recipients).  Off and monitor end alike.
 */
#include "table.h"

#include "domain.h"

static bool
is_role(struct span local)
{
	struct span plain = local;

	if (plain.n >= 2 && plain.p[0] == '"')
		plain = span_make(plain.p + 1, plain.n - 2);
	return span_caseis(plain, "postmaster") || span_caseis(plain, "abuse");
}

static const struct conf_domain *
section(const struct message *m, struct span domain)
{
	char name[DOMAIN_SIZE];

	if (domain_normalise(domain, name) < 0)
		return NULL;
	return conf_domain_find(m->session->conf, name);
}

static void
defer(struct message *m)
{
	verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "route",
	    "recipients with different policies", "452", "4.5.3",
	    "This recipient has another policy than those before, please "
	    "send to it separately");
}

/* How far it can go: nothing, a refusal for SPF, also one for DMARC. */
static int
reach(const struct message *m, enum enforcement mode, bool role)
{
	if (role)
		return 0;
	if (mode == ENFORCE_ENFORCE)
		return 2;
	return m->session->conf->spf_fail == CHOICE_REJECT ? 1 : 0;
}

static bool
could_differ(const struct message *m, enum enforcement mode, bool role)
{
	return reach(m, mode, role) !=
	    reach(m, m->facts.dmarc_mode, m->facts.role_only);
}

/* The strictest; a role's mode counts among roles only. */
static void
combine(struct facts *f, enum enforcement mode, bool role)
{
	if (role && !f->role_only)
		return;
	if ((!role && f->role_only) || mode > f->dmarc_mode)
		f->dmarc_mode = mode;
	f->role_only = role;
}

static void
run(struct message *m)
{
	const struct conf *conf = m->session->conf;
	const struct recipient *r = message_rcpt_last(m);
	const struct conf_domain *d = section(m, r->mailbox.domain);
	enum enforcement mode = d != NULL ? d->dmarc : conf->dmarc;
	/* "RCPT TO:<postmaster>" has no domain and is the host's own. */
	bool role = is_role(r->mailbox.local) ||
	    span_caseis(r->address, "postmaster");

	if (m->nrcpt_seen == 1) {
		m->facts.dmarc_mode = mode;
		m->facts.role_only = role;
		return;
	}
	if (m->class == CLASS_INBOUND &&
	    conf->split_recipients == CHOICE_DEFER &&
	    could_differ(m, mode, role))
		defer(m);
	else
		combine(&m->facts, mode, role);
}

const struct stage stage_route = {
	.name = "route",
	.point = AT_RCPT,
	.classes = CLASS_INBOUND | CLASS_RELAY,
	.gives = FACT_ROUTE,
	.run = run
};
