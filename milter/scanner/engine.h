/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine: libclamav behind five functions.
 *
 * The loader loads and proves it, then forks; workers scan.  One thread in
 * each process.  Nothing but engine.c sees the library.
 */
#ifndef POSTERN_ENGINE_H
#define POSTERN_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "scanproto.h"
#include "span.h"

struct engine;

struct engine_limits {
	uint64_t	 scan_size;	/* unpacked bytes of one content */
	uint64_t	 file_size;
	unsigned	 files;
	unsigned	 depth;
	unsigned	 time_ms;
	bool		 pua;
};

/*
 * Loads every signature file of the folder.  NULL with *error_r (malloc'd
 * sentence) when there is none or one is broken.  tmp: folder for temporary
 * files; each worker changes it after the fork with engine_use_tmp().
 */
struct engine	*engine_load(const char *folder, const struct engine_limits *,
	    const char *tmp, char **error_r);
/*
 * Finds EICAR (plain and in a zip) and clears a harmless text: -1 with
 * *error_r when not.  Also warms the library up: run it before fork().
 */
int	engine_prove(struct engine *, char **error_r);
int	engine_use_tmp(struct engine *, const char *tmp);
/* Fills status, name, extensions, version; nonce and info become 0. */
void	engine_scan(struct engine *, struct span content, enum scan_kind,
	    struct scan_answer *);
/* Number of signatures, newest file, version: into answer->info, version. */
void	engine_info(const struct engine *, struct scan_answer *);
void	engine_free(struct engine **);

/*
 * Names, sizes and times of the folder's signature files as one number, to
 * see a change; 0 when the folder cannot be read.
 */
uint64_t	engine_folder_stamp(const char *folder);

#endif
