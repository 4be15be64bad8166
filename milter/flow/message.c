/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: building one message out of what the MTA shows, within limits.
 *
 * Called by daemon/conn.c in the order of the protocol.  Everything but the
 * buffer lives in the message's arena.  Memory of all buffers is counted in
 * one atomic, so that a flood is answered with 451 and not by the kernel.
 */
#include "message.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "bounds.h"
#include "log.h"

/* Where a field stands in the buffer, while that may still move. */
struct field_at {
	size_t	name, name_n;
	size_t	value, value_n;
};

#define FIELDS_FIRST	32	/* room at first; doubled as needed */
#define RCPT_FIRST	4

static _Atomic uint64_t memory_used;

uint64_t
message_memory(void)
{
	return atomic_load(&memory_used);
}

bool
message_take_memory(const struct message *m, size_t n)
{
	if (atomic_fetch_add(&memory_used, n) + n <= m->session->conf->memory)
		return true;
	message_give_memory(n);
	return false;
}

void
message_give_memory(size_t n)
{
	atomic_fetch_sub(&memory_used, n);
}

static char *
copy(const char *s)
{
	char *p = strdup(s == NULL ? "" : s);

	if (p == NULL)
		log_fatal(71, "out of memory");
	return p;
}

struct session *
session_new(const struct ipaddr *client, unsigned port,
    const char *client_name, enum iprev iprev, const char *daemon)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		log_fatal(71, "out of memory");
	s->conf = conf_pin();
	s->services = s->conf->attached;
	s->client = *client;
	s->port = port;
	s->client_name = copy(client_name);
	s->iprev = iprev;
	s->helo = copy("");
	s->daemon = copy(daemon);
	return s;
}

void
session_helo(struct session *s, const char *helo)
{
	free(s->helo);
	s->helo = copy(helo);
}

void
session_free(struct session **sp)
{
	struct session *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	message_free(&s->message);
	conf_unpin(&s->conf);
	free(s->client_name);
	free(s->helo);
	free(s->daemon);
	free(s);
}

static bool
named(const struct conf_strings *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], name) == 0)
			return true;
	return false;
}

static bool
within(const struct conf_nets *nets, const struct ipaddr *addr)
{
	return ipnets_have(nets->v, nets->n, addr);
}

/* cleanup's non_smtpd_milters: no client, so loopback and port 0. */
static bool
came_from_cleanup(const struct session *s)
{
	if (s->port != 0 || !ipaddr_is_loopback(&s->client))
		return false;
	return s->conf->local_daemons.n == 0 ||
	    named(&s->conf->local_daemons, s->daemon);
}

static enum mail_class
classify(const struct session *s, const char *login)
{
	const struct conf *c = s->conf;

	if (login[0] != '\0' || named(&c->outbound_daemons, s->daemon))
		return CLASS_OUTBOUND;
	if (came_from_cleanup(s))
		return CLASS_LOCAL;
	if (within(&c->relay_networks, &s->client))
		return CLASS_RELAY;
	if (within(&c->outbound_networks, &s->client))
		return CLASS_OUTBOUND;
	return CLASS_INBOUND;
}

const char *
class_word(enum mail_class class)
{
	switch (class) {
	case CLASS_INBOUND:
		return "inbound";
	case CLASS_OUTBOUND:
		return "outbound";
	case CLASS_LOCAL:
		return "local";
	case CLASS_RELAY:
		return "relay";
	}
	return "?";
}

bool
class_may_refuse(enum mail_class class)
{
	return class == CLASS_INBOUND || class == CLASS_OUTBOUND;
}

/* What is no path by the grammar: all behind the last "@" is the domain. */
static void
split_at_sign(struct span all, struct mailbox *box)
{
	size_t n = all.n;

	while (n > 0 && all.p[n - 1] != '@')
		n--;
	*box = (struct mailbox){ 0 };
	if (n > 0) {
		box->local = span_make(all.p, n - 1);
		box->domain = span_from(all, n);
	}
}

/*
 * The path without its brackets; its parts where it has some.  One that was
 * cut has none: its end is not its end.
 */
static struct span
split_path(const char *kept, bool cut, struct mailbox *box)
{
	struct span all = span_trim(span_of(kept));

	if (cut) {
		*box = (struct mailbox){ 0 };
		return all;
	}
	if (all.n >= 2 && all.p[0] == '<' && all.p[all.n - 1] == '>')
		all = span_make(all.p + 1, all.n - 2);
	if (addr_parse_path(all, box) < 0)
		split_at_sign(all, box);
	return all;
}

static bool
too_long(const char *path)
{
	return strlen(path) > ADDRESS_MAX;
}

struct message *
message_begin(struct session *s, const char *sender, const char *login,
    bool utf8)
{
	enum mail_class class = classify(s, login == NULL ? "" : login);
	struct arena *a;
	struct message *m;

	message_free(&s->message);
	if (too_long(sender) && class_may_refuse(class))
		return NULL;
	a = arena_new();
	m = arena_alloc(a, sizeof(*m));
	m->arena = a;
	m->session = s;
	m->started = clock_ms();
	m->queue_id = "";
	m->login = arena_strdup(a, login == NULL ? "" : login);
	m->class = class;
	m->sender = split_path(arena_strndup(a, sender, strnlen(sender,
	    ADDRESS_MAX)), too_long(sender), &m->from);
	m->utf8 = utf8;
	buf_init(&m->raw, s->conf->message_size + HEADER_BYTES_MAX);
	edits_init(&m->edits, a);
	s->message = m;
	return m;
}

/* Past RCPT_KEPT_MAX recipients share one place in the arena. */
static const char *
keep_address(struct message *m, const char *path)
{
	size_t n = strnlen(path, ADDRESS_MAX);

	if (m->nrcpt < RCPT_KEPT_MAX)
		return arena_strndup(m->arena, path, n);
	if (m->rcpt_spare == NULL)
		m->rcpt_spare = arena_alloc(m->arena, ADDRESS_MAX + 1);
	memcpy(m->rcpt_spare, path, n);
	m->rcpt_spare[n] = '\0';
	return m->rcpt_spare;
}

static void
grow_rcpt(struct message *m)
{
	size_t cap = m->rcpt_cap == 0 ? RCPT_FIRST : m->rcpt_cap * 2;
	struct recipient *r = arena_array(m->arena, cap, sizeof(*r));

	if (m->nrcpt > 0)
		memcpy(r, m->rcpt, m->nrcpt * sizeof(*r));
	m->rcpt = r;
	m->rcpt_cap = cap;
}

int
message_rcpt(struct message *m, const char *path)
{
	if (too_long(path) && class_may_refuse(m->class))
		return -1;
	m->nrcpt_seen++;
	m->rcpt_last.address = split_path(keep_address(m, path),
	    too_long(path), &m->rcpt_last.mailbox);
	if (m->nrcpt == RCPT_KEPT_MAX)
		return 0;
	if (m->nrcpt == m->rcpt_cap)
		grow_rcpt(m);
	m->rcpt[m->nrcpt++] = m->rcpt_last;
	return 0;
}

void
message_rcpt_drop(struct message *m)
{
	m->nrcpt_seen--;
	if (m->nrcpt > m->nrcpt_seen)
		m->nrcpt--;
}

const struct recipient *
message_rcpt_last(const struct message *m)
{
	return &m->rcpt_last;
}

/* Counts growth of the buffer; false when all messages are too much. */
static bool
charge(struct message *m, size_t more)
{
	uint64_t limit = m->session->conf->memory;
	size_t need = m->raw.n + more;
	size_t want;

	if (need <= m->charged)
		return true;
	/* buf doubles its memory. */
	want = m->charged == 0 ? need : m->charged * 2;
	if (want < need)
		want = need;
	if (atomic_fetch_add(&memory_used, want - m->charged) +
	    (want - m->charged) > limit) {
		atomic_fetch_sub(&memory_used, want - m->charged);
		return false;
	}
	m->charged = want;
	return true;
}

/* From the first fault on nothing is kept. */
static void
spoil(struct message *m, enum message_fault fault)
{
	m->fault = fault;
	buf_free(&m->raw);
	atomic_fetch_sub(&memory_used, m->charged);
	m->charged = 0;
	m->nfields = 0;
}

static bool
room(struct message *m, size_t more)
{
	m->size_seen += more;
	if (m->fault != FAULT_NONE)
		return false;
	if (m->size_seen > m->session->conf->message_size) {
		spoil(m, FAULT_TOO_BIG);
		return false;
	}
	if (!charge(m, more)) {
		spoil(m, FAULT_MEMORY);
		return false;
	}
	return true;
}

static struct field_at *
next_field(struct message *m)
{
	if (m->nfields == m->fields_cap) {
		size_t cap = m->fields_cap == 0 ? FIELDS_FIRST :
		    m->fields_cap * 2;
		struct field_at *at = arena_array(m->arena, cap, sizeof(*at));

		if (m->nfields > 0)
			memcpy(at, m->at, m->nfields * sizeof(*at));
		m->at = at;
		m->fields_cap = cap;
	}
	return &m->at[m->nfields++];
}

/* Folds come as LF from Postfix; on the wire they are CRLF. */
static void
add_value(struct buf *b, const char *value)
{
	const char *lf;

	while ((lf = strchr(value, '\n')) != NULL) {
		size_t n = (size_t)(lf - value);

		if (n > 0 && lf[-1] == '\r')
			n--;
		buf_add(b, value, n);
		buf_add(b, "\r\n", 2);
		value = lf + 1;
	}
	buf_adds(b, value);
}

void
message_field(struct message *m, const char *name, const char *value)
{
	size_t name_n = strlen(name), value_n = strlen(value);
	size_t folds = 0;
	struct field_at *at;

	for (const char *p = value; (p = strchr(p, '\n')) != NULL; p++)
		folds++;
	if (!room(m, name_n + value_n + folds + 3))
		return;
	m->header_bytes += name_n + value_n;
	if (m->nfields == HEADER_FIELDS_MAX ||
	    m->header_bytes > HEADER_BYTES_MAX) {
		spoil(m, FAULT_HEADERS);
		return;
	}
	at = next_field(m);
	at->name = m->raw.n;
	at->name_n = name_n;
	buf_add(&m->raw, name, name_n);
	buf_addc(&m->raw, ':');
	at->value = m->raw.n;
	add_value(&m->raw, value);
	at->value_n = m->raw.n - at->value;
	buf_add(&m->raw, "\r\n", 2);
}

void
message_body(struct message *m, const void *p, size_t n)
{
	if (m->body_at == 0 && room(m, 2)) {
		buf_add(&m->raw, "\r\n", 2);
		m->body_at = m->raw.n;
	}
	if (room(m, n))
		buf_add(&m->raw, p, n);
}

void
message_end(struct message *m, const char *queue_id)
{
	m->queue_id = arena_strdup(m->arena, queue_id == NULL ? "" : queue_id);
	m->deadline = clock_ms() + m->session->conf->dns_budget_ms;
	/* A message without body has its empty line too. */
	message_body(m, "", 0);
	if (m->fault == FAULT_NONE && buf_failed(&m->raw))
		spoil(m, FAULT_MEMORY);
	if (m->fault != FAULT_NONE)
		return;
	m->fields = arena_array(m->arena, m->nfields, sizeof(*m->fields));
	for (size_t i = 0; i < m->nfields; i++) {
		const struct field_at *at = &m->at[i];

		m->fields[i].name = span_make(m->raw.p + at->name, at->name_n);
		m->fields[i].value = span_make(m->raw.p + at->value,
		    at->value_n);
	}
	m->body = span_make(m->raw.p + m->body_at, m->raw.n - m->body_at);
}

int64_t
message_dns_until(const struct message *m)
{
	int64_t least = clock_ms() + m->session->conf->dns_timeout_ms;

	return m->deadline > least ? m->deadline : least;
}

void
message_free(struct message **mp)
{
	struct message *m = *mp;
	struct arena *a;

	if (m == NULL)
		return;
	*mp = NULL;
	buf_free(&m->raw);
	atomic_fetch_sub(&memory_used, m->charged);
	a = m->arena;
	arena_free(&a);
}
