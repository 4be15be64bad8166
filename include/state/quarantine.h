/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine: what was taken out of mail, kept sealed.
 *
 * A folder (0700, postern's) with two files for each entry: REF-N.sealed and
 * REF-N.json.  The first is a fresh key in a libsodium sealed box for the
 * operator's public key, then the content as a secretstream in chunks: postern
 * can put, only who has the secret key (posternctl, root) can open.  The
 * second is the description; it is written last, with rename, so that an entry
 * without it is a leftover (removed at the next expiry).
 *
 * N counts the parts of one message from 1; 0 is the message as a whole.
 * Expiry by age and by total size, oldest first, by quarantine_expire() and
 * when an entry would go past the size.  Files are synced before it returns.
 *
 * quarantine_put() from any thread; one lock for the sum of sizes.
 */
#ifndef POSTERN_QUARANTINE_H
#define POSTERN_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "span.h"

/* "20261121T094112-4f0c9a1b2d3e4f50" and NUL. */
#define QUARANTINE_REF_SIZE	33
#define QUARANTINE_NAME_SIZE	(QUARANTINE_REF_SIZE + 8)
#define QUARANTINE_ENTRIES_MAX	1000000
#define QUARANTINE_CHUNK	65536

struct quarantine;

struct quarantine_limits {
	uint64_t	size;		/* bytes of all entries */
	uint64_t	age_s;		/* 0: never */
};

/*
 * The folder is made when it is missing; key: file with the public key in hex
 * (posternctl quarantine init makes it).  NULL with *error_r (malloc'd).
 */
struct quarantine *quarantine_open(const char *folder, const char *key,
	    const struct quarantine_limits *, char **error_r);
void	quarantine_close(struct quarantine **);

/* A new reference: UTC time and 64 random bits. */
void	quarantine_ref(char ref[QUARANTINE_REF_SIZE]);
/* True for what quarantine_ref() makes; guards paths. */
bool	quarantine_ref_valid(const char *);
/* The same for a name, "REF-N". */
bool	quarantine_name_valid(const char *);

/*
 * Keeps the pieces, joined, as entry ref-number.  `description` (borrowed)
 * gets added: "reference", "number", "kept" (seconds since 1970), "size" (of
 * the content), "key" (which one), "v".  0, or -1 with *error_r; nothing is
 * left behind then.
 */
int	quarantine_put(struct quarantine *, const char *ref, unsigned number,
	    const struct span *pieces, size_t n, const json_t *description,
	    char **error_r);

/* Removes what is too old and leftovers; number of entries removed. */
size_t	quarantine_expire(struct quarantine *);

struct quarantine_stats {
	uint64_t	entries, bytes;
};
void	quarantine_stats(struct quarantine *, struct quarantine_stats *);

/*
 * For posternctl: no lock, any process.  Calls each() for every entry, oldest
 * first, with the description (borrowed) and "entry" added, the entry's name;
 * one that cannot be read has only "entry" and "error".  It goes on until
 * each() returns other than 0, which is the result; -1 with *error_r when the
 * folder cannot be read.
 */
int	quarantine_each(const char *folder,
	    int (*each)(const json_t *, void *), void *arg, char **error_r);
/*
 * Writes the opened content to fd; key: file with the secret key (hex).  On
 * an error a part of it may stand there.
 */
int	quarantine_export(const char *folder, const char *name,
	    const char *key, int fd, char **error_r);
int	quarantine_delete(const char *folder, const char *name,
	    char **error_r);
/* Makes a key pair; neither file may be there already. */
int	quarantine_keys(const char *public, const char *secret,
	    char **error_r);

#endif
