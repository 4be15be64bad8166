/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_delete: posternctl quarantine delete.
 *
 * First all names are found, then it asks once, then they go.  A name that is
 * gone meanwhile (postern expires entries) is no error.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "ctl.h"
#include "quarantine.h"

static const struct option_spec delete_options[] = {
	{ "older-than", 0, "TIME", "all entries kept longer than this: 30d" },
	{ NULL, 0, NULL, NULL }
};

struct doomed {
	json_t		*names;		/* array of strings */
	int64_t		 before;
};

static int
doom_old(const json_t *d, void *arg)
{
	struct doomed *w = arg;

	if (json_object_get(d, "kept") == NULL ||
	    number_of(d, "kept") >= w->before)
		return 0;
	return json_array_append_new(w->names,
	    json_string(text_of(d, "entry")));
}

static int
doom_named(const char *folder, const char *name, struct doomed *w)
{
	json_t *list, *d;
	size_t i;
	int code = entries_named(folder, name, &list);

	if (code != EX_OK)
		return code;
	json_array_foreach(list, i, d)
		json_array_append_new(w->names,
		    json_string(text_of(d, "entry")));
	json_decref(list);
	return EX_OK;
}

static int
find_doomed(struct ctl *c, const char *folder, struct doomed *w)
{
	const char *age = option(c, "older-than");
	char *error = NULL;
	int64_t seconds;
	int code;

	if ((age == NULL) == (c->noperand == 0))
		return complain(EX_USAGE, "name the entries, or say "
		    "--older-than TIME");
	if (age != NULL) {
		if (parse_duration(age, &seconds) == -1)
			return EX_USAGE;
		w->before = clock_wall() - seconds;
		return quarantine_each(folder, doom_old, w, &error) == 0 ?
		    EX_OK : complain_of(EX_NOINPUT, error);
	}
	for (int i = 0; i < c->noperand; i++) {
		code = doom_named(folder, c->operand[i], w);
		if (code != EX_OK)
			return code;	/* nothing has gone yet */
	}
	return EX_OK;
}

/* 0 or 1: deleted; an error other than "gone" is said. */
static int
delete_one(const char *folder, const char *name, int *code)
{
	char *error = NULL;

	if (quarantine_delete(folder, name, &error) == 0)
		return 1;
	if (error != NULL && strstr(error, "there is no entry") != NULL)
		free(error);
	else
		*code = complain_of(EX_NOPERM, error);
	return 0;
}

static int
delete_all(struct ctl *c, const char *folder, const json_t *names)
{
	int code = EX_OK;
	json_t *j, *one;
	size_t i, n = 0;

	json_array_foreach(names, i, one)
		n += (size_t)delete_one(folder, json_string_value(one),
		    &code);
	if (option(c, "json") != NULL) {
		j = json_pack("{sI}", "deleted", (json_int_t)n);
		ctl_json(j, true);
		json_decref(j);
	} else
		printf("%zu %s deleted\n", n, n == 1 ? "entry" : "entries");
	return code;
}

static int
run_delete(struct ctl *c)
{
	struct doomed w = { .names = json_array() };
	const char *folder = ctl_quarantine(c);
	size_t n;
	int code = EX_CONFIG;

	if (folder != NULL)
		code = find_doomed(c, folder, &w);
	n = json_array_size(w.names);
	if (code == EX_OK && n > 0)
		code = confirm(c, n == 1 ? arena_printf(c->arena,
		    "Delete %s for ever?", json_string_value(
		    json_array_get(w.names, 0))) : arena_printf(c->arena,
		    "Delete %zu entries for ever?", n));
	if (code == EX_OK)
		code = delete_all(c, folder, w.names);
	json_decref(w.names);
	return code;
}

const struct command command_quarantine_delete = {
	.name = "quarantine", .subcommand = "delete",
	.operands = "[NAME|REFERENCE...]", .least = 0, .most = -1,
	.help = "Delete entries for ever",
	.options = delete_options,
	.run = run_delete
};
