/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage conform: what Postfix would change after us is put right before
 * signing.
 *
 * Postfix's SMTP client breaks lines over 998 bytes (RFC 5322 section 2.1.1),
 * which would break the signature: header fields are folded here.
 */
#include "table.h"

static void
run(struct message *m)
{
	for (size_t i = 0; i < m->nfields; i++) {
		const struct field *f = &m->fields[i];
		struct span folded;

		/* Only a long field can have a long line. */
		if (f->name.n + 1 + f->value.n > LINE_MAX_RFC5322 &&
		    field_fold(m->arena, f->name, f->value, &folded))
			edits_change(&m->edits, i, folded);
	}
}

const struct stage stage_conform = {
	.name = "conform",
	.point = AT_END,
	.classes = CLASS_OUTBOUND | CLASS_LOCAL,
	.gives = FACT_CONFORM,
	.run = run
};
