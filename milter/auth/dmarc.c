/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc: what the authors' domains ask for (RFC 9989 section 5.3).
 *
 * For each author: find the record (section 4.10.1), see whether an SPF or
 * DKIM pass aligns (4.10.2), choose p, sp or np, and let libopendmarc decide
 * over the same; where it says other, our outcome holds and the verdict says
 * so.  Of several authors the gravest outcome is reported (section 11.5).
 *
 * Only MAIL FROM counts of SPF, only passes of DKIM.  A temporary error is
 * the outcome only where another answer could have given another outcome.
 * Identifiers that cannot align for their name alone cost no question.
 *
 * Called by stage_dmarc; no state between messages; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "dmarc.h"
#include "dmarc_internal.h"
#include "domain.h"
#include "psl.h"

/* All that is given about the message. */
struct check {
	struct arena		 *arena;
	struct dmarc_walk	  walk;
	const struct spf_verdict *spf;		/* may be NULL */
	const struct dkim_report *dkim;		/* may be NULL */
};

/* One author's domain under examination. */
struct author {
	const char		  *domain;
	const struct dmarc_level  *policy;	/* its record; NULL: none */
	struct dmarc_place	   place;
	bool			   walked;	/* place holds */
	enum dmarc_request	   sub;		/* sp or np, what applies */
	bool			   unsure;	/* exists?  DNS does not say */
	const char		  *doubt;	/* could pass: why; or NULL */
};

enum aligned {
	ALIGNED_NO,
	ALIGNED_YES,
	ALIGNED_UNKNOWN		/* DNS */
};

int
dmarc_init(void)
{
	if (psl_open() == -1)
		return -1;
	return dmarc_library_init();
}

void
dmarc_start(const struct dns *dns, const struct dmarc_authors *authors)
{
	size_t i;

	for (i = 0; i < authors->n; i++)
		dmarc_walk_start(dns, authors->domain[i]);
}

static void
find_place(struct check *c, struct author *a)
{
	if (!a->walked)
		dmarc_walk_up(&c->walk, a->domain, &a->place);
	a->walked = true;
}

/* Two labels or more in common: one organisation cannot be ruled out. */
static bool
related(const char *a, const char *b)
{
	return strcmp(domain_tail(a, 2), domain_tail(b, 2)) == 0;
}

static enum aligned
align_relaxed(struct check *c, struct author *a, const char *id)
{
	struct dmarc_place place;

	find_place(c, a);
	if (!a->place.org_known)
		return related(id, a->domain) ? ALIGNED_UNKNOWN : ALIGNED_NO;
	/* An organisational domain is the name itself or above it. */
	if (!domain_below(id, a->place.org))
		return ALIGNED_NO;
	dmarc_walk_up(&c->walk, id, &place);
	if (!place.org_known)
		return ALIGNED_UNKNOWN;
	return strcmp(place.org, a->place.org) == 0 ?
	    ALIGNED_YES : ALIGNED_NO;
}

static enum aligned
align(struct check *c, struct author *a, const char *id, bool strict)
{
	if (strcmp(id, a->domain) == 0)
		return ALIGNED_YES;
	if (strict || !domain_valid(id))
		return ALIGNED_NO;
	return align_relaxed(c, a, id);
}

static bool
spf_is(const struct check *c, enum spf_result result)
{
	return c->spf != NULL && c->spf->identity == SPF_MAILFROM &&
	    c->spf->result == result;
}

static void
weigh_spf(struct check *c, struct author *a, struct dmarc_verdict *v)
{
	if (!spf_is(c, SPF_IS_PASS))
		return;
	switch (align(c, a, c->spf->domain, a->policy->record.strict_spf)) {
	case ALIGNED_YES:
		v->spf_aligned = true;
		break;
	case ALIGNED_UNKNOWN:
		a->doubt = "DNS error: cannot tell whether the SPF pass aligns";
		break;
	case ALIGNED_NO:
		break;
	}
}

/* The d= of a passing signature that is the author's own domain. */
static const char *
own_signature(const struct check *c, const char *domain)
{
	size_t i;

	for (i = 0; c->dkim != NULL && i < c->dkim->n; i++)
		if (c->dkim->sig[i].result == DKIM_RESULT_PASS &&
		    strcmp(c->dkim->sig[i].domain, domain) == 0)
			return c->dkim->sig[i].domain;
	return NULL;
}

static void
weigh_dkim(struct check *c, struct author *a, struct dmarc_verdict *v)
{
	const char *own = own_signature(c, a->domain);
	const struct dkim_signature *s;
	enum aligned how;
	size_t i;

	if (own != NULL) {
		v->dkim_aligned = own;
		return;
	}
	for (i = 0; c->dkim != NULL && i < c->dkim->n; i++) {
		s = &c->dkim->sig[i];
		if (s->result != DKIM_RESULT_PASS)
			continue;
		how = align(c, a, s->domain, a->policy->record.strict_dkim);
		if (how == ALIGNED_YES) {
			v->dkim_aligned = s->domain;
			return;
		}
		if (how == ALIGNED_UNKNOWN)
			a->doubt = "DNS error: cannot tell whether a DKIM "
			    "signature aligns";
	}
}

/* Nothing passed; could something that had a temporary error have? */
static void
weigh_errors(struct check *c, struct author *a)
{
	const struct dmarc_record *r = &a->policy->record;
	const struct dkim_signature *s;
	size_t i;

	if (spf_is(c, SPF_IS_TEMPERROR) &&
	    align(c, a, c->spf->domain, r->strict_spf) != ALIGNED_NO)
		a->doubt = "SPF had a temporary error";
	for (i = 0; c->dkim != NULL && i < c->dkim->n; i++) {
		s = &c->dkim->sig[i];
		if (s->result == DKIM_RESULT_TEMPERROR &&
		    align(c, a, s->domain, r->strict_dkim) != ALIGNED_NO)
			a->doubt = "a DKIM signature had a temporary error";
	}
}

static enum dmarc_request
after_test(const struct dmarc_record *r, enum dmarc_request request)
{
	if (!r->testing || request == DMARC_ASKS_NONE)
		return request;
	return request == DMARC_ASKS_REJECT ?
	    DMARC_ASKS_QUARANTINE : DMARC_ASKS_NONE;
}

/*
 * np instead of sp for a name that does not exist: NXDOMAIN for the name
 * itself, whatever the type (section 3.2.13).  Not asked where it is the same.
 */
static void
choose_np(struct check *c, struct author *a, struct dmarc_verdict *v)
{
	const struct dmarc_record *r = &a->policy->record;
	const struct dns_answer *answer;

	if (!r->has_np || r->np == a->sub)
		return;
	answer = dns_ask(c->walk.dns, c->arena, a->domain, DNS_A,
	    c->walk.deadline);
	if (answer->status == DNS_TEMPFAIL) {
		a->unsure = after_test(r, r->np) != after_test(r, a->sub);
		if (r->np < a->sub)
			return;
	} else if (answer->status != DNS_NXDOMAIN)
		return;
	a->sub = r->np;
	v->policy_tag = "np";
}

static void
choose_policy(struct check *c, struct author *a, struct dmarc_verdict *v,
    bool passed)
{
	const struct dmarc_record *r = &a->policy->record;
	bool own = strcmp(a->policy->name, a->domain) == 0;

	v->policy_tag = own || !r->has_sp ? "p" : "sp";
	a->sub = r->has_sp ? r->sp : r->p;
	if (!own && !passed)
		choose_np(c, a, v);
	v->published = own ? r->p : a->sub;
	v->policy = after_test(r, v->published);
	v->testing = r->testing;
}

/* The library's word on the same; our outcome stays. */
static void
hear_library(struct check *c, const struct author *a, struct dmarc_verdict *v)
{
	bool passed = v->result == DMARC_RESULT_PASS;
	struct dmarc_opinion o;
	struct dmarc_case what = {
		.domain = a->domain,
		.policy_domain = a->policy->name,
		.record = &a->policy->record,
		.sub = a->sub,
		.spf_aligned = v->spf_aligned,
		.dkim_aligned = *v->dkim_aligned != '\0'
	};

	dmarc_library_decide(c->arena, &what, &o);
	v->rua = a->policy->record.rua;
	if (!o.valid || o.pass != passed ||
	    (!passed && o.request != v->published))
		v->disagreement = arena_printf(c->arena,
		    "libopendmarc: %s", o.text);
	else if (strcmp(o.rua, v->rua) != 0)
		v->disagreement = "libopendmarc: other report addresses";
}

static void
judge_pass(struct check *c, struct dmarc_verdict *v)
{
	v->result = DMARC_RESULT_PASS;
	if (*v->dkim_aligned != '\0')
		v->reason = arena_printf(c->arena, "DKIM d=%s aligns",
		    v->dkim_aligned);
	else
		v->reason = arena_printf(c->arena, "SPF %s aligns",
		    c->spf->domain);
}

static void
judge_failure(struct check *c, struct author *a, struct dmarc_verdict *v)
{
	if (a->doubt == NULL && a->unsure)
		a->doubt = "DNS error: cannot tell whether the domain exists";
	if (a->doubt != NULL) {
		v->result = DMARC_RESULT_TEMPERROR;
		v->would_matter = v->policy != DMARC_ASKS_NONE;
		v->reason = a->doubt;
		return;
	}
	v->result = DMARC_RESULT_FAIL;
	v->reason = arena_printf(c->arena,
	    "no SPF or DKIM pass aligns with %s", a->domain);
}

/* There is a record; does the message satisfy it? */
static void
judge(struct check *c, struct author *a, struct dmarc_verdict *v)
{
	bool passed;

	v->policy_domain = a->policy->name;
	if (a->policy->record.unusable) {
		v->result = DMARC_RESULT_PERMERROR;
		v->reason = arena_printf(c->arena,
		    "the record of %s has an invalid policy", a->policy->name);
		return;
	}
	weigh_spf(c, a, v);
	weigh_dkim(c, a, v);
	passed = v->spf_aligned || *v->dkim_aligned != '\0';
	if (!passed)
		weigh_errors(c, a);
	choose_policy(c, a, v, passed);
	if (passed)
		judge_pass(c, v);
	else
		judge_failure(c, a, v);
	if (a->walked && a->place.org_known)
		v->org_domain = a->place.org;
	if (v->result != DMARC_RESULT_TEMPERROR)
		hear_library(c, a, v);
}

/*
 * No answer at a name that counts.  A pass of the author's own domain aligns
 * whatever the record says, so then nothing depends on it.
 */
static void
judge_unknown(struct check *c, const struct author *a,
    const struct dmarc_level *failed, struct dmarc_verdict *v)
{
	const char *own = own_signature(c, a->domain);

	if (own != NULL)
		v->dkim_aligned = own;
	v->spf_aligned = spf_is(c, SPF_IS_PASS) &&
	    strcmp(c->spf->domain, a->domain) == 0;
	v->result = DMARC_RESULT_TEMPERROR;
	v->would_matter = own == NULL && !v->spf_aligned;
	v->reason = arena_printf(c->arena, "DNS error at _dmarc.%s: %s",
	    failed->name, failed->why);
}

static void
clear_verdict(struct dmarc_verdict *v, const char *domain)
{
	memset(v, 0, sizeof(*v));
	v->result = DMARC_RESULT_NONE;
	v->domain = domain;
	v->policy_domain = v->org_domain = v->policy_tag = "";
	v->dkim_aligned = v->reason = v->disagreement = v->rua = "";
}

static void
examine(struct check *c, const char *domain, struct dmarc_verdict *v)
{
	struct author a = { .domain = domain };
	const struct dmarc_level *first;

	clear_verdict(v, domain);
	dmarc_walk_start(c->walk.dns, domain);
	first = dmarc_walk_level(&c->walk, domain);
	if (first->found == DMARC_UNKNOWN) {
		judge_unknown(c, &a, first, v);
		return;
	}
	a.policy = first;
	if (first->found == DMARC_ABSENT) {
		find_place(c, &a);
		a.policy = a.place.policy;
		if (!a.place.policy_known) {
			judge_unknown(c, &a, a.place.failed, v);
			return;
		}
	}
	if (a.policy != NULL) {
		judge(c, &a, v);
		return;
	}
	v->reason = arena_printf(c->arena, first->several ?
	    "several DMARC records at %s count as none" :
	    "no DMARC record for %s", domain);
}

/* Gravest last.  What is certain goes before what may only matter. */
static int
gravity(const struct dmarc_verdict *v)
{
	switch (v->result) {
	case DMARC_RESULT_PASS:
		return 0;
	case DMARC_RESULT_NONE:
		return 1;
	case DMARC_RESULT_PERMERROR:
		return 2;
	case DMARC_RESULT_TEMPERROR:
		return v->would_matter ? 5 : 3;
	case DMARC_RESULT_FAIL:
		break;
	}
	if (v->policy == DMARC_ASKS_REJECT)
		return 7;
	return v->policy == DMARC_ASKS_QUARANTINE ? 6 : 4;
}

void
dmarc_check(struct arena *arena, const struct dns *dns,
    const struct dmarc_authors *authors, const struct spf_verdict *spf,
    const struct dkim_report *dkim, int64_t deadline, struct dmarc_verdict *v)
{
	struct check c = { .arena = arena, .spf = spf, .dkim = dkim };
	struct dmarc_verdict one;
	size_t i;

	c.walk.arena = arena;
	c.walk.dns = dns;
	c.walk.deadline = deadline;
	clear_verdict(v, "");
	v->reason = authors->from_fields == 0 ? "no From field" :
	    "no domain in From";
	for (i = 0; i < authors->n; i++) {
		examine(&c, authors->domain[i], &one);
		if (i == 0 || gravity(&one) > gravity(v))
			*v = one;
	}
}

const char *
dmarc_result_word(enum dmarc_result result)
{
	switch (result) {
	case DMARC_RESULT_NONE:
		return "none";
	case DMARC_RESULT_PASS:
		return "pass";
	case DMARC_RESULT_FAIL:
		return "fail";
	case DMARC_RESULT_TEMPERROR:
		return "temperror";
	case DMARC_RESULT_PERMERROR:
		break;
	}
	return "permerror";
}

const char *
dmarc_request_word(enum dmarc_request request)
{
	switch (request) {
	case DMARC_ASKS_NONE:
		break;
	case DMARC_ASKS_QUARANTINE:
		return "quarantine";
	case DMARC_ASKS_REJECT:
		return "reject";
	}
	return "none";
}
