/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_unseal: opens a sealed file (its format: quarantine_seal.c).
 *
 * Called by posternctl through quarantine_open.c; in a file of its own so that
 * no program that only seals has the code that opens.  What it reads may be
 * damaged or forged: nothing is written before its chunk has proved right.
 */
#include "config.h"

#include <sys/types.h>

#include <errno.h>
#include <string.h>

#include "quarantine_format.h"

static int
read_head(int fd, struct seal *s, const unsigned char *secret, char **error_r)
{
	unsigned char public[QUARANTINE_KEY];
	ssize_t got = quarantine_read(fd, s->head, HEAD);

	if (got == -1)
		return quarantine_fail(error_r, "%s", strerror(errno));
	if (got < MAGIC_SIZE || memcmp(s->head, MAGIC, MAGIC_SIZE) != 0)
		return quarantine_fail(error_r,
		    "the file is not sealed by postern, or damaged");
	if (got < (ssize_t)HEAD)
		return quarantine_fail(error_r, "the file is cut short");
	if (crypto_scalarmult_base(public, secret) != 0 ||
	    crypto_box_seal_open(s->key, s->head + MAGIC_SIZE, BOX, public,
	    secret) != 0)
		return quarantine_fail(error_r, "the secret key is not the "
		    "one for which the file was sealed, or it is damaged");
	if (crypto_secretstream_xchacha20poly1305_init_pull(&s->stream,
	    s->head + MAGIC_SIZE + BOX, s->key) != 0)
		return quarantine_fail(error_r, "the file is damaged");
	return 0;
}

/* One chunk; 1, 0 after the last, -1. */
static int
read_chunk(int in, int out, struct seal *s, const char *name, char **error_r)
{
	ssize_t got = quarantine_read(in, s->sealed, CHUNK_SEALED);
	unsigned long long n;
	unsigned char tag, extra;

	if (got == -1)
		return quarantine_fail(error_r, "%s", strerror(errno));
	if (got == 0)
		return quarantine_fail(error_r, "the file is cut short");
	if (crypto_secretstream_xchacha20poly1305_pull(&s->stream, s->plain,
	    &n, &tag, s->sealed, (unsigned long long)got,
	    (const unsigned char *)name, strlen(name)) != 0)
		return quarantine_fail(error_r, "the file is damaged, cut "
		    "short, or of another entry");
	if (tag == FINAL && quarantine_read(in, &extra, 1) != 0)
		return quarantine_fail(error_r, "the file goes on after its "
		    "end");
	if (quarantine_write(out, s->plain, (size_t)n) == -1)
		return quarantine_fail(error_r, "cannot write: %s",
		    strerror(errno));
	return tag == FINAL ? 0 : 1;
}

int
quarantine_unseal(int in, int out,
    const unsigned char secret[QUARANTINE_KEY], const char *name,
    char **error_r)
{
	struct seal *s = sodium_malloc(sizeof(*s));
	int rc;

	if (s == NULL)
		return quarantine_fail(error_r, "out of memory");
	rc = read_head(in, s, secret, error_r);
	if (rc == 0)
		do {
			rc = read_chunk(in, out, s, name, error_r);
		} while (rc == 1);
	sodium_free(s);
	return rc;
}
