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

/* What one recipient asks for. */
struct wish {
	enum enforcement	 dmarc;
	struct fact_virus_policy policy;
	bool			 role;
};

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

/* postmaster and abuse get their mail stripped, never refused. */
static enum conf_choice
virus_end(enum conf_choice c, bool role)
{
	return role && c != CHOICE_MONITOR ? CHOICE_STRIP : c;
}

static enum conf_choice
unscannable_end(enum conf_choice c, bool role)
{
	return role && c != CHOICE_STRIP ? CHOICE_MARK : c;
}

static bool
could_differ(const struct message *m, const struct wish *w)
{
	const struct facts *f = &m->facts;

	if (reach(m, w->dmarc, w->role) !=
	    reach(m, f->dmarc_mode, f->role_only))
		return true;
	return m->session->conf->scan &&
	    (virus_end(w->policy.virus, w->role) !=
	    virus_end(f->policy.virus, f->role_only) ||
	    unscannable_end(w->policy.unscannable, w->role) !=
	    unscannable_end(f->policy.unscannable, f->role_only));
}

/* How strict a choice is; those of both settings in one row. */
static int
strictness(enum conf_choice c)
{
	static const enum conf_choice row[] = { CHOICE_MONITOR, CHOICE_MARK,
	    CHOICE_STRIP, CHOICE_HOLD, CHOICE_DISCARD, CHOICE_REJECT };
	int i = 0;

	while (row[i] != c && row[i] != CHOICE_REJECT)
		i++;
	return i;
}

/* A message for several is never dropped for one of them. */
static enum conf_choice
stricter(enum conf_choice a, enum conf_choice b)
{
	if (a != b && (a == CHOICE_DISCARD || b == CHOICE_DISCARD))
		return CHOICE_REJECT;
	return strictness(a) > strictness(b) ? a : b;
}

/* The strictest; what a role asks for counts among roles only. */
static void
combine(struct facts *f, const struct wish *w)
{
	if (w->role && !f->role_only)
		return;
	if (!w->role && f->role_only) {
		f->dmarc_mode = w->dmarc;
		f->policy = w->policy;
	} else {
		if (w->dmarc > f->dmarc_mode)
			f->dmarc_mode = w->dmarc;
		f->policy.virus = stricter(f->policy.virus,
		    w->policy.virus);
		f->policy.unscannable = stricter(f->policy.unscannable,
		    w->policy.unscannable);
	}
	f->role_only = w->role;
}

static void
run(struct message *m)
{
	const struct conf *conf = m->session->conf;
	const struct recipient *r = message_rcpt_last(m);
	const struct conf_domain *d = section(m, r->mailbox.domain);
	struct wish w = {
		.dmarc = d != NULL ? d->dmarc : conf->dmarc,
		.policy.virus = d != NULL ? d->virus : conf->virus,
		.policy.unscannable = d != NULL ? d->unscannable :
		    conf->unscannable,
		/* "RCPT TO:<postmaster>" has no domain, is the host's own. */
		.role = is_role(r->mailbox.local) ||
		    span_caseis(r->address, "postmaster")
	};

	if (m->nrcpt_seen == 1) {
		m->facts.dmarc_mode = w.dmarc;
		m->facts.policy = w.policy;
		m->facts.role_only = w.role;
		return;
	}
	if (m->class == CLASS_INBOUND &&
	    conf->split_recipients == CHOICE_DEFER && could_differ(m, &w))
		defer(m);
	else
		combine(&m->facts, &w);
}

const struct stage stage_route = {
	.name = "route",
	.point = AT_RCPT,
	.classes = CLASS_INBOUND | CLASS_RELAY,
	.gives = FACT_ROUTE,
	.run = run
};
