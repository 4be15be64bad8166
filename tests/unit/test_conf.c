/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_conf: right configurations give their values, included files override,
 * and pins keep what they pin.  test_conf_errors has the wrong ones.
 */
#include "config.h"

#include <assert.h>
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

#include "conf.h"
#include "dkim_sign.h"

#define ID "authserv-id = mx.example.org\n"

static char dir[] = "/tmp/test_conf.XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL || chdir(dir) == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink("t.conf");
	unlink("i.conf");
	return chdir("/") == -1 || rmdir(dir) == -1 ? -1 : 0;
}

static void
put(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static struct conf *
load(const char *text, char **errors)
{
	put("t.conf", text, strlen(text));
	return conf_load("t.conf", errors);
}

static struct conf *
load_good(const char *text)
{
	char *errors;
	struct conf *c = load(text, &errors);

	if (c == NULL || errors != NULL)
		fail_msg("%s:\n%s", text, errors);
	return c;
}

static void
test_defaults(void **state)
{
	struct conf *c = load_good(ID);

	(void)state;
	assert_string_equal(c->path, "t.conf");
	assert_string_equal(c->authserv_id, "mx.example.org");
	assert_string_equal(c->socket,
	    "unix:/var/spool/postfix/postern/milter.sock");
	assert_int_equal(c->socket_mode, 0660);
	assert_int_equal(c->socket_users.n, 2);
	assert_string_equal(c->socket_users.v[0], "postfix");
	assert_int_equal(c->grace_s, 30);
	assert_int_equal(c->nudge_ms, 20);
	assert_int_equal(c->worker_wait_ms, 60000);
	assert_int_equal(c->message_size, 64 * 1024 * 1024);
	assert_int_equal(c->memory, 1024 * 1024 * 1024);
	assert_int_equal(c->dns_max_ttl_s, 86400);
	assert_true(c->spf);
	assert_int_equal(c->spf_fail, CHOICE_MARK);
	assert_int_equal(c->dmarc, ENFORCE_MONITOR);
	assert_int_equal(c->dmarc_tempfail_s, 4 * 3600);
	assert_int_equal(c->split_recipients, CHOICE_DEFER);
	assert_int_equal(c->sign_failure, CHOICE_TEMPFAIL);
	assert_int_equal(c->sign_expire_s, 14 * 86400);
	assert_true(c->sign_relaxed_headers && c->sign_relaxed_body);
	assert_int_equal(c->ndomains, 0);
	assert_int_equal(c->pins, 0);
	conf_free(&c);
	assert_null(c);
}

static void
test_good(void **state)
{
	struct ipaddr addr;
	struct conf *c = load_good(
	    "authserv-id = \"B\303\274cher.example.\" # comment\r\n"
	    "socket = \"inet:[::1]:8891\" socket-peers = { ::1 }\n"
	    "socket-users = {}  // comment\n"
	    "outbound-networks = { 10.0.0.0/8 }\n"
	    "outbound-networks += { \"2001:db8::/32\" }\n"
	    "nameservers = { 127.0.0.1@5353, \"::1\" }\n"
	    "message-size = 150K\nmemory = 2G\nnudge = 0\n"
	    "dmarc-tempfail = 4d/**/\ndmarc-quarantine = hold\n"
	    "sign-header = simple\nsign-socket = unix:/run/s\n"
	    "help-url = https://example.org/why\ngroup = 'a\\'b'\n");

	(void)state;
	assert_string_equal(c->authserv_id, "xn--bcher-kva.example");
	assert_string_equal(c->socket, "inet:[::1]:8891");
	assert_int_equal(c->socket_peers.n, 1);
	assert_int_equal(c->socket_users.n, 0);
	assert_int_equal(c->outbound_networks.n, 2);
	assert_int_equal(ipaddr_parse("2001:db8::7", &addr), 0);
	assert_true(ipnets_have(c->outbound_networks.v, 2, &addr));
	assert_int_equal(c->nameservers.n, 2);
	assert_string_equal(c->nameservers.v[0], "127.0.0.1@5353");
	assert_int_equal(c->message_size, 150 * 1024);
	assert_int_equal(c->memory, UINT64_C(2) << 30);
	assert_int_equal(c->nudge_ms, 0);
	assert_int_equal(c->dmarc_tempfail_s, 4 * 86400);
	assert_int_equal(c->dmarc_quarantine, CHOICE_HOLD);
	assert_false(c->sign_relaxed_headers);
	assert_string_equal(c->sign_socket, "/run/s");
	assert_string_equal(c->help_url, "https://example.org/why");
	assert_string_equal(c->group, "a'b");
	conf_free(&c);
}

static const char sections[] = ID
    "domain zoo.example { }\n"
    "domain \"A.Example\" {\n"
    "	sign-subdomains = yes logins = { ann, bob } networks = ::1\n"
    "	key s1 { file = /k/1 }\n"
    "	key \"2024.X\" { file = /k/2 algorithm = ed25519-sha256 }\n"
    "}\n"
    "domain sub.a.example { dmarc = off }\n"
    "trusted-forwarder \"a list\" { domain = L.example list-id = x }\n"
    "dmarc = enforce\n";

static void
test_sections(void **state)
{
	struct conf *c = load_good(sections);
	const struct conf_domain *d = conf_domain_find(c, "a.example");

	(void)state;
	assert_int_equal(c->ndomains, 3);
	assert_non_null(d);
	assert_true(d->sign_subdomains);
	assert_int_equal(d->dmarc, ENFORCE_ENFORCE);
	assert_int_equal(d->logins.n, 2);
	assert_string_equal(d->logins.v[1], "bob");
	assert_int_equal(d->networks.n, 1);
	assert_int_equal(d->nkeys, 2);
	assert_string_equal(d->keys[0].selector, "s1");
	assert_int_equal(d->keys[0].algorithm, DKIM_RSA_SHA256);
	assert_string_equal(d->keys[1].selector, "2024.x");
	assert_string_equal(d->keys[1].file, "/k/2");
	assert_int_equal(d->keys[1].algorithm, DKIM_ED25519_SHA256);
	assert_int_equal(conf_domain_find(c, "sub.a.example")->dmarc,
	    ENFORCE_OFF);
	assert_null(conf_domain_find(c, "b.example"));
	/* A section without keys does not stop signing for a subdomain. */
	assert_ptr_equal(conf_domain_signing(c, "sub.a.example"), d);
	assert_ptr_equal(conf_domain_signing(c, "x.sub.a.example"), d);
	assert_null(conf_domain_signing(c, "zoo.example"));
	assert_null(conf_domain_signing(c, "example"));
	assert_int_equal(c->nforwarders, 1);
	assert_string_equal(c->forwarders[0].name, "a list");
	assert_string_equal(c->forwarders[0].domain, "l.example");
	assert_string_equal(c->forwarders[0].recipient, "");
	conf_free(&c);
}

static void
test_include(void **state)
{
	static const char included[] = "grace = 2s\n"
	    "socket-users = {}\noutbound-networks = { ::1 }";
	struct conf *c;

	(void)state;
	put("i.conf", included, strlen(included));
	c = load_good(ID "grace = 1s\noutbound-networks = { 10.0.0.0/8 }\n"
	    "socket-users = { x }\ninclude ( \"i.conf\" ) workers = 7\n");
	assert_int_equal(c->grace_s, 2);
	assert_int_equal(c->workers, 7);
	assert_int_equal(c->socket_users.n, 0);
	assert_int_equal(c->outbound_networks.n, 1);
	assert_int_equal(c->outbound_networks.v[0].addr.family, AF_INET6);
	conf_free(&c);

	put("i.conf", "key s1 { file = /k }", 20);
	c = load_good(ID "domain a.org {\ninclude(\"i.conf\")\n}\n");
	assert_int_equal(c->domains[0].nkeys, 1);
	conf_free(&c);
}

static void
test_environment(void **state)
{
	struct conf *c;

	(void)state;
	setenv("TEST_CONF", "/var/x", 1);
	c = load_good(ID "socket = \"unix:${TEST_CONF}/s\" "
	    "dns-trust-anchor = ${TEST_CONF}\n");
	assert_string_equal(c->socket, "unix:/var/x/s");
	assert_string_equal(c->dns_trust_anchor, "/var/x");
	conf_free(&c);
}

static void *
pinner(void *arg)
{
	const struct conf *c;

	for (int i = 0; i < 2000; i++) {
		c = conf_pin();
		/* Freed memory is seen by the sanitizers. */
		assert(c->workers > 0);
		conf_unpin(&c);
		assert(c == NULL);
	}
	return arg;
}

static void
test_pins(void **state)
{
	const struct conf *old, *again;
	pthread_t threads[4];
	struct conf *first;

	(void)state;
	assert_null(conf_pin());
	conf_publish(first = load_good(ID "workers = 1\n"));
	old = conf_pin();
	assert_ptr_equal(old, first);
	assert_int_equal(old->pins, 2);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, pinner, NULL);
	for (int i = 0; i < 20; i++)
		conf_publish(load_good(ID "workers = 2\n"));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	again = conf_pin();
	assert_int_equal(again->workers, 2);
	assert_int_equal(again->pins, 2);
	assert_int_equal(old->workers, 1);
	assert_int_equal(old->pins, 1);
	conf_unpin(&old);
	assert_null(old);
	conf_unpin(&again);
	conf_publish(NULL);
	assert_null(conf_pin());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_pins),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
