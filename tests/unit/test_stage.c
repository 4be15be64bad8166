/* SPDX-License-Identifier: BSD-2-Clause */
/* The table's proof, its order, and what faults and class local mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow_fixture.h"
#include "stage.h"
#include "table.h"

static int ran;

static void
note(struct message *m)
{
	(void)m;
	ran++;
}

static void
refuse(struct message *m)
{
	verdict_raise(&m->verdict, VERDICT_REJECT, "test", "why", "550",
	    "5.7.1", "text");
}

static const struct stage gives_spf = {
	"gives", AT_END, CLASS_INBOUND, 0, FACT_SPF, note
};
static const struct stage needs_spf = {
	"needs", AT_END, CLASS_INBOUND | CLASS_RELAY, FACT_SPF, 0, note
};
static const struct stage early_spf = {
	"early", AT_MAIL, CLASS_INBOUND | CLASS_RELAY, 0, FACT_SPF, note
};
static const struct stage refuses = {
	"refuses", AT_END, CLASS_INBOUND | CLASS_LOCAL, 0, 0, refuse
};

static const struct {
	const struct stage *table[4];
	const char	   *error;	/* part of it; NULL: proved */
} proofs[] = {
	{ { &early_spf, &needs_spf }, NULL },
	{ { &needs_spf, &early_spf }, NULL },	/* MAIL comes first */
	{ { &needs_spf, &gives_spf }, "class inbound: needs what none" },
	{ { &gives_spf, &needs_spf }, "class relay: needs what none" },
	{ { &early_spf, &gives_spf }, "class inbound: gives what another" }
};

static void
order_is_proved(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
		char *error;
		int r = stages_prove(proofs[i].table, &error);

		if (proofs[i].error == NULL) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, -1);
		assert_non_null(strstr(error, proofs[i].error));
		free(error);
	}
}

static void
real_table(void **state)
{
	char *error;

	(void)state;
	assert_int_equal(stages_prove(stage_table, &error), 0);
}

static void
only_its_class_and_point(void **state)
{
	const struct stage *table[] = { &gives_spf, &early_spf, NULL };
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	m = fixture_message(s, "login", NULL, "x");
	ran = 0;
	stages_run(table, AT_END, m);
	assert_int_equal(ran, 0);	/* class outbound */
	m = fixture_message(s, "", NULL, "x");
	stages_run(table, AT_END, m);
	assert_int_equal(ran, 1);
	session_free(&s);
}

static void
local_is_never_refused(void **state)
{
	const struct stage *table[] = { &refuses, NULL };
	struct session *s;
	struct message *m;

	(void)state;
	fixture_conf();
	s = fixture_session("127.0.0.1", 0, "");
	m = fixture_message(s, "", NULL, "x");
	stages_run(table, AT_END, m);
	assert_int_equal(m->verdict.kind, VERDICT_ACCEPT);
	assert_string_equal(m->verdict.reason, "why");
	session_free(&s);
	s = fixture_session("192.0.2.1", 25, "");
	m = fixture_message(s, "", NULL, "x");
	stages_run(table, AT_END, m);
	assert_int_equal(m->verdict.kind, VERDICT_REJECT);
	session_free(&s);
}

static void
faults_are_answered(void **state)
{
	static const struct {
		enum message_fault fault;
		enum verdict_kind  kind;
		const char	  *enhanced;
	} cases[] = {
		{ FAULT_TOO_BIG, VERDICT_REJECT, "5.3.4" },
		{ FAULT_HEADERS, VERDICT_REJECT, "5.3.4" },
		{ FAULT_MEMORY, VERDICT_TEMPFAIL, "4.3.1" }
	};
	const struct stage *table[] = { &gives_spf, NULL };

	(void)state;
	fixture_conf();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session *s = fixture_session("192.0.2.1", 25, "");
		struct message *m = fixture_message(s, "", NULL, "x");

		m->fault = cases[i].fault;
		ran = 0;
		stages_run(table, AT_END, m);
		assert_int_equal(ran, 0);
		assert_int_equal(m->verdict.kind, cases[i].kind);
		assert_string_equal(m->verdict.enhanced, cases[i].enhanced);
		session_free(&s);
	}
}

/* A relay is not refused; what was not checked says so. */
static void
faults_of_relays(void **state)
{
	static struct ipnet relay;
	const struct stage *table[] = { &gives_spf, NULL };
	struct conf *c = fixture_conf();
	struct session *s;
	struct message *m;
	const struct field *f;
	const char *why;
	size_t n;

	(void)state;
	assert_int_equal(ipnet_parse("203.0.113.0/24", &relay, &why), 0);
	c->relay_networks = (struct conf_nets){ &relay, 1 };
	s = fixture_session("203.0.113.9", 25, "");
	m = fixture_message(s, "", NULL, "x");
	m->fault = FAULT_HEADERS;
	stages_run(table, AT_END, m);
	assert_int_equal(m->verdict.kind, VERDICT_ACCEPT);
	f = edits_render(&m->edits, m->fields, m->nfields, &n);
	assert_int_equal(n, 1);
	assert_true(span_is(f[0].value, " mx.example.org (not checked: header "
	    "too large or too many fields); none"));
	m = fixture_message(s, "", NULL, "x");
	m->fault = FAULT_MEMORY;
	stages_run(table, AT_END, m);
	assert_int_equal(m->verdict.kind, VERDICT_TEMPFAIL);
	session_free(&s);
}

/* What passes unscanned says so, and has its event. */
static void
faults_are_told(void **state)
{
	static const struct stage record = {
		.name = "r", .point = AT_END, .classes = CLASS_LOCAL,
		.gives = FACT_RECORD, .run = note
	};
	const struct stage *table[] = { &gives_spf, &record, NULL };
	struct conf *c = fixture_conf();
	struct session *s = fixture_session("127.0.0.1", 0, "");
	struct message *m = fixture_message(s, "", NULL, "x");
	const struct field *f;
	size_t n;

	(void)state;
	c->scan = true;
	m->fault = FAULT_TOO_BIG;
	ran = 0;
	stages_run(table, AT_END, m);
	assert_int_equal(m->verdict.kind, VERDICT_ACCEPT);
	assert_int_equal(ran, 1);
	assert_string_equal(m->facts.strip.unchecked,
	    "larger than message-size");
	f = edits_render(&m->edits, m->fields, m->nfields, &n);
	assert_int_equal(n, 1);
	assert_true(span_is(f[0].value, " failed; name=\"larger than "
	    "message-size\"; action=none"));
	session_free(&s);
}

static void
forged_results_go(void **state)
{
	static const char *const fields[] = {
		"Authentication-Results: mx.example.org; dmarc=pass",
		"Authentication-Results: other.example; dmarc=pass",
		"X-Postern-Quarantine: no",
		"Authentication-Results : mx.example.org; spf=pass",
		"From: a@b.example", NULL
	};
	struct session *s;
	struct message *m;
	const struct field *f;
	size_t n;

	(void)state;
	fixture_conf();
	s = fixture_session("192.0.2.1", 25, "");
	m = fixture_message(s, "", fields, "x");
	stage_forged.run(m);
	f = edits_render(&m->edits, m->fields, m->nfields, &n);
	assert_int_equal(m->facts.forged, 2);
	assert_int_equal(n, 2);
	assert_true(span_is(f[0].value, " other.example; dmarc=pass"));
	session_free(&s);
}

static const struct {
	enum conf_choice spf_fail;
	enum enforcement mode[2];	/* of the domains of two recipients */
	const char	*local[2];
	bool		 split;
	enum enforcement want;		/* when both are kept */
	bool		 role_only;
} routes[] = {
	{ CHOICE_MARK, { ENFORCE_ENFORCE, ENFORCE_ENFORCE }, { "u", "v" },
	    false, ENFORCE_ENFORCE, false },
	{ CHOICE_MARK, { ENFORCE_ENFORCE, ENFORCE_MONITOR }, { "u", "v" },
	    true, ENFORCE_ENFORCE, false },
	{ CHOICE_MARK, { ENFORCE_ENFORCE, ENFORCE_ENFORCE }, { "u", "abuse" },
	    true, ENFORCE_ENFORCE, false },
	/* What cannot end otherwise is not divided. */
	{ CHOICE_MARK, { ENFORCE_OFF, ENFORCE_MONITOR }, { "u", "v" }, false,
	    ENFORCE_MONITOR, false },
	{ CHOICE_MARK, { ENFORCE_MONITOR, ENFORCE_MONITOR }, { "u", "abuse" },
	    false, ENFORCE_MONITOR, false },
	{ CHOICE_REJECT, { ENFORCE_MONITOR, ENFORCE_MONITOR },
	    { "u", "abuse" }, true, ENFORCE_MONITOR, false },
	/* Where a role stands first, its mode is not the other's. */
	{ CHOICE_MARK, { ENFORCE_ENFORCE, ENFORCE_MONITOR }, { "abuse", "v" },
	    false, ENFORCE_MONITOR, false },
	{ CHOICE_MARK, { ENFORCE_MONITOR, ENFORCE_ENFORCE }, { "u", "abuse" },
	    false, ENFORCE_MONITOR, false },
	{ CHOICE_MARK, { ENFORCE_ENFORCE, ENFORCE_MONITOR },
	    { "abuse", "postmaster" }, false, ENFORCE_ENFORCE, true }
};

static void
policies_of_recipients(void **state)
{
	static struct conf_domain domains[] = {
		{ .name = "a.example" }, { .name = "b.example" }
	};
	static const char *const at[] = { "a.example", "b.example" };
	struct conf *c = fixture_conf();
	struct session *s = fixture_session("192.0.2.1", 25, "");

	(void)state;
	c->domains = domains;
	c->ndomains = 2;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		struct message *m = message_begin(s, "<>", "", false);

		c->spf_fail = routes[i].spf_fail;
		for (int k = 0; k < 2; k++) {
			domains[k].dmarc = routes[i].mode[k];
			assert_int_equal(message_rcpt(m, arena_printf(
			    m->arena, "<%s@%s>", routes[i].local[k], at[k])),
			    0);
			stage_route.run(m);
		}
		assert_int_equal(m->verdict.kind, routes[i].split ?
		    VERDICT_TEMPFAIL : VERDICT_ACCEPT);
		assert_int_equal(m->facts.dmarc_mode, routes[i].want);
		assert_int_equal(m->facts.role_only, routes[i].role_only);
	}
	session_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_proved),
		cmocka_unit_test(real_table),
		cmocka_unit_test(only_its_class_and_point),
		cmocka_unit_test(local_is_never_refused),
		cmocka_unit_test(faults_are_answered),
		cmocka_unit_test(faults_of_relays),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(forged_results_go),
		cmocka_unit_test(policies_of_recipients)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
