/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * facts: words for what was found, for the log, events and marks.
 */
#include "facts.h"

const char *
find_kind_word(enum find_kind kind)
{
	static const char *const word[] = {
		[FIND_VIRUS] = "virus",
		[FIND_BLOCKED] = "blocked",
		[FIND_UNSCANNED] = "unscanned",
		[FIND_HEURISTIC] = "heuristic",
		[FIND_MALFORMED] = "malformed"
	};

	return word[kind];
}

const char *
find_file(const struct facts *f, const struct find *find)
{
	return find->part == MIME_NONE ? "" : f->parts.part[find->part].name;
}
