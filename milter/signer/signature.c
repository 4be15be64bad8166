/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signature: RSA with PKCS #1 v1.5 padding over SHA-256, and pure Ed25519
 * over the 32 digest bytes (RFC 8463: the message that is signed is the hash).
 *
 * Called by the threads of serve.c, and by keyfile.c to see that a new key
 * fits itself.  The contexts are made for each signature: that costs 4 us,
 * beside 300 us for RSA-2048.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "signature.h"

static bool
set_rsa(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0;
}

static int
make_rsa(EVP_PKEY *key, const unsigned char *digest, unsigned char *out,
    size_t *n_r)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int rc = -1;

	*n_r = SIGN_SIGNATURE_MAX;
	if (ctx != NULL && EVP_PKEY_sign_init(ctx) > 0 && set_rsa(ctx) &&
	    EVP_PKEY_sign(ctx, out, n_r, digest, SIGN_DIGEST_SIZE) > 0)
		rc = 0;
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

static int
make_ed25519(EVP_PKEY *key, const unsigned char *digest, unsigned char *out,
    size_t *n_r)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = -1;

	*n_r = SIGN_SIGNATURE_MAX;
	if (ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) > 0 &&
	    EVP_DigestSign(ctx, out, n_r, digest, SIGN_DIGEST_SIZE) > 0)
		rc = 0;
	EVP_MD_CTX_free(ctx);
	return rc;
}

int
signature_make(EVP_PKEY *key, enum sign_algorithm algorithm,
    const unsigned char digest[SIGN_DIGEST_SIZE],
    unsigned char out[SIGN_SIGNATURE_MAX], size_t *n_r)
{
	int rc;

	if (algorithm == SIGN_RSA_SHA256)
		rc = make_rsa(key, digest, out, n_r);
	else
		rc = make_ed25519(key, digest, out, n_r);
	if (rc == -1)
		ERR_clear_error();
	return rc;
}

static bool
rsa_fits(EVP_PKEY *key, const unsigned char *digest,
    const unsigned char *signature, size_t n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool fits;

	fits = ctx != NULL && EVP_PKEY_verify_init(ctx) > 0 && set_rsa(ctx) &&
	    EVP_PKEY_verify(ctx, signature, n, digest, SIGN_DIGEST_SIZE) == 1;
	EVP_PKEY_CTX_free(ctx);
	return fits;
}

static bool
ed25519_fits(EVP_PKEY *key, const unsigned char *digest,
    const unsigned char *signature, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool fits;

	fits = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) > 0 &&
	    EVP_DigestVerify(ctx, signature, n, digest, SIGN_DIGEST_SIZE) == 1;
	EVP_MD_CTX_free(ctx);
	return fits;
}

bool
signature_fits(EVP_PKEY *key, enum sign_algorithm algorithm,
    const unsigned char digest[SIGN_DIGEST_SIZE],
    const unsigned char *signature, size_t n)
{
	bool fits;

	if (algorithm == SIGN_RSA_SHA256)
		fits = rsa_fits(key, digest, signature, n);
	else
		fits = ed25519_fits(key, digest, signature, n);
	if (!fits)
		ERR_clear_error();
	return fits;
}
