/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage: the proof of the table's order, and its only caller.
 *
 * The proof runs once at start, before threads.  stages_run() is called by
 * daemon/conn.c with the one thread that is in the session.
 */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"

/* Points and classes in the order in which a message meets them. */
static const enum point points[] = { AT_MAIL, AT_RCPT, AT_END };
static const enum mail_class classes[] = {
	CLASS_INBOUND, CLASS_OUTBOUND, CLASS_LOCAL, CLASS_RELAY
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char *
sentence(const struct stage *s, enum mail_class class, const char *what,
    unsigned facts)
{
	char *out = malloc(200);

	if (out != NULL)
		snprintf(out, 200, "stage %s, class %s: %s (facts %#x)",
		    s->name, class_word(class), what, facts);
	return out;
}

static int
prove_class(const struct stage *const *table, enum mail_class class,
    char **error_r)
{
	unsigned have = 0;

	for (size_t p = 0; p < COUNT(points); p++) {
		for (size_t i = 0; table[i] != NULL; i++) {
			const struct stage *s = table[i];

			if (s->point != points[p] || !(s->classes & class))
				continue;
			if (s->needs & ~have) {
				*error_r = sentence(s, class,
				    "needs what none before it gives",
				    s->needs & ~have);
				return -1;
			}
			if (s->gives & have) {
				*error_r = sentence(s, class,
				    "gives what another gave",
				    s->gives & have);
				return -1;
			}
			have |= s->gives;
		}
	}
	return 0;
}

int
stages_prove(const struct stage *const *table, char **error_r)
{
	*error_r = NULL;
	for (size_t c = 0; c < COUNT(classes); c++)
		if (prove_class(table, classes[c], error_r) < 0)
			return -1;
	return 0;
}

/* A message that could not be kept whole is answered, never looked at. */
static void
raise_fault(struct message *m)
{
	switch (m->fault) {
	case FAULT_NONE:
		break;
	case FAULT_TOO_BIG:
		verdict_raise(&m->verdict, VERDICT_REJECT, "size",
		    "larger than message-size", "552", "5.3.4",
		    "This message is larger than this system takes");
		break;
	case FAULT_HEADERS:
		verdict_raise(&m->verdict, VERDICT_REJECT, "size",
		    "header too large or too many fields", "552", "5.3.4",
		    "The header of this message is larger than this system "
		    "takes");
		break;
	case FAULT_MEMORY:
		verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "size",
		    "memory for messages used up", "451", "4.3.1",
		    "Too many messages at once, please try again later");
		break;
	}
}

/*
 * A refusal of local mail (DSNs, cron) would loop in Postfix's queue, so it
 * passes; the reason stays for the log.
 */
static void
spare_local(struct message *m)
{
	if (m->class == CLASS_LOCAL && m->verdict.kind >= VERDICT_TEMPFAIL)
		m->verdict.kind = VERDICT_ACCEPT;
}

/*
 * Nor is a relay refused: it would have to send the bounce, to somebody who
 * may not have written.  What could not be checked says so on top, above
 * results that may be forged (RFC 8601 section 2.2: "none").
 */
static void
spare_relay(struct message *m)
{
	if (m->class != CLASS_RELAY || m->verdict.kind != VERDICT_REJECT)
		return;
	m->verdict.kind = VERDICT_ACCEPT;
	edits_prepend(&m->edits, "Authentication-Results", span_of(
	    arena_printf(m->arena, " %s (not checked: %s); none",
	    m->session->conf->authserv_id, m->verdict.reason)));
}

/*
 * What passes although it could not be kept whole was not scanned either: it
 * is marked, and its event written.
 */
static void
tell_unscanned(const struct stage *const *table, struct message *m)
{
	struct facts *f = &m->facts;

	if (!m->session->conf->scan || m->verdict.kind != VERDICT_ACCEPT)
		return;
	f->scan.result = "failed";
	f->scan.reason = f->strip.unchecked = m->verdict.reason;
	f->strip.action = "none";
	edits_prepend(&m->edits, "X-Postern-Scan", span_of(arena_printf(
	    m->arena, " failed; name=\"%s\"; action=none",
	    m->verdict.reason)));
	for (size_t i = 0; table[i] != NULL; i++)
		if (table[i]->gives & FACT_RECORD)
			table[i]->run(m);
}

/* The setting debug; nothing of the message's text goes in here. */
static void
trace(const struct stage *s, const struct message *m)
{
	char ip[IPADDR_STRLEN];

	if (!m->session->conf->debug)
		return;
	log_debug("stage %s: queue id %s, client %s, class %s, so far %s, "
	    "%lld ms", s->name, m->queue_id[0] == '\0' ? "-" : m->queue_id,
	    ipaddr_str(&m->session->client, ip), class_word(m->class),
	    verdict_word(m->verdict.kind),
	    (long long)(clock_ms() - m->started));
}

void
stages_run(const struct stage *const *table, enum point point,
    struct message *m)
{
	if (point == AT_END && m->fault != FAULT_NONE) {
		raise_fault(m);
		spare_local(m);
		spare_relay(m);
		tell_unscanned(table, m);
		return;
	}
	for (size_t i = 0; table[i] != NULL; i++) {
		const struct stage *s = table[i];

		if (s->point != point || !(s->classes & m->class))
			continue;
		s->run(m);
		trace(s, m);
	}
	if (m->edits.failed)
		verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "edits",
		    "too many edits", "451", "4.3.0",
		    "This message cannot be processed now");
	spare_local(m);
}
