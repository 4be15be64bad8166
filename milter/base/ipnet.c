/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ipnet: IP addresses and networks, IPv4-mapped ones as IPv4.
 *
 * Called by the configuration (lists of networks), the connection code and
 * SPF.  Pure functions on the caller's memory; any thread.  Networks must be
 * written exactly: bits beyond the prefix are more often a slip of the pen
 * than a wish, and a list of trusted networks is no place to guess.
 */
#include "config.h"

#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

#include "ipnet.h"

#define MAPPED_BITS 96

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

static void
set_v4(struct ipaddr *a, const void *b)
{
	*a = (struct ipaddr){ .family = AF_INET };
	memcpy(a->b, b, 4);
}

static void
set_v6(struct ipaddr *a, const void *b)
{
	if (memcmp(b, mapped, sizeof(mapped)) == 0) {
		set_v4(a, (const uint8_t *)b + sizeof(mapped));
		return;
	}
	*a = (struct ipaddr){ .family = AF_INET6 };
	memcpy(a->b, b, 16);
}

int
ipaddr_parse(const char *s, struct ipaddr *a)
{
	uint8_t b[16];

	*a = (struct ipaddr){ .family = AF_UNSPEC };
	if (inet_pton(AF_INET, s, b) == 1)
		set_v4(a, b);
	else if (inet_pton(AF_INET6, s, b) == 1)
		set_v6(a, b);
	else
		return -1;
	return 0;
}

void
ipaddr_from_sockaddr(const struct sockaddr *sa, struct ipaddr *a)
{
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;

	*a = (struct ipaddr){ .family = AF_UNSPEC };
	if (sa == NULL)
		return;
	/* Copied: what libmilter hands over need not be aligned. */
	if (sa->sa_family == AF_INET) {
		memcpy(&sin, sa, sizeof(sin));
		set_v4(a, &sin.sin_addr);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		set_v6(a, &sin6.sin6_addr);
	}
}

const char *
ipaddr_str(const struct ipaddr *a, char *out)
{
	if (a->family == AF_UNSPEC ||
	    inet_ntop(a->family, a->b, out, IPADDR_STRLEN) == NULL)
		strcpy(out, "unknown");
	return out;
}

static size_t
bytes_of(int family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

bool
ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
	return a->family == b->family &&
	    memcmp(a->b, b->b, bytes_of(a->family)) == 0;
}

bool
ipaddr_is_loopback(const struct ipaddr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (a->family == AF_INET)
		return a->b[0] == 127;
	return a->family == AF_INET6 && memcmp(a->b, one, 16) == 0;
}

/* "0" to "128"; -1 for all else. */
static int
parse_bits(const char *s)
{
	int v = 0;

	if (*s == '\0' || strlen(s) > 3 || (s[0] == '0' && s[1] != '\0'))
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (*s - '0');
	}
	return v <= 128 ? v : -1;
}

static bool
clear_beyond(const struct ipaddr *a, unsigned bits)
{
	for (unsigned i = bits; i < bytes_of(a->family) * 8; i++)
		if (a->b[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

static int
wrong(const char **error_r, const char *text)
{
	*error_r = text;
	return -1;
}

int
ipnet_parse(const char *s, struct ipnet *net, const char **error_r)
{
	char text[IPADDR_STRLEN];
	size_t n = strcspn(s, "/");
	int bits;

	if (n >= sizeof(text))
		return wrong(error_r, "is no IP address");
	memcpy(text, s, n);
	text[n] = '\0';
	if (ipaddr_parse(text, &net->addr) != 0)
		return wrong(error_r, "is no IP address");
	net->bits = (unsigned)bytes_of(net->addr.family) * 8;
	if (s[n] == '\0')
		return 0;
	bits = parse_bits(s + n + 1);
	if (bits < 0)
		return wrong(error_r, "has no number of bits behind the slash");
	if (net->addr.family == AF_INET && strchr(text, ':') != NULL) {
		bits -= MAPPED_BITS;
		if (bits < 0)
			return wrong(error_r,
			    "mixes IPv4 and IPv6; write IPv4 as 192.0.2.0/24");
	}
	if ((unsigned)bits > net->bits)
		return wrong(error_r, "has more bits than an address");
	net->bits = (unsigned)bits;
	if (!clear_beyond(&net->addr, net->bits))
		return wrong(error_r, "has bits set behind its prefix");
	return 0;
}

bool
ipnet_has(const struct ipnet *net, const struct ipaddr *a)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (a->family == AF_UNSPEC || net->addr.family != a->family)
		return false;
	if (memcmp(net->addr.b, a->b, whole) != 0)
		return false;
	return rest == 0 ||
	    ((net->addr.b[whole] ^ a->b[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

bool
ipnets_have(const struct ipnet *nets, size_t n, const struct ipaddr *a)
{
	for (size_t i = 0; i < n; i++)
		if (ipnet_has(&nets[i], a))
			return true;
	return false;
}
