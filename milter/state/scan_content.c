/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_content: an item as the scanner shall see it.
 *
 * Called by scan_call.c and scan_health.c; a content belongs to one thread.
 * What is not encoded is hashed where it stands, and what decodes to little is
 * hashed in the reader's room: neither needs a memfd before it is clear that
 * the scanner must be asked.  The rest goes chunk by chunk into the memfd
 * while it is hashed, so that there is no second copy of it in memory.
 *
 * What cannot be decoded at all is read as it stands: that is what a mail
 * reader would show or save.
 *
 * The seals keep the scanner's map of it from changing or being cut.
 */
#include "config.h"

#include <sys/mman.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "scan_internal.h"

#define EX_MEMORY 71		/* EX_OSERR of sysexits.h */
/* Bytes of one write(): large, yet each ends in reasonable time. */
#define WRITE_MAX (16 * 1024 * 1024)

void
scan_reader_init(struct scan_reader *r, const EVP_MD *md)
{
	r->md = md;
	r->hash = EVP_MD_CTX_new();
	r->room = malloc(SCAN_ROOM);
	if (r->hash == NULL || r->room == NULL)
		log_fatal(EX_MEMORY, "out of memory (contents to scan)");
}

void
scan_reader_free(struct scan_reader *r)
{
	EVP_MD_CTX_free(r->hash);
	free(r->room);
	r->hash = NULL;
	r->room = NULL;
}

static int
fail_errno(char why[SCAN_WHY_SIZE])
{
	int error = errno;

	snprintf(why, SCAN_WHY_SIZE, "no memory file for the scanner: %s",
	    strerror(error));
	return -1;
}

/* That OpenSSL cannot hash means no memory or a broken installation. */
static void
hash_begin(struct scan_reader *r)
{
	if (EVP_DigestInit_ex(r->hash, r->md, NULL) != 1)
		log_fatal(EX_MEMORY, "libcrypto gives no SHA-256");
}

static void
hash_add(struct scan_reader *r, struct span s)
{
	if (s.n > 0 && EVP_DigestUpdate(r->hash, s.p, s.n) != 1)
		log_fatal(EX_MEMORY, "libcrypto gives no SHA-256");
}

static void
hash_end(struct scan_reader *r, struct scan_content *c)
{
	unsigned n = 0;

	if (EVP_DigestFinal_ex(r->hash, c->sha256, &n) != 1 ||
	    n != SCAN_SHA256_SIZE)
		log_fatal(EX_MEMORY, "libcrypto gives no SHA-256");
}

static int
write_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n < WRITE_MAX ? s.n : WRITE_MAX);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s = span_from(s, (size_t)n);
	}
	return 0;
}

/* Makes the file if there is none, and writes what is not in it. */
static int
spill(struct scan_content *c, char why[SCAN_WHY_SIZE])
{
	if (c->fd == -1)
		c->fd = memfd_create("postern-scan",
		    MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (c->fd == -1 || write_all(c->fd, c->rest) == -1)
		return fail_errno(why);
	c->rest = span_make(NULL, 0);
	return 0;
}

static void
read_identity(struct scan_reader *r, struct scan_content *c, struct span raw)
{
	hash_begin(r);
	hash_add(r, raw);
	hash_end(r, c);
	c->rest = raw;
	c->size = raw.n;
}

/* Decodes one chunk into the room; `last` takes what the decoder holds too. */
static void
decode(struct scan_reader *r, struct scan_content *c, struct transfer *t,
    struct span chunk, bool last)
{
	size_t n = transfer_decode(t, chunk, r->room);

	assert(n <= TRANSFER_ROOM(SCAN_CHUNK));
	if (last)
		n += transfer_end(t, r->room + n, &c->decoded);
	c->rest = span_make((const char *)r->room, n);
	c->size += n;
	hash_add(r, c->rest);
}

static int
read_encoded(struct scan_reader *r, struct scan_content *c, struct span raw,
    enum transfer_encoding encoding, char why[SCAN_WHY_SIZE])
{
	struct transfer t;
	bool last;

	transfer_begin(&t, encoding);
	hash_begin(r);
	do {
		size_t n = raw.n < SCAN_CHUNK ? raw.n : SCAN_CHUNK;

		last = n == raw.n;
		decode(r, c, &t, span_make(raw.p, n), last);
		raw = span_from(raw, n);
		if ((!last || c->fd != -1) && spill(c, why) == -1)
			return -1;
	} while (!last);
	hash_end(r, c);
	return 0;
}

static bool
is_encoded(enum transfer_encoding encoding)
{
	return encoding != TRANSFER_IDENTITY && encoding != TRANSFER_UNKNOWN;
}

int
scan_content_read(struct scan_reader *r, struct scan_content *c,
    struct span raw, enum transfer_encoding encoding, char why[SCAN_WHY_SIZE])
{
	*c = (struct scan_content){ .fd = -1, .decoded = TRANSFER_OK };
	if (!is_encoded(encoding)) {
		if (span_trim(raw).n == 0)
			c->decoded = TRANSFER_EMPTY;
		read_identity(r, c, raw);
		return 0;
	}
	if (read_encoded(r, c, raw, encoding, why) == -1) {
		scan_content_close(c);
		return -1;
	}
	if (c->decoded != TRANSFER_UNDECODABLE)
		return 0;
	/* Then there is nothing decoded to scan: see transfer.h. */
	assert(c->size == 0);
	scan_content_close(c);
	read_identity(r, c, raw);
	return 0;
}

int
scan_content_seal(struct scan_content *c, char why[SCAN_WHY_SIZE])
{
	if (spill(c, why) == 0) {
		if (fcntl(c->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK |
		    F_SEAL_GROW | F_SEAL_SEAL) == 0)
			return 0;
		fail_errno(why);
	}
	scan_content_close(c);
	return -1;
}

void
scan_content_close(struct scan_content *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->rest = span_make(NULL, 0);
}
