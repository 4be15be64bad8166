/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stages forged and authres: Authentication-Results (RFC 8601).
 *
 * forged removes, in every class, the fields that claim to be ours (section
 * 5) and marks that only we set.  authres writes ours on top, after all
 * checks.
 */
#include "authres.h"
#include "table.h"

#include "clean.h"

static bool
is_our_mark(const struct field *f)
{
	return field_is(f, "X-Postern-Quarantine") ||
	    field_is(f, "X-Postern-Scan") || field_is(f, "X-Postern-Ref");
}

static void
drop_forged(struct message *m)
{
	for (size_t i = 0; i < m->nfields; i++) {
		const struct field *f = &m->fields[i];

		if (is_our_mark(f)) {
			edits_drop(&m->edits, i);
		} else if (field_is(f, "Authentication-Results") &&
		    authres_claims(f->value, m->session->conf->authserv_id)) {
			edits_drop(&m->edits, i);
			m->facts.forged++;
		}
	}
}

static void
add_iprev(struct message *m, struct authres *a)
{
	static const char *const word[] = {
		[IPREV_PASS] = "pass",
		[IPREV_FAIL] = "fail",
		[IPREV_TEMPERROR] = "temperror",
		[IPREV_PERMERROR] = "permerror"
	};
	const struct session *s = m->session;
	char ip[IPADDR_STRLEN];

	if (s->client.family == AF_UNSPEC)
		return;
	authres_result(a, "iprev", word[s->iprev], clean_comment(m->arena,
	    span_of(s->client_name), m->utf8), NULL);
	authres_property(a, "policy", "iprev",
	    arena_span(m->arena, span_of(ipaddr_str(&s->client, ip))));
}

static void
add_spf_result(struct message *m, struct authres *a,
    const struct spf_verdict *v, const char *property, struct span name)
{
	authres_result(a, "spf", spf_result_word(v->result),
	    v->reason[0] == '\0' ? NULL :
	    clean_comment(m->arena, span_of(v->reason), m->utf8), NULL);
	authres_property(a, "smtp", property, name);
}

static void
add_spf(struct message *m, struct authres *a)
{
	const struct facts *f = &m->facts;
	struct span helo = span_of(m->session->helo);

	if (f->spf_mailfrom.result == SPF_NOT_CHECKED)
		return;
	/* RFC 7208 section 2.4: the null sender is checked by HELO. */
	if (m->sender.n > 0)
		add_spf_result(m, a, &f->spf_mailfrom, "mailfrom",
		    m->from.domain.n > 0 ? m->from.domain : m->sender);
	else
		add_spf_result(m, a, &f->spf_mailfrom, "helo", helo);
	if (m->sender.n > 0)
		add_spf_result(m, a, &f->spf_helo, "helo", helo);
}

static void
add_signature(struct message *m, struct authres *a,
    const struct dkim_signature *s)
{
	authres_result(a, "dkim", dkim_result_word(s->result),
	    s->reason[0] == '\0' ? NULL :
	    clean_comment(m->arena, span_of(s->reason), m->utf8), NULL);
	authres_property(a, "header", "d", span_of(s->domain));
	authres_property(a, "header", "s", span_of(s->selector));
	if (s->identity[0] != '\0')
		authres_property(a, "header", "i", span_of(s->identity));
	if (s->algorithm[0] != '\0')
		authres_property(a, "header", "a", span_of(s->algorithm));
	if (s->b[0] != '\0')
		authres_property(a, "header", "b", span_of(s->b));
}

static void
add_dkim(struct message *m, struct authres *a)
{
	const struct dkim_report *r = &m->facts.dkim;

	if (!m->session->conf->dkim)
		return;
	if (r->n == 0)
		authres_result(a, "dkim", "none", NULL, NULL);
	for (size_t i = 0; i < r->n; i++)
		add_signature(m, a, &r->sig[i]);
}

static void
add_dmarc(struct message *m, struct authres *a)
{
	const struct dmarc_verdict *d = &m->facts.dmarc;
	const char *comment = NULL;

	if (d->policy_tag[0] != '\0')
		comment = arena_printf(m->arena, "%s=%s%s, action %s",
		    d->policy_tag, dmarc_request_word(d->published),
		    d->testing ? " testing" : "", m->facts.dmarc_action);
	else if (d->reason[0] != '\0')
		comment = clean_comment(m->arena, span_of(d->reason), m->utf8);
	authres_result(a, "dmarc", dmarc_result_word(d->result), comment, NULL);
	if (d->domain[0] != '\0')
		authres_property(a, "header", "from", span_of(d->domain));
	/* No record asks for nothing; what DNS hides is not known. */
	if (d->result != DMARC_RESULT_TEMPERROR || d->policy_tag[0] != '\0')
		authres_property(a, "policy", "dmarc",
		    span_of(dmarc_request_word(d->policy)));
}

static void
write_results(struct message *m)
{
	struct authres *a = authres_new(m->arena,
	    m->session->conf->authserv_id, m->utf8);

	add_iprev(m, a);
	add_spf(m, a);
	add_dkim(m, a);
	add_dmarc(m, a);
	edits_prepend(&m->edits, "Authentication-Results", authres_value(a));
}

const struct stage stage_forged = {
	.name = "forged",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY | CLASS_OUTBOUND | CLASS_LOCAL,
	.gives = FACT_FORGED,
	.run = drop_forged
};

const struct stage stage_authres = {
	.name = "authres",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY,
	.needs = FACT_SPF | FACT_DKIM | FACT_DMARC | FACT_FORGED,
	.run = write_results
};
