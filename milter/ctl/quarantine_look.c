/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_look: posternctl quarantine init, list, show.
 *
 * Reads descriptions only; needs no secret key.  A list goes out entry by
 * entry, so that its length costs no memory.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl.h"
#include "quarantine.h"

static const struct option_spec init_options[] = {
	{ "secret", 0, "FILE",
	    "where the secret key goes (default beside the public one)" },
	{ NULL, 0, NULL, NULL }
};

static const struct option_spec list_options[] = {
	{ "tenant", 't', "TENANT", "only entries of this tenant" },
	{ "virus", 0, "NAME", "only names of viruses that contain this" },
	{ "since", 's', "TIME", "only from then on: 2d, 2026-11-21T09:41" },
	{ NULL, 0, NULL, NULL }
};

static int
run_init(struct ctl *c)
{
	const struct conf *conf = ctl_conf(c);
	const char *secret = conf == NULL ? NULL : ctl_secret(c), *public;
	char *error = NULL;
	json_t *j;

	if (secret == NULL)
		return EX_CONFIG;
	public = conf->quarantine_key;
	if (quarantine_keys(public, secret, &error) == -1)
		return complain_of(EX_CANTCREAT, error);
	if (option(c, "json") != NULL) {
		j = json_pack("{ssss}", "public", public, "secret", secret);
		ctl_json(j, true);
		json_decref(j);
		return EX_OK;
	}
	printf("public key: %s (postern seals with it)\n"
	    "secret key: %s (only root may read it; posternctl opens with "
	    "it)\n"
	    "Copy the secret key to a safe place now: without it nothing in "
	    "the quarantine\ncan be opened. Then reload postern.\n", public,
	    secret);
	return EX_OK;
}

/* What is asked for, and where it goes. */
struct listing {
	const char	*tenant, *virus;
	int64_t		 since;
	struct table	*table;		/* NULL: JSON */
	uint64_t	 n;
	struct ctl	*ctl;
};

static bool
is_wanted(const struct listing *l, const json_t *d)
{
	if (l->tenant != NULL && strcasecmp(text_of(d, "tenant"),
	    l->tenant) != 0)
		return false;
	if (l->virus != NULL && strcasestr(text_of(d, "name"),
	    l->virus) == NULL)
		return false;
	return l->since == 0 || number_of(d, "kept") >= l->since;
}

static void
add_row(const struct listing *l, const json_t *d)
{
	struct arena *a = arena_new();
	const char *error = text_of(d, "error");
	const char *cells[] = { text_of(d, "entry"), error[0] != '\0' ? "" :
	    arena_printf(a, "%" PRId64, number_of(d, "size")),
	    text_of(d, "action"), error[0] != '\0' ? error :
	    text_of(d, "name"), text_of(d, "file"), text_of(d, "from"),
	    text_of(d, "tenant") };

	table_row(l->table, cells);
	arena_free(&a);
}

static int
list_one(const json_t *d, void *arg)
{
	struct listing *l = arg;

	if (!is_wanted(l, d))
		return 0;
	if (l->table != NULL)
		add_row(l, d);
	else {
		fputs(l->n > 0 ? ",\n" : "", stdout);
		ctl_json(d, false);
	}
	l->n++;
	return ferror(stdout) ? -1 : 0;
}

static int
run_list(struct ctl *c)
{
	static const char *const headings[] = { "NAME", ">SIZE", "ACTION",
		"FOUND", "FILE", "FROM", "TENANT" };
	struct listing l = { .tenant = option(c, "tenant"),
		.virus = option(c, "virus"), .ctl = c };
	const char *folder, *since = option(c, "since");
	char *error = NULL;
	int rc;

	if (since != NULL && parse_since(since, &l.since) == -1)
		return EX_USAGE;
	folder = ctl_quarantine(c);
	if (folder == NULL)
		return EX_CONFIG;
	if (option(c, "json") == NULL)
		l.table = table_new(headings,
		    sizeof(headings) / sizeof(headings[0]));
	else
		putchar('[');
	rc = quarantine_each(folder, list_one, &l, &error);
	if (l.table != NULL)
		table_end(&l.table);
	else
		puts("]");
	if (rc == -1 && error != NULL)
		return complain_of(EX_NOINPUT, error);
	return EX_OK;
}

/* One member as a line; lists one line an element. */
static void
print_member(struct arena *a, const char *key, const json_t *v)
{
	const char *text = json_string_value(v);
	char *dumped = NULL;
	size_t i;
	json_t *one;

	if (json_is_array(v)) {
		json_array_foreach(v, i, one)
			print_member(a, i == 0 ? key : "", one);
		return;
	}
	if (strcmp(key, "kept") == 0 && json_is_integer(v))
		text = shown_time(a, json_integer_value(v));
	if (text == NULL)
		text = dumped = json_dumps(v, JSON_COMPACT |
		    JSON_ENCODE_ANY);
	printf("%-12s %s\n", shown(a, key), shown(a, text));
	free(dumped);
}

static void
show_one(struct arena *a, json_t *d)
{
	const char *key;
	json_t *v;

	print_member(a, "entry", json_object_get(d, "entry"));
	json_object_foreach(d, key, v)
		if (strcmp(key, "entry") != 0)
			print_member(a, key, v);
}

static int
run_show(struct ctl *c)
{
	const char *folder = ctl_quarantine(c);
	json_t *list, *d;
	size_t i;
	int code;

	if (folder == NULL)
		return EX_CONFIG;
	code = entries_named(folder, c->operand[0], &list);
	if (code != EX_OK)
		return code;
	if (option(c, "json") != NULL)
		ctl_json(list, true);
	else
		json_array_foreach(list, i, d) {
			fputs(i > 0 ? "\n" : "", stdout);
			show_one(c->arena, d);
		}
	json_decref(list);
	return EX_OK;
}

const struct command command_quarantine_init = {
	.name = "quarantine", .subcommand = "init",
	.operands = "",
	.help = "Make the keys of the quarantine",
	.options = init_options,
	.run = run_init
};

const struct command command_quarantine_list = {
	.name = "quarantine", .subcommand = "list",
	.operands = "",
	.help = "List what is kept, oldest first",
	.options = list_options,
	.run = run_list
};

const struct command command_quarantine_show = {
	.name = "quarantine", .subcommand = "show",
	.operands = "NAME|REFERENCE", .least = 1, .most = 1,
	.help = "Show all that is known of an entry",
	.run = run_show
};
