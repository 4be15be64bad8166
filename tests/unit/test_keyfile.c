/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_keyfile: which files are taken as keys, and what is said of the others.
 */
#include "config.h"

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keyfile.h"
#include "keys.h"
#include "signature.h"

#define RSA	SIGN_RSA_SHA256
#define ED	SIGN_ED25519_SHA256

static char dir[] = "/tmp/test_keyfile.XXXXXX";

static const char *
at(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void
put(const char *name, const char *text, size_t n)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(at(name), 0600), 0);
}

static void
put_key(const char *name, unsigned bits, const char *passphrase)
{
	EVP_PKEY *key = make_key(bits);

	write_key(at(name), key, passphrase);
	EVP_PKEY_free(key);
}

/* A PKCS #1 file, and one with the public half only. */
static void
put_other_forms(void)
{
	EVP_PKEY *key = make_key(2048);
	BIO *out = BIO_new_file(at("pkcs1"), "w");

	assert_int_equal(PEM_write_bio_PrivateKey_traditional(out, key, NULL,
	    NULL, 0, NULL, NULL), 1);
	BIO_free(out);
	out = BIO_new_file(at("public"), "w");
	assert_int_equal(PEM_write_bio_PUBKEY(out, key), 1);
	BIO_free(out);
	chmod(at("pkcs1"), 0600);
	chmod(at("public"), 0600);
	EVP_PKEY_free(key);
}

static int
set_up(void **state)
{
	static char big[KEYFILE_BYTES_MAX + 1];

	(void)state;
	assert_non_null(mkdtemp(dir));
	put_key("rsa2048", 2048, NULL);
	put_key("rsa1024", 1024, NULL);
	put_key("rsa1000", 1000, NULL);
	put_key("ed25519", 0, NULL);
	put_key("locked", 2048, "secret");
	put_other_forms();
	put("empty", "", 0);
	put("text", "not a key\n", 10);
	put("cut", "-----BEGIN PRIVATE KEY-----\nMIIE\n", 33);
	put("big", big, sizeof(big));
	assert_int_equal(symlink("rsa2048", at("link")), 0);
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	assert_int_equal(mkdir(at("directory"), 0700), 0);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "rsa2048", "rsa1024", "rsa1000",
		"ed25519", "locked", "pkcs1", "public", "empty", "text", "cut",
		"big", "link", "dangling", "fifo" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(at(names[i]));
	rmdir(at("directory"));
	return rmdir(dir);
}

static const struct {
	const char	*name;
	enum sign_algorithm algorithm;
	unsigned	 mode;		/* 0: as it is */
	const char	*why;		/* NULL: it is good */
} cases[] = {
	{ "rsa2048", RSA, 0, NULL },
	{ "rsa2048", RSA, 0400, NULL },
	{ "rsa2048", RSA, 0640, NULL },
	{ "rsa1024", RSA, 0, NULL },
	{ "pkcs1", RSA, 0, NULL },
	{ "ed25519", ED, 0, NULL },
	{ "link", RSA, 0, NULL },
	{ "rsa2048", RSA, 0644, "run chmod 600" },
	{ "rsa2048", RSA, 0604, "world-readable" },
	{ "rsa2048", RSA, 0602, "world-accessible" },
	{ "rsa2048", RSA, 0660, "group-writable" },
	{ "link", RSA, 0644, "world-readable" },
	{ "rsa1000", RSA, 0, "only 1000 bits" },
	{ "rsa2048", ED, 0, "no Ed25519 key" },
	{ "ed25519", RSA, 0, "no RSA key" },
	{ "locked", RSA, 0, "encrypted" },
	{ "public", RSA, 0, "no private key" },
	{ "empty", RSA, 0, "empty" },
	{ "text", RSA, 0, "no private key" },
	{ "cut", RSA, 0, "no private key" },
	{ "big", RSA, 0, "too long" },
	{ "dangling", RSA, 0, "does not exist" },
	{ "absent", RSA, 0, "does not exist" },
	{ "directory", RSA, 0, "not a regular file" },
	{ "fifo", RSA, 0, "not a regular file" },
};

static void
check_case(size_t i)
{
	char why[SIGN_REASON_MAX] = "";
	EVP_PKEY *key = NULL;
	int bits, rc;

	if (cases[i].mode != 0)
		assert_int_equal(chmod(at(cases[i].name), cases[i].mode), 0);
	rc = keyfile_load(at(cases[i].name), cases[i].algorithm, &key, &bits,
	    why);
	if (cases[i].mode != 0)
		assert_int_equal(chmod(at(cases[i].name), 0600), 0);
	if (cases[i].why == NULL && rc != 0)
		fail_msg("case %zu: %s", i, why);
	if (cases[i].why != NULL && (rc == 0 || key != NULL ||
	    strstr(why, cases[i].why) == NULL ||
	    strstr(why, cases[i].name) == NULL))
		fail_msg("case %zu: %d, %s", i, rc, why);
	EVP_PKEY_free(key);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_case(i);
}

/* A file of somebody else: only root can make one. */
static void
test_owner(void **state)
{
	char why[SIGN_REASON_MAX];
	EVP_PKEY *key;
	int bits;

	(void)state;
	if (geteuid() != 0 || chown(at("rsa2048"), 65534, 65534) == -1)
		skip();
	assert_int_equal(keyfile_load(at("rsa2048"), RSA, &key, &bits, why),
	    -1);
	assert_non_null(strstr(why, "user id 65534"));
	assert_int_equal(keyfile_probe(at("rsa2048"), why), -1);
	assert_int_equal(chown(at("rsa2048"), 0, 0), 0);
	assert_int_equal(keyfile_probe(at("rsa2048"), why), 0);
}

/* What is signed fits, and nothing else does. */
static void
test_signature(void **state)
{
	static const struct {
		const char *name;
		enum sign_algorithm algorithm;
		size_t n;
	} rows[] = { { "rsa2048", RSA, 256 }, { "rsa1024", RSA, 128 },
		{ "ed25519", ED, 64 } };
	unsigned char digest[SIGN_DIGEST_SIZE] = "a digest";
	unsigned char out[SIGN_SIGNATURE_MAX];
	char why[SIGN_REASON_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		EVP_PKEY *key;
		size_t n;
		int bits;

		assert_int_equal(keyfile_load(at(rows[i].name),
		    rows[i].algorithm, &key, &bits, why), 0);
		assert_int_equal(signature_make(key, rows[i].algorithm,
		    digest, out, &n), 0);
		assert_int_equal(n, rows[i].n);
		assert_true(signature_fits(key, rows[i].algorithm, digest,
		    out, n));
		digest[0] ^= 1;
		assert_false(signature_fits(key, rows[i].algorithm, digest,
		    out, n));
		digest[0] ^= 1;
		out[5] ^= 1;
		assert_false(signature_fits(key, rows[i].algorithm, digest,
		    out, n));
		EVP_PKEY_free(key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_signature),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
