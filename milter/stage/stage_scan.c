/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stages parts and scan: the MIME parts of a message, and what the scanner
 * says of them.
 *
 * Both leave facts only; what comes of finds is the stage strip's affair.  A
 * message that is refused or dropped already is not scanned.
 */
#include "scan_run.h"
#include "table.h"

static bool
lost_already(const struct message *m)
{
	return m->verdict.stage != NULL && m->verdict.kind >= VERDICT_DISCARD;
}

static void
find_parts(struct message *m)
{
	if (m->session->conf->scan && !lost_already(m))
		mime_parse(m->arena, buf_span(&m->raw), &m->facts.parts);
}

static void
scan(struct message *m)
{
	if (!m->session->conf->scan)
		m->facts.scan.result = "off";
	else if (lost_already(m))
		m->facts.scan.result = "skipped";
	else
		scan_run(m, buf_span(&m->raw), &m->facts.parts,
		    &m->facts.scan);
}

#define ALL (CLASS_INBOUND | CLASS_RELAY | CLASS_OUTBOUND | CLASS_LOCAL)

const struct stage stage_parts = {
	.name = "parts",
	.point = AT_END,
	.classes = ALL,
	.gives = FACT_PARTS,
	.run = find_parts
};

const struct stage stage_scan = {
	.name = "scan",
	.point = AT_END,
	.classes = ALL,
	.needs = FACT_PARTS,
	.gives = FACT_SCAN,
	.run = scan
};
