/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_verify: the signatures of one message (RFC 6376, 8301, 8463), by
 * libopendkim with our key look-up.
 *
 * All keys are asked for at once, before the body is hashed.  At most
 * DKIM_SIGNATURES_MAX signatures are looked at, those of the authors' domains
 * first.  A malformed signature has a result of its own and does not touch
 * the others.
 *
 * dkim_verify_init() once, before threads; dkim_verify_message() from any
 * thread.  (Plain dkim_verify is a function of libopendkim.)
 */
#ifndef POSTERN_DKIM_VERIFY_H
#define POSTERN_DKIM_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "dns.h"
#include "header.h"
#include "span.h"

enum dkim_result {
	DKIM_RESULT_NONE,
	DKIM_RESULT_PASS,
	DKIM_RESULT_FAIL,
	DKIM_RESULT_POLICY,	/* verifies, but our policy takes it for no
				 * pass: l=, weak key, SHA-1, ... */
	DKIM_RESULT_NEUTRAL,	/* could not be processed: syntax */
	DKIM_RESULT_TEMPERROR,
	DKIM_RESULT_PERMERROR	/* no key, revoked or unusable key */
};

/* What to do about signatures that verify but are weak. */
struct dkim_policy {
	unsigned	min_rsa_bits;		/* below: policy */
	bool		accept_sha1;		/* else: policy (RFC 8301) */
	bool		accept_partial_body;	/* l= short of the body */
	bool		accept_expired;		/* x= in the past */
};

struct dkim_signature {
	enum dkim_result result;
	const char	*domain;	/* d=, normal form; "" if unreadable */
	const char	*selector;	/* s=; "" if unreadable */
	const char	*algorithm;	/* "rsa-sha256", ... or "" */
	const char	*identity;	/* i= as given, or "" */
	const char	*b;		/* first 8 bytes of b= (RFC 6008) */
	unsigned	 key_bits;	/* RSA modulus, 256 for ed25519, 0 */
	bool		 testing;	/* t=y in the key */
	bool		 strict_identity; /* t=s in the key */
	const char	*reason;	/* why not pass; "" for pass */
	size_t		 field;		/* index of its field */
};

struct dkim_report {
	struct dkim_signature	*sig;	/* in the order of the header */
	size_t			 n;
	size_t			 ignored;	/* beyond the limit */
};

/* The message as it came.  body is CRLF text. */
struct dkim_message {
	const struct field	*fields;
	size_t			 nfields;
	struct span		 body;
};

int	dkim_verify_init(void);

/*
 * authors: domains in normal form whose signatures come first.  id: for the
 * library's own diagnostics (the queue id).  The report is in the arena.
 */
void	dkim_verify_message(struct arena *, const struct dns *,
	    const struct dkim_policy *, const struct dkim_message *,
	    const char *const *authors, size_t nauthors, const char *id,
	    int64_t deadline, struct dkim_report *);

/* RFC 8601's word. */
const char *dkim_result_word(enum dkim_result);

#endif
