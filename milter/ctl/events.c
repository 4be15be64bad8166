/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events: posternctl events.
 *
 * Reads the journal from its oldest event, beside the daemon that writes it,
 * and remembers no position.  With --json each event is one line, as it stands
 * in the journal but in ASCII; else time, type, tenant, and key=value.
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clean.h"
#include "ctl.h"
#include "journal.h"

/* How often --follow looks for something new. */
#define FOLLOW_MS	500

static const struct option_spec events_options[] = {
	{ "type", 0, "TYPE", "only events of this type" },
	{ "tenant", 't', "TENANT", "only events of this tenant" },
	{ "since", 's', "TIME", "only from then on: 2d, 2026-11-21T09:41" },
	{ "follow", 'f', NULL, "wait for new ones, until ^C" },
	{ NULL, 0, NULL, NULL }
};

struct filter {
	const char	*type, *tenant;
	int64_t		 since_ms;
	bool		 json, follow;
};

static bool
passes(const struct filter *f, const json_t *e)
{
	return (f->type == NULL || strcmp(text_of(e, "type"), f->type) == 0) &&
	    (f->tenant == NULL ||
	    strcasecmp(text_of(e, "tenant"), f->tenant) == 0) &&
	    number_of(e, "time") >= f->since_ms;
}

/* Members that stand at the beginning of the line, or are not shown. */
static bool
is_head(const char *key)
{
	static const char *const heads[] = { "time", "type", "tenant", "v" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strcmp(heads[i], key) == 0)
			return true;
	return false;
}

static void
print_event(const json_t *e)
{
	struct arena *a = arena_new();
	const char *key;
	char *dumped;
	json_t *v;

	printf("%s %s %s", shown_time(a, number_of(e, "time") / 1000),
	    clean_log(a, span_of(text_of(e, "type"))),
	    clean_log(a, span_of(text_of(e, "tenant"))));
	/* The iteration does not change it. */
	json_object_foreach((json_t *)(uintptr_t)e, key, v) {
		if (is_head(key))
			continue;
		dumped = json_is_string(v) ? NULL :
		    json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
		printf(" %s=%s", clean_log(a, span_of(key)), clean_log(a,
		    span_of(dumped != NULL ? dumped :
		    json_string_value(v))));
		free(dumped);
	}
	putchar('\n');
	arena_free(&a);
}

static int
read_all(struct journal_reader *r, const struct filter *f)
{
	char *error = NULL;
	json_t *e;
	bool gap = false;
	int got;

	while ((got = journal_next(r, &e, &gap, &error)) != -1) {
		if (gap)
			complain(EX_OK, "events were dropped here before "
			    "they were read: the journal is full");
		gap = false;
		if (got == 0 && !f->follow)
			return EX_OK;
		if (got == 0) {
			if (ctl_flush() != EX_OK)
				return EX_IOERR;
			poll(NULL, 0, FOLLOW_MS);
			continue;
		}
		if (passes(f, e) && f->json)
			ctl_json(e, true);
		else if (passes(f, e))
			print_event(e);
		json_decref(e);
		if (ferror(stdout))
			return ctl_flush();
	}
	return complain_of(EX_NOINPUT, error);
}

static int
run_events(struct ctl *c)
{
	struct filter f = { .type = option(c, "type"),
		.tenant = option(c, "tenant"),
		.json = option(c, "json") != NULL,
		.follow = option(c, "follow") != NULL };
	const char *since = option(c, "since");
	const struct conf *conf;
	struct journal_reader *r;
	char *error = NULL;
	int code;

	if (since != NULL && parse_since(since, &f.since_ms) == -1)
		return EX_USAGE;
	f.since_ms *= 1000;
	conf = ctl_conf(c);
	if (conf == NULL)
		return EX_CONFIG;
	if (conf->journal[0] == '\0')
		return complain(EX_CONFIG, "%s names no journal; set journal "
		    "= \"/var/lib/postern/journal\"", conf->path);
	r = journal_reader_open(conf->journal, "postern", NULL, &error);
	if (r == NULL)
		return complain_of(EX_NOINPUT, error);
	code = read_all(r, &f);
	journal_reader_close(&r);
	return code;
}

const struct command command_events = {
	.name = "events",
	.operands = "",
	.help = "Show the journal of events, oldest first",
	.options = events_options,
	.run = run_events
};
