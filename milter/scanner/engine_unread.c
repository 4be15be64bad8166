/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_unread: content that the library calls clean without reading it.
 *
 * Called for each content and for each file that the library finds within,
 * at every depth.  Zips are checked by zipdir.c.  A few kinds of archive that
 * the library does not know, or was built without, are told by their first
 * bytes.  The first reason stays.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "engine_private.h"

#define RAR "Rar!\x1a\x07"

/* First bytes of archives that libclamav 1.x leaves packed. */
static const struct {
	size_t		at;
	struct span	bytes;
	const char	*reason;
} unknown[] = {
	{ 0, SPAN_LIT("\x28\xb5\x2f\xfd"), "zstd: cannot be read" },
	{ 0, SPAN_LIT("LZIP\x01"), "lzip: cannot be read" },
	{ 0, SPAN_LIT("\x04\x22\x4d\x18"), "lz4: cannot be read" },
	{ 7, SPAN_LIT("**ACE**"), "ace: cannot be read" },
};

static bool
has_at(struct span content, size_t at, struct span bytes)
{
	return content.n >= at + bytes.n &&
	    memcmp(content.p + at, bytes.p, bytes.n) == 0;
}

static void
keep_reason(struct engine_seen *seen, const char *reason)
{
	if (reason != NULL && seen->reason[0] == '\0')
		snprintf(seen->reason, sizeof(seen->reason), "%s", reason);
}

static void
look_zip(struct engine_seen *seen, struct span content, unsigned depth)
{
	const struct engine_limits *l = &seen->engine->limits;
	struct zipdir_limits limits = { l->file_size, l->scan_size,
	    l->files };

	keep_reason(seen, zipdir_check(content, &limits,
	    depth == 0 ? &seen->names : NULL));
}

void
engine_look(struct engine_seen *seen, struct span content, unsigned depth)
{
	/* The library cuts what it unpacks at the limit, and says nothing. */
	if (depth > 0 && content.n >= seen->engine->limits.file_size)
		keep_reason(seen, "limit: file too large");
	if (zipdir_is_zip(content))
		look_zip(seen, content, depth);
	if (span_starts(content, RAR) && !seen->engine->reads_rar)
		keep_reason(seen, "rar: the library's part for it is not "
		    "installed");
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		if (has_at(content, unknown[i].at, unknown[i].bytes))
			keep_reason(seen, unknown[i].reason);
}
