/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfile: one private key from one file, with all that must be right first.
 *
 * Any thread.  Errors are sentences for the operator that name the file and
 * what to do.
 */
#ifndef POSTERN_KEYFILE_H
#define POSTERN_KEYFILE_H

#include <openssl/types.h>

#include "signproto.h"

#define KEYFILE_BYTES_MAX	(64 * 1024)
#define KEYFILE_RSA_BITS_MIN	1024	/* RFC 8301: verifiers' minimum */
#define KEYFILE_RSA_BITS_GOOD	2048
#define KEYFILE_RSA_BITS_MAX	4096

/*
 * Reads the PEM file for an algorithm; the caller owns *key_r and frees it
 * with EVP_PKEY_free().  *bits_r is the size of the key.  0, or -1 and why.
 */
int	keyfile_load(const char *path, enum sign_algorithm, EVP_PKEY **key_r,
	    int *bits_r, char why[SIGN_REASON_MAX]);

/* Only whether the file can be opened and is safe: cheap, no parsing. */
int	keyfile_probe(const char *path, char why[SIGN_REASON_MAX]);

#endif
