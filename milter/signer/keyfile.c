/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfile: see the header.  Called by keycache.c in any thread, and by main.c
 * for `postern-sign -t`.
 *
 * Symbolic links are followed (tools that renew keys make them); what counts
 * is the file behind, looked at through its open descriptor: regular, at most
 * 64 KiB, owned by root or by our user, neither readable nor writable by
 * others nor writable by its group.  Formats: PEM with PKCS #1 or PKCS #8,
 * RSA of 1024 to 4096 bits or Ed25519, not encrypted.  The text is kept in
 * OpenSSL's secure heap where there is one, and wiped.  A key must verify its
 * own signature before it is used.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "keyfile.h"
#include "signature.h"

static int __attribute__((format(printf, 2, 3)))
fail(char why[SIGN_REASON_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, SIGN_REASON_MAX, fmt, ap);
	va_end(ap);
	return -1;
}

static int
check_file(const char *path, const struct stat *st, char *why)
{
	unsigned mode = st->st_mode & 0777;

	if (!S_ISREG(st->st_mode))
		return fail(why, "key file %.99s is not a regular file", path);
	if (mode & 0007)
		return fail(why, "world-%s key file %.80s: run chmod 600 %.80s",
		    mode & 0004 ? "readable" : "accessible", path, path);
	if (mode & 0020)
		return fail(why, "group-writable key file %.80s: run chmod "
		    "640 %.80s", path, path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fail(why, "key file %.80s belongs to user id %u: run "
		    "chown root (or to the user of postern-sign)", path,
		    (unsigned)st->st_uid);
	if (st->st_size > KEYFILE_BYTES_MAX)
		return fail(why, "key file %.99s is too long: %lld bytes",
		    path, (long long)st->st_size);
	if (st->st_size == 0)
		return fail(why, "key file %.99s is empty", path);
	return 0;
}

/* Opens and checks; the descriptor, or -1 and why. */
static int
open_file(const char *path, struct stat *st, char *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1 && errno == ENOENT)
		return fail(why, "key file %.99s does not exist", path);
	if (fd == -1 && errno == EACCES)
		return fail(why, "key file %.80s cannot be read by user id %u; "
		    "correct owner and mode, or restart when its directory is "
		    "new", path, (unsigned)geteuid());
	if (fd == -1)
		return fail(why, "key file %.99s cannot be opened: %s", path,
		    strerror(errno));
	if (fstat(fd, st) == -1) {
		close(fd);
		return fail(why, "key file %.99s: %s", path, strerror(errno));
	}
	if (check_file(path, st, why) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
keyfile_probe(const char *path, char why[SIGN_REASON_MAX])
{
	struct stat st;
	int fd = open_file(path, &st, why);

	if (fd == -1)
		return -1;
	close(fd);
	return 0;
}

/* Reads n bytes or what there is; -1 on an error. */
static ssize_t
read_all(int fd, char *p, size_t n)
{
	size_t have = 0;
	ssize_t got;

	while (have < n) {
		got = read(fd, p + have, n - have);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* No passphrase is ever asked for; says that one was wanted. */
static int
no_passphrase(char *p, int n, int writing, void *wanted)
{
	(void)p;
	(void)n;
	(void)writing;
	*(bool *)wanted = true;
	return -1;
}

static EVP_PKEY *
parse(const char *path, const char *text, size_t n, char *why)
{
	BIO *bio = BIO_new_mem_buf(text, (int)n);
	EVP_PKEY *key = NULL;
	bool encrypted = false;

	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
		    &encrypted);
	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL && encrypted)
		fail(why, "key file %.60s is encrypted: remove the passphrase "
		    "(openssl pkey -in %.60s -out NEW)", path, path);
	else if (key == NULL)
		fail(why, "key file %.99s holds no private key in PEM form",
		    path);
	return key;
}

static int
check_rsa(const char *path, EVP_PKEY *key, char *why)
{
	int bits = EVP_PKEY_get_bits(key);

	if (!EVP_PKEY_is_a(key, "RSA"))
		return fail(why, "key file %.99s is no RSA key, but algorithm "
		    "is rsa-sha256", path);
	if (bits < KEYFILE_RSA_BITS_MIN)
		return fail(why, "key file %.99s has only %d bits: verifiers "
		    "refuse it (RFC 8301); make one of 2048", path, bits);
	if (bits > KEYFILE_RSA_BITS_MAX)
		return fail(why, "key file %.99s has %d bits, more than %d: "
		    "make one of 2048", path, bits, KEYFILE_RSA_BITS_MAX);
	return 0;
}

static int
check_key(const char *path, EVP_PKEY *key, enum sign_algorithm algorithm,
    char *why)
{
	static const unsigned char digest[SIGN_DIGEST_SIZE];
	unsigned char signature[SIGN_SIGNATURE_MAX];
	size_t n;

	if (algorithm == SIGN_RSA_SHA256) {
		if (check_rsa(path, key, why) == -1)
			return -1;
	} else if (!EVP_PKEY_is_a(key, "ED25519"))
		return fail(why, "key file %.99s is no Ed25519 key, but "
		    "algorithm is ed25519-sha256", path);
	if (signature_make(key, algorithm, digest, signature, &n) == -1 ||
	    !signature_fits(key, algorithm, digest, signature, n))
		return fail(why, "key file %.99s is damaged: it does not "
		    "verify its own signature", path);
	return 0;
}

int
keyfile_load(const char *path, enum sign_algorithm algorithm,
    EVP_PKEY **key_r, int *bits_r, char why[SIGN_REASON_MAX])
{
	EVP_PKEY *key = NULL;
	struct stat st;
	char *text;
	ssize_t n;
	int fd = open_file(path, &st, why);

	*key_r = NULL;
	if (fd == -1)
		return -1;
	text = OPENSSL_secure_malloc((size_t)st.st_size);
	n = text != NULL ? read_all(fd, text, (size_t)st.st_size) : -1;
	if (n == -1)
		fail(why, "key file %.99s cannot be read: %s", path,
		    text != NULL ? strerror(errno) : "out of memory");
	else
		key = parse(path, text, (size_t)n, why);
	OPENSSL_secure_clear_free(text, (size_t)st.st_size);
	close(fd);
	if (key != NULL && check_key(path, key, algorithm, why) == -1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	if (key == NULL)
		return -1;
	*bits_r = EVP_PKEY_get_bits(key);
	*key_r = key;
	return 0;
}
