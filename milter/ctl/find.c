/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find: entries of the quarantine by name or reference.
 *
 * Called by the commands of the group quarantine.  Members of a description
 * may be missing or of another type: then they are empty.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl.h"
#include "quarantine.h"

struct search {
	const char	*wanted;
	bool		 is_name;
	json_t		*list;
};

const char *
text_of(const json_t *d, const char *member)
{
	const char *s = json_string_value(json_object_get(d, member));

	return s == NULL ? "" : s;
}

int64_t
number_of(const json_t *d, const char *member)
{
	return json_integer_value(json_object_get(d, member));
}

static int
compare(const json_t *d, void *arg)
{
	struct search *s = arg;
	const char *name = text_of(d, "entry");
	bool same = s->is_name ? strcmp(name, s->wanted) == 0 :
	    strncmp(name, s->wanted, QUARANTINE_REF_SIZE - 1) == 0;

	if (same && json_array_append(s->list,
	    (json_t *)(uintptr_t)d) == -1)
		return -1;
	return 0;
}

int
entries_named(const char *folder, const char *name, json_t **list_r)
{
	struct search s = { .wanted = name,
		.is_name = quarantine_name_valid(name) };
	char *error = NULL;

	*list_r = NULL;
	if (!s.is_name && !quarantine_ref_valid(name))
		return complain(EX_USAGE, "\"%.80s\" is neither the name of "
		    "an entry nor a reference; posternctl quarantine list "
		    "shows them", name);
	s.list = json_array();
	if (quarantine_each(folder, compare, &s, &error) != 0) {
		json_decref(s.list);
		return complain_of(EX_NOINPUT, error);
	}
	if (json_array_size(s.list) == 0) {
		json_decref(s.list);
		return complain(EX_NOINPUT, "there is no entry %s; it may "
		    "have expired", name);
	}
	*list_r = s.list;
	return EX_OK;
}
