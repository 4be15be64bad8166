/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_raw: signatures with any tags, right or wrong, for the tests of
 * verifying.  What our signer never makes is made here: l=, SHA-1, U-labels,
 * odd selectors and times.  Failures abort.
 */
#ifndef POSTERN_TEST_DKIM_RAW_H
#define POSTERN_TEST_DKIM_RAW_H

#include "dkim_fixture.h"
#include "dkim_internal.h"

/* Bytes of a body up to a limit, for l=. */
struct cut {
	EVP_MD_CTX	*md;
	size_t		 left;
};

static inline void
put_cut(void *ctx, const char *p, size_t n)
{
	struct cut *c = ctx;

	if (n > c->left)
		n = c->left;
	dkim_put_hash(c->md, p, n);
	c->left -= n;
}

static inline struct span
raw_signature(struct arena *a, EVP_PKEY *k, const EVP_MD *md,
    const unsigned char *digest, size_t n)
{
	unsigned char *sig = arena_alloc(a, 1024);
	size_t len = 1024;
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (EVP_PKEY_is_a(k, "ED25519"))
		return fixture_sign_digest(a, k, digest);
	ctx = EVP_PKEY_CTX_new(k, NULL);
	ok = EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
	    EVP_PKEY_sign(ctx, sig, &len, digest, n) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		abort();
	return span_make((const char *)sig, len);
}

static inline const char *
raw_base64(struct arena *a, const void *p, size_t n)
{
	char *out = arena_alloc(a, BASE64_SIZE(n));

	base64_encode(out, p, n);
	return out;
}

/*
 * The value of a field with the given tags (all but bh= and b=), relaxed,
 * correct for the message, over the fields named and `length` bytes of body.
 */
static inline struct span
raw_sign(struct arena *a, const char *tags, const char *names, size_t length,
    EVP_PKEY *k, const struct fixture_message *m)
{
	const EVP_MD *type = strstr(tags, "sha1") ? EVP_sha1() : EVP_sha256();
	struct cut c = { dkim_hash_new(type), length };
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct dkim_canon_body b;
	struct span sig;
	char *value;
	unsigned n;

	dkim_canon_body_init(&b, DKIM_RELAXED, put_cut, &c);
	dkim_canon_body_add(&b, m->m.body);
	dkim_canon_body_end(&b);
	n = dkim_hash_end(&c.md, digest);
	value = arena_printf(a, " %s c=relaxed/relaxed; h=%s; bh=%s; b=",
	    tags, names, raw_base64(a, digest, n));
	c.md = dkim_hash_new(type);
	dkim_hash_fields(a, c.md, DKIM_RELAXED, m->field, m->m.nfields,
	    NULL, span_of(names));
	dkim_canon_field(DKIM_RELAXED, span_of("dkim-signature"),
	    span_of(value), false, dkim_put_hash, c.md);
	n = dkim_hash_end(&c.md, digest);
	sig = raw_signature(a, k, type, digest, n);
	return span_of(arena_printf(a, "%s%s", value,
	    raw_base64(a, sig.p, sig.n)));
}

static inline void
put_on_top(struct fixture_message *m, struct span value)
{
	memmove(m->field + 1, m->field, m->m.nfields++ * sizeof(m->field[0]));
	m->field[0].name = span_of("DKIM-Signature");
	m->field[0].value = value;
}

#endif
