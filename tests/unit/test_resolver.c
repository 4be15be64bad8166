/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The resolver against a DNS server that can misbehave (tests/lib/baddns.py).
 *
 * The server logs each question, so that a test can say how often it was
 * really asked.  Skipped (77) where the server cannot run (no dnspython).
 */
#include "config.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bounds.h"
#include "clock.h"
#include "resolver.h"
#include "resolver_zone.h"

#define TIMEOUT_MS	2100
#define SLACK_MS	700

static struct conf
settings(void)
{
	return (struct conf){
		.nameservers = { servers, 1 }, .dns_timeout_ms = TIMEOUT_MS,
		.dns_cache = 1000, .dns_max_ttl_s = 3600,
		.dns_trust_anchor = "", .dns_ask_special = true
	};
}

static struct resolver *
open_resolver(const struct conf *conf)
{
	char *error = NULL;
	struct resolver *r = resolver_new(conf, &error);

	if (r == NULL)
		fail_msg("%s", error != NULL ? error : "no error");
	return r;
}

static int
with_resolver(void **state)
{
	struct conf conf = settings();

	*state = open_resolver(&conf);
	return 0;
}

static int
end_resolver(void **state)
{
	struct resolver *r = *state;

	resolver_free(&r);
	assert_null(r);
	return 0;
}

static const struct dns_answer *
ask(struct resolver *r, struct arena *arena, const char *name,
    enum dns_type type, int ms)
{
	const struct dns *dns = resolver_dns(r);

	return dns->ask(dns->ctx, arena, name, type, clock_ms() + ms);
}

/* Asks without a look at the records. */
static enum dns_status
status_of(struct resolver *r, const char *name, enum dns_type type)
{
	struct arena *arena = arena_new();
	enum dns_status s = ask(r, arena, name, type, 10000)->status;

	arena_free(&arena);
	return s;
}

/* All records as text: "10 mx.example.com|20 ...". */
static void
show(const struct dns_answer *a, enum dns_type type, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *rec = &a->records[i];

		at += (size_t)snprintf(out + at, size - at, i > 0 ? "|" : "");
		if (type == DNS_MX)
			at += (size_t)snprintf(out + at, size - at, "%u ",
			    rec->preference);
		assert_int_equal(rec->data.p[rec->data.n], 0);
		for (size_t k = 0; k < rec->data.n; k++)
			at += (size_t)snprintf(out + at, size - at,
			    type == DNS_A || type == DNS_AAAA ? "%02x" : "%c",
			    (unsigned char)rec->data.p[k]);
	}
}

#define LABEL21 "aaaaaaaaaabbbbbbbbbbc"
#define LABEL63 LABEL21 LABEL21 LABEL21

static const struct {
	const char	*name;
	enum dns_type	 type;
	enum dns_status	 status;
	const char	*records;
} cases[] = {
	{ "example.com", DNS_A, DNS_FOUND, "c0000201|c0000202" },
	{ "EXAMPLE.com.", DNS_A, DNS_FOUND, "c0000201|c0000202" },
	{ "example.com", DNS_AAAA, DNS_FOUND,
	    "20010db8000000000000000000000001" },
	{ "example.com", DNS_MX, DNS_FOUND, "10 mx.example.com|0 " },
	{ "example.com", DNS_TXT, DNS_FOUND, "one|two strings|" },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, "host.example.com" },
	{ "odd.example.com", DNS_PTR, DNS_FOUND,
	    "a\\046b\\032c.example.com" },
	{ "alias.example.com", DNS_A, DNS_FOUND, "c0000201|c0000202" },
	{ "step.example.com", DNS_A, DNS_FOUND, "c0000201|c0000202" },
	{ "noalias.example.com", DNS_A, DNS_NXDOMAIN, "" },
	{ "alias.example.com", DNS_PTR, DNS_NODATA, "" },
	{ "example.com", DNS_PTR, DNS_NODATA, "" },
	{ "empty.example.com", DNS_A, DNS_NODATA, "" },
	{ "nothing.example.com", DNS_A, DNS_NXDOMAIN, "" },
	{ "x.test", DNS_A, DNS_FOUND, "c0000207" },
	{ "x.invalid", DNS_A, DNS_FOUND, "c0000208" },
	{ "s p\\a\"\310.example.com", DNS_A, DNS_FOUND, "c0000204" },
	{ "cut.example.com", DNS_TXT, DNS_FOUND, "tcp" },
	{ "lost.example.com", DNS_A, DNS_FOUND, "c0000206" },
	{ "slow.example.com", DNS_A, DNS_FOUND, "c0000206" },
	{ "loop1.example.com", DNS_A, DNS_TEMPFAIL, "" },
	{ "refused.example.com", DNS_A, DNS_TEMPFAIL, "" },
	{ "bad.example.com", DNS_A, DNS_TEMPFAIL, "" },
	{ "dead.example.com", DNS_A, DNS_TEMPFAIL, "" },
	{ "wrongid.example.com", DNS_A, DNS_TEMPFAIL, "" },
	{ "garbage.example.com", DNS_A, DNS_TEMPFAIL, "" },
	/* never asked */
	{ "", DNS_A, DNS_NXDOMAIN, "" },
	{ ".", DNS_A, DNS_NXDOMAIN, "" },
	{ "a..example.com", DNS_A, DNS_NXDOMAIN, "" },
	{ ".example.com", DNS_A, DNS_NXDOMAIN, "" },
	{ LABEL63 "a.example.com", DNS_A, DNS_NXDOMAIN, "" },
	{ LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, DNS_A, DNS_NXDOMAIN,
	    "" },
	/* on the wire, not there */
	{ LABEL63 ".example.com", DNS_A, DNS_NXDOMAIN, "" },
};

static void
test_answers(void **state)
{
	struct arena *arena = arena_new();
	char got[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t before = clock_ms();
		const struct dns_answer *a = ask(*state, arena, cases[i].name,
		    cases[i].type, 10000);
		int took = (int)(clock_ms() - before);

		show(a, cases[i].type, got, sizeof(got));
		if (a->status != cases[i].status ||
		    strcmp(got, cases[i].records) != 0)
			fail_msg("%s %d: status %d, records %s, %s",
			    cases[i].name, cases[i].type, a->status, got,
			    a->why != NULL ? a->why : "");
		if (took > TIMEOUT_MS + SLACK_MS)
			fail_msg("%s took %d ms", cases[i].name, took);
		assert_true((a->status == DNS_TEMPFAIL) == (a->why != NULL));
	}
	arena_free(&arena);
}

/* A record of another name is never taken for an answer. */
static void
test_lie(void **state)
{
	struct arena *arena = arena_new();
	const struct dns_answer *a = ask(*state, arena, "lie.example.com",
	    DNS_A, 10000);

	assert_int_not_equal(a->status, DNS_FOUND);
	assert_int_equal(a->n, 0);
	assert_int_equal(status_of(*state, "liar.invalid", DNS_A),
	    DNS_NXDOMAIN);
	arena_free(&arena);
}

/* What is kept, by TTL and settings; asks thrice each. */
static void
test_ttl(void **state)
{
	static const struct {
		const char *name, *log;
		unsigned min, max;
		int asked;
	} t[] = {
		{ "example.com", "example.com. A", 0, 3600, 1 },
		{ "example.com", "example.com. A", 0, 0, 3 },
		{ "zero.example.com", "zero.example.com. A", 0, 3600, 3 },
		{ "zero.example.com", "zero.example.com. A", 30, 3600, 1 },
		{ "none.example.com", "none.example.com. A", 0, 3600, 1 },
		{ "empty.example.com", "empty.example.com. A", 0, 3600, 1 },
		{ "refused.example.com", "refused.example.com. A", 60, 3600,
		    -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf conf = settings();
		int before = questions(t[i].log), once, all;
		struct resolver *r;

		conf.dns_min_ttl_s = t[i].min;
		conf.dns_max_ttl_s = t[i].max;
		r = open_resolver(&conf);
		status_of(r, t[i].name, DNS_A);
		once = questions(t[i].log) - before;
		status_of(r, t[i].name, DNS_A);
		status_of(r, t[i].name, DNS_A);
		all = questions(t[i].log) - before;
		resolver_free(&r);
		/* -1: the library tries again by itself; not kept. */
		if (t[i].asked < 0 ? all < once * 3 : all != t[i].asked)
			fail_msg("%s, min %u, max %u: asked %d (once %d)",
			    t[i].name, t[i].min, t[i].max, all, once);
	}
}

/* The cache of the library keeps failures; it must not come between. */
static void
test_recovers(void **state)
{
	assert_int_equal(status_of(*state, "bad.example.com", DNS_A),
	    DNS_TEMPFAIL);
	assert_int_equal(status_of(*state, "later.example.com", DNS_TXT),
	    DNS_NXDOMAIN);
	write_zone(", \"bad.example.com\": {\"A\": [\"192.0.2.9\"]}"
	    ", \"later.example.com\": {\"A\": [\"192.0.2.9\"]}");
	assert_int_equal(status_of(*state, "bad.example.com", DNS_A),
	    DNS_FOUND);
	/* Of another type, not asked before: the NXDOMAIN is not spread. */
	assert_int_equal(status_of(*state, "later.example.com", DNS_A),
	    DNS_FOUND);
	write_zone("");
}

/* Many dead names, and good ones meanwhile and afterwards. */
static void
test_dead_names(void **state)
{
	const struct dns *dns = resolver_dns(*state);
	static char zone_more[16384];
	char name[64];
	size_t at = 0;

	for (int i = 0; i < 100; i++)
		at += (size_t)snprintf(zone_more + at, sizeof(zone_more) - at,
		    ", \"d%d.example.com\": {\"*\": {\"drop\": true}}"
		    ", \"g%d.example.com\": {\"A\": [\"192.0.2.1\"]}", i, i);
	write_zone(zone_more);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "d%d.example.com", i);
		dns->start(dns->ctx, name, DNS_A);
	}
	for (int i = 0; i < 100; i++) {
		int64_t before = clock_ms();

		snprintf(name, sizeof(name), "g%d.example.com", i);
		assert_int_equal(status_of(*state, name, DNS_A), DNS_FOUND);
		assert_true(clock_ms() - before < SLACK_MS);
		usleep(10000);
	}
	write_zone("");
}

/* However many are started early, there is room for those who ask. */
static void
test_start_limit(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(at);
	struct conf conf = settings();
	struct resolver_stats stats;
	char server[64], name[64];
	const char *silent[] = { server };
	struct resolver *r;
	struct arena *arena = arena_new();

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	snprintf(server, sizeof(server), "127.0.0.1@%u", ntohs(at.sin_port));
	conf.nameservers.v = silent;
	r = open_resolver(&conf);
	for (int i = 0; i < DNS_INFLIGHT_MAX + 100; i++) {
		snprintf(name, sizeof(name), "s%d.example.com", i);
		dns_start(resolver_dns(r), name, DNS_A);
	}
	resolver_stats(r, &stats);
	assert_int_equal(stats.sent, DNS_INFLIGHT_MAX / 2);
	assert_int_equal(ask(r, arena, "late.example.com", DNS_A, 50)->status,
	    DNS_TEMPFAIL);
	resolver_stats(r, &stats);
	assert_int_equal(stats.sent, DNS_INFLIGHT_MAX / 2 + 1);
	resolver_free(&r);
	arena_free(&arena);
	close(fd);
}

struct asker {
	struct resolver	*resolver;
	enum dns_status	 status;
};

static void *
ask_slow(void *data)
{
	struct asker *a = data;

	a->status = status_of(a->resolver, "slow.example.com", DNS_A);
	return NULL;
}

static void
test_single_flight(void **state)
{
	static struct asker askers[16];
	pthread_t threads[16];
	struct resolver_stats stats;

	for (int i = 0; i < 16; i++) {
		askers[i].resolver = *state;
		assert_int_equal(pthread_create(&threads[i], NULL, ask_slow,
		    &askers[i]), 0);
	}
	for (int i = 0; i < 16; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(askers[i].status, DNS_FOUND);
	}
	resolver_stats(*state, &stats);
	assert_int_equal(stats.asked, 16);
	assert_int_equal(stats.sent, 1);
	assert_int_equal(stats.joined + stats.hits, 15);
	assert_int_equal(stats.failed, 0);
}

/* Its own deadline is over; the answer comes later and is kept. */
static void
test_own_deadline(void **state)
{
	struct arena *arena = arena_new();
	int64_t before = clock_ms();
	struct resolver_stats stats;

	assert_int_equal(ask(*state, arena, "slow2.example.com", DNS_A,
	    100)->status, DNS_TEMPFAIL);
	assert_true(clock_ms() - before < 100 + SLACK_MS / 2);
	assert_int_equal(ask(*state, arena, "slow2.example.com", DNS_A,
	    4000)->status, DNS_FOUND);
	/* With no time at all a kept answer is still given. */
	assert_int_equal(ask(*state, arena, "slow2.example.com", DNS_A,
	    -1)->status, DNS_FOUND);
	assert_int_equal(ask(*state, arena, "example.com", DNS_A,
	    0)->status, DNS_TEMPFAIL);
	resolver_stats(*state, &stats);
	assert_int_equal(stats.sent, 1);
	assert_int_equal(stats.joined, 1);
	assert_int_equal(stats.hits, 1);
	assert_int_equal(stats.failed, 2);
	arena_free(&arena);
}

/* A started question is answered once, even when it may not be kept. */
static void
test_start(void **state)
{
	const struct dns *dns = resolver_dns(*state);
	const char *log = "early.example.com. A";

	dns->start(dns->ctx, "early.example.com", DNS_A);
	dns->start(dns->ctx, "early.example.com", DNS_A);
	assert_int_equal(status_of(*state, "early.example.com", DNS_A),
	    DNS_FOUND);
	assert_int_equal(questions(log), 1);
	dns->start(dns->ctx, "early.example.com", DNS_A);
	usleep(400000);
	assert_int_equal(status_of(*state, "early.example.com", DNS_A),
	    DNS_FOUND);
	assert_int_equal(questions(log), 2);
	assert_int_equal(status_of(*state, "early.example.com", DNS_A),
	    DNS_FOUND);
	assert_int_equal(questions(log), 3);
	/* The next message's start does not take the old answer. */
	dns->start(dns->ctx, "early.example.com", DNS_A);
	usleep(400000);
	dns->start(dns->ctx, "early.example.com", DNS_A);
	usleep(400000);
	assert_int_equal(questions(log), 5);
	dns->start(dns->ctx, "a..b", DNS_A);
}

static void
test_not_special(void **state)
{
	struct conf conf = settings();
	struct resolver *r;
	int before = questions("x.test. A");

	(void)state;
	conf.dns_ask_special = false;
	r = open_resolver(&conf);
	assert_int_equal(status_of(r, "x.test", DNS_A), DNS_NXDOMAIN);
	assert_int_equal(status_of(r, "example.com", DNS_A), DNS_FOUND);
	assert_int_equal(questions("x.test. A"), before);
	resolver_free(&r);
}

/* Nothing is signed below this anchor: all is bogus, nothing is believed. */
static void
test_bogus(void **state)
{
	static const char anchor[] = ". DS 12205 13 2 aefc72944336865cb9f351e"
	    "8567a8e8b5b98644c15a938ab0b5d2efa290a8cfd\n";
	struct arena *arena = arena_new();
	struct conf conf = settings();
	const struct dns_answer *a;
	struct resolver *r;
	char path[80];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/anchor", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(anchor, f);
	fclose(f);
	conf.dns_trust_anchor = path;
	r = open_resolver(&conf);
	a = ask(r, arena, "example.com", DNS_A, 10000);
	assert_int_equal(a->status, DNS_TEMPFAIL);
	assert_int_equal(a->n, 0);
	assert_non_null(strstr(a->why, "DNSSEC"));
	resolver_free(&r);
	unlink(path);
	arena_free(&arena);
}

static void
test_settings(void **state)
{
	static const struct {
		const char *server, *anchor, *error;
	} t[] = {
		{ "ns.example.com", "", "nameserver ns.example.com" },
		{ "192.0.2.1@", "", "nameserver" },
		{ "192.0.2.1@70000", "", "nameserver" },
		{ "192.0.2.1\n", "", "nameserver" },
		{ "127.0.0.1@53", "/nonexistent", "trust anchor /nonexistent" },
		{ "127.0.0.1@53", "/etc/passwd", "the settings" },
		{ "127.0.0.1@53", "a\"b", "no quotes" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct conf conf = settings();
		char *error = NULL;
		const char *server[] = { t[i].server };

		conf.nameservers.v = server;
		conf.dns_trust_anchor = t[i].anchor;
		assert_null(resolver_new(&conf, &error));
		assert_non_null(error);
		if (strstr(error, t[i].error) == NULL)
			fail_msg("%s", error);
		free(error);
	}
}

/* Ends while questions are under way; the system's servers are read. */
static void
test_end(void **state)
{
	struct conf conf = settings();
	struct resolver *r = open_resolver(&conf);
	const struct dns *dns = resolver_dns(r);
	int64_t before = clock_ms();

	(void)state;
	dns->start(dns->ctx, "dead.example.com", DNS_A);
	dns->start(dns->ctx, "dead.example.com", DNS_TXT);
	dns->start(dns->ctx, "example.com", DNS_A);
	resolver_free(&r);
	assert_true(clock_ms() - before < SLACK_MS);
	conf.nameservers.n = 0;
	r = open_resolver(&conf);
	resolver_free(&r);
	resolver_free(&r);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, with_resolver, end_resolver)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_answers), WITH(test_lie), WITH(test_recovers),
		WITH(test_dead_names), WITH(test_single_flight),
		WITH(test_own_deadline), WITH(test_start),
		cmocka_unit_test(test_start_limit),
		cmocka_unit_test(test_ttl), cmocka_unit_test(test_not_special),
		cmocka_unit_test(test_bogus),
		cmocka_unit_test(test_settings), cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
