/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: renders edits and verdict for libmilter.
 *
 * Order (see doc/libmilter.md): changes and drops of fields from the last
 * to the first, so that indices stay true; fields at the end; fields on top
 * in the order in which they were made, each above Postfix's own Received.
 * Folds are LF alone: Postfix would keep a CR.  The body comes last.  Called
 * by conn.c in the session's thread.
 */
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bounds.h"

/* RFC 5321 section 4.5.3.1.5: 512 with the code and CRLF. */
#define REPLY_LINE_MAX	440
#define REPLY_LINES_MAX	3

/* The value as libmilter wants it. */
static char *
milter_value(struct message *m, struct span value, bool leadspc)
{
	char *out = arena_alloc(m->arena, value.n + 1);
	size_t n = 0, i = 0;

	if (!leadspc && value.n > 0 && value.p[0] == ' ')
		i = 1;
	for (; i < value.n; i++)
		if (value.p[i] != '\r' || i + 1 == value.n ||
		    value.p[i + 1] != '\n')
			out[n++] = value.p[i];
	return out;
}

/* By name, then in the order of the message. */
static int
compare_fields(const void *a, const void *b)
{
	const struct field *f = *(const struct field *const *)a;
	const struct field *g = *(const struct field *const *)b;
	int by_name;

	if (f->name.n != g->name.n)
		return f->name.n < g->name.n ? -1 : 1;
	by_name = strncasecmp(f->name.p, g->name.p, f->name.n);
	if (by_name != 0)
		return by_name;
	return f < g ? -1 : 1;
}

/*
 * For each field, which of those of its name it is, from 1.  Sorted, not
 * counted for each edit: there may be thousands of one name.
 */
static const int *
number_fields(struct message *m)
{
	const struct field **by = arena_array(m->arena, m->nfields,
	    sizeof(*by));
	int *nth = arena_array(m->arena, m->nfields, sizeof(*nth));

	for (size_t i = 0; i < m->nfields; i++)
		by[i] = &m->fields[i];
	qsort(by, m->nfields, sizeof(*by), compare_fields);
	for (size_t i = 0; i < m->nfields; i++)
		nth[by[i] - m->fields] = i > 0 &&
		    span_caseeq(by[i]->name, by[i - 1]->name) ?
		    nth[by[i - 1] - m->fields] + 1 : 1;
	return nth;
}

static int
change(SMFICTX *ctx, struct message *m, size_t i, int nth,
    const struct edit *e, bool leadspc)
{
	char *name = arena_cstr(m->arena, m->fields[i].name);
	char *value = e->kind == EDIT_DROP ? NULL :
	    milter_value(m, e->field.value, leadspc);

	return smfi_chgheader(ctx, name, nth, value);
}

static int
change_fields(SMFICTX *ctx, struct message *m, bool leadspc)
{
	const struct edit **by = edits_by_field(&m->edits, m->nfields);
	const int *nth = NULL;

	for (size_t i = m->nfields; i-- > 0; ) {
		if (by[i] == NULL)
			continue;
		if (nth == NULL)
			nth = number_fields(m);
		if (change(ctx, m, i, nth[i], by[i], leadspc) != MI_SUCCESS)
			return MI_FAILURE;
	}
	return MI_SUCCESS;
}

static int
add_fields(SMFICTX *ctx, struct message *m, enum edit_kind kind, bool leadspc)
{
	for (const struct edit *e = m->edits.first; e != NULL; e = e->next) {
		char *name, *value;
		int r;

		if (e->kind != kind)
			continue;
		name = arena_cstr(m->arena, e->field.name);
		value = milter_value(m, e->field.value, leadspc);
		r = kind == EDIT_PREPEND ?
		    smfi_insheader(ctx, 0, name, value) :
		    smfi_addheader(ctx, name, value);
		if (r != MI_SUCCESS)
			return MI_FAILURE;
	}
	return MI_SUCCESS;
}

/* Pieces are joined to packets of this size; each costs a write. */
#define BODY_PACKET	65535

struct packet {
	SMFICTX		*ctx;
	size_t		 n;
	unsigned char	 bytes[BODY_PACKET];
};

static int
flush(struct packet *p)
{
	int r = p->n == 0 ? MI_SUCCESS :
	    smfi_replacebody(p->ctx, p->bytes, (int)p->n);

	p->n = 0;
	return r;
}

static int
add_piece(struct packet *p, struct span piece)
{
	while (piece.n > 0) {
		size_t take = BODY_PACKET - p->n;

		if (take > piece.n)
			take = piece.n;
		memcpy(p->bytes + p->n, piece.p, take);
		p->n += take;
		piece = span_from(piece, take);
		if (p->n == BODY_PACKET && flush(p) != MI_SUCCESS)
			return MI_FAILURE;
	}
	return MI_SUCCESS;
}

/*
 * The whole body anew, in one run: Postfix takes no other request between its
 * packets.  One without any byte still needs a packet.
 */
static int
replace_body(SMFICTX *ctx, struct message *m)
{
	struct packet *p;
	struct edits_walk w;
	struct span piece;

	if (!edits_have_body(&m->edits))
		return MI_SUCCESS;
	if (edits_body_size(&m->edits, m->body.n) == 0)
		return smfi_replacebody(ctx, NULL, 0);
	p = arena_alloc(m->arena, sizeof(*p));
	p->ctx = ctx;
	edits_walk_begin(&w, &m->edits, m->body);
	while (edits_walk_next(&w, &piece))
		if (add_piece(p, piece) != MI_SUCCESS)
			return MI_FAILURE;
	return flush(p);
}

static int
send_edits(SMFICTX *ctx, struct message *m, bool leadspc)
{
	if (edits_none(&m->edits))
		return MI_SUCCESS;
	if (change_fields(ctx, m, leadspc) != MI_SUCCESS ||
	    add_fields(ctx, m, EDIT_APPEND, leadspc) != MI_SUCCESS)
		return MI_FAILURE;
	if (add_fields(ctx, m, EDIT_PREPEND, leadspc) != MI_SUCCESS)
		return MI_FAILURE;
	return replace_body(ctx, m);
}

/*
 * The text as up to REPLY_LINES_MAX lines, percent signs doubled (Postfix
 * takes a reply for a format).  Breaks at blanks; what is left over is cut.
 */
static int
reply_lines(const char *text, char line[][2 * REPLY_LINE_MAX + 1])
{
	int n = 0;

	while (*text != '\0' && n < REPLY_LINES_MAX) {
		size_t take = strlen(text), out = 0;

		if (take > REPLY_LINE_MAX) {
			take = REPLY_LINE_MAX;
			while (take > REPLY_LINE_MAX / 2 && text[take] != ' ')
				take--;
		}
		for (size_t i = 0; i < take; i++) {
			if (text[i] == '%')
				line[n][out++] = '%';
			line[n][out++] = text[i];
		}
		line[n++][out] = '\0';
		text += take;
		while (*text == ' ')
			text++;
	}
	return n;
}

static void
set_reply(SMFICTX *ctx, const struct verdict *v)
{
	char line[REPLY_LINES_MAX][2 * REPLY_LINE_MAX + 1];
	char code[4], enhanced[12];
	int n = reply_lines(v->text, line);

	snprintf(code, sizeof(code), "%s", v->code);
	snprintf(enhanced, sizeof(enhanced), "%s", v->enhanced);
	if (n <= 1)
		smfi_setreply(ctx, code, enhanced, line[0]);
	else if (n == 2)
		smfi_setmlreply(ctx, code, enhanced, line[0], line[1], NULL);
	else
		smfi_setmlreply(ctx, code, enhanced, line[0], line[1], line[2],
		    NULL);
}

sfsistat
reply_verdict(SMFICTX *ctx, const struct verdict *v)
{
	switch (v->kind) {
	case VERDICT_REJECT:
		set_reply(ctx, v);
		return SMFIS_REJECT;
	case VERDICT_TEMPFAIL:
		set_reply(ctx, v);
		return SMFIS_TEMPFAIL;
	case VERDICT_DISCARD:
		return SMFIS_DISCARD;
	case VERDICT_HOLD:
	case VERDICT_ACCEPT:
		break;
	}
	return SMFIS_CONTINUE;
}

static int
hold(SMFICTX *ctx, struct message *m)
{
	char *reason = arena_printf(m->arena, "postern: %s",
	    m->verdict.reason);

	return smfi_quarantine(ctx, reason);
}

sfsistat
reply_message(SMFICTX *ctx, struct message *m, bool leadspc)
{
	int r = MI_SUCCESS;

	if (m->verdict.kind <= VERDICT_HOLD)
		r = send_edits(ctx, m, leadspc);
	if (r == MI_SUCCESS && m->verdict.kind == VERDICT_HOLD)
		r = hold(ctx, m);
	if (r != MI_SUCCESS)
		verdict_raise(&m->verdict, VERDICT_TEMPFAIL, "reply",
		    "the MTA did not take an edit", "451", "4.3.0",
		    "This message cannot be processed now");
	return reply_verdict(ctx, &m->verdict);
}
