/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage spf: may this client use the envelope sender and the HELO name?
 *
 * The questions start at MAIL, so that the answers are there at the end.  A
 * fail by itself only marks, unless spf-fail = reject; DMARC judges later.
 */
#include "spf.h"
#include "table.h"

#include "clean.h"

static void
query(const struct message *m, enum spf_identity identity, struct spf_query *q)
{
	q->identity = identity;
	q->client = m->session->client;
	q->helo = m->session->helo;
	q->local = arena_cstr(m->arena, m->from.local);
	q->domain = arena_cstr(m->arena, m->from.domain);
	q->deadline = m->deadline;
}

/* A sender that is neither null nor an address has nothing to check. */
static bool
has_mailfrom(const struct message *m)
{
	return m->sender.n == 0 || m->from.domain.n > 0;
}

static void
start(struct message *m)
{
	const struct dns *dns = m->session->services->dns;
	struct spf_query q;

	if (!m->session->conf->spf)
		return;
	query(m, SPF_MAILFROM, &q);
	if (m->sender.n > 0 && has_mailfrom(m))
		spf_start(dns, &q);
	q.identity = SPF_HELO;
	spf_start(dns, &q);
}

static void
refuse(struct message *m)
{
	const struct spf_verdict *v = &m->facts.spf_mailfrom;
	char ip[IPADDR_STRLEN];

	verdict_raise(&m->verdict, VERDICT_REJECT, "spf",
	    "SPF fail and spf-fail = reject", "550", "5.7.23",
	    arena_printf(m->arena, "SPF: %s does not allow mail from %s; its "
	    "owner can change that in its SPF record%s%s",
	    clean_reply(m->arena, span_of(v->domain), m->utf8),
	    ipaddr_str(&m->session->client, ip),
	    m->session->conf->help_url[0] == '\0' ? "" : "; see ",
	    m->session->conf->help_url));
}

/* A row of its own: an answer about DMARC says nothing of SPF. */
static const char *
waiting_for(const struct message *m)
{
	return arena_printf(m->arena, "spf %s", m->facts.spf_mailfrom.domain);
}

/* 451 only where the answer could have been a refusal, and not for ever. */
static void
wait_for_dns(struct message *m)
{
	const struct spf_verdict *v = &m->facts.spf_mailfrom;
	const struct session *s = m->session;

	if (!patience_wait(s->services->patience, waiting_for(m),
	    s->conf->dmarc_tempfail_s))
		return;
	verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "spf",
	    "SPF temperror and spf-fail = reject", "451", "4.7.24",
	    arena_printf(m->arena, "SPF of %s cannot be checked now (DNS), "
	    "please try again later",
	    clean_reply(m->arena, span_of(v->domain), m->utf8)));
}

static void
judge(struct message *m)
{
	if (m->session->conf->spf_fail != CHOICE_REJECT ||
	    m->class != CLASS_INBOUND || m->facts.role_only)
		return;
	if (m->facts.spf_mailfrom.result == SPF_IS_TEMPERROR) {
		wait_for_dns(m);
		return;
	}
	patience_clear(m->session->services->patience, waiting_for(m));
	if (m->facts.spf_mailfrom.result == SPF_IS_FAIL)
		refuse(m);
}

static void
run(struct message *m)
{
	const struct dns *dns = m->session->services->dns;
	struct spf_verdict *from = &m->facts.spf_mailfrom;
	struct spf_verdict *helo = &m->facts.spf_helo;
	struct spf_query q, q_helo;

	from->domain = helo->domain = "";
	from->reason = helo->reason = "";
	if (!m->session->conf->spf)
		return;
	if (m->session->client.family == AF_UNSPEC) {
		from->result = helo->result = SPF_NONE_FOUND;
		from->reason = helo->reason = "the client has no address";
		return;
	}
	/* MAIL FROM first: it is what counts, should the time run out. */
	query(m, SPF_MAILFROM, &q);
	if (!has_mailfrom(m)) {
		from->result = SPF_NONE_FOUND;
		from->reason = "the sender has no domain";
	} else {
		/* RFC 7208 section 2.4: the null sender is postmaster@HELO. */
		spf_check(m->arena, dns, &q, from);
	}
	query(m, SPF_HELO, &q_helo);
	spf_check(m->arena, dns, &q_helo, helo);
	if (m->session->conf->received_spf)
		edits_prepend(&m->edits, "Received-SPF", span_of(spf_received(
		    m->arena, from, &q, m->session->conf->authserv_id)));
	judge(m);
}

const struct stage stage_spf_start = {
	.name = "spf-start",
	.point = AT_MAIL,
	.classes = CLASS_INBOUND | CLASS_RELAY,
	.run = start
};

const struct stage stage_spf = {
	.name = "spf",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY,
	.needs = FACT_ROUTE,
	.gives = FACT_SPF,
	.run = run
};
