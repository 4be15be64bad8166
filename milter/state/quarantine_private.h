/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_private: what the files of the quarantine share.
 *
 * quarantine.c puts (postern), quarantine_sweep.c expires, quarantine_seal.c
 * writes and quarantine_unseal.c reads a sealed file, quarantine_dir.c knows
 * the names in the folder, quarantine_key.c reads a key file, and
 * quarantine_open.c opens entries and makes keys (posternctl).
 */
#ifndef POSTERN_QUARANTINE_PRIVATE_H
#define POSTERN_QUARANTINE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quarantine.h"

/* Bytes of an X25519 key, public or secret. */
#define QUARANTINE_KEY		32
/* The number of a part is below this: it must fit into a name. */
#define QUARANTINE_NUMBERS	10000000u
/* Bytes of a description; a longer one is refused. */
#define QUARANTINE_JSON_MAX	(2u * 1024 * 1024)
/* A name of the folder: of an entry, and the ending of one of its files. */
#define QUARANTINE_FILE_SIZE	(QUARANTINE_NAME_SIZE + 16)
#define QUARANTINE_SEALED	".sealed"
#define QUARANTINE_JSON		".json"
#define QUARANTINE_NEW		".json.new"

/* Always -1; the sentence is malloc'd (NULL when memory is out). */
int	quarantine_fail(char **error_r, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* All n bytes; 0, or -1 and errno. */
int	quarantine_write(int fd, const void *, size_t n);
/* Up to n bytes, fewer at the end of the file only; -1 and errno. */
ssize_t	quarantine_read(int fd, void *, size_t n);

/* quarantine_seal.c */
uint64_t quarantine_sealed_size(uint64_t content);
/* `name` is bound to the content: under another one it does not open. */
int	quarantine_seal(int fd, const unsigned char public[QUARANTINE_KEY],
	    const char *name, const struct span *pieces, size_t n,
	    char **error_r);

/* quarantine_unseal.c */
int	quarantine_unseal(int in, int out,
	    const unsigned char secret[QUARANTINE_KEY], const char *name,
	    char **error_r);

/* quarantine_dir.c */
#define QUARANTINE_HAS_SEALED	1u
#define QUARANTINE_HAS_JSON	2u
#define QUARANTINE_HAS_NEW	4u
#define QUARANTINE_WHOLE	(QUARANTINE_HAS_SEALED | QUARANTINE_HAS_JSON)

struct quarantine_entry {
	char		name[QUARANTINE_NAME_SIZE];
	unsigned char	has;		/* QUARANTINE_HAS_... */
};

/* The entries by name, so by age; *list_r is malloc'd.  0, or -1. */
int	quarantine_scan(int dir, struct quarantine_entry **list_r,
	    size_t *n_r, char **error_r);
/* "NAME.json" and the like into out; returns out. */
const char *quarantine_file(char out[QUARANTINE_FILE_SIZE], const char *name,
	    const char *ending);
/* The files of one entry, the description first.  0, or -1 and errno. */
int	quarantine_unlink(int dir, const char *name);
/* The description as it is; NULL with *error_r. */
json_t	*quarantine_describe(int dir, const char *name, char **error_r);
/* Opens the folder; -1 with *error_r. */
int	quarantine_folder(const char *folder, char **error_r);

/* quarantine_sweep.c */
/*
 * Removes leftovers, entries older than age_s (0: none is), and the oldest
 * until at most `most` is left, which *left_r says.  0, or -1 when the folder
 * could not be looked at.  *error_r may be set in both cases: what could not
 * be removed.
 */
int	quarantine_sweep(int dir, uint64_t age_s,
	    const struct quarantine_stats *most,
	    struct quarantine_stats *left_r, size_t *removed_r,
	    char **error_r);
void	quarantine_count(struct quarantine_stats *, uint64_t bytes);
void	quarantine_discount(struct quarantine_stats *, uint64_t bytes);

/* quarantine_key.c */
int	quarantine_read_key(const char *path, bool secret,
	    unsigned char key[QUARANTINE_KEY], char **error_r);
/* What names a public key: its first eight bytes in hex. */
#define QUARANTINE_KEY_ID_SIZE	17
void	quarantine_key_id(char out[QUARANTINE_KEY_ID_SIZE],
	    const unsigned char public[QUARANTINE_KEY]);

#endif
