/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf: the front of the SPF check (RFC 7208 sections 2.3, 2.4, 4.3, 9.1).
 *
 * Called by stage_spf once for MAIL FROM and once for HELO.  It decides what
 * is to be checked at all, fetches the first record, lets the library
 * evaluate it behind our layer (spf_internal.h has the map), and says which
 * mechanism it was.  All memory is in the caller's arena.  Any thread.
 */
#include <string.h>

#include "clean.h"
#include "domain.h"
#include "spf_internal.h"

/* RFC 7208 section 2.4, and 9.1 for no match. */
#define NO_LOCAL	"postmaster"
#define NO_MECHANISM	"default"
/* Each of its parts is cut by mail/clean.c; this is never reached. */
#define RECEIVED_MAX	8192

int
spf_init(void)
{
	return spf_library_init();
}

static const char *
text_or(const char *s, const char *other)
{
	return s != NULL && *s != '\0' ? s : other;
}

/* The domain of the identity, as given. */
static const char *
domain_of(const struct spf_query *q)
{
	const char *helo = text_or(q->helo, "");

	return q->identity == SPF_HELO ? helo : text_or(q->domain, helo);
}

static bool
null_sender(const struct spf_query *q)
{
	return q->identity == SPF_HELO || text_or(q->domain, NULL) == NULL;
}

/* Section 4.3: what is no name with two labels has no record. */
static bool
checkable(const char *domain, char name[DOMAIN_SIZE])
{
	if (domain_normalise(span_of(domain), name) < 0) {
		name[0] = '\0';
		return false;
	}
	return domain_labels(name) >= 2;
}

static const char *
term_text(struct spf_eval *e, const struct spf_term *t)
{
	return arena_cstr(e->arena, t->text);
}

/* The mechanism of the outermost record that gave the result. */
static const char *
matched(struct spf_eval *e)
{
	const struct spf_record *r = e->top;
	size_t i = 0;

	if (r == NULL)
		return NO_MECHANISM;
	if (e->last != NULL && !e->missed)
		return term_text(e, e->last);
	if (e->last != NULL)
		i = (size_t)(e->last - r->term) + 1;
	for (; i < r->n; i++) {
		const struct spf_term *t = &r->term[i];

		if (t->kind == SPF_TERM_ALL ||
		    ((t->kind == SPF_TERM_IP4 || t->kind == SPF_TERM_IP6) &&
		    ipnet_has(&t->net, &e->query->client)))
			return term_text(e, t);
	}
	return NO_MECHANISM;
}

static void
evaluate(struct spf_eval *e, const char *domain, struct spf_verdict *v)
{
	struct spf_record *first;
	bool none;

	first = spf_fetch(e, domain, true, &none);
	if (none) {
		v->result = SPF_NONE_FOUND;
		v->reason = "no SPF record";
		return;
	}
	v->result = first != NULL ? spf_library_run(e, first) : e->error;
	v->reason = e->error != SPF_NOT_CHECKED ? e->why : matched(e);
}

void
spf_check(struct arena *arena, const struct dns *dns,
    const struct spf_query *q, struct spf_verdict *v)
{
	struct spf_query query = *q;
	struct spf_eval e = { .arena = arena, .dns = dns, .query = &query };
	char name[DOMAIN_SIZE];
	bool usable;

	*v = (struct spf_verdict){ .identity = q->identity,
	    .result = SPF_NONE_FOUND };
	usable = checkable(domain_of(q), name);
	v->domain = arena_strdup(arena, name);
	if (!usable) {
		v->reason = "not a domain name that can have a record";
		return;
	}
	if (q->client.family != AF_INET && q->client.family != AF_INET6) {
		v->reason = "the client has no network address";
		return;
	}
	query.helo = text_or(q->helo, "unknown");
	e.sender_domain = v->domain;
	e.local = null_sender(q) ? NO_LOCAL : text_or(q->local, NO_LOCAL);
	evaluate(&e, v->domain, v);
}

void
spf_start(const struct dns *dns, const struct spf_query *q)
{
	char name[DOMAIN_SIZE];

	if (checkable(domain_of(q), name))
		dns_start(dns, name, DNS_TXT);
}

const char *
spf_result_word(enum spf_result result)
{
	switch (result) {
	case SPF_IS_PASS:
		return "pass";
	case SPF_IS_FAIL:
		return "fail";
	case SPF_IS_SOFTFAIL:
		return "softfail";
	case SPF_IS_NEUTRAL:
		return "neutral";
	case SPF_IS_TEMPERROR:
		return "temperror";
	case SPF_IS_PERMERROR:
		return "permerror";
	case SPF_NONE_FOUND:
	case SPF_NOT_CHECKED:
		break;
	}
	return "none";
}

/* Between the domain and the client's address, in the comment. */
static const char *
relation(enum spf_result result)
{
	switch (result) {
	case SPF_IS_PASS:
		return "permits";
	case SPF_IS_FAIL:
		return "does not permit";
	case SPF_IS_SOFTFAIL:
		return "probably does not permit";
	case SPF_IS_NEUTRAL:
		return "does not say whether it permits";
	case SPF_IS_TEMPERROR:
		return "cannot be asked now about";
	case SPF_IS_PERMERROR:
		return "has no usable SPF record for";
	default:
		return "has no SPF record for";
	}
}

static void
add_pair(struct buf *b, struct arena *arena, const char *key,
    const char *value)
{
	buf_addf(b, ";\r\n\t%s=%s", key,
	    clean_authres(arena, span_of(value), false));
}

static const char *
envelope_from(struct arena *arena, const struct spf_query *q)
{
	if (text_or(q->domain, NULL) == NULL)
		return "";
	return arena_printf(arena, "%s@%s", text_or(q->local, ""), q->domain);
}

static bool
is_error(enum spf_result result)
{
	return result == SPF_IS_TEMPERROR || result == SPF_IS_PERMERROR;
}

const char *
spf_received(struct arena *arena, const struct spf_verdict *v,
    const struct spf_query *q, const char *receiver)
{
	const char *domain = text_or(v->domain, "the sender"), *value;
	char client[IPADDR_STRLEN];
	struct buf b;

	buf_init(&b, RECEIVED_MAX);
	ipaddr_str(&q->client, client);
	buf_addf(&b, " %s (%s)\r\n\tclient-ip=%s", spf_result_word(v->result),
	    clean_comment(arena, span_of(arena_printf(arena, "%s: %s %s %s",
	    receiver, domain, relation(v->result), client)), false),
	    clean_authres(arena, span_of(client), false));
	add_pair(&b, arena, "envelope-from", envelope_from(arena, q));
	add_pair(&b, arena, "helo", text_or(q->helo, ""));
	add_pair(&b, arena, "identity",
	    v->identity == SPF_HELO ? "helo" : "mailfrom");
	add_pair(&b, arena, "receiver", receiver);
	if (is_error(v->result))
		add_pair(&b, arena, "problem", v->reason);
	else if (v->result != SPF_NONE_FOUND)
		add_pair(&b, arena, "mechanism", v->reason);
	value = arena_cstr(arena, buf_span(&b));
	buf_free(&b);
	return value;
}
