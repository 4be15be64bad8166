/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signproto: the records between postern and postern-sign.
 *
 * One question (SIGN_ASK) carries a nonce and up to SIGN_DIGESTS_MAX items:
 * domain, selector, algorithm and a 32-byte SHA-256 digest.  One answer
 * (SIGN_SAY) carries the same nonce and for each item, in order, a status and
 * the signature, or the reason as text.  A connection serves any number of
 * questions, one after the other.  Records are at most SIGN_RECORD_MAX bytes.
 *
 * SIGN_PING (no payload) is answered by SIGN_PONG with the number of keys
 * configured and of keys that can be read (32 bits each), for health checks.
 */
#ifndef POSTERN_SIGNPROTO_H
#define POSTERN_SIGNPROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "bounds.h"
#include "span.h"

#define SIGN_DIGEST_SIZE	32
/* RSA of 4096 bits; larger keys are refused when they are read. */
#define SIGN_SIGNATURE_MAX	512
#define SIGN_REASON_MAX		200

enum sign_type {
	SIGN_ASK = 1,
	SIGN_SAY = 2,
	SIGN_PING = 3,
	SIGN_PONG = 4
};

enum sign_algorithm {
	SIGN_RSA_SHA256 = 1,
	SIGN_ED25519_SHA256 = 2
};

enum sign_status {
	SIGN_OK = 0,
	SIGN_NO_KEY = 1,	/* no such domain and selector */
	SIGN_BAD_KEY = 2,	/* file missing, unreadable, unsafe, no key */
	SIGN_WRONG_ALGORITHM = 3,
	SIGN_FAILED = 4		/* the crypto library failed */
};

struct sign_question {
	struct span	domain;		/* normal form */
	struct span	selector;
	enum sign_algorithm algorithm;
	unsigned char	digest[SIGN_DIGEST_SIZE];
};

struct sign_reply {
	enum sign_status status;
	size_t		 n;		/* bytes of signature */
	unsigned char	 signature[SIGN_SIGNATURE_MAX];
	char		 reason[SIGN_REASON_MAX];	/* when not OK */
};

/* Encoders append a payload to the buf; decoders check everything: 0 or -1. */
void	signproto_put_ask(struct buf *, uint64_t nonce,
	    const struct sign_question *, size_t n);
int	signproto_get_ask(struct span, uint64_t *nonce_r,
	    struct sign_question[SIGN_DIGESTS_MAX], size_t *n_r);
void	signproto_put_say(struct buf *, uint64_t nonce,
	    const struct sign_reply *, size_t n);
int	signproto_get_say(struct span, uint64_t nonce,
	    struct sign_reply *, size_t n);

#endif
