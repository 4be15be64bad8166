/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_dns: the questions of one SPF check, and the limits counted over them
 * (RFC 7208 sections 4.4 to 4.6.4, 5.5).
 *
 * Called by spf_library.c when libspf2 asks about a token, and by spf.c for
 * the first record.  All limits are counted here, over the whole check:
 * terms that ask, void look-ups (once a term, as section 4.6.4 says), names
 * of a PTR answer (later ones are not looked at) and time.  A void answer
 * about the client's own PTR is not counted: the domain's owner cannot help
 * it.  One thread a check; memory is the caller's arena.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "domain.h"
#include "spf_internal.h"

static const struct dns_answer found = { .status = DNS_FOUND };
static const struct dns_answer nothing = { .status = DNS_NODATA };
static const struct dns_answer failed = { .status = DNS_TEMPFAIL };

void
spf_fail(struct spf_eval *e, enum spf_result result, const char *fmt, ...)
{
	va_list ap;

	if (e->error != SPF_NOT_CHECKED)
		return;
	e->error = result;
	va_start(ap, fmt);
	e->why = arena_vprintf(e->arena, fmt, ap);
	va_end(ap);
}

static const char *
type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	case DNS_PTR:
		return "PTR";
	case DNS_TXT:
		return "TXT";
	}
	return "?";
}

/* One question.  vital: without an answer there is no result. */
static const struct dns_answer *
ask(struct spf_eval *e, const char *name, enum dns_type type, bool vital)
{
	const struct dns_answer *a;

	if (e->error != SPF_NOT_CHECKED)
		return &failed;
	if (clock_left(e->query->deadline) == 0) {
		spf_fail(e, SPF_IS_TEMPERROR, "out of time before %s of %s",
		    type_name(type), name);
		return &failed;
	}
	a = dns_ask(e->dns, e->arena, name, type, e->query->deadline);
	if (a->status == DNS_TEMPFAIL && vital)
		spf_fail(e, SPF_IS_TEMPERROR, "DNS, %s of %s: %s",
		    type_name(type), name, a->why != NULL ? a->why : "failed");
	return a;
}

static bool
is_void(const struct dns_answer *a)
{
	return a->status == DNS_NODATA || a->status == DNS_NXDOMAIN;
}

/* A question of a mechanism: a void answer is counted, once a term. */
static const struct dns_answer *
ask_counted(struct spf_eval *e, struct spf_term *t, const char *name,
    enum dns_type type)
{
	const struct dns_answer *a = ask(e, name, type, true);

	if (!is_void(a) || t->voided)
		return a;
	t->voided = true;
	if (++e->voids > SPF_VOID_MAX) {
		spf_fail(e, SPF_IS_PERMERROR,
		    "more than %d terms name what does not exist",
		    SPF_VOID_MAX);
		return &failed;
	}
	return a;
}

static enum dns_type
address_type(const struct spf_eval *e)
{
	return e->query->client.family == AF_INET6 ? DNS_AAAA : DNS_A;
}

static size_t
address_size(const struct spf_eval *e)
{
	return e->query->client.family == AF_INET6 ? 16 : 4;
}

static struct spf_values
values_of(const struct spf_eval *e, const char *domain)
{
	return (struct spf_values){ .local = e->local,
	    .sender_domain = e->sender_domain, .domain = domain,
	    .helo = e->query->helo, .client = e->query->client };
}

static bool
has_client(const struct spf_eval *e, const struct dns_answer *a)
{
	size_t n = address_size(e);

	if (a->status != DNS_FOUND)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->records[i].data.n == n && memcmp(a->records[i].data.p,
		    e->query->client.b, n) == 0)
			return true;
	return false;
}

/* The client's names that lead back to it; errors only mean fewer names. */
static void
learn_names(struct spf_eval *e)
{
	static const struct span reverse = SPAN_LIT("%{ir}.%{v}.arpa");
	struct spf_values v = values_of(e, "");
	const struct dns_answer *ptr;
	const char *name;

	if (e->names_known)
		return;
	e->names_known = true;
	ptr = ask(e, spf_macro_expand(e->arena, reverse, &v), DNS_PTR, false);
	if (ptr->status != DNS_FOUND)
		return;
	for (size_t i = 0; i < ptr->n && i < SPF_PTR_MAX; i++) {
		name = ptr->records[i].data.p;
		if (*name != '\0' &&
		    has_client(e, ask(e, name, address_type(e), false)))
			e->name[e->nnames++] = name;
	}
}

/* Section 7.3: the domain itself, else one below it, else any. */
static const char *
pick_name(struct spf_eval *e, const char *domain)
{
	const char *below = NULL;

	learn_names(e);
	for (size_t i = 0; i < e->nnames; i++) {
		if (strcmp(e->name[i], domain) == 0)
			return e->name[i];
		if (below == NULL && domain_below(e->name[i], domain))
			below = e->name[i];
	}
	if (below != NULL)
		return below;
	return e->nnames > 0 ? e->name[0] : NULL;
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 0x7f)
			return false;
	return true;
}

/* RFC 8616 section 4: such a term matches nothing. */
static bool
is_silent(const struct spf_eval *e, const struct spf_term *t)
{
	return !is_ascii(e->local) && (spf_macro_uses(t->spec, 'l') ||
	    spf_macro_uses(t->spec, 's'));
}

/* The name that a term is about; NULL when it can be none. */
static const char *
target(struct spf_eval *e, const struct spf_record *r,
    const struct spf_term *t)
{
	struct spf_values v = values_of(e, r->domain);

	if (t->spec.n == 0)
		return r->domain;
	if (is_silent(e, t))
		return NULL;
	if (spf_macro_uses(t->spec, 'p'))
		v.validated = pick_name(e, r->domain);
	return spf_macro_domain(e->arena, t->spec, &v);
}

/* Counts a term that asks; false when it is one too many. */
static bool
enter(struct spf_eval *e, const struct spf_record *r,
    const struct spf_term *t)
{
	if (r->top) {
		e->last = t;
		e->missed = false;
	}
	if (++e->terms > SPF_TERMS_MAX)
		spf_fail(e, SPF_IS_PERMERROR,
		    "more than %d terms that ask the DNS", SPF_TERMS_MAX);
	return e->error == SPF_NOT_CHECKED;
}

static struct spf_record *
new_record(struct spf_eval *e, const char *domain, bool top)
{
	struct spf_record *r = arena_alloc(e->arena, sizeof(*r));

	assert(e->nrecords < SPF_RECORDS_MAX);
	r->number = e->nrecords;
	r->domain = domain;
	r->top = top;
	e->record[e->nrecords++] = r;
	if (top) {
		e->top = r;
		e->last = NULL;
		e->missed = true;
	}
	return r;
}

/* The one SPF record among a domain's TXT records. */
static size_t
select_record(const struct dns_answer *a, struct span *text)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		if (spf_record_is(a->records[i].data)) {
			*text = a->records[i].data;
			n++;
		}
	return n;
}

struct spf_record *
spf_fetch(struct spf_eval *e, const char *domain, bool top, bool *none_r)
{
	const struct dns_answer *a = ask(e, domain, DNS_TXT, true);
	struct span text = { NULL, 0 };
	struct spf_record *r;
	const char *fault;
	size_t n;

	*none_r = false;
	if (e->error != SPF_NOT_CHECKED)
		return NULL;
	n = a->status == DNS_FOUND ? select_record(a, &text) : 0;
	if (n != 1) {
		*none_r = n == 0;
		if (n > 1)
			spf_fail(e, SPF_IS_PERMERROR,
			    "%s has %zu SPF records", domain, n);
		return NULL;
	}
	r = new_record(e, domain, top);
	if (spf_record_parse(e->arena, text, r, &fault) == 0)
		return r;
	spf_fail(e, SPF_IS_PERMERROR, "record of %s: %s", domain, fault);
	return NULL;
}

struct spf_record *
spf_follow(struct spf_eval *e, const struct spf_record *r,
    struct spf_term *t, bool *skip_r)
{
	bool none, top = r->top && t->kind == SPF_TERM_REDIRECT;
	struct spf_record *to;
	const char *name;

	*skip_r = false;
	if (!enter(e, r, t))
		return NULL;
	if (is_silent(e, t)) {
		*skip_r = true;
		return NULL;
	}
	name = target(e, r, t);
	if (name == NULL || strchr(name, '.') == NULL) {
		spf_fail(e, SPF_IS_PERMERROR,
		    "record of %s: %.*s leads to no domain name", r->domain,
		    (int)t->text.n, t->text.p);
		return NULL;
	}
	to = spf_fetch(e, name, top, &none);
	if (none)
		spf_fail(e, SPF_IS_PERMERROR,
		    "record of %s leads to %s, which has none", r->domain,
		    name);
	return to;
}

/* ptr: has the client a validated name at or below the target? */
static const struct dns_answer *
match_names(struct spf_eval *e, const char *name)
{
	learn_names(e);
	for (size_t i = 0; i < e->nnames; i++)
		if (domain_below(e->name[i], name))
			return &found;
	return e->error == SPF_NOT_CHECKED ? &nothing : &failed;
}

const struct dns_answer *
spf_ask_host(struct spf_eval *e, struct spf_term *t, unsigned host)
{
	const char *name;

	if (t->hosts == NULL || host >= t->hosts->n)
		return &nothing;
	name = t->hosts->records[host].data.p;
	/* RFC 7505: "." is no host. */
	return *name == '\0' ? &nothing :
	    ask_counted(e, t, name, address_type(e));
}

/* mx with prefix length 0: has any host an address of the family? */
static const struct dns_answer *
match_hosts(struct spf_eval *e, struct spf_term *t)
{
	const struct dns_answer *a;

	if (t->hosts->status != DNS_FOUND)
		return t->hosts;
	for (unsigned i = 0; i < t->hosts->n && i < SPF_MX_MAX; i++) {
		a = spf_ask_host(e, t, i);
		if (!is_void(a))
			return a;
	}
	if (t->hosts->n > SPF_MX_MAX)
		spf_fail(e, SPF_IS_PERMERROR, "more than %d MX hosts",
		    SPF_MX_MAX);
	return e->error == SPF_NOT_CHECKED ? &nothing : &failed;
}

const struct dns_answer *
spf_ask_term(struct spf_eval *e, const struct spf_record *r,
    struct spf_term *t)
{
	const char *name;

	if (!enter(e, r, t))
		return &failed;
	name = target(e, r, t);
	if (e->error != SPF_NOT_CHECKED)
		return &failed;
	if (name == NULL)
		return &nothing;
	switch (t->kind) {
	case SPF_TERM_A:
		return ask_counted(e, t, name, address_type(e));
	case SPF_TERM_EXISTS:
		return ask_counted(e, t, name, DNS_A);
	case SPF_TERM_PTR:
		return match_names(e, name);
	case SPF_TERM_MX:
		t->hosts = ask_counted(e, t, name, DNS_MX);
		return spf_term_by_layer(t, e->query->client.family) ?
		    match_hosts(e, t) : t->hosts;
	default:	/* the others have no question of their own */
		return &nothing;
	}
}
