/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache: the parsed keys of one key table.
 *
 * Keys are read when they are first asked for, and kept up to a number (the
 * one unused longest goes).  A key that cannot be read is tried again at most
 * every two seconds.  A file that changed is seen after a reload, which makes
 * a new cache.  The cache is counted: who uses it pins it.  Any thread.
 */
#ifndef POSTERN_KEYCACHE_H
#define POSTERN_KEYCACHE_H

#include <openssl/types.h>

#include <stddef.h>

#include "keytable.h"
#include "signproto.h"

#define KEYCACHE_RETRY_MS 2000

struct keycache;

/* Takes the table over and sets *t to NULL; the count is one. */
struct keycache	*keycache_new(struct keytable **t);
struct keycache	*keycache_pin(struct keycache *);
/* Frees it with the last pin; clears the pointer; NULL is fine. */
void	keycache_unpin(struct keycache **);

const struct keytable *keycache_table(const struct keycache *);

/*
 * The key for a question, to be released with EVP_PKEY_free(), or NULL with
 * status and reason in the reply.
 */
EVP_PKEY *keycache_get(struct keycache *, const struct sign_question *,
	    struct sign_reply *);

/*
 * Looks at all keys: reads as many as the cache holds, and of the others only
 * opens the files.  Bad ones are logged by name, and counted.
 */
void	keycache_check(struct keycache *);

/* Keys that were bad when they were last looked at. */
size_t	keycache_bad(struct keycache *);

#endif
