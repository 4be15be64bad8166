/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_notify: what a digest says, also of hostile values, and who is told.
 */
#include "notify_fixture.h"

#include "clean.h"
#include "transfer.h"

#define EICAR "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-" \
	"TEST-FILE!$H+H*"

/* The decoded text of a mail. */
static const char *
decoded(struct arena *a, const char *mail)
{
	const char *body = strstr(mail, "quoted-printable\n\n");
	struct span in = span_of(body + 18);
	unsigned char *out = arena_alloc(a, TRANSFER_ROOM(in.n) + 65);
	enum transfer_result result;
	struct transfer t;
	size_t n;

	transfer_begin(&t, TRANSFER_QP);
	n = transfer_decode(&t, in, out);
	n += transfer_end(&t, out + n, &result);
	assert_int_equal(result, TRANSFER_OK);
	out[n] = '\0';
	return (const char *)out;
}

static void
add(struct notify_batch *b, json_t *event, bool concerns)
{
	struct notify_settings s = settings();

	assert_int_equal(batch_add(b, &s, event), concerns);
	json_decref(event);
}

static void
test_text(void **state)
{
	static const char want[] =
	    "postern on mx.example.org found this in 1 message of tenant t1,"
	    "\r\nfrom 2023-11-14 22:13:20 UTC to 2023-11-14 22:13:20 UTC:\r\n"
	    "\r\n1. 2023-11-14 22:13:20 UTC, inbound: strip\r\n"
	    "   From:       <a@example.com>\r\n"
	    "   To:         <b@example.org>\r\n"
	    "               <c@example.org>\r\n"
	    "               and 7 more recipients\r\n"
	    "   Subject:    Rechnung f\xc3\xbcr Sie\r\n"
	    "   Message-ID: m@example.com\r\n"
	    "   Queue id:   4XabcT\r\n"
	    "   Client:     192.0.2.1\r\n"
	    "   Found:      virus Eicar-Test-Signature in \"in.zip\" "
	    "(application/zip, 184 bytes): strip\r\n"
	    "               SHA-256 " SHA "\r\n"
	    "   Reference:  20261121T0941-4f0c\r\n";
	struct notify_settings s = settings();
	struct notify_batch b = { 0 };
	struct arena *a = arena_new();
	const char *mail;
	json_t *e;

	(void)state;
	clock_set_wall(1700000100);
	add(&b, event_of("t1", "inbound", "strip",
	    "Rechnung f\xc3\xbcr Sie", "in.zip"), true);
	assert_int_equal(b.n, 1);
	mail = arena_cstr(a, digest_mail(a, &s, &b.v[0], false));
	assert_memory_equal(mail, "From: postern@mx.example.org\n"
	    "To: op@example.org\nSubject: postern: finds in 1 message of "
	    "tenant t1\nDate: Tue, 14 Nov 2023 22:15:00 +0000\n"
	    "Message-ID: <01HF7Y", 144);
	assert_non_null(strstr(mail, "@mx.example.org>\nAuto-Submitted: "
	    "auto-generated\nX-Postern-Notice: 1\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=UTF-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"));
	assert_null(strchr(mail, '\r'));
	for (const char *p = mail; *p != '\0'; p = strchr(p, '\n') + 1)
		assert_true(strcspn(p, "\n") <= 78);
	/* The decoder gives line ends as they stand in the mail. */
	mail = decoded(a, mail);
	for (const char *w = want; *w != '\0'; w++)
		if (*w != '\r')
			assert_int_equal(*mail++, *w);
	assert_int_equal(*mail, '\0');
	/* Not scanned, and a gap. */
	e = event_of("t1", "local", "none", "s", "f");
	json_object_set_new(e, "unchecked", json_string("no scanner"));
	add(&b, e, true);
	mail = decoded(a, arena_cstr(a, digest_mail(a, &s, &b.v[0], true)));
	assert_non_null(strstr(mail, "\n2. 2023"));
	assert_non_null(strstr(mail, "Not scanned:no scanner\n"));
	assert_non_null(strstr(mail, "may be missing"));
	batch_clear(&b);
	arena_free(&a);
}

/* Whatever the network writes: one line each, bounded, nothing active. */
static void
test_hostile(void **state)
{
	static char long_name[10001];
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" }, { "plain.pdf", "plain.pdf" },
		{ "a\r\nBcc: x@y\n", "a??Bcc: x@y?" },
		{ "\x1b[2Jb\x07", "?[2Jb?" },
		{ "%0a%s%n$1", "%0a%s%n_1" },
		{ "exe\xe2\x80\xae" "fdp.exe", "exe?fdp.exe" },
		{ "\xff\xfe", "??" },
		{ "http://evil.example/<b>", "http_//evil.example/_b_" },
		{ EICAR, "X5O!P%@AP[4_PZX54(P_)7CC)7__EICAR-STANDARD-"
		    "ANTIVIRUS-TEST-FILE!_H+H*" },
	};
	struct notify_settings s = settings();
	struct notify_batch b = { 0 };
	struct arena *a = arena_new();
	const char *v, *mail;
	json_t *e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(digest_value(a, span_of(rows[i].in), 120),
		    rows[i].out);
	assert_string_equal(digest_value(a, span_make("a\0b", 3), 120),
	    "a?b");
	memset(long_name, 'n', 10000);
	memcpy(long_name + 9996, ".exe", 4);
	v = digest_value(a, span_of(long_name), 120);
	assert_true(strlen(v) <= 120);
	assert_string_equal(v + strlen(v) - 4, ".exe");
	for (size_t i = 0; i + 1 < 10000; i += 2)
		memcpy(long_name + i, "\xc3\xa4", 2);
	v = digest_value(a, span_of(long_name), 121);
	assert_true(clean_utf8(span_of(v)) && strchr(v, '?') == NULL);
	assert_true(strlen(v) > 100 && strlen(v) <= 121);

	/* Everywhere in an event, and types that are not as they should. */
	e = event_of(EICAR "\n", "inbound", EICAR, EICAR, EICAR);
	json_object_set_new(e, "from", json_string(EICAR));
	json_object_set_new(e, "to", json_pack("[s,i,n]", EICAR, 1));
	json_object_set_new(e, "qid", json_integer(1));
	add(&b, e, true);
	add(&b, json_pack("{s:s,s:i,s:s,s:[i,s]}", "type", "virus", "time",
	    -1, "to", "x", "finds", 1, "x"), true);
	assert_int_equal(b.n, 2);
	mail = arena_cstr(a, digest_mail(a, &s, &b.v[0], false));
	assert_null(strstr(mail, EICAR));
	assert_non_null(strstr(mail, "Subject: postern: finds in 1 message "
	    "of tenant X5O!P%@AP[4_"));
	assert_null(strstr(decoded(a, mail), EICAR));
	assert_non_null(strstr(decoded(a, mail), "TEST-FILE!_H+H*"));
	digest_mail(a, &s, &b.v[1], false);
	batch_clear(&b);
	arena_free(&a);
}

static void
test_whom(void **state)
{
	static const struct {
		const char *class, *action;
		bool notice, recipients;
	} rows[] = {
		{ "inbound", "hold", false, true },
		{ "inbound", "discard", true, true },
		{ "relay", "discard", false, true },
		{ "inbound", "strip", false, false },
		{ "outbound", "hold", false, false },
		{ "local", "discard", false, false },
	};
	static const char *const odd[] = { "", "@", "a@", "@b", "-f@b", "a",
		"a@b@c", "a b@c", "a,d@c", "a@b,c@d", "\"a\"@b", "a%x@b",
		"a!x@b", "a\n@b", "(x)a@b", "<a@b>", "|/bin/sh@b" };
	struct notify_batch b = { 0 };
	json_t *e, *to;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = event_of("", rows[i].class, rows[i].action, "s", "f");
		json_object_set_new(e, "notice", json_boolean(
		    rows[i].notice));
		add(&b, e, true);
		assert_int_equal(b.recipients, rows[i].recipients ? 2 : 0);
		assert_int_equal(b.tenants, 1);
		batch_clear(&b);
	}
	/* Our own mails, and other events, do not count. */
	e = event_of("", "local", "strip", "s", "f");
	json_object_set_new(e, "notice", json_true());
	add(&b, e, false);
	e = event_of("", "inbound", "strip", "s", "f");
	json_object_set_new(e, "type", json_string("passed"));
	add(&b, e, false);
	assert_int_equal(b.n, 0);
	/* What sendmail would read as something else gets no mail. */
	to = json_array();
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		json_array_append_new(to, json_string(odd[i]));
	json_array_append_new(to, json_string("good.one+x@b.example"));
	e = event_of("", "inbound", "hold", "s", "f");
	json_object_set_new(e, "to", to);
	add(&b, e, true);
	assert_int_equal(b.recipients, 1);
	assert_string_equal(b.v[1].key, "good.one+x@b.example");
	batch_clear(&b);
}

/* More events, tenants and recipients than there is room for. */
static void
test_limits(void **state)
{
	struct notify_settings s = settings();
	struct notify_batch b = { 0 };
	struct arena *a = arena_new();
	char name[64], rcpt[64];
	struct span mail;
	json_t *e;

	(void)state;
	for (int i = 0; i < NOTIFY_EVENTS_MAX + 7; i++)
		add(&b, event_of("big", "inbound", "strip", "s", "f"), true);
	assert_int_equal(b.v[0].listed, NOTIFY_EVENTS_MAX);
	assert_int_equal(b.v[0].more, 7);
	mail = digest_mail(a, &s, &b.v[0], false);
	assert_non_null(strstr(decoded(a, arena_cstr(a, mail)),
	    "And 7 more"));
	for (int i = 0; i < NOTIFY_RECIPIENTS_MAX + 30; i++) {
		snprintf(name, sizeof(name), "tenant%d", i);
		snprintf(rcpt, sizeof(rcpt), "r%d@example.org", i);
		e = event_of(name, "inbound", "hold", "s", "f");
		json_object_set_new(e, "to", json_pack("[s]", rcpt));
		add(&b, e, true);
	}
	assert_int_equal(b.tenants, NOTIFY_TENANTS_MAX);
	assert_int_equal(b.recipients, NOTIFY_RECIPIENTS_MAX);
	assert_int_equal(b.untold, 30);
	assert_int_equal(b.n, NOTIFY_TENANTS_MAX + NOTIFY_RECIPIENTS_MAX);
	batch_clear(&b);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(test_text), T(test_hostile), T(test_whom), T(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
