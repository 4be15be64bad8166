/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: every stage in the order in which messages meet them.
 *
 * stages_prove() checks at start that the order makes sense for each class.
 */
#include "table.h"

const struct stage *const stage_table[] = {
	/* point	inbound	relay	outbound	local */
	&stage_spf_start,	/* MAIL	x	x */
	&stage_route,		/* RCPT	x	x */
	&stage_authors,		/* end	x	x	x	x */
	&stage_spf,		/* end	x	x */
	&stage_dkim,		/* end	x	x */
	&stage_dmarc,		/* end	x	x */
	&stage_domain,		/* end			x	x */
	&stage_dkim_own,	/* end			x	x */
	&stage_forged,		/* end	x	x	x	x */
	&stage_authres,		/* end	x	x */
	&stage_parts,		/* end	x	x	x	x */
	&stage_scan,		/* end	x	x	x	x */
	&stage_strip,		/* end	x	x	x	x */
	&stage_conform,		/* end			x	x */
	&stage_size,		/* end	x	x	x	x */
	&stage_sign,		/* end			x	x */
	&stage_record,		/* end	x	x	x	x */
	NULL
};
