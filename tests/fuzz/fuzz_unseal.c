/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_unseal: what posternctl reads in the quarantine's folder.
 *
 * The input is a description, and a sealed file: as it is, then as changes of
 * one that was sealed well, then as chunks of a stream that somebody who has
 * the public key has made up.  Only what was not changed opens; what has come
 * out until an error is the beginning of the content.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "quarantine_format.h"

#define NAME		"20261121T094112-4f0c9a1b2d3e4f50-1"
#define FORGED_MAX	16

static char folder[64];
static unsigned char public[QUARANTINE_KEY], secret[QUARANTINE_KEY];

static const char *
path_of(const char *ending)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/" NAME "%s", folder, ending);
	return path;
}

static void
remove_folder(void)
{
	unlink(path_of(QUARANTINE_JSON));
	unlink(path_of(QUARANTINE_SEALED));
	rmdir(folder);
}

static void
put(const char *ending, struct span text)
{
	int fd = open(path_of(ending), O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC, 0600);

	CHECK(fd != -1 && quarantine_write(fd, text.p, text.n) == 0);
	close(fd);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const unsigned char seed[crypto_box_SEEDBYTES] = { 1 };

	(void)argc;
	(void)argv;
	CHECK(sodium_init() >= 0);
	CHECK(crypto_box_seed_keypair(public, secret, seed) == 0);
	snprintf(folder, sizeof(folder), "/dev/shm/fuzz_unseal-%d",
	    (int)getpid());
	CHECK(mkdir(folder, 0700) == 0);
	CHECK(atexit(remove_folder) == 0);
	put(QUARANTINE_SEALED, span_make("", 0));
	return 0;
}

/* ---- the description */

static int
see(const json_t *d, void *arg)
{
	CHECK(json_is_object(d));
	CHECK(strcmp(json_string_value(json_object_get(d, "entry")), NAME) ==
	    0);
	++*(size_t *)arg;
	return 0;
}

static void
check_description(struct span in)
{
	char *error = NULL;
	size_t seen = 0;
	json_t *d;
	int dir;

	put(QUARANTINE_JSON, in);
	dir = quarantine_folder(folder, &error);
	CHECK(dir != -1);
	d = quarantine_describe(dir, NAME, &error);
	CHECK(d == NULL ? error != NULL : json_is_object(d));
	json_decref(d);
	free(error);
	error = NULL;
	CHECK(quarantine_each(folder, see, &seen, &error) == 0);
	CHECK(seen == 1 && error == NULL);
	close(dir);
}

/* ---- the sealed file */

static int
file_of(struct span text)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	CHECK(fd != -1 && quarantine_write(fd, text.p, text.n) == 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* Opens `in`; what came out is the beginning of `content`.  The result. */
static int
opens(int in, const char *name, struct span content)
{
	int out = memfd_create("fuzz", MFD_CLOEXEC), rc;
	char *error = NULL, *got = malloc(content.n + 1);
	ssize_t n;

	CHECK(out != -1 && got != NULL);
	rc = quarantine_unseal(in, out, secret, name, &error);
	CHECK((rc == 0) == (error == NULL));
	CHECK(lseek(out, 0, SEEK_SET) == 0);
	n = quarantine_read(out, got, content.n + 1);
	CHECK(n >= 0 && (size_t)n <= content.n);
	CHECK(n == 0 || memcmp(got, content.p, (size_t)n) == 0);
	CHECK(rc != 0 || (size_t)n == content.n);
	free(got);
	free(error);
	close(out);
	return rc;
}

/* Nobody hits upon a sealed file, and nothing comes out of one that is none. */
static void
check_raw(struct span in)
{
	int fd = file_of(in);

	CHECK(opens(fd, NAME, span_make(NULL, 0)) == -1);
	close(fd);
}

/* Size of the content, then each three bytes: where, and what is turned. */
static void
check_changed(struct span in)
{
	static char content[QUARANTINE_CHUNK + 300];
	const unsigned char *p = (const unsigned char *)in.p;
	char *error = NULL, *was, *is;
	struct span piece;
	ssize_t size;
	int fd;

	if (in.n < 2)
		return;
	piece = span_make(content, p[0] * 2U + (p[1] % 2) * QUARANTINE_CHUNK);
	if (piece.n > sizeof(content))
		piece.n = sizeof(content);
	fd = file_of(span_make("", 0));
	CHECK(quarantine_seal(fd, public, NAME, &piece, 1, &error) == 0);
	size = (ssize_t)quarantine_sealed_size(piece.n);
	CHECK(lseek(fd, 0, SEEK_CUR) == size && lseek(fd, 0, SEEK_SET) == 0);
	was = malloc((size_t)size);
	is = malloc((size_t)size);
	CHECK(was != NULL && is != NULL);
	CHECK(quarantine_read(fd, was, (size_t)size) == size);
	memcpy(is, was, (size_t)size);
	for (size_t i = 2; i + 3 <= in.n; i += 3)
		is[(p[i] * 256U + p[i + 1]) % (size_t)size] ^= (char)p[i + 2];
	CHECK(pwrite(fd, is, (size_t)size, 0) == size);
	size -= p[1] / 16;		/* cut short */
	CHECK(ftruncate(fd, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK((opens(fd, NAME, piece) == 0) == (p[1] / 16 == 0 &&
	    memcmp(was, is, (size_t)size) == 0));
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(opens(fd, "20261121T094112-4f0c9a1b2d3e4f50-2", piece) == -1);
	free(was);
	free(is);
	close(fd);
}

/* Each two bytes are a chunk: its tag, and how long it is. */
static void
check_forged(struct span in)
{
	static const char content[FORGED_MAX * QUARANTINE_CHUNK];
	struct seal *s = calloc(1, sizeof(*s));
	size_t total = 0, n;
	bool fine = true, ended = false;
	int fd = file_of(span_make("", 0));

	CHECK(s != NULL);
	memcpy(s->head, MAGIC, MAGIC_SIZE);
	crypto_secretstream_xchacha20poly1305_keygen(s->key);
	CHECK(crypto_box_seal(s->head + MAGIC_SIZE, s->key, STREAM_KEY,
	    public) == 0);
	crypto_secretstream_xchacha20poly1305_init_push(&s->stream,
	    s->head + MAGIC_SIZE + BOX, s->key);
	CHECK(quarantine_write(fd, s->head, HEAD) == 0);
	for (size_t i = 0; i + 2 <= in.n && i / 2 < FORGED_MAX; i += 2) {
		unsigned char tag = (unsigned char)in.p[i] & 3;

		n = (unsigned char)in.p[i + 1];
		n = n >= 250 ? QUARANTINE_CHUNK : n;
		/* Behind the end, or one cut short that is not the last. */
		fine = fine && !ended && (n == QUARANTINE_CHUNK ||
		    tag == FINAL);
		crypto_secretstream_xchacha20poly1305_push(&s->stream,
		    s->sealed, NULL, (const unsigned char *)content, n,
		    (const unsigned char *)NAME, strlen(NAME), tag);
		CHECK(quarantine_write(fd, s->sealed, n + STREAM_TAG) == 0);
		ended = ended || tag == FINAL;
		total += n;
	}
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK((opens(fd, NAME, span_make(content, total)) == 0) ==
	    (fine && ended));
	free(s);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = fuzz_input(p, n);

	check_description(in);
	check_raw(in);
	check_changed(in);
	check_forged(in);
	return 0;
}
