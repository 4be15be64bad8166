/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scan_health: a scanner that is away, blind, silent or foreign counts as
 * away, with one line in the log; a busy one does not; and it comes back.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "log.h"
#include "scan_fake.h"
#include "scan_internal.h"

#define PATIENCE_MS	300
#define IN_TIME_MS	20000	/* of a busy machine */
#define PROMPT_MS	1500	/* less than any patience of a probe */

static char dir[] = "/tmp/test_scan_health.XXXXXX";
static char socket_path[64], log_path[64];
static int real_stderr;
static EVP_MD *md;
static struct fake *fake;
static struct scan_cache *cache;
static struct scan_health *health;

/* Times that the text is in the log. */
static unsigned
logged(const char *text)
{
	static char all[65536];
	FILE *f = fopen(log_path, "r");
	unsigned n = 0;
	size_t got;

	assert_non_null(f);
	got = fread(all, 1, sizeof(all) - 1, f);
	all[got] = '\0';
	fclose(f);
	for (const char *p = all; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

static int
begin(void **state)
{
	(void)state;
	assert_non_null(freopen(log_path, "w", stderr));
	setvbuf(stderr, NULL, _IONBF, 0);
	cache = scan_cache_new(10);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	scan_health_free(&health);
	scan_cache_free(&cache);
	fake_stop(&fake);
	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	return 0;
}

static void
start(enum fake_mode mode)
{
	fake = fake_start(socket_path, 3);
	fake_mode(fake, mode);
	health = scan_health_new(socket_path, PATIENCE_MS, cache, md);
}

static bool
ready(char why[SCAN_WHY_SIZE])
{
	return scan_health_ready(health, clock_ms() + IN_TIME_MS, why);
}

/* A call's probe comes as soon as it may. */
static void
pause_between_probes(void)
{
	usleep((SCAN_PROBE_AGAIN_MS + 20) * 1000);
}

static void
test_well(void **state)
{
	char why[SCAN_WHY_SIZE] = "";
	struct scan_stats stats;
	bool doubt;

	(void)state;
	start(FAKE_WELL);
	assert_true(ready(why));
	assert_false(scan_health_away(health, why));
	assert_int_equal(scan_health_turns(health), 2);
	assert_int_equal(scan_cache_version(cache, &doubt), 7);
	scan_health_stats(health, &stats);
	assert_int_equal(stats.signatures, 42);
	assert_false(stats.away);
	assert_int_equal(logged("finds the test virus"), 1);
	assert_int_equal(logged("away"), 0);
}

static const struct away_case {
	enum fake_mode	mode;
	const char	*why;
	const char	*advice;
} aways[] = {
	{ FAKE_UNREAD, "without reading the question", "scan-clients" },
	{ FAKE_BLIND, "does not find the test virus EICAR", "scan-database" },
	{ FAKE_ALARMED, "does not pass a harmless text: Test.Virus",
	    "scan-database" },
	{ FAKE_LOADING, "is not ready: still loading", "look at the log" },
	{ FAKE_SILENT, "does not answer at", "restart" },
	{ FAKE_CRASHING, "ended during the scan", "log of postern-scan" },
	{ FAKE_GARBLED, "makes no sense", "same release" },
};

/* Each way to be away: from the start, told once, and over when it is. */
static void
check_away(const struct away_case *c)
{
	char why[SCAN_WHY_SIZE] = "";
	struct scan_stats stats;

	start(c->mode);
	if (ready(why) || strstr(why, c->why) == NULL)
		fail_msg("mode %d: %s", (int)c->mode, why);
	assert_true(scan_health_away(health, why));
	scan_health_stats(health, &stats);
	assert_true(stats.away);
	for (int i = 0; i < 3; i++)
		assert_false(ready(why));
	pause_between_probes();
	assert_false(ready(why));
	if (logged("the scanner is away") != 1 || logged(c->why) != 1 ||
	    logged(c->advice) != 1)
		fail_msg("mode %d: log", (int)c->mode);
	fake_mode(fake, FAKE_WELL);
	pause_between_probes();
	if (!ready(why))
		fail_msg("mode %d: not back: %s", (int)c->mode, why);
	assert_int_equal(logged("the scanner is back"), 1);
	assert_int_equal(logged("the scanner is away"), 1);
}

static void
test_away(void **state)
{
	for (size_t i = 0; i < sizeof(aways) / sizeof(aways[0]); i++) {
		if (i > 0) {
			end(state);
			begin(state);
		}
		check_away(&aways[i]);
	}
}

/* Nobody there; it is started later. */
static void
test_nobody(void **state)
{
	char why[SCAN_WHY_SIZE] = "", want[160];
	int64_t from;

	(void)state;
	health = scan_health_new(socket_path, PATIENCE_MS, cache, md);
	assert_false(ready(why));
	snprintf(want, sizeof(want), "postern-scan does not answer at %s: No "
	    "such file or directory", socket_path);
	assert_string_equal(why, want);
	from = clock_ms();
	for (int i = 0; i < 1000; i++)
		assert_false(ready(why));
	assert_in_range(clock_ms() - from, 0, PROMPT_MS);
	assert_int_equal(logged("the scanner is away"), 1);
	fake = fake_start(socket_path, 3);
	pause_between_probes();
	assert_true(ready(why));
	assert_int_equal(logged("the scanner is back"), 1);
}

/* It goes blind while it is in use: noticed by the next probe. */
static void
test_goes_blind(void **state)
{
	char why[SCAN_WHY_SIZE] = "";

	(void)state;
	start(FAKE_WELL);
	assert_true(ready(why));
	fake_mode(fake, FAKE_BLIND);
	assert_true(ready(why));
	scan_health_hurry(health);
	for (int i = 0; !scan_health_away(health, why); i++) {
		assert_true(i < 100);
		usleep(50000);
	}
	assert_int_equal(logged("EICAR"), 1);
}

/* Probes that get no answer while others do: only busy. */
static void
test_busy(void **state)
{
	char why[SCAN_WHY_SIZE] = "";
	int64_t until;

	(void)state;
	start(FAKE_WELL);
	assert_true(ready(why));
	fake_mode(fake, FAKE_SILENT);
	scan_health_hurry(health);
	until = clock_ms() + SCAN_PROBE_AGAIN_MS + 2 * PATIENCE_MS;
	while (clock_ms() < until) {
		scan_health_heard(health);
		assert_true(ready(why));
		usleep(10000);
	}
	assert_int_equal(logged("away"), 0);
}

/* A call that nobody answered says so for all, once. */
static void
test_lost(void **state)
{
	char why[SCAN_WHY_SIZE] = "";

	(void)state;
	start(FAKE_WELL);
	assert_true(ready(why));
	scan_health_lost(health, "refused");
	scan_health_lost(health, "refused");
	assert_false(ready(why));
	assert_string_equal(why, "refused");
	assert_int_equal(logged("the scanner is away: refused"), 1);
	pause_between_probes();
	assert_true(ready(why));
	assert_int_equal(logged("the scanner is back"), 1);
}

/* The thread ends at once, whatever it is doing. */
static void
test_promptly(void **state)
{
	static const enum fake_mode modes[] = { FAKE_WELL, FAKE_SILENT };

	(void)state;
	for (int i = 0; i < 20; i++) {
		int64_t from;

		fake = fake_start(socket_path, 3);
		fake_mode(fake, modes[i % 2]);
		health = scan_health_new(socket_path, IN_TIME_MS, cache, md);
		usleep((useconds_t)i * 500);
		from = clock_ms();
		scan_health_free(&health);
		assert_in_range(clock_ms() - from, 0, PROMPT_MS);
		fake_stop(&fake);
	}
	assert_int_equal(logged("away"), 0);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/sock", dir);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	real_stderr = dup(STDERR_FILENO);
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	EVP_MD_free(md);
	unlink(log_path);
	return rmdir(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_well),
		TEST(test_away),
		TEST(test_nobody),
		TEST(test_goes_blind),
		TEST(test_busy),
		TEST(test_lost),
		TEST(test_promptly),
	};

	log_open("test_scan_health", LOG_TO_STDERR, 0);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
