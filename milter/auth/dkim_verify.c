/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_verify: the signatures of one message (RFC 6376 section 6).
 *
 * Called by the dkim stage at the end of a message.  Reads the DKIM-Signature
 * fields, takes the DKIM_SIGNATURES_MAX that matter most, starts all their
 * key questions, has them checked (dkim_library.c, dkim_own.c), and then
 * applies our policy to those that pass.  A message without signatures costs
 * one look at its field names.
 *
 * The report is in the caller's arena; nothing is kept; any thread.
 */
#include <assert.h>
#include <string.h>

#include "clock.h"
#include "dkim_internal.h"
#include "domain.h"

static const char field_name[] = "DKIM-Signature";

enum rank {
	RANK_AUTHOR,		/* d= is an author's domain */
	RANK_RELATED,		/* above, below or beside one */
	RANK_OTHER,
	RANK_MALFORMED
};

int
dkim_verify_init(void)
{
	return dkim_library_init();
}

/* True for names that may be of one organisation. */
static bool
related(const char *d, const char *author)
{
	const char *parent = domain_parent(author);

	return domain_below(author, d) || domain_below(d, author) ||
	    (domain_labels(parent) > 1 && domain_below(d, parent));
}

static int
rank_of(const struct dkim_signature *s, const char *const *authors,
    size_t nauthors)
{
	int rank = RANK_OTHER;

	if (s->result == DKIM_RESULT_NEUTRAL || s->domain[0] == '\0')
		return RANK_MALFORMED;
	for (size_t i = 0; i < nauthors; i++) {
		if (strcmp(s->domain, authors[i]) == 0)
			return RANK_AUTHOR;
		if (related(s->domain, authors[i]))
			rank = RANK_RELATED;
	}
	return rank;
}

/* Reads the fields; *total_r counts those that were not read too. */
static size_t
read_fields(struct arena *a, const struct dkim_message *m,
    struct dkim_sig *sig, size_t *total_r)
{
	static const struct span name = SPAN_LIT(field_name);
	size_t n = 0;

	*total_r = 0;
	for (size_t i = 0; i < m->nfields; i++) {
		if (!dkim_field_named(&m->fields[i], name))
			continue;
		if (n < DKIM_FIELDS_READ_MAX) {
			sig[n].out = arena_alloc(a, sizeof(*sig[n].out));
			dkim_field_read(a, &m->fields[i], &sig[n]);
			sig[n++].out->field = i;
		}
		(*total_r)++;
	}
	return n;
}

/* Keeps the best, in the order of the header; returns how many. */
static size_t
keep_best(struct dkim_sig *sig, size_t n)
{
	bool keep[DKIM_FIELDS_READ_MAX] = { false };
	size_t kept = 0, out = 0;

	for (int rank = RANK_AUTHOR; rank <= RANK_MALFORMED; rank++)
		for (size_t i = 0; i < n && kept < DKIM_SIGNATURES_MAX; i++)
			if (sig[i].rank == rank) {
				keep[i] = true;
				kept++;
			}
	for (size_t i = 0; i < n; i++)
		if (keep[i])
			sig[out++] = sig[i];
	return out;
}

/*
 * The library ends text at a NUL, and takes a vertical tab and a form feed
 * for white space.
 */
static bool
misread(struct span value)
{
	return span_chr(value, '\0') >= 0 || span_chr(value, '\v') >= 0 ||
	    span_chr(value, '\f') >= 0;
}

/*
 * The library drops a field with a tab before its colon, or a blank before
 * its name, without a word: what signatures deny would stand there unseen.
 */
static bool
lost(const struct field *f)
{
	return span_trim(f->name).n < f->name.n;
}

/* Signatures over such a field, or in one, are not for the library. */
static void
find_misread(struct dkim_check *c)
{
	const struct dkim_message *m = c->message;
	struct span list, name;

	for (size_t f = 0; f < m->nfields; f++) {
		if (!misread(m->fields[f].value) && !lost(&m->fields[f]))
			continue;
		for (size_t i = 0; i < c->n; i++) {
			if (c->sig[i].field == &m->fields[f])
				c->sig[i].own = true;
			list = c->sig[i].names;
			while (span_split(&list, ':', &name))
				if (dkim_field_named(&m->fields[f], name))
					c->sig[i].own = true;
		}
	}
}

/* True when each CR has its LF and each LF its CR. */
static bool
plain_lines(struct span body)
{
	long lf, cr;

	while (body.n > 0) {
		lf = span_chr(body, '\n');
		cr = span_chr(span_make(body.p, lf < 0 ? body.n :
		    (size_t)lf), '\r');
		if (lf < 0 && cr < 0)
			return true;
		if (cr < 0 || cr + 1 != lf)
			return false;
		body = span_from(body, (size_t)lf + 1);
	}
	return true;
}

/* The library drops or skips a CR or LF that stands alone. */
static void
find_stray(struct dkim_check *c)
{
	if (plain_lines(c->message->body))
		return;
	for (size_t i = 0; i < c->n; i++)
		c->sig[i].own = true;
}

static bool
too_weak(const struct dkim_sig *s, const struct dkim_policy *p)
{
	return !s->ed25519 && s->out->key_bits < p->min_rsa_bits;
}

static bool
partial(const struct dkim_sig *s, const struct dkim_message *m)
{
	return s->length >= 0 && (uint64_t)s->length <
	    dkim_canon_body_length(s->body_canon, m->body);
}

/* Passes that our policy does not take. */
static void
apply_policy(struct arena *a, const struct dkim_policy *p,
    const struct dkim_message *m, struct dkim_sig *s)
{
	int64_t now = clock_wall();
	const char *why = NULL;

	if (s->out->result != DKIM_RESULT_PASS)
		return;
	if (s->sha1 && !p->accept_sha1)
		why = "SHA-1 is not accepted";
	else if (too_weak(s, p))
		why = arena_printf(a, "the key has only %u bits",
		    s->out->key_bits);
	else if (s->expires_at >= 0 && !p->accept_expired &&
	    now >= s->expires_at + DKIM_EXPIRY_DRIFT)
		why = "the signature has expired";
	else if (s->signed_at > now + DKIM_FUTURE_DRIFT)
		why = "the signature is from the future";
	else if (!p->accept_partial_body && partial(s, m))
		why = "l= leaves a part of the body unsigned";
	if (why != NULL)
		dkim_sig_result(s, DKIM_RESULT_POLICY, why);
}

static void
fill_report(struct arena *a, const struct dkim_check *c, size_t total,
    struct dkim_report *r)
{
	r->n = c->n;
	r->ignored = total - c->n;
	r->sig = arena_array(a, c->n, sizeof(*r->sig));
	for (size_t i = 0; i < c->n; i++)
		r->sig[i] = *c->sig[i].out;
}

static void
check(struct dkim_check *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->sig[i].out->result == DKIM_RESULT_NONE)
			dns_start(c->dns, c->sig[i].key_name, DNS_TXT);
	find_misread(c);
	find_stray(c);
	dkim_library_check(c);
	dkim_own_check(c);
}

void
dkim_verify_message(struct arena *a, const struct dns *dns,
    const struct dkim_policy *policy, const struct dkim_message *m,
    const char *const *authors, size_t nauthors, const char *id,
    int64_t deadline, struct dkim_report *report)
{
	struct dkim_check c = { .arena = a, .dns = dns, .message = m,
	    .id = id == NULL ? "" : id, .deadline = deadline };
	size_t total;

	memset(report, 0, sizeof(*report));
	if (field_count(m->fields, m->nfields, field_name) == 0)
		return;
	c.sig = arena_array(a, DKIM_FIELDS_READ_MAX, sizeof(*c.sig));
	c.n = read_fields(a, m, c.sig, &total);
	for (size_t i = 0; i < c.n; i++)
		c.sig[i].rank = rank_of(c.sig[i].out, authors, nauthors);
	c.n = keep_best(c.sig, c.n);
	check(&c);
	for (size_t i = 0; i < c.n; i++)
		apply_policy(a, policy, m, &c.sig[i]);
	fill_report(a, &c, total, report);
}

const char *
dkim_result_word(enum dkim_result r)
{
	static const char *const word[] = {
		[DKIM_RESULT_NONE] = "none",
		[DKIM_RESULT_PASS] = "pass",
		[DKIM_RESULT_FAIL] = "fail",
		[DKIM_RESULT_POLICY] = "policy",
		[DKIM_RESULT_NEUTRAL] = "neutral",
		[DKIM_RESULT_TEMPERROR] = "temperror",
		[DKIM_RESULT_PERMERROR] = "permerror"
	};

	assert((size_t)r < sizeof(word) / sizeof(word[0]));
	return word[r];
}
