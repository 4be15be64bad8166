/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_client: see the header.
 *
 * The public functions, and what they share; the work of one call is done in
 * scan_call.c, that of the watching thread in scan_health.c.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "scan_internal.h"

#define EX_MEMORY 71		/* EX_OSERR of sysexits.h */
/* A probe may find each worker at a scan of scan-time; and then some. */
#define PROBE_SLACK_MS 5000
/*
 * At the deadline, a scan that had this part of scan-timeout is a strike: with
 * less it may only have come too late.
 */
#define FAIR_PART 2

struct scan_client *
scan_client_new(const struct conf *conf)
{
	struct scan_client *c = calloc(1, sizeof(*c));
	const char *path = conf->scan_socket;

	if (strncmp(path, "unix:", 5) == 0)
		path += 5;
	if (c == NULL || (c->path = strdup(path)) == NULL)
		log_fatal(EX_MEMORY, "out of memory (scanner's client)");
	c->fair_ms = conf->scan_timeout_ms / FAIR_PART;
	c->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (c->md == NULL)
		log_fatal(EX_MEMORY, "libcrypto gives no SHA-256");
	c->cache = scan_cache_new(conf->scan_cache);
	c->strikes = scan_strikes_new();
	c->turns = scan_turns_new();
	c->health = scan_health_new(c->path, (int64_t)conf->scan_time_ms +
	    PROBE_SLACK_MS, c->cache, c->md);
	return c;
}

void
scan_client_free(struct scan_client **cp)
{
	struct scan_client *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	scan_health_free(&c->health);
	scan_turns_free(&c->turns);
	scan_strikes_free(&c->strikes);
	scan_cache_free(&c->cache);
	EVP_MD_free(c->md);
	free(c->path);
	free(c);
}

static void
fail_all(struct scan_client *c, struct arena *a, struct scan_item *items,
    size_t n, const char *why)
{
	const char *name = arena_strdup(a, why);

	for (size_t i = 0; i < n; i++) {
		items[i].status = SCAN_FAILED;
		items[i].name = name;
	}
	c->failed += n;
}

static void
clear_outputs(struct scan_item *item)
{
	item->status = SCAN_FAILED;
	item->name = "late";
	item->extensions = "";
	memset(item->sha256, 0, sizeof(item->sha256));
	item->size = 0;
	item->decoded = TRANSFER_OK;
	item->cached = false;
}

void
scan_client_run(struct scan_client *c, struct arena *a,
    struct scan_item *items, size_t n, const char *who, int64_t deadline)
{
	char why[SCAN_WHY_SIZE];

	c->asked += n;
	for (size_t i = 0; i < n; i++)
		clear_outputs(&items[i]);
	if (n == 0)
		return;
	if (scan_health_ready(c->health, deadline, why))
		scan_call(c, a, items, n, who, deadline);
	else
		fail_all(c, a, items, n, why);
}

uint64_t
scan_client_version(struct scan_client *c)
{
	bool doubt;

	return scan_cache_version(c->cache, &doubt);
}

void
scan_client_stats(struct scan_client *c, struct scan_stats *s)
{
	*s = (struct scan_stats){ .asked = c->asked, .hits = c->hits,
		.joined = c->joined, .sent = c->sent, .failed = c->failed };
	scan_health_stats(c->health, s);
}
