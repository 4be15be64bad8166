/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_find: names of settings and sections, also misspelt ones.
 *
 * Used by the files that read postern.conf.  Pure functions, any thread.
 */
#include <assert.h>
#include <string.h>

#include "conf_private.h"

/* Longest name that is compared for a likeness. */
#define NAME_MAX_COMPARED 32

const char *const section_names[SECTION_FORWARDER + 1] = {
	[SECTION_TOP] = "",
	[SECTION_DOMAIN] = "domain",
	[SECTION_KEY] = "key",
	[SECTION_FORWARDER] = "trusted-forwarder"
};

const struct setting *
setting_find(enum setting_section section, struct span name)
{
	for (size_t i = 0; i < nsettings; i++)
		if (settings[i].section == section &&
		    span_is(name, settings[i].name))
			return &settings[i];
	return NULL;
}

static bool
may_hold(int outer, int inner)
{
	return outer == SECTION_TOP ? inner == SECTION_DOMAIN || inner ==
	    SECTION_FORWARDER : outer == SECTION_DOMAIN && inner ==
	    SECTION_KEY;
}

static bool
same_strings(const struct conf_strings *a, const struct conf_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

bool
setting_same(const struct setting *s, const struct conf *a,
    const struct conf *b)
{
	const void *one = (const char *)a + s->offset;
	const void *other = (const char *)b + s->offset;

	assert(s->section == SECTION_TOP);
	switch (s->type) {
	case SETTING_STRING:
	case SETTING_DOMAIN:
		return strcmp(*(const char *const *)one,
		    *(const char *const *)other) == 0;
	case SETTING_MODE:
		return *(const mode_t *)one == *(const mode_t *)other;
	case SETTING_STRINGS:
		return same_strings(one, other);
	default:
		assert(!"a type that no setting with restart has");
		return true;
	}
}

int
setting_subsection(enum setting_section section, struct span name)
{
	for (int s = SECTION_DOMAIN; s <= SECTION_FORWARDER; s++)
		if (may_hold((int)section, s) &&
		    span_is(name, section_names[s]))
			return s;
	return -1;
}

/* Letters to change, add or take out to make b of a (Levenshtein). */
static size_t
distance(struct span a, const char *b)
{
	size_t row[NAME_MAX_COMPARED + 1], n = strlen(b), left, above, best;

	if (a.n > NAME_MAX_COMPARED || n > NAME_MAX_COMPARED)
		return NAME_MAX_COMPARED;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		left = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			above = row[j];
			best = left + (a.p[i - 1] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			left = above;
		}
	}
	return row[n];
}

static void
nearer(struct span name, const char *candidate, const char **nearest,
    size_t *least)
{
	size_t d = distance(name, candidate);

	if (d < *least) {
		*least = d;
		*nearest = candidate;
	}
}

const char *
setting_nearest(enum setting_section section, struct span name)
{
	const char *nearest = NULL;
	size_t least = 2 + name.n / 6;

	if (least > name.n)
		return NULL;
	for (size_t i = 0; i < nsettings; i++)
		if (settings[i].section == section)
			nearer(name, settings[i].name, &nearest, &least);
	for (int s = SECTION_DOMAIN; s <= SECTION_FORWARDER; s++)
		if (may_hold((int)section, s))
			nearer(name, section_names[s], &nearest, &least);
	return nearest;
}
