/* SPDX-License-Identifier: BSD-2-Clause */
/* strip_policy: what each class does about each find, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "flow_fixture.h"
#include "strip_policy.h"

enum { ROOT, TEXT, FILE_PART, SEALED };

/* A multipart of a text and a file, or of a sealed part. */
static struct mime_part parts[] = {
	[ROOT] = { .kind = MIME_MULTIPART, .parent = MIME_NONE,
	    .type = "multipart/mixed", .name = "", .disposition = "" },
	[TEXT] = { .kind = MIME_LEAF, .parent = ROOT, .depth = 1,
	    .type = "text/plain", .name = "", .disposition = "" },
	[FILE_PART] = { .kind = MIME_LEAF, .parent = ROOT, .depth = 1,
	    .type = "application/zip", .name = "a.zip",
	    .disposition = "attachment" },
	[SEALED] = { .kind = MIME_LEAF, .parent = ROOT, .depth = 1,
	    .type = "text/html", .name = "a.html",
	    .disposition = "attachment", .sealed = true },
};

struct row {
	enum mail_class	 class;
	enum conf_choice virus, unscannable;
	bool		 role;
	enum find_kind	 kind;
	size_t		 part;
	const char	*action;
};

static const struct row rows[] = {
#define IN CLASS_INBOUND
#define OUT CLASS_OUTBOUND
	/* A virus in a file: as the recipients' domain says. */
	{ IN, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, FILE_PART,
	    "strip" },
	{ IN, CHOICE_REJECT, CHOICE_MARK, false, FIND_VIRUS, FILE_PART,
	    "reject" },
	{ IN, CHOICE_HOLD, CHOICE_MARK, false, FIND_VIRUS, FILE_PART, "hold" },
	{ IN, CHOICE_DISCARD, CHOICE_MARK, false, FIND_VIRUS, FILE_PART,
	    "discard" },
	{ IN, CHOICE_MONITOR, CHOICE_MARK, false, FIND_VIRUS, FILE_PART,
	    "monitor" },
	/* What cannot go. */
	{ IN, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, TEXT, "reject" },
	{ IN, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, MIME_NONE,
	    "reject" },
	{ IN, CHOICE_HOLD, CHOICE_MARK, false, FIND_VIRUS, MIME_NONE,
	    "reject" },
	{ IN, CHOICE_MONITOR, CHOICE_MARK, false, FIND_VIRUS, MIME_NONE,
	    "monitor" },
	{ CLASS_LOCAL, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, TEXT,
	    "discard" },
	{ CLASS_RELAY, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, TEXT,
	    "discard" },
	{ CLASS_RELAY, CHOICE_REJECT, CHOICE_MARK, false, FIND_VIRUS,
	    FILE_PART, "discard" },
	/* Signed by the author: virus-signed, hold here. */
	{ IN, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, SEALED, "hold" },
	{ CLASS_LOCAL, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, SEALED,
	    "strip" },
	/* postmaster and abuse. */
	{ IN, CHOICE_REJECT, CHOICE_REJECT, true, FIND_VIRUS, FILE_PART,
	    "strip" },
	{ IN, CHOICE_REJECT, CHOICE_REJECT, true, FIND_VIRUS, TEXT, "strip" },
	{ IN, CHOICE_REJECT, CHOICE_REJECT, true, FIND_UNSCANNED, FILE_PART,
	    "mark" },
	/* Outbound and local have settings of their own. */
	{ OUT, CHOICE_STRIP, CHOICE_MARK, false, FIND_VIRUS, FILE_PART,
	    "reject" },
	{ CLASS_LOCAL, CHOICE_REJECT, CHOICE_MARK, false, FIND_VIRUS,
	    FILE_PART, "strip" },
	/* Names. */
	{ IN, CHOICE_MONITOR, CHOICE_MARK, false, FIND_BLOCKED, FILE_PART,
	    "strip" },
	{ OUT, CHOICE_MONITOR, CHOICE_MARK, false, FIND_BLOCKED, FILE_PART,
	    "strip" },
	/* What cannot be scanned. */
	{ IN, CHOICE_STRIP, CHOICE_MARK, false, FIND_UNSCANNED, FILE_PART,
	    "mark" },
	{ IN, CHOICE_STRIP, CHOICE_STRIP, false, FIND_UNSCANNED, FILE_PART,
	    "strip" },
	{ IN, CHOICE_STRIP, CHOICE_REJECT, false, FIND_UNSCANNED, FILE_PART,
	    "reject" },
	{ IN, CHOICE_STRIP, CHOICE_HOLD, false, FIND_UNSCANNED, FILE_PART,
	    "hold" },
	{ CLASS_RELAY, CHOICE_STRIP, CHOICE_REJECT, false, FIND_UNSCANNED,
	    FILE_PART, "mark" },
	{ IN, CHOICE_STRIP, CHOICE_REJECT, false, FIND_UNSCANNED, MIME_NONE,
	    "reject" },
	{ IN, CHOICE_STRIP, CHOICE_STRIP, false, FIND_UNSCANNED, MIME_NONE,
	    "mark" },
	/* Guesses. */
	{ IN, CHOICE_REJECT, CHOICE_REJECT, false, FIND_HEURISTIC, FILE_PART,
	    "mark" },
	/* Structure: malformed = mark here. */
	{ IN, CHOICE_REJECT, CHOICE_REJECT, false, FIND_MALFORMED, MIME_NONE,
	    "mark" },
};

static void
test_table(void **state)
{
	struct session *s = fixture_session("192.0.2.1", 1, "");
	struct message *m = fixture_message(s, NULL, NULL, "");

	(void)state;
	m->facts.parts.part = parts;
	m->facts.parts.n = sizeof(parts) / sizeof(parts[0]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct find f = { .kind = r->kind, .part = r->part,
		    .name = "N" };
		const char *got;

		/* What seals a part is what holds it. */
		parts[ROOT].type = r->part == SEALED ? "multipart/signed" :
		    "multipart/mixed";
		m->class = r->class;
		m->facts.policy.virus = r->virus;
		m->facts.policy.unscannable = r->unscannable;
		m->facts.role_only = r->role;
		got = strip_action_word(strip_action_for(m, &f));
		if (strcmp(got, r->action) != 0)
			fail_msg("row %zu: %s, not %s", i, got, r->action);
	}
	session_free(&s);
}

static void
test_limit(void **state)
{
	static const struct {
		enum mail_class	 class;
		const char	*action;
	} row[] = {
		{ CLASS_INBOUND, "reject" }, { CLASS_OUTBOUND, "reject" },
		{ CLASS_LOCAL, "mark" }, { CLASS_RELAY, "mark" },
	};
	struct session *s = fixture_session("192.0.2.1", 1, "");
	struct message *m = fixture_message(s, NULL, NULL, "");
	struct find f = { .kind = FIND_MALFORMED, .part = MIME_NONE };

	(void)state;
	m->facts.parts.limit = "parts";
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		m->class = row[i].class;
		assert_string_equal(strip_action_word(strip_action_for(m,
		    &f)), row[i].action);
	}
	session_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_limit),
	};

	fixture_conf();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
