/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_message: a session that says the right things in the right order, with
 * any content, any cuts and far too much of it.
 *
 * The input is a list of steps: a byte that chooses, a byte with a length, so
 * many bytes.  Limits are tiny.  What is kept is what was given; what breaks a
 * limit leaves a fault and nothing else; in the end no memory is charged.
 */
#include "bounds.h"
#include "fuzz.h"
#include "message.h"

#define MESSAGE_SIZE	700
#define MEMORY		1500

struct steps {
	struct span	 left;
	struct arena	*arena;
};

/* The next step's text; false at the end. */
static bool
next(struct steps *s, unsigned *what, struct span *text)
{
	size_t n;

	if (s->left.n < 2)
		return false;
	*what = (unsigned char)s->left.p[0];
	n = (unsigned char)s->left.p[1];
	s->left = span_from(s->left, 2);
	if (n > s->left.n)
		n = s->left.n;
	*text = span_make(s->left.p, n);
	s->left = span_from(s->left, n);
	return true;
}

static void
rcpt(struct message *m, const char *path, unsigned what)
{
	const struct recipient *r;
	size_t seen = m->nrcpt_seen;

	if (message_rcpt(m, path) != 0) {
		CHECK(strlen(path) > ADDRESS_MAX);
		return;
	}
	r = message_rcpt_last(m);
	CHECK(m->nrcpt_seen == seen + 1 && m->nrcpt <= RCPT_KEPT_MAX);
	CHECK(fuzz_within(r->mailbox.local, r->address) &&
	    fuzz_within(r->mailbox.domain, r->address));
	if (what & 64)
		message_rcpt_drop(m);
}

static void
header(struct message *m, struct steps *s, struct span text)
{
	struct span name = { NULL, 0 };
	size_t before = m->nfields;

	(void)span_split(&text, ':', &name);
	message_field(m, arena_cstr(s->arena, name),
	    arena_cstr(s->arena, text));
	CHECK(m->fault != FAULT_NONE ? m->nfields == 0 :
	    m->nfields == before + 1);
}

static void
check_ended(const struct message *m, const struct buf *body)
{
	struct span all = buf_span(&m->raw);
	size_t bytes = 0;

	if (m->fault != FAULT_NONE) {
		CHECK(m->nfields == 0 && m->raw.n == 0 && m->body.n == 0);
		return;
	}
	CHECK(m->size_seen <= MESSAGE_SIZE && m->raw.n <= MESSAGE_SIZE);
	for (size_t i = 0; i < m->nfields; i++) {
		const struct field *f = &m->fields[i];

		CHECK(fuzz_within(f->name, all) && fuzz_within(f->value, all));
		bytes += f->name.n + 1 + f->value.n + 2;
		CHECK(span_chr(f->name, '\0') < 0);
		CHECK(span_chr(f->value, '\0') < 0);
	}
	CHECK(fuzz_within(m->body, all));
	CHECK(span_eq(m->body, buf_span(body)));
	CHECK(m->raw.n == bytes + (m->body_at == 0 ? 0 : 2 + m->body.n));
}

/* One message; steps of another kind than the last end its phases. */
static void
run_message(struct session *session, struct steps *s, const char *sender)
{
	struct message *m = message_begin(session, sender, NULL, false);
	unsigned what, phase = 0;
	struct span text;
	struct buf body;

	if (m == NULL) {
		CHECK(strlen(sender) > ADDRESS_MAX);
		return;
	}
	buf_init(&body, MESSAGE_SIZE);
	while (next(s, &what, &text) && what % 4 >= phase) {
		phase = what % 4;
		if (phase == 3)
			break;
		if (phase == 0)
			rcpt(m, arena_cstr(s->arena, text), what);
		else if (phase == 1)
			header(m, s, text);
		else {
			message_body(m, text.p, text.n);
			buf_addspan(&body, text);
		}
	}
	message_end(m, "queue");
	check_ended(m, &body);
	buf_free(&body);
}

/* Published for the life of the process. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct conf_strings none;
	struct arena *a = arena_new();
	struct conf *c = arena_alloc(a, sizeof(*c));

	(void)argc;
	(void)argv;
	c->arena = a;
	c->message_size = MESSAGE_SIZE;
	c->memory = MEMORY;
	c->outbound_daemons = none;
	c->local_daemons = none;
	conf_publish(c);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct steps s = { fuzz_input(p, n), arena_new() };
	struct ipaddr client = { .family = AF_INET, .b = { 192, 0, 2, 1 } };
	struct session *session;
	unsigned what;
	struct span text;

	session = session_new(&client, 25, NULL, IPREV_FAIL, NULL);
	while (next(&s, &what, &text)) {
		if (what & 1)
			session_helo(session, arena_cstr(s.arena, text));
		run_message(session, &s, arena_cstr(s.arena, text));
	}
	session_free(&session);
	CHECK(message_memory() == 0);
	arena_free(&s.arena);
	return 0;
}
