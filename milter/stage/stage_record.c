/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage record: the last one.  What was taken out goes to the quarantine, and
 * the event to the journal, before the message is answered.
 *
 * A message that is put off is not recorded: it comes again.  One that is
 * refused leaves its event; its sender still has the message.  The forms are
 * in doc/events.md and doc/quarantine.md.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "codec.h"
#include "domain.h"

static json_t *
text(const struct message *m, struct span s)
{
	return json_string(clean_reply(m->arena, s, true));
}

static json_t *
text_of(const struct message *m, const char *s)
{
	return text(m, span_of(s == NULL ? "" : s));
}

static struct span
field(const struct message *m, const char *name)
{
	const struct field *f = field_find(m->fields, m->nfields, name, 0);

	return f == NULL ? span_make("", 0) : field_unfold(m->arena, f->value);
}

static json_t *
recipients(const struct message *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->nrcpt && i < EVENT_RECIPIENTS_MAX; i++)
		json_array_append_new(list, text(m, m->rcpt[i].address));
	return list;
}

/* Until tenants have a registry: the section of the domain. */
static const char *
tenant(const struct message *m)
{
	const struct conf_domain *d = m->facts.domain;
	char name[DOMAIN_SIZE];

	if (d == NULL && m->nrcpt > 0 && m->class != CLASS_OUTBOUND &&
	    domain_normalise(m->rcpt[0].mailbox.domain, name) == 0)
		d = conf_domain_find(m->session->conf, name);
	return d == NULL ? "" : d->name;
}

static json_t *
digest(const unsigned char *sha256)
{
	char out[HEX_SIZE(SCAN_SHA256_SIZE)] = "";

	if (sha256 != NULL)
		hex_encode(out, sha256, SCAN_SHA256_SIZE);
	return json_string(out);
}

/* What event and quarantine say alike of a message. */
static json_t *
describe(const struct message *m)
{
	json_t *j = json_object();
	char ip[IPADDR_STRLEN];

	json_object_set_new(j, "class", json_string(class_word(m->class)));
	json_object_set_new(j, "qid", text_of(m, m->queue_id));
	json_object_set_new(j, "from", text(m, m->sender));
	json_object_set_new(j, "to", recipients(m));
	json_object_set_new(j, "nrcpt", json_integer((json_int_t)
	    m->nrcpt_seen));
	json_object_set_new(j, "subject", text(m, field(m, "Subject")));
	json_object_set_new(j, "msgid", text(m, field(m, "Message-ID")));
	json_object_set_new(j, "client", json_string(ipaddr_str(
	    &m->session->client, ip)));
	return j;
}

static json_t *
describe_find(const struct message *m, const struct find *f)
{
	json_t *j = json_object();

	json_object_set_new(j, "kind", json_string(find_kind_word(f->kind)));
	json_object_set_new(j, "name", text_of(m, f->name));
	json_object_set_new(j, "file", text_of(m, find_file(&m->facts, f)));
	json_object_set_new(j, "type", text_of(m, f->part == MIME_NONE ? "" :
	    m->facts.parts.part[f->part].type));
	json_object_set_new(j, "sha256", digest(f->sha256));
	json_object_set_new(j, "size", json_integer((json_int_t)f->size));
	json_object_set_new(j, "action", json_string(f->action));
	return j;
}

static void
complain(struct message *m, const char *what, char *error)
{
	const char *why = arena_printf(m->arena, "%s: %s", what,
	    error == NULL ? "unknown error" : error);

	free(error);
	m->facts.record_problem = why;
	if (m->class == CLASS_LOCAL)
		return;
	verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "record", why, "451",
	    "4.3.0", "This message cannot be processed now, please try again "
	    "later");
}

static int
put(struct message *m, unsigned number, struct span piece, json_t *j)
{
	char *error = NULL;
	int r = quarantine_put(m->session->services->quarantine,
	    m->facts.strip.ref, number, &piece, 1, j, &error);

	json_decref(j);
	if (r == 0)
		return 0;
	if (m->session->conf->quarantine_failure == CHOICE_TEMPFAIL) {
		complain(m, "quarantine", error);
		return -1;
	}
	m->facts.record_problem = arena_printf(m->arena, "quarantine: %s",
	    error == NULL ? "unknown error" : error);
	free(error);
	return 0;
}

static json_t *
describe_kept(const struct message *m, const struct find *f)
{
	json_t *j = describe(m);

	json_object_set_new(j, "tenant", json_string(tenant(m)));
	json_object_set_new(j, "action", json_string(m->facts.strip.action));
	if (f != NULL) {
		json_t *more = describe_find(m, f);

		json_object_del(more, "size");
		json_object_update(j, more);
		json_decref(more);
	}
	return j;
}

static int
keep_part(struct message *m, unsigned number, const struct find *f)
{
	const struct mime_part *p = &m->facts.parts.part[f->replaced];
	json_t *j = describe_kept(m, f);

	json_object_set_new(j, "encoding", json_string(
	    transfer_word(p->encoding)));
	json_object_set_new(j, "offset", json_integer((json_int_t)
	    (p->body - p->head)));
	return put(m, number, span_make(m->raw.p + p->head, p->end - p->head),
	    j);
}

static int
keep_whole(struct message *m)
{
	const struct fact_scan *s = &m->facts.scan;
	json_t *j = describe_kept(m, s->n > 0 ? &s->find[0] : NULL);

	json_object_set_new(j, "kind", json_string("whole"));
	json_object_set_new(j, "encoding", json_string("identity"));
	json_object_set_new(j, "offset", json_integer(0));
	return put(m, 0, buf_span(&m->raw), j);
}

static int
keep(struct message *m)
{
	const struct fact_scan *s = &m->facts.scan;
	const struct fact_strip *strip = &m->facts.strip;
	unsigned number = 0;

	if (m->session->services->quarantine == NULL ||
	    strip->ref[0] == '\0')
		return 0;
	if (strip->keep_whole || (strip->stripped > 0 &&
	    m->session->conf->quarantine_whole))
		if (keep_whole(m) < 0)
			return -1;
	if (strip->stripped == 0)
		return 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->find[i].replaced != MIME_NONE &&
		    keep_part(m, ++number, &s->find[i]) < 0)
			return -1;
	return 0;
}

static void
write_event(struct message *m)
{
	const struct fact_scan *s = &m->facts.scan;
	char *id = arena_alloc(m->arena, EVENT_ID_SIZE);
	json_t *j = describe(m), *finds = json_array();
	char *error = NULL;

	/* Another stage may have refused what strip would let go. */
	json_object_set_new(j, "action", json_string(m->verdict.kind ==
	    VERDICT_REJECT ? "reject" : m->facts.strip.action));
	json_object_set_new(j, "reference", json_string(m->facts.strip.ref));
	json_object_set_new(j, "notice", json_boolean(
	    m->class == CLASS_LOCAL && field_find(m->fields, m->nfields,
	    "X-Postern-Notice", 0) != NULL));
	for (size_t i = 0; i < s->n && i < EVENT_FINDS_MAX; i++)
		json_array_append_new(finds, describe_find(m, &s->find[i]));
	json_object_set_new(j, "finds", finds);
	if (m->facts.strip.unchecked != NULL)
		json_object_set_new(j, "unchecked",
		    text_of(m, m->facts.strip.unchecked));
	event_id(id);
	if (journal_write(m->session->services->journal, id, "virus",
	    tenant(m), j, &error) < 0)
		complain(m, "journal", error);
	else
		m->facts.event = id;
	json_decref(j);
}

/*
 * Local mail that should be dropped but could not be kept is not lost: Postfix
 * holds it as it came, and the operator decides.
 */
static void
hold_instead(struct message *m)
{
	if (m->verdict.kind != VERDICT_DISCARD)
		return;
	m->verdict.kind = VERDICT_HOLD;
	m->verdict.stage = "record";
	m->verdict.reason = m->facts.record_problem;
}

/* The message will come again, with another reference. */
static void
unkeep(struct message *m)
{
	const struct session *s = m->session;
	char *error = NULL;

	if (s->services->quarantine == NULL)
		return;
	for (size_t i = 0; i <= m->facts.strip.stripped; i++) {
		quarantine_delete(s->conf->quarantine, arena_printf(m->arena,
		    "%s-%zu", m->facts.strip.ref, i), &error);
		free(error);
		error = NULL;
	}
}

static void
run(struct message *m)
{
	const struct fact_strip *s = &m->facts.strip;

	/* Marks alone are no event; a reference tells what is. */
	if (m->verdict.kind == VERDICT_TEMPFAIL ||
	    (s->ref[0] == '\0' && s->unchecked == NULL))
		return;
	/* What passes all the same (local) still has its event. */
	if (m->verdict.kind != VERDICT_REJECT && keep(m) < 0) {
		if (m->verdict.kind == VERDICT_TEMPFAIL) {
			unkeep(m);	/* its first parts */
			return;
		}
		hold_instead(m);
	}
	if (m->session->services->journal != NULL)
		write_event(m);
	if (m->verdict.kind == VERDICT_TEMPFAIL)
		unkeep(m);
}

const struct stage stage_record = {
	.name = "record",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY | CLASS_OUTBOUND | CLASS_LOCAL,
	.needs = FACT_SCAN | FACT_STRIP,
	.gives = FACT_RECORD,
	.run = run
};
