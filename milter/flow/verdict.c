/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict: the gravest of what stages raised wins.  Called by stages and
 * by stage.c; one message, one thread.
 */
#include "verdict.h"

#include <stddef.h>

void
verdict_raise(struct verdict *v, enum verdict_kind kind, const char *stage,
    const char *reason, const char *code, const char *enhanced,
    const char *text)
{
	if (v->stage != NULL && kind <= v->kind)
		return;
	v->kind = kind;
	v->stage = stage;
	v->reason = reason;
	v->code = code;
	v->enhanced = enhanced;
	v->text = text;
}

const char *
verdict_word(enum verdict_kind kind)
{
	static const char *const word[] = {
		[VERDICT_ACCEPT] = "accept",
		[VERDICT_HOLD] = "hold",
		[VERDICT_DISCARD] = "discard",
		[VERDICT_TEMPFAIL] = "tempfail",
		[VERDICT_REJECT] = "reject"
	};

	return word[kind];
}
