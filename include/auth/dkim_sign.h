/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_sign: DKIM-Signature fields without the private key (RFC 6376, 8463).
 *
 * The body is hashed once for each canonicalisation in use.  For each key
 * dkim_sign_prepare() gives the digest that postern-sign must sign, and
 * dkim_sign_finish() makes the field from the signature.  Pure functions over
 * the caller's arena; any thread.
 *
 * Signed fields: RFC 6376 section 5.4.1's useful ones.  From, To, Cc, Subject,
 * Date, Message-ID, MIME-Version, Content-Type and Content-Transfer-Encoding
 * are oversigned (named once more than present); Reply-To, References,
 * In-Reply-To and List-* are named as often as they are present.  Never
 * Sender, Received or trace fields.
 */
#ifndef POSTERN_DKIM_SIGN_H
#define POSTERN_DKIM_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "header.h"
#include "span.h"

#define DKIM_DIGEST_SIZE 32

enum dkim_canon {
	DKIM_SIMPLE,
	DKIM_RELAXED
};

enum dkim_algorithm {
	DKIM_RSA_SHA256,
	DKIM_ED25519_SHA256
};

/* One signature to make. */
struct dkim_template {
	const char		*domain;	/* d= */
	const char		*selector;	/* s= */
	enum dkim_algorithm	 algorithm;
	enum dkim_canon		 header_canon;
	enum dkim_canon		 body_canon;
	int64_t			 signed_at;	/* t= */
	int64_t			 expires_at;	/* x=; 0: none */
};

/* The body's hash, streaming: any chunks, CRLF text. */
struct dkim_body_hash;

struct dkim_body_hash *dkim_body_hash_new(struct arena *, enum dkim_canon);
void	dkim_body_hash_add(struct dkim_body_hash *, struct span);
/* Writes the digest and releases the library's part; call it exactly once. */
void	dkim_body_hash_end(struct dkim_body_hash *,
	    unsigned char digest[DKIM_DIGEST_SIZE]);

struct dkim_prepared {
	unsigned char	 digest[DKIM_DIGEST_SIZE];	/* to be signed */
	const char	*value;		/* the field's value with empty b= */
};

/*
 * Hashes the fields as they will leave.  Returns 0, or -1 with *error_r (a
 * literal) when there is no From field.
 */
int	dkim_sign_prepare(struct arena *, const struct dkim_template *,
	    const struct field *, size_t n,
	    const unsigned char body_digest[DKIM_DIGEST_SIZE],
	    struct dkim_prepared *, const char **error_r);

/* The value of the DKIM-Signature field, leading blank, folded with CRLF. */
struct span	dkim_sign_finish(struct arena *, const struct dkim_prepared *,
	    struct span signature);

#endif
