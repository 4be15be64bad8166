/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify_batch: sorts events to those who are told of them.
 *
 * Called by notify.c with each event of the journal.  A group is one mail in
 * the making: one for the operator per tenant, and, with notify-recipients,
 * one for each recipient whose message was held or discarded.  What has no
 * room any more is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "notify_internal.h"

/* Bytes of the entries of a mail to the operator, to a recipient; of all. */
#define OPERATOR_TEXT_MAX	(512u * 1024)
#define RECIPIENT_TEXT_MAX	(16u * 1024)
#define BATCH_TEXT_MAX		(8u * 1024 * 1024)
/* Longest address that gets a mail (RFC 5321 section 4.5.3.1.3). */
#define RECIPIENT_BYTES		254
/* The tenant's name under which those past NOTIFY_TENANTS_MAX are told. */
#define OTHERS			"(others)"

/* --- which events, and whom ------------------------------------------- */

static bool
concerns_operator(const json_t *e)
{
	const json_t *notice = json_object_get(e, "notice");

	if (!span_is(digest_member(e, "type"), "virus"))
		return false;
	return !json_is_true(notice) ||
	    !span_is(digest_member(e, "class"), "local");
}

/* Only those of ours: a stranger is not told what was not sent to him. */
static bool
concerns_recipients(const json_t *e)
{
	struct span class = digest_member(e, "class");
	struct span action = digest_member(e, "action");

	return (span_is(class, "inbound") || span_is(class, "relay")) &&
	    (span_is(action, "hold") || span_is(action, "discard"));
}

/*
 * sendmail reads its arguments as a list of addresses in the syntax of a
 * header: only what is one address there, and cannot be routed on, gets one.
 */
static bool
plain_address(struct span s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+=-'~";
	size_t ats = 0;

	if (s.n < 3 || s.n > RECIPIENT_BYTES || s.p[0] == '-' ||
	    s.p[0] == '@' || s.p[s.n - 1] == '@')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		ats += c == '@';
		if (c == '\0' || (c < 0x80 && strchr(plain, c) == NULL))
			return false;
	}
	return ats == 1;
}

/* --- groups ------------------------------------------------------------ */

static struct notify_group *
find(const struct notify_batch *b, const char *key, bool recipient)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].recipient == recipient &&
		    strcmp(b->v[i].key, key) == 0)
			return &b->v[i];
	return NULL;
}

static struct notify_group *
add_group(struct notify_batch *b, const char *key, bool recipient)
{
	struct notify_group *g, *v;

	if (b->v == NULL) {
		v = calloc(NOTIFY_TENANTS_MAX + NOTIFY_RECIPIENTS_MAX,
		    sizeof(*v));
		if (v == NULL)
			log_panic("out of memory");
		b->v = v;
	}
	g = &b->v[b->n++];
	*g = (struct notify_group){ .recipient = recipient };
	if ((g->key = strdup(key)) == NULL)
		log_panic("out of memory");
	buf_init(&g->text, recipient ? RECIPIENT_TEXT_MAX :
	    OPERATOR_TEXT_MAX);
	*(recipient ? &b->recipients : &b->tenants) += 1;
	return g;
}

static struct notify_group *
group_of_tenant(struct notify_batch *b, const char *tenant)
{
	struct notify_group *g = find(b, tenant, false);

	if (g == NULL && b->tenants >= NOTIFY_TENANTS_MAX - 1)
		g = find(b, tenant = OTHERS, false);
	return g != NULL ? g : add_group(b, tenant, false);
}

/* Notes the time, and the text where there is room for it. */
static void
add_entry(struct notify_batch *b, struct notify_group *g, const json_t *event,
    struct span text)
{
	int64_t t = json_integer_value(json_object_get(event, "time"));

	if (g->listed + g->more == 0 || t < g->first)
		g->first = t;
	if (g->listed + g->more == 0 || t > g->last)
		g->last = t;
	if (g->listed >= NOTIFY_EVENTS_MAX || b->bytes + text.n >
	    BATCH_TEXT_MAX || g->text.n + text.n > g->text.max) {
		g->more++;
		return;
	}
	buf_addspan(&g->text, text);
	b->bytes += text.n;
	g->listed++;
}

static void
add_recipients(struct notify_batch *b, struct arena *a, const json_t *event)
{
	const json_t *to = json_object_get(event, "to"), *v;
	struct span text = digest_short(a, event), address;
	struct notify_group *g;
	size_t i;

	json_array_foreach(to, i, v) {
		address = span_make(json_string_value(v),
		    json_string_length(v));
		if (!plain_address(address))
			continue;
		g = find(b, arena_cstr(a, address), true);
		if (g == NULL && b->recipients >= NOTIFY_RECIPIENTS_MAX) {
			b->untold++;
			continue;
		}
		if (g == NULL)
			g = add_group(b, arena_cstr(a, address), true);
		add_entry(b, g, event, text);
	}
}

bool
batch_add(struct notify_batch *b, const struct notify_settings *s,
    const json_t *event)
{
	struct notify_group *g;
	struct arena *a;

	if (!concerns_operator(event))
		return false;
	a = arena_new();
	g = group_of_tenant(b, arena_cstr(a, digest_member(event, "tenant")));
	add_entry(b, g, event, g->listed < NOTIFY_EVENTS_MAX ?
	    digest_entry(a, event, g->listed + 1) : span_make("", 0));
	if (s->recipients && concerns_recipients(event))
		add_recipients(b, a, event);
	arena_free(&a);
	return true;
}

void
batch_clear(struct notify_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].key);
		buf_free(&b->v[i].text);
	}
	free(b->v);
	*b = (struct notify_batch){ 0 };
}
