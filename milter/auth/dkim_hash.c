/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_hash: digests of canonical fields and bodies, by OpenSSL.
 *
 * dkim_body_hash_*() is the signer's part of dkim_sign.h: the body's SHA-256,
 * once for each canonicalisation.  The rest serves dkim_sign.c and dkim_own.c.
 * A digest context is the library's and is freed by the call that gives the
 * digest.  That OpenSSL cannot give SHA-256 means no memory or a broken
 * installation; like an arena without memory this ends the process.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dkim_internal.h"

struct dkim_body_hash {
	EVP_MD_CTX		*md;
	struct dkim_canon_body	 canon;
};

void
dkim_put_hash(void *ctx, const char *p, size_t n)
{
	if (n > 0)
		(void)EVP_DigestUpdate(ctx, p, n);
}

EVP_MD_CTX *
dkim_hash_new(const EVP_MD *type)
{
	EVP_MD_CTX *md;

	if ((md = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(md, type, NULL) != 1)
		abort();
	return md;
}

unsigned
dkim_hash_end(EVP_MD_CTX **md, unsigned char out[EVP_MAX_MD_SIZE])
{
	unsigned n = 0;

	if (EVP_DigestFinal_ex(*md, out, &n) != 1)
		abort();
	EVP_MD_CTX_free(*md);
	*md = NULL;
	return n;
}

struct dkim_body_hash *
dkim_body_hash_new(struct arena *a, enum dkim_canon canon)
{
	struct dkim_body_hash *h = arena_alloc(a, sizeof(*h));

	h->md = dkim_hash_new(EVP_sha256());
	dkim_canon_body_init(&h->canon, canon, dkim_put_hash, h->md);
	return h;
}

void
dkim_body_hash_add(struct dkim_body_hash *h, struct span s)
{
	dkim_canon_body_add(&h->canon, s);
}

void
dkim_body_hash_end(struct dkim_body_hash *h,
    unsigned char digest[DKIM_DIGEST_SIZE])
{
	unsigned char out[EVP_MAX_MD_SIZE];

	assert(h->md != NULL);
	dkim_canon_body_end(&h->canon);
	if (dkim_hash_end(&h->md, out) != DKIM_DIGEST_SIZE)
		abort();
	memcpy(digest, out, DKIM_DIGEST_SIZE);
}

bool
dkim_field_named(const struct field *f, struct span name)
{
	return span_caseeq(span_trim(f->name), name);
}

/* The last field of this name that is not used yet, or NULL. */
static const struct field *
last_unused(const struct field *f, size_t n, bool *used, struct span name)
{
	while (n-- > 0) {
		if (!used[n] && dkim_field_named(&f[n], name)) {
			used[n] = true;
			return &f[n];
		}
	}
	return NULL;
}

void
dkim_hash_fields(struct arena *a, EVP_MD_CTX *md, enum dkim_canon canon,
    const struct field *f, size_t n, const struct field *self,
    struct span names)
{
	const struct field *found;
	struct span name;
	bool *used = arena_array(a, n, sizeof(*used));

	if (self != NULL)
		used[self - f] = true;
	while (span_split(&names, ':', &name)) {
		found = last_unused(f, n, used, span_trim(name));
		if (found != NULL)
			dkim_canon_field(canon, found->name, found->value,
			    true, dkim_put_hash, md);
	}
}
