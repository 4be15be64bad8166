/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check: what must hold between settings, and forms that a type does not
 * tell: sockets, resolvers, keys.
 *
 * Called by conf_read.c when a section has been taken, and at the end for the
 * settings outside of sections.  Says what to write instead.  Opens no file:
 * a key file is the signer's affair, and postern may not read it.
 */
#include <sys/un.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_private.h"
#include "domain.h"
#include "bounds.h"

#define DAY_S		(24u * 60 * 60)
/* A signature must outlive Postfix's queue (maximal_queue_lifetime, 5d). */
#define EXPIRE_MIN_S	(6 * DAY_S)

struct check {
	struct conf_text	*t;
	const struct conf	*conf;
	const unsigned		*lines;
};

unsigned
conf_check_line(const unsigned *lines, const char *name)
{
	return lines[setting_find(SECTION_TOP, span_of(name)) - settings];
}

/* The line of a setting, or of another one when this one is not there. */
static unsigned
line_of(const struct check *c, const char *name, const char *other)
{
	unsigned line = conf_check_line(c->lines, name);

	return line != 0 || other == NULL ? line : line_of(c, other, NULL);
}

void
conf_check_path(struct conf_text *t, const unsigned *lines, const char *name,
    const char *path, bool socket)
{
	unsigned line = conf_check_line(lines, name);
	struct sockaddr_un sun;

	if (*path != '/')
		conf_problem(t, line, "'%s' needs a full path that begins "
		    "with /, not \"%.60s\"", name, path);
	else if (socket && strlen(path) >= sizeof(sun.sun_path))
		conf_problem(t, line, "'%s' is longer than the %zu bytes that "
		    "a unix socket's path may have; take a shorter one", name,
		    sizeof(sun.sun_path) - 1);
}

static void
need_path(const struct check *c, const char *name, const char *path,
    bool socket)
{
	conf_check_path(c->t, c->lines, name, path, socket);
}

/* "ADDRESS:PORT", "[ADDRESS]:PORT", or with @ (resolvers; port optional). */
static bool
address_port(const char *text, char mark, bool optional)
{
	char addr[IPADDR_STRLEN + 2];
	const char *port = strrchr(text, mark), *from = addr;
	struct ipaddr ip;
	size_t n = port != NULL ? (size_t)(port - text) : strlen(text);
	char *end;
	long number;

	if ((port == NULL && !optional) || n == 0 || n >= sizeof(addr))
		return false;
	snprintf(addr, sizeof(addr), "%.*s", (int)n, text);
	if (addr[0] == '[' && addr[n - 1] == ']') {
		addr[n - 1] = '\0';
		from++;
	} else if (mark == ':' && strchr(addr, ':') != NULL) {
		return false;
	}
	if (ipaddr_parse(from, &ip) == -1)
		return false;
	if (port == NULL)
		return true;
	number = strtol(port + 1, &end, 10);
	return port[1] >= '0' && port[1] <= '9' && *end == '\0' &&
	    number >= 1 && number <= 65535;
}

static void
check_socket(const struct check *c)
{
	const char *s = c->conf->socket;
	unsigned line = line_of(c, "socket", NULL);

	if (strncmp(s, "unix:", 5) == 0) {
		need_path(c, "socket", s + 5, true);
	} else if (strncmp(s, "inet:", 5) != 0 ||
	    !address_port(s + 5, ':', false)) {
		conf_problem(c->t, line, "'socket' must be "
		    "\"unix:/PATH\", \"inet:192.0.2.1:PORT\" or "
		    "\"inet:[2001:db8::1]:PORT\", not \"%.60s\"", s);
	} else if (c->conf->socket_peers.n == 0) {
		conf_problem(c->t, line, "an inet socket needs the list of "
		    "those that may connect to it; write: "
		    "socket-peers = { \"192.0.2.1\" }");
	}
}

static void
check_dns(const struct check *c)
{
	const struct conf *conf = c->conf;

	for (size_t i = 0; i < conf->nameservers.n; i++)
		if (!address_port(conf->nameservers.v[i], '@', true))
			conf_problem(c->t, line_of(c, "nameservers", NULL),
			    "'nameservers' has \"%.60s\"; write an address, "
			    "or an address with a port such as "
			    "\"127.0.0.1@5353\"", conf->nameservers.v[i]);
	if (conf->dns_timeout_ms > conf->dns_budget_ms)
		conf_problem(c->t, line_of(c, "dns-timeout", "dns-budget"),
		    "'dns-timeout' (%ums) is above 'dns-budget' (%ums); one "
		    "question cannot take longer than all of them",
		    conf->dns_timeout_ms, conf->dns_budget_ms);
	if (conf->dns_min_ttl_s > conf->dns_max_ttl_s)
		conf_problem(c->t, line_of(c, "dns-min-ttl", "dns-max-ttl"),
		    "'dns-min-ttl' (%us) is above 'dns-max-ttl' (%us)",
		    conf->dns_min_ttl_s, conf->dns_max_ttl_s);
	if (*conf->dns_trust_anchor != '\0')
		need_path(c, "dns-trust-anchor", conf->dns_trust_anchor,
		    false);
}

static void
check_limits(const struct check *c)
{
	const struct conf *conf = c->conf;

	if (conf->message_size > conf->memory)
		conf_problem(c->t, line_of(c, "message-size", "memory"),
		    "'message-size' (%" PRIu64 " bytes) is above 'memory' (%"
		    PRIu64 " bytes); no such message could be taken",
		    conf->message_size, conf->memory);
}

static void
check_url(const struct check *c)
{
	const char *url = c->conf->help_url;
	bool plain = true;

	for (const char *p = url; *p != '\0'; p++)
		plain = plain && *p > 0x20 && *p < 0x7f;
	if (*url == '\0' || (plain && strlen(url) <= 200 &&
	    (strncmp(url, "https://", 8) == 0 ||
	    strncmp(url, "http://", 7) == 0)))
		return;
	conf_problem(c->t, line_of(c, "help-url", NULL), "'help-url' must "
	    "begin with https:// and be at most 200 ASCII characters without "
	    "blanks, not \"%.60s\"", url);
}

static void
check_signing(const struct check *c)
{
	const struct conf *conf = c->conf;

	need_path(c, "sign-socket", conf->sign_socket, true);
	if (conf->sign_expire_s != 0 && conf->sign_expire_s < EXPIRE_MIN_S)
		conf_problem(c->t, line_of(c, "sign-expire", NULL),
		    "'sign-expire' must be 0 or at least %ud: a signature may "
		    "not expire while the message waits in a queue",
		    EXPIRE_MIN_S / DAY_S);
}

void
conf_check(struct conf_text *t, const struct conf *conf, const unsigned *lines)
{
	struct check c = { .t = t, .conf = conf, .lines = lines };

	check_socket(&c);
	check_dns(&c);
	check_limits(&c);
	check_url(&c);
	check_signing(&c);
	conf_check_scan(t, conf, lines);
}

void
conf_check_domain(struct conf_text *t, const struct conf_domain *d,
    unsigned line)
{
	if (d->nkeys > DKIM_KEYS_MAX)
		conf_problem(t, line, "domain \"%s\" has %zu keys; a message "
		    "is signed with at most %d, so take some out", d->name,
		    d->nkeys, DKIM_KEYS_MAX);
	if (d->sign_subdomains && d->nkeys == 0)
		conf_problem(t, line, "domain \"%s\" has sign-subdomains but "
		    "no key; add: key \"s1\" { file = \"/PATH\" }", d->name);
}

void
conf_check_key(struct conf_text *t, const struct conf_domain *d,
    const struct conf_key *k, unsigned line)
{
	if (k->file == NULL || *k->file == '\0')
		conf_problem(t, line, "key \"%s\" needs its file; write: "
		    "file = \"/etc/postern/keys/%s.%s.key\"", k->selector,
		    d->name, k->selector);
	else if (*k->file != '/')
		conf_problem(t, line, "key \"%s\": 'file' needs a full path "
		    "that begins with /, not \"%.60s\"", k->selector, k->file);
	if (strlen(k->selector) + strlen("._domainkey.") + strlen(d->name) >
	    DOMAIN_MAX)
		conf_problem(t, line, "key \"%.60s...\" makes a DNS name that "
		    "is longer than %d bytes; take a shorter selector",
		    k->selector, DOMAIN_MAX);
}

void
conf_check_forwarder(struct conf_text *t, const struct conf_forwarder *f,
    unsigned line)
{
	if (strpbrk(f->list_id, "<> ") != NULL)
		conf_problem(t, line, "trusted-forwarder \"%.60s\": write "
		    "'list-id' without blanks and without < and >", f->name);
	if (f->networks.n > 0)
		return;
	if (*f->domain != '\0' && (*f->list_id != '\0' ||
	    *f->recipient != '\0'))
		return;
	conf_problem(t, line, "trusted-forwarder \"%.60s\" would trust too "
	    "much; give it networks, or domain together with list-id or "
	    "recipient", f->name);
}
