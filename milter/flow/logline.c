/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline: renders what is known of a message as key=value pairs.
 *
 * Called by daemon/conn.c once, after the reply.  Reads facts, writes none.
 * Each value has a limit, so that no sender can fill the line and push out
 * what was found about his message; only the signatures, which come last and
 * of which there may be many, can be cut off.
 */
#include "logline.h"

#include <string.h>

#include "buf.h"
#include "bounds.h"
#include "clean.h"
#include "clock.h"

/* Finds told in a line; the event has more. */
#define LOG_FINDS_MAX 4

/* A domain fits; the line has room for twelve of these. */
#define VALUE_MAX 256

static const char *
cut(const struct message *m, struct span v, size_t n)
{
	return clean_log(m->arena, span_of(arena_printf(m->arena, "%.*s...",
	    (int)n, arena_cstr(m->arena, v))));
}

/* The value cleaned, in at most VALUE_MAX bytes; quoting can double it. */
static const char *
value(const struct message *m, struct span v)
{
	const char *s = clean_log(m->arena, v);

	if (strlen(s) > VALUE_MAX)
		s = cut(m, v, VALUE_MAX - sizeof("...") - 2);
	return strlen(s) > VALUE_MAX ? cut(m, v, VALUE_MAX / 2 - 4) : s;
}

static void
put(struct buf *b, const struct message *m, const char *key, struct span v)
{
	buf_addf(b, "%s%s=%s", b->n == 0 ? "" : " ", key, value(m, v));
}

static void
put_text(struct buf *b, const struct message *m, const char *key, const char *v)
{
	put(b, m, key, span_of(v));
}

static void
put_number(struct buf *b, const char *key, unsigned long long v)
{
	buf_addf(b, " %s=%llu", key, v);
}

static void
put_ids(struct buf *b, const struct message *m)
{
	char ip[IPADDR_STRLEN];

	put_text(b, m, "qid", m->queue_id);
	put_text(b, m, "class", class_word(m->class));
	put_text(b, m, "client", ipaddr_str(&m->session->client, ip));
}

static void
put_envelope(struct buf *b, const struct message *m,
    const struct recipient *rcpt)
{
	const struct session *s = m->session;

	put_text(b, m, "name", s->client_name);
	put_text(b, m, "helo", s->helo);
	if (m->login[0] != '\0')
		put_text(b, m, "login", m->login);
	buf_addf(b, " from=%s", m->sender.n == 0 ? "<>" :
	    value(m, m->sender));
	put(b, m, "rcpt", rcpt->address);
	put_number(b, "nrcpt", m->nrcpt_seen);
	put_number(b, "size", m->size_seen);
}

static void
put_msgid(struct buf *b, const struct message *m)
{
	const struct field *f = field_find(m->fields, m->nfields,
	    "Message-ID", 0);

	if (m->fault == FAULT_NONE && f != NULL)
		put(b, m, "msgid", field_unfold(m->arena, f->value));
}

static void
put_spf(struct buf *b, const struct message *m)
{
	const struct spf_verdict *from = &m->facts.spf_mailfrom;
	const struct spf_verdict *helo = &m->facts.spf_helo;

	if (from->result != SPF_NOT_CHECKED) {
		put_text(b, m, "spf", spf_result_word(from->result));
		put_text(b, m, "spf-domain", from->domain);
		put_text(b, m, "spf-why", from->reason);
	}
	if (helo->result != SPF_NOT_CHECKED)
		put_text(b, m, "spf-helo", spf_result_word(helo->result));
}

static void
put_dkim(struct buf *b, const struct message *m)
{
	const struct dkim_report *r = &m->facts.dkim;

	for (size_t i = 0; i < r->n; i++) {
		const struct dkim_signature *s = &r->sig[i];

		put_text(b, m, "dkim", arena_printf(m->arena, "%s:%s/%s%s%s",
		    dkim_result_word(s->result), s->domain, s->selector,
		    s->reason[0] == '\0' ? "" : ":", s->reason));
	}
	if (r->ignored > 0)
		put_number(b, "dkim-ignored", r->ignored);
}

static void
put_dmarc(struct buf *b, const struct message *m)
{
	const struct dmarc_verdict *d = &m->facts.dmarc;

	if (m->facts.dmarc_action == NULL)
		return;
	put_text(b, m, "dmarc", dmarc_result_word(d->result));
	put_text(b, m, "dmarc-from", d->domain);
	put_text(b, m, "dmarc-policy", dmarc_request_word(d->policy));
	put_text(b, m, "dmarc-action", m->facts.dmarc_action);
	if (m->facts.dmarc_override != NULL)
		put_text(b, m, "dmarc-override", m->facts.dmarc_override);
	put_text(b, m, "dmarc-why", d->reason);
	if (d->disagreement[0] != '\0')
		put_text(b, m, "dmarc-disagreement", d->disagreement);
}

static void
put_sign(struct buf *b, const struct message *m)
{
	const struct fact_sign *s = &m->facts.sign;

	if (s->result == NULL)
		return;
	put_text(b, m, "sign", s->result);
	if (m->facts.domain != NULL)
		put_text(b, m, "sign-domain", m->facts.domain->name);
	if (s->reason != NULL)
		put_text(b, m, "sign-why", s->reason);
}

/* "virus:Eicar-Test-Signature:strip:invoice.zip" */
static void
put_find(struct buf *b, const struct message *m, const struct find *f)
{
	const char *file = find_file(&m->facts, f);

	put_text(b, m, "find", arena_printf(m->arena, "%s:%s:%s%s%s",
	    find_kind_word(f->kind), f->name, f->action == NULL ? "-" :
	    f->action, file[0] == '\0' ? "" : ":", file));
}

static void
put_scan(struct buf *b, const struct message *m)
{
	const struct fact_scan *s = &m->facts.scan;
	const struct fact_strip *strip = &m->facts.strip;

	if (s->result == NULL || strcmp(s->result, "off") == 0)
		return;
	put_text(b, m, "scan", s->result);
	if (s->reason != NULL)
		put_text(b, m, "scan-why", s->reason);
	put_number(b, "scanned", s->items);
	put_number(b, "scan-cached", s->cached);
	if (strip->action != NULL && strcmp(strip->action, "none") != 0)
		put_text(b, m, "scan-action", strip->action);
	if (strip->stripped > 0)
		put_number(b, "stripped", strip->stripped);
	if (strip->signature_broken)
		put_text(b, m, "author-signature", "broken");
	if (strip->ref[0] != '\0')
		put_text(b, m, "ref", strip->ref);
	if (m->facts.event != NULL)
		put_text(b, m, "event", m->facts.event);
	if (m->facts.record_problem != NULL)
		put_text(b, m, "record-problem", m->facts.record_problem);
	for (size_t i = 0; i < s->n && i < LOG_FINDS_MAX; i++)
		put_find(b, m, &s->find[i]);
	if (s->n > LOG_FINDS_MAX)
		put_number(b, "more-finds", s->n - LOG_FINDS_MAX);
}

static void
put_verdict(struct buf *b, const struct message *m)
{
	const struct verdict *v = &m->verdict;

	if (m->facts.forged > 0)
		put_number(b, "forged-authres", m->facts.forged);
	put_number(b, "edits", m->edits.n);
	put_text(b, m, "verdict", verdict_word(v->kind));
	if (v->stage != NULL) {
		put_text(b, m, "stage", v->stage);
		put_text(b, m, "why", v->reason);
	}
	if (v->stage != NULL && v->kind >= VERDICT_TEMPFAIL)
		buf_addf(b, " reply=%s/%s", v->code, v->enhanced);
	put_number(b, "ms", (unsigned long long)(clock_ms() - m->started));
}

static const char *
render(const struct message *m, const struct recipient *rcpt)
{
	struct buf b;
	const char *line;

	buf_init(&b, LOG_LINE_MAX - 64);
	put_ids(&b, m);
	/* The verdict stands early: a line that is cut must still have it. */
	put_verdict(&b, m);
	put_scan(&b, m);
	put_envelope(&b, m, rcpt);
	put_sign(&b, m);
	put_spf(&b, m);
	put_dmarc(&b, m);
	put_msgid(&b, m);
	put_dkim(&b, m);
	line = arena_strndup(m->arena, b.p == NULL ? "" : b.p, b.n);
	buf_free(&b);
	return line;
}

const char *
logline(const struct message *m)
{
	return render(m, m->nrcpt > 0 ? &m->rcpt[0] : &m->rcpt_last);
}

const char *
logline_rcpt(const struct message *m)
{
	return render(m, message_rcpt_last(m));
}
