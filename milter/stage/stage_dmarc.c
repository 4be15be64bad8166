/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage dmarc: what the author's domain asks for, and what we do about it.
 *
 * enforce: reject is refused, quarantine is marked (or held); monitor: the
 * same is only recorded; off: recorded without "would".  Overrides are narrow
 * and logged: class relay, postmaster and abuse, trusted forwarders.  A
 * temporary error is 451 only where the answer could have been a refusal or
 * a mark, and not for ever: then the message is marked.
 */
#include "dmarc.h"
#include "table.h"

#include <string.h>

#include "clean.h"

/* Header of a message that DMARC puts into quarantine without HOLD. */
#define QUARANTINE_FIELD "X-Postern-Quarantine"

static bool
has_list_id(const struct message *m, const char *wanted)
{
	const struct field *f = field_find(m->fields, m->nfields, "List-Id", 0);
	struct span v, id;
	long open, close;

	if (f == NULL)
		return false;
	v = field_unfold(m->arena, f->value);
	/* RFC 2919: the identifier is what stands in the angle brackets. */
	open = span_chr(v, '<');
	id = open < 0 ? v : span_from(v, (size_t)open + 1);
	close = span_chr(id, '>');
	if (close >= 0)
		id.n = (size_t)close;
	return span_caseis(span_trim(id), wanted);
}

/* All of them: the override must not reach another recipient. */
static bool
only_recipient(const struct message *m, const char *wanted)
{
	for (size_t i = 0; i < m->nrcpt; i++)
		if (!span_caseis(m->rcpt[i].address, wanted))
			return false;
	return m->nrcpt > 0 && m->nrcpt == m->nrcpt_seen;
}

static bool
passed_dkim(const struct message *m, const char *domain)
{
	const struct dkim_report *r = &m->facts.dkim;

	for (size_t i = 0; i < r->n; i++)
		if (r->sig[i].result == DKIM_RESULT_PASS &&
		    strcmp(r->sig[i].domain, domain) == 0)
			return true;
	return false;
}

static bool
forwarded_by(const struct message *m, const struct conf_forwarder *f)
{
	if (f->networks.n > 0 && !ipnets_have(f->networks.v, f->networks.n,
	    &m->session->client))
		return false;
	if (f->domain[0] != '\0' && !passed_dkim(m, f->domain))
		return false;
	if (f->list_id[0] != '\0' && !has_list_id(m, f->list_id))
		return false;
	if (f->recipient[0] != '\0' && !only_recipient(m, f->recipient))
		return false;
	return true;
}

/* Why the policy is not applied to this message, or NULL. */
static const char *
override(const struct message *m)
{
	const struct conf *c = m->session->conf;

	if (m->class == CLASS_RELAY)
		return "relay network";
	if (m->facts.role_only)
		return "postmaster or abuse";
	for (size_t i = 0; i < c->nforwarders; i++)
		if (forwarded_by(m, &c->forwarders[i]))
			return arena_printf(m->arena, "trusted forwarder %s",
			    c->forwarders[i].name);
	return NULL;
}

static void
refuse(struct message *m)
{
	const struct dmarc_verdict *d = &m->facts.dmarc;
	const char *from = clean_reply(m->arena, span_of(d->domain), m->utf8);
	const char *url = m->session->conf->help_url;

	m->facts.dmarc_action = "reject";
	verdict_raise(&m->verdict, VERDICT_REJECT, "dmarc",
	    "DMARC fail, policy reject", "550", "5.7.26",
	    arena_printf(m->arena, "This message says to be from %s but "
	    "neither SPF nor DKIM confirms it, and the DMARC policy of %s "
	    "(%s=reject) asks to refuse such mail; see %s", from,
	    clean_reply(m->arena, span_of(d->policy_domain), m->utf8),
	    d->policy_tag, url[0] != '\0' ? url :
	    "https://www.rfc-editor.org/rfc/rfc9989"));
}

static void
mark(struct message *m, const char *what)
{
	const struct dmarc_verdict *d = &m->facts.dmarc;

	edits_prepend(&m->edits, QUARANTINE_FIELD, span_of(arena_printf(
	    m->arena, " %s header.from=%s", what,
	    clean_comment(m->arena, span_of(d->domain), m->utf8))));
}

static void
quarantine(struct message *m)
{
	mark(m, "dmarc=fail policy=quarantine");
	if (m->session->conf->dmarc_quarantine == CHOICE_HOLD) {
		m->facts.dmarc_action = "hold";
		verdict_raise(&m->verdict, VERDICT_HOLD, "dmarc",
		    "DMARC fail, policy quarantine", NULL, NULL, NULL);
	} else {
		m->facts.dmarc_action = "mark";
	}
}

static void
wait_for_dns(struct message *m)
{
	const struct dmarc_verdict *d = &m->facts.dmarc;
	const struct session *s = m->session;
	bool spf = m->facts.spf_mailfrom.result == SPF_IS_TEMPERROR;

	if (!patience_wait(s->services->patience, d->domain,
	    s->conf->dmarc_tempfail_s)) {
		m->facts.dmarc_action = "mark";
		m->facts.dmarc_override = "temporary errors for too long";
		mark(m, "dmarc=temperror");
		return;
	}
	m->facts.dmarc_action = "tempfail";
	verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "dmarc",
	    d->reason, "451", spf ? "4.7.24" : "4.4.3",
	    arena_printf(m->arena, "The DMARC policy of %s cannot be checked "
	    "now (DNS), please try again later",
	    clean_reply(m->arena, span_of(d->domain), m->utf8)));
}

static const char *
would(const struct dmarc_verdict *d)
{
	if (d->result == DMARC_RESULT_TEMPERROR)
		return "would-tempfail";
	return d->policy == DMARC_ASKS_REJECT ? "would-reject" :
	    "would-quarantine";
}

static void
apply(struct message *m)
{
	const struct dmarc_verdict *d = &m->facts.dmarc;

	m->facts.dmarc_override = override(m);
	if (m->facts.dmarc_override != NULL)
		m->facts.dmarc_action = "overridden";
	else if (m->facts.dmarc_mode == ENFORCE_MONITOR)
		m->facts.dmarc_action = would(d);
	else if (d->result == DMARC_RESULT_TEMPERROR)
		wait_for_dns(m);
	else if (d->policy == DMARC_ASKS_REJECT)
		refuse(m);
	else
		quarantine(m);
}

/* True when the result asks for something to be done. */
static bool
asks(const struct dmarc_verdict *d)
{
	if (d->result == DMARC_RESULT_TEMPERROR)
		return d->would_matter;
	return d->result == DMARC_RESULT_FAIL && d->policy != DMARC_ASKS_NONE;
}

/* Nobody could be checked, or not everybody. */
static void
refuse_authors(struct message *m, const char *why, const char *text)
{
	m->facts.dmarc_override = override(m);
	if (m->facts.dmarc_override != NULL) {
		m->facts.dmarc_action = "overridden";
		return;
	}
	if (m->facts.dmarc_mode == ENFORCE_MONITOR) {
		m->facts.dmarc_action = "would-reject";
		return;
	}
	m->facts.dmarc_action = "reject";
	verdict_raise(&m->verdict, VERDICT_REJECT, "dmarc", why, "550",
	    "5.7.1", text);
}

static void
no_author(struct message *m)
{
	if (m->session->conf->dmarc_no_author == CHOICE_REJECT)
		refuse_authors(m, "no author's domain in From",
		    "This message has no From field with a usable address "
		    "(RFC 5322 section 3.6.2)");
}

/* One that was not looked at could be anybody: that is no way round. */
static void
too_many_authors(struct message *m)
{
	refuse_authors(m, "more authors in From than can be checked",
	    "This message names more authors in From than can be checked");
}

static void
run(struct message *m)
{
	struct dmarc_verdict *d = &m->facts.dmarc;

	m->facts.dmarc_action = "none";
	dmarc_check(m->arena, m->session->services->dns, &m->facts.authors,
	    &m->facts.spf_mailfrom, &m->facts.dkim, message_dns_until(m), d);
	/* A failure can be anybody's mail and says nothing of keys. */
	if ((d->result == DMARC_RESULT_PASS ||
	    d->result == DMARC_RESULT_NONE) && d->domain[0] != '\0')
		patience_clear(m->session->services->patience, d->domain);
	if (m->facts.dmarc_mode == ENFORCE_OFF)
		return;
	if (m->facts.authors.n == 0)
		no_author(m);
	else if (m->facts.authors.truncated)
		too_many_authors(m);
	else if (asks(d))
		apply(m);
}

const struct stage stage_dmarc = {
	.name = "dmarc",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY,
	.needs = FACT_AUTHORS | FACT_ROUTE | FACT_SPF | FACT_DKIM,
	.gives = FACT_DMARC,
	.run = run
};
