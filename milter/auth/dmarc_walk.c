/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc_walk: the DNS tree walk (RFC 9989 section 4.10) and what follows from
 * it, the organisational domain (4.10.2) and the policy record (4.10.1).
 *
 * A walk asks for _dmarc.NAME at the name and its parents, at most
 * DMARC_WALK_MAX questions; a name of more than eight labels goes on at seven.
 * All its questions are started before the first is waited for.
 *
 * Two guards by the public suffix list go beyond the RFC, so that strangers
 * under one registry never align: a public suffix whose record says nothing
 * of psd counts as psd=y, and an organisational domain that comes out as a
 * public suffix (registries with two levels) goes down to the registrable
 * domain.  A psd=n is believed anywhere.
 *
 * A question without an answer leaves the walk's outcome unknown, unless it
 * was the top-level domain's and the outcome is the same with and without a
 * psd=y there (that a top-level domain says psd=n is not considered).
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dmarc_internal.h"
#include "domain.h"
#include "bounds.h"
#include "psl.h"

#define PREFIX "_dmarc."

struct tree {
	const char		 *start;
	const struct dmarc_level *level[DMARC_WALK_MAX];
	size_t			  n;
};

/* Where one reading of the answers leads. */
struct reading {
	const char		 *org;
	const struct dmarc_level *psd;
};

/* The name under which a record stands; false: too long to exist. */
static bool
record_name(const char *name, char out[DOMAIN_SIZE])
{
	int n = snprintf(out, DOMAIN_SIZE, PREFIX "%s", name);

	return n > 0 && n < DOMAIN_SIZE;
}

static const char *
next_name(const char *name)
{
	if (domain_labels(name) > DMARC_WALK_MAX - 1)
		return domain_tail(name, DMARC_WALK_MAX - 1);
	return domain_parent(name);
}

/* Several records at one name are discarded, all of them. */
static void
read_records(struct dmarc_walk *w, struct dmarc_level *l,
    const struct dns_answer *answer)
{
	struct dmarc_record record;
	size_t i;

	for (i = 0; i < answer->n; i++) {
		if (!dmarc_record_parse(w->arena, answer->records[i].data,
		    &record))
			continue;
		if (l->found == DMARC_FOUND) {
			l->found = DMARC_ABSENT;
			l->several = true;
			return;
		}
		l->found = DMARC_FOUND;
		l->record = record;
	}
}

static void
ask(struct dmarc_walk *w, struct dmarc_level *l)
{
	const struct dns_answer *answer;
	char name[DOMAIN_SIZE];

	if (!record_name(l->name, name))
		return;
	answer = dns_ask(w->dns, w->arena, name, DNS_TXT, w->deadline);
	if (answer->status == DNS_TEMPFAIL) {
		l->found = DMARC_UNKNOWN;
		l->why = answer->why != NULL ? answer->why : "no answer";
	} else if (answer->status == DNS_FOUND)
		read_records(w, l, answer);
}

static const struct dmarc_level *
known(const struct dmarc_walk *w, const char *name)
{
	const struct dmarc_level *l;

	for (l = w->levels; l != NULL; l = l->next)
		if (strcmp(l->name, name) == 0)
			return l;
	return NULL;
}

const struct dmarc_level *
dmarc_walk_level(struct dmarc_walk *w, const char *name)
{
	const struct dmarc_level *old = known(w, name);
	struct dmarc_level *l;

	if (old != NULL)
		return old;
	l = arena_alloc(w->arena, sizeof(*l));
	l->name = arena_strdup(w->arena, name);
	l->found = DMARC_ABSENT;
	ask(w, l);
	l->next = w->levels;
	w->levels = l;
	return l;
}

/* w may be NULL; what it knows is not asked again. */
static void
start_questions(const struct dns *dns, const struct dmarc_walk *w,
    const char *start)
{
	char name[DOMAIN_SIZE];
	const char *p;

	for (p = start; *p != '\0'; p = next_name(p))
		if ((w == NULL || known(w, p) == NULL) && record_name(p, name))
			dns_start(dns, name, DNS_TXT);
}

void
dmarc_walk_start(const struct dns *dns, const char *start)
{
	start_questions(dns, NULL, start);
}

static bool
says_public(const struct dmarc_level *l)
{
	if (l->record.psd != DMARC_PSD_UNSAID)
		return l->record.psd == DMARC_PSD_YES;
	return psl_is_suffix(l->name);
}

/* Steps 2 and 6: does the walk end here?  The guard counts above the start. */
static bool
ends(const struct dmarc_level *l, bool is_start)
{
	if (l->found != DMARC_FOUND)
		return false;
	if (l->record.psd != DMARC_PSD_UNSAID)
		return true;
	return !is_start && says_public(l);
}

static void
climb(struct dmarc_walk *w, const char *start, struct tree *t)
{
	const char *p;

	t->start = start;
	t->n = 0;
	for (p = start; *p != '\0'; p = next_name(p)) {
		assert(t->n < DMARC_WALK_MAX);
		t->level[t->n] = dmarc_walk_level(w, p);
		t->n++;
		if (ends(t->level[t->n - 1], t->n == 1))
			break;
	}
}

/* The name one label below `above` on the way to `start`. */
static const char *
below(const char *start, const char *above)
{
	const char *org = domain_tail(start, domain_labels(above) + 1);
	const char *registrable;

	if (strcmp(org, start) == 0 || !psl_is_suffix(org))
		return org;
	registrable = psl_registrable(start);
	return registrable != NULL ? registrable : start;
}

/* Section 4.10.2; guess: level that is to be read as if it said psd=y. */
static void
read_tree(const struct tree *t, const struct dmarc_level *guess,
    struct reading *r)
{
	const struct dmarc_level *l;
	size_t i;

	r->org = t->start;
	r->psd = NULL;
	for (i = 0; i < t->n; i++) {
		l = t->level[i];
		if (l == guess || (i > 0 && l->found == DMARC_FOUND &&
		    says_public(l))) {
			r->org = below(t->start, l->name);
			r->psd = l;
			return;
		}
		if (l->found == DMARC_FOUND)
			r->org = l->name;
	}
}

static const struct dmarc_level *
record_at(const struct tree *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->level[i]->found == DMARC_FOUND &&
		    strcmp(t->level[i]->name, name) == 0)
			return t->level[i];
	return NULL;
}

static void
settle(const struct tree *t, struct dmarc_place *place)
{
	const struct dmarc_level *top = t->level[t->n - 1];
	struct reading plain, guess;
	size_t i;

	read_tree(t, NULL, &plain);
	place->org = plain.org;
	place->policy = record_at(t, plain.org);
	if (place->policy == NULL)
		place->policy = plain.psd;
	for (i = t->n; i-- > 0; )
		if (t->level[i]->found == DMARC_UNKNOWN)
			place->failed = t->level[i];
	place->org_known = place->policy_known = place->failed == NULL;
	/* Only a top-level domain can be the last one and not answer. */
	if (place->failed != top || t->n == 1)
		return;
	read_tree(t, top, &guess);
	place->org_known = strcmp(plain.org, guess.org) == 0;
	place->policy_known = place->org_known && place->policy != NULL;
}

void
dmarc_walk_up(struct dmarc_walk *w, const char *start,
    struct dmarc_place *place)
{
	struct tree t;

	assert(*start != '\0');
	memset(place, 0, sizeof(*place));
	start_questions(w->dns, w, start);
	climb(w, start, &t);
	settle(&t, place);
}
