/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage sign: DKIM-Signature fields for the domain that stage domain found.
 *
 * The fields are hashed as the edits render them, so what is signed is what
 * is sent.  The private keys are in postern-sign; one question carries the
 * digests for all keys of the domain.
 */
#include "dkim_sign.h"
#include "table.h"

#include <string.h>

#include "clock.h"
#include "bounds.h"

struct work {
	size_t			 n;
	struct dkim_prepared	 prepared[DKIM_KEYS_MAX];
	struct sign_question	 question[DKIM_KEYS_MAX];
	struct sign_reply	 reply[DKIM_KEYS_MAX];
};

static void
done(struct message *m, const char *result, const char *reason)
{
	m->facts.sign.result = result;
	m->facts.sign.reason = reason;
}

/* By the setting: the mail waits, or goes as it is. */
static void
failed(struct message *m, const char *reason)
{
	if (m->session->conf->sign_failure == CHOICE_UNSIGNED ||
	    m->class == CLASS_LOCAL) {
		done(m, m->facts.sign.n > 0 ? "partly" : "unsigned", reason);
		return;
	}
	done(m, "tempfail", reason);
	verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "sign", reason, "451",
	    "4.7.5", "This message cannot be signed now, please try again "
	    "later");
}

/*
 * One of ours that verifies, by the domain that would sign now.  Our own edits
 * of the body have broken it.
 */
static bool
signed_already(const struct message *m)
{
	const struct dkim_report *r = &m->facts.dkim;

	if (edits_have_body(&m->edits))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (r->sig[i].result == DKIM_RESULT_PASS &&
		    strcmp(r->sig[i].domain, m->facts.domain->name) == 0)
			return true;
	return false;
}

static void
hash_body(const struct message *m, enum dkim_canon canon,
    unsigned char digest[DKIM_DIGEST_SIZE])
{
	struct dkim_body_hash *h = dkim_body_hash_new(m->arena, canon);
	struct edits_walk w;
	struct span piece;

	edits_walk_begin(&w, &m->edits, m->body);
	while (edits_walk_next(&w, &piece))
		dkim_body_hash_add(h, piece);
	dkim_body_hash_end(h, digest);
}

static void
template_for(const struct message *m, const struct conf_key *key,
    struct dkim_template *t)
{
	const struct conf *c = m->session->conf;

	t->domain = m->facts.domain->name;
	t->selector = key->selector;
	t->algorithm = key->algorithm;
	t->header_canon = c->sign_relaxed_headers ? DKIM_RELAXED : DKIM_SIMPLE;
	t->body_canon = c->sign_relaxed_body ? DKIM_RELAXED : DKIM_SIMPLE;
	t->signed_at = clock_wall();
	t->expires_at = c->sign_expire_s == 0 ? 0 :
	    t->signed_at + c->sign_expire_s;
}

static int
prepare(struct message *m, struct work *w, const char **why)
{
	const struct conf_domain *d = m->facts.domain;
	const struct conf *c = m->session->conf;
	unsigned char body[DKIM_DIGEST_SIZE];
	const struct field *f;
	size_t n;

	f = edits_render(&m->edits, m->fields, m->nfields, &n);
	hash_body(m, c->sign_relaxed_body ? DKIM_RELAXED : DKIM_SIMPLE, body);
	for (size_t i = 0; i < d->nkeys && i < DKIM_KEYS_MAX; i++) {
		struct dkim_template t;
		struct sign_question *q = &w->question[i];

		template_for(m, &d->keys[i], &t);
		if (dkim_sign_prepare(m->arena, &t, f, n, body,
		    &w->prepared[i], why) < 0)
			return -1;
		q->domain = span_of(t.domain);
		q->selector = span_of(t.selector);
		q->algorithm = t.algorithm == DKIM_RSA_SHA256 ?
		    SIGN_RSA_SHA256 : SIGN_ED25519_SHA256;
		memcpy(q->digest, w->prepared[i].digest, SIGN_DIGEST_SIZE);
		w->n = i + 1;
	}
	return 0;
}

/* Adds what was signed; says what was not. */
static const char *
add_fields(struct message *m, const struct work *w)
{
	const char *problem = NULL;

	for (size_t i = 0; i < w->n; i++) {
		const struct sign_reply *r = &w->reply[i];

		if (r->status != SIGN_OK) {
			problem = arena_printf(m->arena, "key %s: %s",
			    m->facts.domain->keys[i].selector, r->reason);
			continue;
		}
		edits_prepend(&m->edits, "DKIM-Signature", dkim_sign_finish(
		    m->arena, &w->prepared[i],
		    span_make((const char *)r->signature, r->n)));
		m->facts.sign.n++;
	}
	return problem;
}

static void
sign(struct message *m)
{
	const struct session *s = m->session;
	struct work *w = arena_alloc(m->arena, sizeof(*w));
	char *why = arena_alloc(m->arena, SIGN_REASON_MAX);
	const char *problem = NULL;

	if (prepare(m, w, &problem) < 0) {
		done(m, "unsigned", problem);
		return;
	}
	if (sign_client_ask(s->services->signer, w->question, w->n, w->reply,
	    clock_ms() + s->conf->sign_timeout_ms, why) < 0) {
		failed(m, why);
		return;
	}
	problem = add_fields(m, w);
	if (problem != NULL)
		failed(m, problem);
	else
		done(m, "signed", NULL);
}

static void
run(struct message *m)
{
	if (m->facts.domain == NULL)
		done(m, "no", m->facts.domain_reason);
	else if (m->facts.domain->nkeys == 0)
		done(m, "no", "the domain has no key");
	else if (signed_already(m))
		done(m, "already", NULL);
	else
		sign(m);
}

const struct stage stage_sign = {
	.name = "sign",
	.point = AT_END,
	.classes = CLASS_OUTBOUND | CLASS_LOCAL,
	.needs = FACT_DOMAIN | FACT_DKIM | FACT_FORGED | FACT_CONFORM |
	    FACT_STRIP,
	.gives = FACT_SIGNED,
	.run = run
};
