/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage authors: the domains in From, for DMARC and for signing.
 */
#include "dmarc.h"
#include "table.h"

static void
run(struct message *m)
{
	dmarc_authors(m->arena, m->fields, m->nfields, &m->facts.authors);
	if (m->class == CLASS_INBOUND || m->class == CLASS_RELAY)
		dmarc_start(m->session->services->dns, &m->facts.authors);
}

const struct stage stage_authors = {
	.name = "authors",
	.point = AT_END,
	.classes = CLASS_INBOUND | CLASS_RELAY | CLASS_OUTBOUND | CLASS_LOCAL,
	.gives = FACT_AUTHORS,
	.run = run
};
