/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_private: what the engine's files share; nobody else includes it.
 *
 * engine.c loads, engine_scan.c scans, engine_names.c turns the library's
 * names and codes into answers, engine_prove.c tries what a loaded engine
 * finds, engine_folder.c looks at the signature files, engine_unread.c at
 * content that the library does not read, engine_writes.c at its writes.
 */
#ifndef POSTERN_ENGINE_PRIVATE_H
#define POSTERN_ENGINE_PRIVATE_H

#include <clamav.h>

#include "engine.h"
#include "zipdir.h"

struct engine {
	struct cl_engine	*library;
	struct engine_limits	 limits;
	struct scan_status_info	 info;	/* signatures and built */
	uint64_t		 version;
	bool			 reads_rar;	/* engine_prove() found out */
	uint64_t		 room;	/* bytes that temporary files can have
					 * at all; 0: not known */
};

/*
 * What the library's callbacks noted: in the one static place that they can
 * reach.  One thread in each process.
 */
struct engine_notes {
	char	trouble[SCAN_NAME_SIZE];	/* could not write, no memory */
	char	error[SCAN_NAME_SIZE];		/* its last error */
	uint64_t written;			/* bytes, of this content */
};

extern struct engine_notes engine_notes;

/* Whether the library's writes come to engine_writes.c. */
bool	engine_writes_seen(void);
/* Installs the callback that fills engine_notes. */
void	engine_notes_start(void);

/* Has the library call us for each file within a content. */
void	engine_callbacks(struct engine *);

/* What is noted of one content, at every depth of it. */
struct engine_seen {
	const struct engine	*engine;
	char			 reason[SCAN_NAME_SIZE];  /* not read: why */
	struct zipdir_names	 names;		/* of the content itself */
};

/* One content, or one file that the library found in it. */
void	engine_look(struct engine_seen *, struct span content,
	    unsigned depth);

/* Status and name for the library's name of a find; NULL is borne. */
void	engine_name_answer(const char *virname, struct scan_answer *);
/* The same for its return code, when that is neither CLEAN nor VIRUS. */
void	engine_code_answer(int code, struct scan_answer *);
/* Sets status and a cleaned name. */
void	engine_say(struct scan_answer *, enum scan_status, const char *name);

/* Number of signature files in the folder and the time of the newest. */
unsigned	engine_folder_count(const char *folder, uint64_t *newest_r);
/* Goes on with a 64-bit hash (FNV-1a). */
uint64_t	engine_hash(uint64_t, const void *, size_t);

#endif
