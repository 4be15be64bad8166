/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine: loads the signatures with our limits.
 *
 * Called by the loader once; its forked workers share the loaded engine's
 * pages.  The library takes settings after the signatures are compiled
 * without a word and without effect, so all of them are made before.  Its
 * cache of clean files is off: a worker's copy would be lost with it, and
 * postern keeps its own.  Nothing is written to standard error: messages are
 * kept in engine_notes.
 */
#include "config.h"

#include <sys/statvfs.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

/* The library aborts a bytecode signature after this; in ms. */
#define BYTECODE_MS 2000
/* Our own rules (zipdir.c, engine_names.c): a change makes a new version. */
#define RULES 1

/* Texts of the library that mean: no room, no memory, no descriptor. */
static const char *const troubles[] = {
	"write error", "an't create", "annot create", "ailed to create",
	"an't write", "No space", "out of memory", "an't allocate",
	"ailed to allocate", "an't open temp"
};

static void
keep(char *to, const char *message)
{
	size_t n = strcspn(message, "\n");

	if (n >= SCAN_NAME_SIZE)
		n = SCAN_NAME_SIZE - 1;
	memcpy(to, message, n);
	to[n] = '\0';
}

static void
note(enum cl_msg severity, const char *whole, const char *message,
    void *context)
{
	(void)whole, (void)context;
	if (severity == CL_MSG_ERROR)
		keep(engine_notes.error, message);
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++)
		if (strstr(message, troubles[i]) != NULL &&
		    engine_notes.trouble[0] == '\0')
			keep(engine_notes.trouble, message);
}

void
engine_notes_start(void)
{
	memset(&engine_notes, 0, sizeof(engine_notes));
	assert(engine_writes_seen());
	cl_set_clcb_msg(note);
}

static int
fail(char **error_r, const char *what, const char *folder, const char *why)
{
	if (asprintf(error_r, "%s %s: %s", what, folder, why) == -1)
		*error_r = NULL;
	return -1;
}

static int
set_limits(struct cl_engine *library, const struct engine_limits *l)
{
	const struct {
		enum cl_engine_field	field;
		uint64_t		value;
	} settings[] = {
		{ CL_ENGINE_MAX_SCANSIZE, l->scan_size },
		{ CL_ENGINE_MAX_FILESIZE, l->file_size },
		{ CL_ENGINE_MAX_FILES, l->files },
		{ CL_ENGINE_MAX_RECURSION, l->depth },
		{ CL_ENGINE_MAX_SCANTIME, l->time_ms },
		{ CL_ENGINE_BYTECODE_TIMEOUT, BYTECODE_MS },
		{ CL_ENGINE_DISABLE_CACHE, 1 },
		{ CL_ENGINE_DISABLE_PE_STATS, 1 },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (cl_engine_set_num(library, settings[i].field,
		    (long long)settings[i].value) != CL_SUCCESS)
			return -1;
	return 0;
}

/* What a verdict hangs on: signatures, library, limits and our rules. */
static uint64_t
version_of(const char *folder, const struct engine_limits *l)
{
	uint64_t numbers[] = { cl_retflevel(), l->scan_size, l->file_size,
	    l->files, l->depth, l->time_ms, l->pua, RULES };
	uint64_t hash = engine_folder_stamp(folder);

	hash = engine_hash(hash, cl_retver(), strlen(cl_retver()));
	hash = engine_hash(hash, numbers, sizeof(numbers));
	return hash != 0 ? hash : 1;
}

static int
load(struct engine *e, const char *folder, const char *tmp, char **error_r)
{
	unsigned options = CL_DB_STDOPT | (e->limits.pua ? CL_DB_PUA : 0);
	unsigned n = 0;
	cl_error_t rc;

	if (set_limits(e->library, &e->limits) != 0 ||
	    engine_use_tmp(e, tmp) != 0)
		return fail(error_r, "the limits of the scanner for", folder,
		    "libclamav refuses them");
	engine_callbacks(e);
	/* First, so that a change while loading makes another version. */
	e->version = version_of(folder, &e->limits);
	if (engine_folder_count(folder, &e->info.built) == 0)
		return fail(error_r, "signature folder", folder, "no "
		    "signature files; install them, with freshclam for one");
	rc = cl_load(folder, e->library, &n, options);
	if (rc == CL_SUCCESS && n == 0)
		return fail(error_r, "signature folder", folder,
		    "its files hold no signatures");
	if (rc == CL_SUCCESS)
		rc = cl_engine_compile(e->library);
	if (rc != CL_SUCCESS)
		return fail(error_r, "signature folder", folder,
		    engine_notes.error[0] != '\0' ? engine_notes.error :
		    cl_strerror(rc));
	e->info.signatures = n;
	return 0;
}

struct engine *
engine_load(const char *folder, const struct engine_limits *limits,
    const char *tmp, char **error_r)
{
	struct engine *e = calloc(1, sizeof(*e));

	*error_r = NULL;
	engine_notes_start();
	if (e == NULL || cl_init(CL_INIT_DEFAULT) != CL_SUCCESS ||
	    (e->library = cl_engine_new()) == NULL) {
		fail(error_r, "libclamav for", folder, "does not start");
		engine_free(&e);
		return NULL;
	}
	e->limits = *limits;
	if (load(e, folder, tmp, error_r) != 0)
		engine_free(&e);
	return e;
}

int
engine_use_tmp(struct engine *e, const char *tmp)
{
	struct statvfs room;

	/* Now: a worker's filter does not let it ask later. */
	e->room = statvfs(tmp, &room) == 0 ?
	    (uint64_t)room.f_blocks * room.f_frsize : 0;
	return cl_engine_set_str(e->library, CL_ENGINE_TMPDIR, tmp) ==
	    CL_SUCCESS ? 0 : -1;
}

void
engine_info(const struct engine *e, struct scan_answer *a)
{
	a->version = e->version;
	a->info.signatures = e->info.signatures;
	a->info.built = e->info.built;
}

void
engine_free(struct engine **p)
{
	struct engine *e = *p;

	*p = NULL;
	if (e == NULL)
		return;
	if (e->library != NULL)
		cl_engine_free(e->library);
	free(e);
}
