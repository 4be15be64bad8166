/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage size: a message that our edits made larger than Postfix takes.
 *
 * Postfix would refuse the changed message with a sentence about itself, or
 * lose the edit; here the sender gets a clear answer.  What was as large when
 * it came passes: Postfix has taken it.  Mail that may not be refused (local,
 * relay) is dropped and kept in the quarantine, as what cannot be stripped.
 */
#include "table.h"

static uint64_t
fields_size(const struct field *f, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += f[i].name.n + 1 + f[i].value.n + 2;
	return sum;
}

static void
run(struct message *m)
{
	const struct conf *c = m->session->conf;
	uint64_t limit = c->mta_size_limit == 0 ? c->message_size :
	    c->mta_size_limit;
	uint64_t before, after;
	const struct field *f;
	size_t n;

	/* What is dropped already must not become a bounce. */
	if (!edits_have_body(&m->edits) ||
	    m->verdict.kind >= VERDICT_DISCARD)
		return;
	f = edits_render(&m->edits, m->fields, m->nfields, &n);
	after = fields_size(f, n) + edits_body_size(&m->edits, m->body.n);
	before = fields_size(m->fields, m->nfields) + m->body.n;
	if (after <= limit || after <= before)
		return;
	if (!class_may_refuse(m->class)) {
		m->facts.strip.keep_whole = true;
		verdict_raise(&m->verdict, VERDICT_DISCARD, "size",
		    "larger than mta-size-limit after our edits", NULL, NULL,
		    NULL);
	} else {
		verdict_raise(&m->verdict, VERDICT_REJECT, "size",
		    "larger than mta-size-limit after our edits", "552",
		    "5.3.4", "This message is larger than this system takes "
		    "after the changes that it has to make to it");
	}
}

const struct stage stage_size = {
	.name = "size",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY | CLASS_OUTBOUND | CLASS_LOCAL,
	.needs = FACT_STRIP,
	.run = run
};
