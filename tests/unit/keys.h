/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: private keys for the unit tests of the signer, made on the spot.
 *
 * Included by one test program each; everything is static.
 */
#ifndef POSTERN_TEST_KEYS_H
#define POSTERN_TEST_KEYS_H

#include <sys/stat.h>

#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* bits 0: Ed25519. */
static inline EVP_PKEY *
make_key(unsigned bits)
{
	EVP_PKEY *key = bits > 0 ? EVP_RSA_gen(bits) :
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	assert_non_null(key);
	return key;
}

/* PKCS #8, with a passphrase when there is one; mode 0600. */
static inline void
write_key(const char *path, EVP_PKEY *key, const char *passphrase)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, key,
	    passphrase != NULL ? EVP_aes_128_cbc() : NULL, passphrase,
	    passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

#endif
