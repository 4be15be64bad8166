/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_notify_send: what the sendmail command is given, and that finds are
 * told once, also when it fails, hangs or is missing.
 */
#include "notify_fixture.h"

#include <signal.h>

#define WAIT_MS	8000

static _Atomic int64_t never = INT64_MAX;

/* What the command was given as its Nth mail; "" when it was not. */
static const char *
sent(int n)
{
	static char text[300000];
	char file[32];
	size_t len;
	FILE *f;

	snprintf(file, sizeof(file), "out/%d", n);
	f = fopen(path_of(file), "r");
	if (f == NULL)
		return "";
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	return text;
}

static void
test_send(void **state)
{
	static const struct {
		const char *mode, *why;
		enum notify_sent result;
	} rows[] = {
		{ "ok", NULL, NOTIFY_SENT },
		{ "fail", "ended with code 75: no queue: disk full",
		    NOTIFY_FAILED },
		{ "nouser", "code 67", NOTIFY_REFUSED },
		{ "deaf", "did not read the mail", NOTIFY_FAILED },
		{ "signal", "signal 9", NOTIFY_FAILED },
	};
	struct notify_settings s = settings();
	static char big[500000];
	struct span mail = span_make(big, sizeof(big));
	const char *got;
	char *error;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_file("mode", rows[i].mode, 0600);
		assert_int_equal(notify_send(s.sendmail, "-x@y", mail, &never,
		    &error), rows[i].result);
		if (rows[i].why != NULL)
			assert_non_null(strstr(error, rows[i].why));
		else
			assert_null(error);
		free(error);
	}
	got = sent(0);
	assert_memory_equal(got, "arg:-i\narg:-f\narg:\narg:--\narg:-x@y\n\n"
	    "xxxx", 40);
	assert_int_equal(notify_send(path_of("none"), "x@y", mail, &never,
	    &error), NOTIFY_FAILED);
	assert_non_null(strstr(error, "cannot be started: No such file"));
	free(error);
}

/* It is killed in time, and what it has started too. */
static void
test_hang(void **state)
{
	struct notify_settings s = settings();
	_Atomic int64_t soon = clock_ms() + 500;
	int64_t began = clock_ms();
	char *error;
	long pid = 0;
	FILE *f;

	(void)state;
	put_file("mode", "hang", 0600);
	assert_int_equal(notify_send(s.sendmail, "x@y", span_of("m"), &soon,
	    &error), NOTIFY_FAILED);
	assert_non_null(strstr(error, "killed"));
	free(error);
	assert_in_range(clock_ms() - began, 450, 3000);
	f = fopen(path_of("sleeper"), "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld", &pid), 1);
	fclose(f);
	for (int i = 0; i < 100 && kill((pid_t)pid, 0) == 0; i++) {
		char stat[64], text[128] = "";

		/* Dead, but nobody has taken it yet. */
		snprintf(stat, sizeof(stat), "/proc/%ld/stat", pid);
		f = fopen(stat, "r");
		if (f != NULL && fgets(text, sizeof(text), f) != NULL &&
		    strstr(text, ") Z") != NULL)
			i = 100;
		if (f != NULL)
			fclose(f);
		if (i == 99)
			fail_msg("process %ld is still there", pid);
		usleep(10000);
	}
}

/* --- the thread -------------------------------------------------------- */

static void
write_event(struct journal *j, const char *tenant, const char *action,
    const char *subject)
{
	static const char *const head[] = { "id", "type", "time", "tenant",
		"v" };
	json_t *e = event_of(tenant, "inbound", action, subject, "f.zip");
	char id[EVENT_ID_SIZE], *error;

	for (size_t i = 0; i < 5; i++)
		json_object_del(e, head[i]);
	event_id(id);
	assert_int_equal(journal_write(j, id, "virus", tenant, e, &error), 0);
	json_decref(e);
}

static bool
wait_sent(int n)
{
	for (int64_t end = clock_ms() + WAIT_MS; clock_ms() < end;
	    usleep(20000))
		if (*sent(n) != '\0')
			return true;
	return false;
}

static struct journal *
open_journal(void)
{
	static const struct journal_limits l = { .size = 100u << 20 };
	char *error;
	struct journal *j = journal_open(folder, JOURNAL_POSTERN, &l, &error);

	assert_non_null(j);
	return j;
}

static struct conf
conf_of(void)
{
	static char sendmail[128];

	snprintf(sendmail, sizeof(sendmail), "%s/sendmail", folder);
	return (struct conf){
		.notify_to = "op@example.org", .notify_from = "",
		.authserv_id = "mx.example.org", .notice_contact = "",
		.sendmail = sendmail, .journal = folder,
		.notify_interval_s = 1, .notify_recipients = true
	};
}

/* The files that lie in out/. */
static int
count(void)
{
	int n = 0;

	while (*sent(n) != '\0')
		n++;
	return n;
}

static void
test_none(void **state)
{
	struct conf c = conf_of();
	struct notify *n;
	char *error;

	(void)state;
	c.notify_to = "";
	assert_null(notify_new(&c, &error));
	assert_null(error);
	c = conf_of();
	c.journal = "";
	assert_null(notify_new(&c, &error));
	assert_non_null(strstr(error, "journal"));
	free(error);
	c = conf_of();
	n = NULL;
	assert_int_equal(notify_reload(&n, &c, &error), 0);
	assert_non_null(n);
	c.notify_to = "";
	assert_int_equal(notify_reload(&n, &c, &error), 0);
	assert_null(n);
	notify_free(&n);
}

/* One mail for each tenant and recipient; nothing again after a restart. */
static void
test_rounds(void **state)
{
	static const char args[] = "arg:-i\narg:-f\narg:\narg:--\n"
	    "arg:op@example.org\n\nFrom: postern@mx.example.org\n";
	struct journal *j = open_journal();
	struct conf c = conf_of();
	char *error;
	struct notify *n = notify_new(&c, &error);

	(void)state;
	assert_non_null(n);
	write_event(j, "t1", "strip", "one");
	write_event(j, "t1", "strip", "two");
	write_event(j, "t2", "hold", "three");
	assert_true(wait_sent(3));
	assert_memory_equal(sent(0), args, sizeof(args) - 1);
	assert_non_null(strstr(sent(0), "finds in 2 messages of tenant t1"));
	assert_non_null(strstr(sent(1), "finds in 1 message of tenant t2"));
	assert_non_null(strstr(sent(2), "arg:b@example.org\n"));
	assert_non_null(strstr(sent(2), "held back"));
	assert_non_null(strstr(sent(3), "arg:c@example.org\n"));
	notify_free(&n);
	assert_null(n);
	n = notify_new(&c, &error);
	assert_non_null(n);
	write_event(j, "t3", "strip", "four");
	assert_true(wait_sent(4));
	assert_non_null(strstr(sent(4), "finds in 1 message of tenant t3"));
	notify_free(&n);
	assert_int_equal(count(), 5);
	journal_close(&j);
}

static bool
wait_tries(void)
{
	for (int64_t end = clock_ms() + WAIT_MS; clock_ms() < end;
	    usleep(20000))
		if (access(path_of("tries"), F_OK) == 0)
			return true;
	return false;
}

/* The second mail fails: only that is sent again, then what came since. */
static void
test_failure(void **state)
{
	struct journal *j = open_journal();
	struct conf c = conf_of();
	char *error;
	struct notify *n;

	(void)state;
	put_file("mode", "second", 0600);
	write_event(j, "t1", "strip", "one");
	write_event(j, "t2", "strip", "two");
	n = notify_new(&c, &error);
	assert_true(wait_tries());
	write_event(j, "t1", "strip", "three");
	assert_int_equal(notify_reload(&n, &c, &error), 0);
	assert_int_equal(access(path_of("postern.notify"), F_OK), -1);
	put_file("mode", "ok", 0600);
	assert_true(wait_sent(2));
	assert_non_null(strstr(sent(0), "of tenant t1"));
	assert_non_null(strstr(sent(1), "of tenant t2"));
	assert_non_null(strstr(sent(2), "finds in 1 message of tenant t1"));
	notify_free(&n);
	assert_int_equal(count(), 3);
	journal_close(&j);
}

/* Nothing is lost when it never worked in the life of the process. */
static void
test_lost_nothing(void **state)
{
	struct journal *j = open_journal();
	struct conf c = conf_of();
	char *error;
	struct notify *n;

	(void)state;
	put_file("mode", "fail", 0600);
	write_event(j, "t1", "strip", "one");
	n = notify_new(&c, &error);
	assert_true(wait_tries());
	notify_free(&n);
	put_file("mode", "ok", 0600);
	n = notify_new(&c, &error);
	assert_true(wait_sent(0));
	notify_free(&n);
	assert_int_equal(count(), 1);
	journal_close(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(test_send), T(test_hang), T(test_none), T(test_rounds),
		T(test_failure), T(test_lost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
