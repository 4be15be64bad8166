/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ipnet: IP addresses and networks.
 *
 * An IPv4-mapped IPv6 address (::ffff:192.0.2.1) is always turned into the
 * IPv4 address it means, so that no list can be passed by spelling.
 * Pure functions, any thread.
 */
#ifndef POSTERN_IPNET_H
#define POSTERN_IPNET_H

#include <sys/socket.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPADDR_STRLEN INET6_ADDRSTRLEN

struct ipaddr {
	int	family;		/* AF_INET, AF_INET6, or AF_UNSPEC: none */
	uint8_t	b[16];		/* network order; IPv4 in the first four */
};

struct ipnet {
	struct ipaddr	addr;
	unsigned	bits;
};

/* From text ("192.0.2.1", "2001:db8::1").  -1 when it is not an address. */
int	ipaddr_parse(const char *, struct ipaddr *);
/* From a socket address; other families give AF_UNSPEC. */
void	ipaddr_from_sockaddr(const struct sockaddr *, struct ipaddr *);
/* Into out (IPADDR_STRLEN bytes); "unknown" for AF_UNSPEC.  Returns out. */
const char *ipaddr_str(const struct ipaddr *, char *out);
bool	ipaddr_eq(const struct ipaddr *, const struct ipaddr *);
bool	ipaddr_is_loopback(const struct ipaddr *);

/*
 * From "192.0.2.0/24", "2001:db8::/32", or one address.  Bits set beyond the
 * prefix are an error.  -1 and *error_r (a literal) when it is wrong.
 */
int	ipnet_parse(const char *, struct ipnet *, const char **error_r);
bool	ipnet_has(const struct ipnet *, const struct ipaddr *);
bool	ipnets_have(const struct ipnet *, size_t n, const struct ipaddr *);

#endif
