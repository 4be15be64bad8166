/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer_yenc: yEnc, from its "=ybegin" line to its "=yend" (yEnc 1.3).
 *
 * Called by transfer.c; the state is the caller's.  Each byte is sent with 42
 * added; "=" goes before one with 64 added on top.  Line ends mean nothing
 * but that "=y" behind them begins a line of control.  Of those the start is
 * held.  Sizes and sums in them are not looked at.  Dots doubled for SMTP or
 * NNTP are single again already.
 */
#include "transfer_internal.h"

#define SHIFT		42
#define ESCAPE_SHIFT	64

enum {
	BEFORE,			/* a line is held */
	START,			/* at the start of a line of data */
	START_EQUALS,		/* behind a "=" there */
	BODY,
	ESCAPE,			/* behind a "=" elsewhere */
	CONTROL,		/* a line is held, it begins with "=y" */
	AFTER			/* a line is held */
};

static unsigned char *
body(struct transfer *t, unsigned char c, unsigned char *o)
{
	if (c == '\n') {
		t->state = START;
		return o;
	}
	if (c == '=') {
		t->state = t->state == START ? START_EQUALS : ESCAPE;
		return o;
	}
	t->state = BODY;
	if (c != '\r')
		*o++ = (unsigned char)(c - SHIFT);
	return o;
}

static unsigned char *
escape(struct transfer *t, unsigned char c, unsigned char *o)
{
	if (c == '\r' || c == '\n') {
		t->foreign++;
		t->state = BODY;
		return body(t, c, o);
	}
	if (t->state == START_EQUALS && c == 'y') {
		t->state = CONTROL;
		transfer_keep(t, (struct span)SPAN_LIT("=y"));
		return o;
	}
	t->state = BODY;
	*o++ = (unsigned char)(c - ESCAPE_SHIFT - SHIFT);
	return o;
}

/* The line that is held, now that it is whole. */
static void
whole_line(struct transfer *t)
{
	struct span line = transfer_line(t);
	bool foreign = false;

	if (t->state == CONTROL && span_starts(line, "=yend")) {
		t->ended = true;
		t->state = AFTER;
	} else if (t->state == CONTROL) {
		foreign = !span_starts(line, "=ypart");
		t->state = START;
	} else if (t->state == BEFORE && span_starts(line, "=ybegin ")) {
		t->begun = true;
		t->state = START;
	} else {
		foreign = true;
	}
	transfer_drop_line(t, foreign);
}

static unsigned char *
one(struct transfer *t, unsigned char c, unsigned char *o)
{
	const char held = (char)c;

	switch (t->state) {
	case START:
	case BODY:
		return body(t, c, o);
	case START_EQUALS:
	case ESCAPE:
		return escape(t, c, o);
	}
	if (c == '\n')
		whole_line(t);
	else
		transfer_keep(t, span_make(&held, 1));
	return o;
}

size_t
transfer_yenc(struct transfer *t, struct span in, unsigned char *out)
{
	const unsigned char *p = (const unsigned char *)in.p, *end = p + in.n;
	unsigned char *o = out;

	while (p < end) {
		if (t->state == BODY)
			while (p < end && *p != '=' && *p != '\r' &&
			    *p != '\n')
				*o++ = (unsigned char)(*p++ - SHIFT);
		if (p < end)
			o = one(t, *p++, o);
	}
	return (size_t)(o - out);
}

size_t
transfer_yenc_end(struct transfer *t, unsigned char *out)
{
	(void)out;
	if (t->line > 0)
		whole_line(t);
	t->cut = t->begun && !t->ended;
	return 0;
}
