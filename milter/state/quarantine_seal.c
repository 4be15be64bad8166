/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_seal: the format of a sealed file.
 *
 *	8	"PSTNSL01"
 *	80	a fresh key in a sealed box (crypto_box_seal) for the operator
 *	24	the header of a crypto_secretstream_xchacha20poly1305
 *	then	chunks of QUARANTINE_CHUNK bytes of content and 17 of tag; the
 *		last one is shorter (or empty) and carries the tag FINAL
 *
 * Every chunk has the entry's name as additional data, so that a file stands
 * for its own entry only.  A stream that is cut, reordered or longer than its
 * end does not open.  Pure but for the descriptors; any thread.  Keys are
 * wiped before the memory is given back.
 */
#include "config.h"

#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quarantine_format.h"

/* Pieces, taken off chunk by chunk. */
struct source {
	const struct span *piece;
	size_t		n;		/* pieces left */
	size_t		at;		/* bytes taken of the first */
};

static uint64_t
chunks(uint64_t content)
{
	return content == 0 ? 1 :
	    (content - 1) / QUARANTINE_CHUNK + 1;
}

uint64_t
quarantine_sealed_size(uint64_t content)
{
	return HEAD + content + chunks(content) * STREAM_TAG;
}

static struct seal *
seal_new(char **error_r)
{
	struct seal *s = sodium_malloc(sizeof(*s));

	if (s == NULL)
		quarantine_fail(error_r, "out of memory");
	return s;
}

/*
 * The next n bytes (at most a chunk; there are as many): where they stand when
 * they stand together, else gathered in `room`.
 */
static const unsigned char *
take(struct source *src, unsigned char *room, size_t n)
{
	size_t have = 0, part;

	while (src->n > 0 && src->at == src->piece->n) {
		src->piece++;
		src->n--;
		src->at = 0;
	}
	if (src->n > 0 && src->piece->n - src->at >= n) {
		src->at += n;
		return (const unsigned char *)src->piece->p + src->at - n;
	}
	while (have < n) {
		part = src->piece->n - src->at;
		if (part > n - have)
			part = n - have;
		if (part > 0)
			memcpy(room + have, src->piece->p + src->at, part);
		have += part;
		src->at += part;
		if (have < n) {
			src->piece++;
			src->at = 0;
			src->n--;
		}
	}
	return room;
}

static int
write_head(int fd, struct seal *s, const unsigned char *public)
{
	unsigned char *p = s->head;

	memcpy(p, MAGIC, MAGIC_SIZE);
	crypto_secretstream_xchacha20poly1305_keygen(s->key);
	if (crypto_box_seal(p + MAGIC_SIZE, s->key, sizeof(s->key),
	    public) != 0) {
		errno = EINVAL;		/* a point of small order */
		return -1;
	}
	crypto_secretstream_xchacha20poly1305_init_push(&s->stream,
	    p + MAGIC_SIZE + BOX, s->key);
	return quarantine_write(fd, p, HEAD);
}

static int
write_chunks(int fd, struct seal *s, const char *name, struct source *src,
    uint64_t left)
{
	const unsigned char *p;
	size_t n;

	do {
		n = left < QUARANTINE_CHUNK ? (size_t)left : QUARANTINE_CHUNK;
		left -= n;
		p = take(src, s->plain, n);
		crypto_secretstream_xchacha20poly1305_push(&s->stream,
		    s->sealed, NULL, p, n, (const unsigned char *)name,
		    strlen(name), left == 0 ? FINAL : 0);
		if (quarantine_write(fd, s->sealed, n + STREAM_TAG) == -1)
			return -1;
	} while (left > 0);
	return 0;
}

int
quarantine_seal(int fd, const unsigned char public[QUARANTINE_KEY],
    const char *name, const struct span *pieces, size_t n, char **error_r)
{
	struct source src = { .piece = pieces, .n = n };
	struct seal *s = seal_new(error_r);
	uint64_t total = 0;
	int rc;

	if (s == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		total += pieces[i].n;
	rc = write_head(fd, s, public);
	if (rc == 0)
		rc = write_chunks(fd, s, name, &src, total);
	if (rc == -1)
		quarantine_fail(error_r, "%s", strerror(errno));
	sodium_free(s);			/* wipes it */
	return rc;
}
