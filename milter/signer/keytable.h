/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keytable: which domain and selector has which key file, and the signer's
 * own settings; everything that postern-sign takes from postern.conf.
 *
 * keytable_load() runs in the main thread only (libconfuse is not safe for
 * threads).  The result never changes and may then be read by any thread.
 * All of it lives in its arena.
 */
#ifndef POSTERN_KEYTABLE_H
#define POSTERN_KEYTABLE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "signproto.h"
#include "span.h"

/* Keys in one file; what is beyond belongs into a registry. */
#define KEYTABLE_MAX	1000000

struct key_entry {
	struct span	 domain;	/* A-labels, lower case, no final dot */
	struct span	 selector;	/* the same */
	const char	*file;
	enum sign_algorithm algorithm;
	uint32_t	 next;		/* in its bucket: index + 1, or 0 */
};

struct keytable {
	struct arena	*arena;
	const char	*path;		/* of the configuration */
	const char	**files;	/* it, and what it includes */
	size_t		 nfiles;
	const char	*socket;
	mode_t		 socket_mode;
	const char	*socket_group;	/* "": the process's */
	const char	*user;		/* "": stay as started */
	const char	*group;		/* "": the user's */
	const char	**clients;	/* users that may ask */
	size_t		 nclients;
	bool		 clients_named;	/* in the file: all must exist */
	unsigned	 cache;		/* keys kept in memory */
	int		 facility;	/* of syslog */

	struct key_entry *keys;
	size_t		 nkeys;
	size_t		 size;		/* room in keys */
	uint32_t	*buckets;	/* index + 1, or 0 */
	size_t		 nbuckets;	/* a power of two */
};

/*
 * Reads a configuration.  Returns NULL with lines "FILE:LINE: sentence" in
 * *errors_r (free it with free()).
 */
struct keytable	*keytable_load(const char *path, char **errors_r);
void	keytable_free(struct keytable **);

/* For keytable_load and tests: an empty one; one more key. */
struct keytable	*keytable_new(void);
/*
 * Strings are copied and brought to normal form.  -1 with *error_r (a literal)
 * for a name that cannot be, or a key that is there already.
 */
int	keytable_add(struct keytable *, const char *domain,
	    const char *selector, const char *file, enum sign_algorithm,
	    const char **error_r);

/* The index in keys, or -1. */
long	keytable_find(const struct keytable *, struct span domain,
	    struct span selector);

#endif
