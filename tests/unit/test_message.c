/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages: exact bytes, limits, classes, the log line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "clock.h"
#include "flow_fixture.h"
#include "logline.h"

static void
exact_bytes(void **state)
{
	static const char *const fields[] = {
		"From: a@b", "Subject:\tx\n y ", "Empty:", NULL
	};
	static const char want[] = "From: a@b\r\nSubject:\tx\r\n y \r\n"
	    "Empty:\r\n\r\nbody\r\n";
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "smtpd");
	m = fixture_message(s, "", fields, "body\r\n");
	assert_int_equal(m->raw.n, sizeof(want) - 1);
	assert_memory_equal(m->raw.p, want, sizeof(want) - 1);
	assert_int_equal(m->nfields, 3);
	assert_true(span_is(m->fields[1].value, "\tx\r\n y "));
	assert_int_equal(m->fields[2].value.n, 0);
	assert_true(span_is(m->body, "body\r\n"));
	session_free(&s);
	assert_int_equal(message_memory(), 0);
}

static void
no_body(void **state)
{
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	m = fixture_message(s, "", NULL, NULL);
	assert_int_equal(m->nfields, 0);
	assert_int_equal(m->body.n, 0);
	session_free(&s);
}

static void
too_big(void **state)
{
	static char chunk[65536];
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	m = message_begin(s, "", "", false);
	for (int i = 0; i < 17; i++)
		message_body(m, chunk, sizeof(chunk));
	message_end(m, "Q");
	assert_int_equal(m->fault, FAULT_TOO_BIG);
	assert_int_equal(m->raw.n, 0);
	assert_int_equal(message_memory(), 0);
	session_free(&s);
}

static void
too_many_fields(void **state)
{
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	m = message_begin(s, "", "", false);
	for (int i = 0; i <= HEADER_FIELDS_MAX; i++)
		message_field(m, "X", " y");
	message_end(m, "Q");
	assert_int_equal(m->fault, FAULT_HEADERS);
	session_free(&s);
}

static void
memory_is_shared(void **state)
{
	static char chunk[65536];
	struct session *s[16];
	size_t full = 0;

	(void)state;
	fixture_conf();
	for (size_t i = 0; i < 16; i++) {
		struct message *m;

		s[i] = fixture_session("192.0.2.1", 25, "");
		m = message_begin(s[i], "", "", false);
		for (int k = 0; k < 15; k++)
			message_body(m, chunk, sizeof(chunk));
		message_end(m, "Q");
		full += m->fault == FAULT_MEMORY;
	}
	assert_true(message_memory() <= 8 * 1024 * 1024);
	assert_in_range(full, 1, 15);
	for (size_t i = 0; i < 16; i++)
		session_free(&s[i]);
	assert_int_equal(message_memory(), 0);
}

static const struct {
	const char	*ip;
	unsigned	 port;
	const char	*daemon, *login;
	enum mail_class	 want;
} class_cases[] = {
	{ "192.0.2.1", 25, "smtpd", "", CLASS_INBOUND },
	{ "192.0.2.1", 25, "smtpd", "alice", CLASS_OUTBOUND },
	{ "192.0.2.1", 25, "SUBMISSION", "", CLASS_OUTBOUND },
	{ "198.51.100.7", 25, "smtpd", "", CLASS_OUTBOUND },
	{ "203.0.113.9", 25, "smtpd", "", CLASS_RELAY },
	{ "203.0.113.9", 25, "smtpd", "alice", CLASS_OUTBOUND },
	{ "127.0.0.1", 0, "mx", "", CLASS_LOCAL },
	{ "::1", 0, "mx", "", CLASS_LOCAL },
	{ "127.0.0.1", 4711, "mx", "", CLASS_INBOUND },
	{ "192.0.2.1", 0, "mx", "", CLASS_INBOUND },
	{ NULL, 0, "mx", "", CLASS_INBOUND }
};

static void
classes(void **state)
{
	static const char *daemons[] = { "SUBMISSION" };
	static struct ipnet out, relay;
	const char *why;
	struct conf *c = fixture_conf();

	(void)state;
	assert_int_equal(ipnet_parse("198.51.100.0/24", &out, &why), 0);
	assert_int_equal(ipnet_parse("203.0.113.0/24", &relay, &why), 0);
	c->outbound_daemons = (struct conf_strings){ daemons, 1 };
	c->outbound_networks = (struct conf_nets){ &out, 1 };
	c->relay_networks = (struct conf_nets){ &relay, 1 };
	for (size_t i = 0; i < sizeof(class_cases) / sizeof(class_cases[0]);
	    i++) {
		struct session *s = fixture_session(class_cases[i].ip,
		    class_cases[i].port, class_cases[i].daemon);
		struct message *m = message_begin(s, "<>",
		    class_cases[i].login, false);

		assert_int_equal(m->class, class_cases[i].want);
		session_free(&s);
	}
}

static void
recipients(void **state)
{
	char address[64], huge[ADDRESS_MAX + 2];
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	m = message_begin(s, "<>", "", false);
	for (int i = 0; i < 10000; i++) {
		snprintf(address, sizeof(address), "<u%d@b.example>", i);
		assert_int_equal(message_rcpt(m, address), 0);
	}
	assert_int_equal(m->nrcpt, RCPT_KEPT_MAX);
	assert_int_equal(m->nrcpt_seen, 10000);
	assert_true(span_is(message_rcpt_last(m)->address, "u9999@b.example"));
	message_rcpt_drop(m);
	assert_int_equal(m->nrcpt_seen, 9999);
	assert_int_equal(m->nrcpt, RCPT_KEPT_MAX);
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(message_rcpt(m, huge), -1);
	assert_null(message_begin(s, huge, "", false));
	session_free(&s);
}

/* Where nothing may be refused they are cut, and have no parts. */
static void
long_addresses_of_local_mail(void **state)
{
	char huge[ADDRESS_MAX + 100];
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	memset(huge, 'a', sizeof(huge) - 1);
	memcpy(huge + 10, "@b.example", 10);
	huge[sizeof(huge) - 1] = '\0';
	s = fixture_session("127.0.0.1", 0, "");
	m = message_begin(s, huge, "", false);
	assert_non_null(m);
	assert_int_equal(m->sender.n, ADDRESS_MAX);
	assert_int_equal(m->from.domain.n, 0);
	assert_int_equal(message_rcpt(m, huge), 0);
	assert_int_equal(m->rcpt[0].address.n, ADDRESS_MAX);
	assert_int_equal(m->rcpt[0].mailbox.domain.n, 0);
	session_free(&s);
}

/* A check that begins late still has one question's time. */
static void
time_for_dns(void **state)
{
	struct conf *c = fixture_conf();
	struct session *s;
	struct message *m;

	(void)state;
	c->dns_timeout_ms = 5000;
	s = fixture_session("192.0.2.1", 25, "");
	m = fixture_message(s, "", NULL, "x");
	m->deadline = clock_ms() - 1;
	assert_in_range(message_dns_until(m), clock_ms() + 4000,
	    clock_ms() + 5000);
	m->deadline = clock_ms() + 9000;
	assert_int_equal(message_dns_until(m), m->deadline);
	session_free(&s);
}

static void
one_line(void **state)
{
	static const char *const fields[] = {
		"Message-ID: <x\n verdict=accept@y>", NULL
	};
	struct session *s;
	struct message *m;
	const char *line;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	session_helo(s, "evil\nqid=X \"quoted\"");
	m = fixture_message(s, "", fields, "x");
	verdict_raise(&m->verdict, VERDICT_REJECT, "dmarc", "a reason", "550",
	    "5.7.26", "text");
	line = logline(m);
	assert_true(strncmp(line, "qid=QID class=inbound client=192.0.2.1 ",
	    39) == 0);
	assert_non_null(strstr(line, " verdict=reject stage=dmarc "
	    "why=\"a reason\" reply=550/5.7.26 "));
	assert_null(strchr(line, '\n'));
	assert_non_null(strstr(line, " helo=\"evil?qid=X \\\"quoted\\\"\""));
	session_free(&s);
}

/* Nothing from outside pushes out what was found. */
static void
full_line(void **state)
{
	char quotes[1000];
	struct session *s;
	struct message *m;
	const char *line;

	(void)state;
	fixture_conf();
	memset(quotes, '"', sizeof(quotes) - 1);
	quotes[sizeof(quotes) - 1] = '\0';
	s = fixture_session("192.0.2.1", 25, "");
	session_helo(s, quotes);
	free(s->client_name);
	s->client_name = strdup(quotes);
	m = message_begin(s, quotes, "", false);
	assert_int_equal(message_rcpt(m, quotes), 0);
	message_end(m, "QID");
	m->facts.spf_mailfrom.result = SPF_IS_FAIL;
	m->facts.spf_mailfrom.domain = m->facts.spf_mailfrom.reason = quotes;
	m->facts.dmarc.domain = m->facts.dmarc.reason = quotes;
	m->facts.dmarc.disagreement = "";
	m->facts.dmarc_override = quotes;
	m->facts.dmarc_action = "would-reject";
	line = logline(m);
	assert_non_null(strstr(line, " dmarc-action=would-reject "));
	assert_non_null(strstr(line, " dmarc-why="));
	assert_in_range(strlen(line), 1, LOG_LINE_MAX);
	session_free(&s);
}

static void
line_of_a_recipient(void **state)
{
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	m = message_begin(s, "<>", "", false);
	assert_int_equal(message_rcpt(m, "<one@b.example>"), 0);
	assert_int_equal(message_rcpt(m, "<two@b.example>"), 0);
	assert_non_null(strstr(logline(m), " rcpt=one@b.example "));
	assert_non_null(strstr(logline_rcpt(m), " rcpt=two@b.example "));
	session_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_bytes),
		cmocka_unit_test(no_body),
		cmocka_unit_test(too_big),
		cmocka_unit_test(too_many_fields),
		cmocka_unit_test(memory_is_shared),
		cmocka_unit_test(classes),
		cmocka_unit_test(recipients),
		cmocka_unit_test(long_addresses_of_local_mail),
		cmocka_unit_test(time_for_dns),
		cmocka_unit_test(full_line),
		cmocka_unit_test(line_of_a_recipient),
		cmocka_unit_test(one_line)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
