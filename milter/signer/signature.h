/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signature: one DKIM signature over a SHA-256 digest (RFC 6376 section 3.3.1,
 * RFC 8463 section 3).
 *
 * An EVP_PKEY may sign in many threads at once; nothing is kept here.
 */
#ifndef POSTERN_SIGNATURE_H
#define POSTERN_SIGNATURE_H

#include <openssl/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "signproto.h"

/* Writes to out and *n_r; 0, or -1 when the crypto library fails. */
int	signature_make(EVP_PKEY *, enum sign_algorithm,
	    const unsigned char digest[SIGN_DIGEST_SIZE],
	    unsigned char out[SIGN_SIGNATURE_MAX], size_t *n_r);

/* Whether the signature belongs to the key and the digest. */
bool	signature_fits(EVP_PKEY *, enum sign_algorithm,
	    const unsigned char digest[SIGN_DIGEST_SIZE],
	    const unsigned char *signature, size_t n);

#endif
