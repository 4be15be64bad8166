/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unbound: libunbound's context from our settings, and its results as answers.
 *
 * Called by resolver.c.  The settings go to the library as one configuration
 * text (an anonymous file), since its ub_ctx_set_option checks nothing; then
 * one question about a built-in name makes it read them, so that a wrong one
 * is an error at start-up and not at the first message.
 *
 * What the library's own defaults would do to us, each tried:
 *  - its cache keeps SERVFAIL for five seconds: forward-no-cache, since the
 *    cache in front of it (answers.c) is enough and keeps no failures;
 *  - names that never answer make it think that the forwarder is down, and
 *    good names fail with them: infra-host-ttl 1;
 *  - sixteen questions at once, later ones queue behind dead ones, and dead
 *    ones live for half a minute: outgoing-range, outbound-msg-retry;
 *  - it waits 50 ms for a quick forwarder, and fails when that has to look
 *    further for two seconds: infra-cache-min-rtt;
 *  - it answers for reserved names itself: nodefault, when so set.
 *
 * Rdata is hostile: every length is checked (RFC 1035 section 3.3).
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unbound.h>

#include "buf.h"
#include "ipnet.h"
#include "log.h"
#include "resolver_internal.h"

#define CONFIG_MAX	65536
#define RESOLV_CONF	"/etc/resolv.conf"
/* resolv.conf(5): more are not looked at. */
#define RESOLV_SERVERS_MAX 3
/*
 * Sockets for questions by UDP, one each, also for dead names that we gave up
 * and the library not yet; at most half of what the process may open.
 */
#define UDP_SOCKETS	(DNS_INFLIGHT_MAX + 500)
#define TCP_SOCKETS	50
/*
 * Tries of one server, each with twice the wait of the one before; all parts
 * together are our time, so that the library does not work on for nobody.
 * Before 1.20 it sends twice for each: 1 + 1 + 2 + 2 parts, else 1 + 2 + 4.
 */
#if UNBOUND_VERSION_MAJOR == 1 && UNBOUND_VERSION_MINOR < 20
#define TRIES		2
#define TRY_PART	6
#else
#define TRIES		3
#define TRY_PART	7
#endif
#define TRY_MIN_MS	50
#define TRY_MAX_MS	2000
/* Rdata joined of one answer: more cannot be in a DNS message. */
#define RDATA_MAX	65536
#define WIRE_NAME_MAX	255

/* Zones that the library would answer itself, besides the lan zones. */
static const char *const special_zones[] = {
	"test.", "invalid.", "home.arpa.", "127.in-addr.arpa.",
	("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	".ip6.arpa.")
};

/* The settings. */

static int
fail(char **error_r, const char *text, const char *what, const char *why)
{
	struct buf b;

	buf_init(&b, LOG_LINE_MAX);
	buf_adds(&b, text);
	buf_adds(&b, what);
	buf_adds(&b, why);
	*error_r = b.p;
	return -1;
}

/* "addr", "addr@port", "addr%scope". */
static bool
is_server(const char *s)
{
	char text[IPADDR_STRLEN + 1] = "";
	size_t n = strcspn(s, "%@");
	const char *port = strchr(s, '@');
	const char *scope = strchr(s, '%');
	struct ipaddr addr;

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	if (ipaddr_parse(text, &addr) != 0)
		return false;
	for (; scope != NULL && scope != port && *scope != '\0'; scope++)
		if (!isalnum((unsigned char)*scope) &&
		    strchr("%._-", *scope) == NULL)
			return false;
	return port == NULL || (strlen(port) > 1 && strlen(port) <= 6 &&
	    strspn(port + 1, "0123456789") == strlen(port + 1) &&
	    atol(port + 1) >= 1 && atol(port + 1) <= 65535);
}

static void
add_server(struct buf *b, const char *server)
{
	buf_addf(b, "  forward-addr: %s\n", server);
}

/* The system's nameservers; as resolv.conf(5) says, none means this host. */
static void
add_system_servers(struct buf *b)
{
	FILE *f = fopen(RESOLV_CONF, "re");
	char line[512], word[64], server[128];
	int n = 0;

	while (f != NULL && n < RESOLV_SERVERS_MAX &&
	    fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%63s %127s", word, server) != 2 ||
		    strcmp(word, "nameserver") != 0 || !is_server(server))
			continue;
		add_server(b, server);
		n++;
	}
	if (f != NULL)
		fclose(f);
	if (n == 0)
		add_server(b, "127.0.0.1");
}

static int
add_servers(struct buf *b, const struct conf *conf, char **error_r)
{
	buf_adds(b, "forward-zone:\n  name: \".\"\n  forward-no-cache: yes\n");
	for (size_t i = 0; i < conf->nameservers.n; i++) {
		const char *server = conf->nameservers.v[i];

		if (!is_server(server))
			return fail(error_r, "nameserver ", server,
			    " is not ADDRESS or ADDRESS@PORT");
		add_server(b, server);
	}
	if (conf->nameservers.n == 0)
		add_system_servers(b);
	return 0;
}

static void
add_special(struct buf *b)
{
	buf_adds(b, "  unblock-lan-zones: yes\n  insecure-lan-zones: yes\n");
	for (size_t i = 0; i < sizeof(special_zones) / sizeof(char *); i++) {
		buf_addf(b, "  local-zone: \"%s\" nodefault\n",
		    special_zones[i]);
		buf_addf(b, "  domain-insecure: \"%s\"\n", special_zones[i]);
	}
}

static int
add_anchor(struct buf *b, const char *file, char **error_r)
{
	if (file == NULL || *file == '\0') {
		buf_adds(b, "  module-config: \"iterator\"\n");
		return 0;
	}
	if (strpbrk(file, "\"\r\n") != NULL)
		return fail(error_r, "DNS trust anchor ", file,
		    ": no quotes or line ends in its name, please");
	if (access(file, R_OK) != 0)
		return fail(error_r, "cannot read the DNS trust anchor ",
		    file, errno == EACCES ? ": permission denied" :
		    " (package dns-root-data has one)");
	buf_addf(b, "  module-config: \"validator iterator\"\n"
	    "  trust-anchor-file: \"%s\"\n", file);
	return 0;
}

static void
add_tries(struct buf *b, unsigned timeout_ms)
{
	unsigned try_ms = timeout_ms / TRY_PART;
	struct rlimit files;
	int sockets = UDP_SOCKETS;

	if (try_ms < TRY_MIN_MS)
		try_ms = TRY_MIN_MS;
	if (try_ms > TRY_MAX_MS)
		try_ms = TRY_MAX_MS;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur / 2 < (rlim_t)sockets)
		sockets = (int)(files.rlim_cur / 2);
	buf_addf(b, "  outgoing-range: %d\n  outgoing-num-tcp: %d\n"
	    "  outbound-msg-retry: %d\n  unknown-server-time-limit: %u\n"
	    "  infra-cache-min-rtt: %u\n", sockets, TCP_SOCKETS, TRIES,
	    try_ms, try_ms);
}

static int
add_settings(struct buf *b, const struct conf *conf, char **error_r)
{
	buf_adds(b, "server:\n"
	    "  do-not-query-localhost: no\n"
	    "  infra-host-ttl: 1\n"
	    "  edns-buffer-size: 1232\n"
	    "  qname-minimisation: no\n"
	    "  rrset-roundrobin: no\n"
	    "  prefetch: no\n"
	    "  serve-expired: no\n"
	    "  msg-cache-size: 1m\n"
	    "  rrset-cache-size: 1m\n"
	    "  key-cache-size: 4m\n"
	    "  neg-cache-size: 100k\n");
	add_tries(b, conf->dns_timeout_ms);
	if (add_anchor(b, conf->dns_trust_anchor, error_r) != 0)
		return -1;
	if (conf->dns_ask_special)
		add_special(b);
	return add_servers(b, conf, error_r);
}

/* The library reads a file by name; this one has no place on a disk. */
static int
give_settings(struct ub_ctx *ctx, const struct buf *b)
{
	static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
	char path[64];
	int fd = memfd_create("dns", MFD_CLOEXEC);
	int err = UB_READFILE;

	if (fd < 0)
		return err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, b->p, b->n) == (ssize_t)b->n) {
		/* Its parser is not reentrant. */
		pthread_mutex_lock(&reading);
		err = ub_ctx_config(ctx, path);
		pthread_mutex_unlock(&reading);
	}
	close(fd);
	return err;
}

static void
probed(void *data, int err, struct ub_result *result)
{
	(void)data;
	(void)err;
	ub_resolve_free(result);
}

static int
set_up(struct ub_ctx *ctx, const struct conf *conf, char **error_r)
{
	struct buf b;
	int err;

	buf_init(&b, CONFIG_MAX);
	if (add_settings(&b, conf, error_r) != 0) {
		buf_free(&b);
		return -1;
	}
	err = buf_failed(&b) ? UB_NOMEM : give_settings(ctx, &b);
	buf_free(&b);
	if (err == 0)
		err = ub_ctx_async(ctx, 1);
	/* Answered by itself; it makes the library look at the settings. */
	if (err == 0)
		err = ub_resolve_async(ctx, "localhost.", DNS_A, 1, NULL,
		    probed, NULL);
	if (err == 0)
		return 0;
	return fail(error_r, "the DNS library does not take the settings "
	    "(nameservers, trust anchor): ", ub_strerror(err), "");
}

struct ub_ctx *
unbound_open(const struct conf *conf, char **error_r)
{
	struct ub_ctx *ctx = ub_ctx_create();

	if (ctx == NULL) {
		fail(error_r, "cannot start the DNS library: ",
		    strerror(errno), "");
		return NULL;
	}
	/* It would write to standard error, past our log. */
	ub_ctx_debugout(ctx, NULL);
	if (set_up(ctx, conf, error_r) != 0) {
		ub_ctx_delete(ctx);
		return NULL;
	}
	return ctx;
}

/* Names and results. */

static bool
is_plain(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '\\' && c != '"';
}

void
unbound_escape(struct span name, char out[PRESENTATION_SIZE])
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (is_plain(c))
			*out++ = (char)c;
		else
			out += sprintf(out, "\\%03u", c);
	}
	*out++ = '.';
	*out = '\0';
}

static void
add_label(struct buf *b, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_plain(p[i]) && p[i] != '.')
			buf_addc(b, (char)tolower(p[i]));
		else
			buf_addf(b, "\\%03u", p[i]);
	}
}

/*
 * A name of rdata (without compression: the library has undone it).  Longer
 * than DOMAIN_MAX with its escapes, it is no name of a host.
 */
static int
add_target(struct buf *b, const unsigned char *p, size_t n)
{
	size_t at = 0, from = b->n;

	if (n > WIRE_NAME_MAX)
		return -1;
	while (at < n && p[at] != 0) {
		size_t label = p[at++];

		if (label > LABEL_MAX || label >= n - at)
			return -1;
		if (b->n > from)
			buf_addc(b, '.');
		add_label(b, p + at, label);
		at += label;
	}
	return at + 1 == n && b->n - from <= DOMAIN_MAX ? 0 : -1;
}

/*
 * The strings of a TXT record, joined.  Past DNS_RECORD_BYTES_MAX it is cut:
 * the checks refuse far shorter ones, and have to see that it is there.
 */
static int
add_text(struct buf *b, const unsigned char *p, size_t n)
{
	size_t at = 0, room = DNS_RECORD_BYTES_MAX;

	while (at < n) {
		size_t len = p[at++];

		if (len > n - at)
			return -1;
		if (len > room)
			len = room;
		buf_add(b, p + at, len);
		room -= len;
		at += p[at - 1];
	}
	return n > 0 ? 0 : -1;
}

static int
add_address(struct buf *b, const unsigned char *p, size_t n, size_t want)
{
	if (n != want)
		return -1;
	buf_add(b, p, n);
	return 0;
}

static int
add_record(struct buf *b, enum dns_type type, const unsigned char *p, size_t n,
    uint16_t *preference_r)
{
	switch (type) {
	case DNS_A:
		return add_address(b, p, n, 4);
	case DNS_AAAA:
		return add_address(b, p, n, 16);
	case DNS_TXT:
		return add_text(b, p, n);
	case DNS_PTR:
		return add_target(b, p, n);
	case DNS_MX:
		if (n < 3)
			return -1;
		*preference_r = (uint16_t)(p[0] << 8 | p[1]);
		return add_target(b, p + 2, n - 2);
	}
	return -1;
}

/* Records that are not well formed are left out; none left: NODATA. */
static struct answer *
found(enum dns_type type, const struct ub_result *result)
{
	size_t ends[DNS_RECORDS_MAX], n = 0;
	uint16_t prefs[DNS_RECORDS_MAX];
	struct answer *a;
	struct buf b;

	buf_init(&b, RDATA_MAX * 4);
	for (size_t i = 0; result->data[i] != NULL && n < DNS_RECORDS_MAX;
	    i++) {
		size_t from = b.n;

		prefs[n] = 0;
		if (result->len[i] < 0 || add_record(&b, type,
		    (const unsigned char *)result->data[i],
		    (size_t)result->len[i], &prefs[n]) != 0 ||
		    buf_failed(&b))
			b.n = from;
		else
			ends[n++] = b.n;
	}
	a = answer_new(n > 0 ? DNS_FOUND : DNS_NODATA, "",
	    span_make(b.p, b.n), ends, prefs, n);
	buf_free(&b);
	return a;
}

static struct answer *
empty(enum dns_status status, const char *why)
{
	return answer_new(status, why, span_make("", 0), NULL, NULL, 0);
}

static const char *
rcode_text(int rcode)
{
	static const char *const names[] = {
		"no answer", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED"
	};

	if (rcode < 0 || rcode >= (int)(sizeof(names) / sizeof(names[0])))
		return "an unusual answer";
	return names[rcode];
}

struct answer *
unbound_answer(enum dns_type type, int err, const struct ub_result *result)
{
	struct answer *a;

	if (err != 0 || result == NULL)
		return empty(DNS_TEMPFAIL, ub_strerror(err));
	if (result->bogus)
		return empty(DNS_TEMPFAIL, "DNSSEC validation failed");
	if (result->rcode == 0 && result->havedata)
		a = found(type, result);
	else if (result->nxdomain)
		a = empty(DNS_NXDOMAIN, "");
	else if (result->rcode == 0)
		a = empty(DNS_NODATA, "");
	else
		return empty(DNS_TEMPFAIL, rcode_text(result->rcode));
	a->secure = result->secure != 0;
	a->ttl = result->ttl > 0 ? (uint32_t)result->ttl : 0;
	return a;
}
