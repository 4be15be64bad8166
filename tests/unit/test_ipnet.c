/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_ipnet: addresses and networks, and that mapping hides nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipnet.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))


static void
test_addresses(void **state)
{
	static const struct {
		const char *in, *out;
		bool loopback;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", false },
		{ "2001:DB8::1", "2001:db8::1", false },
		{ "::ffff:192.0.2.1", "192.0.2.1", false },
		{ "::ffff:7f00:1", "127.0.0.1", true },
		{ "127.9.9.9", "127.9.9.9", true },
		{ "::1", "::1", true },
		{ "::", "::", false },
		{ "::192.0.2.1", "::192.0.2.1", false },
		{ "192.0.2", NULL, false }, { "192.0.2.256", NULL, false },
		{ "192.0.2.01", NULL, false }, { "", NULL, false },
		{ " 192.0.2.1", NULL, false }, { "fe80::1%lo", NULL, false },
		{ "[::1]", NULL, false }, { "example.org", NULL, false },
	};
	char text[IPADDR_STRLEN];
	struct ipaddr a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool ok = ipaddr_parse(cases[i].in, &a) == 0;

		assert_int_equal(ok, cases[i].out != NULL);
		assert_string_equal(ipaddr_str(&a, text),
		    ok ? cases[i].out : "unknown");
		assert_int_equal(ipaddr_is_loopback(&a), cases[i].loopback);
	}
}

static void
test_sockaddr(void **state)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
	    .sin6_addr.s6_addr = { [10] = 255, 255, 192, 0, 2, 7 } };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char text[IPADDR_STRLEN];
	struct ipaddr a, b;

	(void)state;
	ipaddr_from_sockaddr((struct sockaddr *)&sin6, &a);
	assert_string_equal(ipaddr_str(&a, text), "192.0.2.7");
	assert_int_equal(ipaddr_parse("192.0.2.7", &b), 0);
	assert_true(ipaddr_eq(&a, &b));
	ipaddr_from_sockaddr(&other, &a);
	assert_int_equal(a.family, AF_UNSPEC);
	assert_false(ipaddr_eq(&a, &b));
	ipaddr_from_sockaddr(NULL, &a);
	assert_int_equal(a.family, AF_UNSPEC);
}

static void
test_networks(void **state)
{
	static const struct {
		const char *net, *addr;
		int has;		/* -1: no network */
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.255", 1 },
		{ "192.0.2.0/24", "192.0.3.0", 0 },
		{ "192.0.2.0/24", "::ffff:192.0.2.9", 1 },
		{ "192.0.2.128/25", "192.0.2.127", 0 },
		{ "192.0.2.128/25", "192.0.2.128", 1 },
		{ "192.0.2.4/31", "192.0.2.5", 1 },
		{ "192.0.2.4/31", "192.0.2.6", 0 },
		{ "192.0.2.4", "192.0.2.4", 1 },
		{ "192.0.2.4", "192.0.2.5", 0 },
		{ "0.0.0.0/0", "203.0.113.1", 1 },
		{ "0.0.0.0/0", "2001:db8::1", 0 },
		{ "::/0", "2001:db8::1", 1 },
		{ "::/0", "192.0.2.1", 0 },
		{ "2001:db8::/33", "2001:db8:7fff::1", 1 },
		{ "2001:db8::/33", "2001:db8:8000::1", 0 },
		{ "::ffff:192.0.2.0/120", "192.0.2.77", 1 },
		{ "::ffff:192.0.2.0/120", "192.0.3.77", 0 },
		{ "::ffff:0.0.0.0/95", "192.0.2.1", -1 },
		{ "192.0.2.1/24", "", -1 }, { "192.0.2.0/33", "", -1 },
		{ "192.0.2.0/", "", -1 }, { "192.0.2.0/2 4", "", -1 },
		{ "192.0.2.0/-1", "", -1 }, { "192.0.2.0/024", "", -1 },
		{ "2001:db8::/129", "", -1 }, { "2001:db8::1/64", "", -1 },
		{ "/24", "", -1 }, { "", "", -1 }, { "example/24", "", -1 },
		{ "192.0.2.0/24/24", "", -1 },
	};
	struct ipnet net;
	struct ipaddr a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *error = NULL;

		if (ipnet_parse(cases[i].net, &net, &error) != 0) {
			assert_int_equal(cases[i].has, -1);
			assert_non_null(error);
			continue;
		}
		assert_int_equal(ipaddr_parse(cases[i].addr, &a), 0);
		assert_int_equal(ipnet_has(&net, &a), cases[i].has);
		assert_int_equal(ipnets_have(&net, 1, &a), cases[i].has);
		assert_false(ipnets_have(&net, 0, &a));
	}
}

static void
test_unknown_is_in_no_network(void **state)
{
	struct ipaddr none = { .family = AF_UNSPEC };
	const char *error;
	struct ipnet net;

	(void)state;
	assert_int_equal(ipnet_parse("0.0.0.0/0", &net, &error), 0);
	assert_false(ipnet_has(&net, &none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_sockaddr),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_unknown_is_in_no_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
