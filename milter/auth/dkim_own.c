/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_own: signatures that libopendkim cannot read, checked by us.
 *
 * These are few: fields with U-labels or other 8-bit text (RFC 8616), those
 * that sign other DKIM-Signature fields, those that sign a field with a NUL
 * in it (the library ends text there, and what follows would count as signed)
 * or a vertical tab or form feed (blanks to it), and those over a body with a
 * CR or LF alone (it leaves them out).
 * Canonicalisation is the signer's (dkim_canon.c), the arithmetic OpenSSL's.
 * Called by dkim_verify.c; all is in the caller's arena but the key, which is
 * freed here.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "codec.h"
#include "dkim_internal.h"

/* A digest that takes the first `left` bytes only. */
struct limited {
	EVP_MD_CTX	*md;
	uint64_t	 left;
};

static void
put_limited(void *ctx, const char *p, size_t n)
{
	struct limited *l = ctx;

	if (n > l->left)
		n = (size_t)l->left;
	dkim_put_hash(l->md, p, n);
	l->left -= n;
}

static const EVP_MD *
hash_of(const struct dkim_sig *s)
{
	return s->sha1 ? EVP_sha1() : EVP_sha256();
}

/* NULL, or what is wrong with the body. */
static const char *
check_body(const struct dkim_sig *s, struct span body)
{
	struct dkim_canon_body b;
	struct limited l = { .left = UINT64_MAX };
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[BASE64_SIZE(EVP_MAX_MD_SIZE)];
	unsigned n;

	if (s->length >= 0)
		l.left = (uint64_t)s->length;
	l.md = dkim_hash_new(hash_of(s));
	dkim_canon_body_init(&b, s->body_canon, put_limited, &l);
	dkim_canon_body_add(&b, body);
	dkim_canon_body_end(&b);
	n = dkim_hash_end(&l.md, digest);
	base64_encode(text, digest, n);
	if (s->length >= 0 && l.left > 0)
		return "the body is shorter than l=";
	if (strcmp(text, s->body_hash) != 0)
		return "the body hash does not match";
	return NULL;
}

/* The field's value without what b= holds (section 3.7). */
static struct span
empty_b(struct arena *a, struct span value)
{
	char *out = arena_alloc(a, value.n + 1);
	struct span left = value, spec, name;
	size_t n = 0, keep;
	long equals;

	while (span_split(&left, ';', &spec)) {
		equals = span_chr(spec, '=');
		name = span_trim(span_make(spec.p,
		    equals < 0 ? spec.n : (size_t)equals));
		keep = span_is(name, "b") ? (size_t)equals + 1 : spec.n;
		memcpy(out + n, spec.p, keep);
		n += keep;
		if (left.p != NULL)
			out[n++] = ';';
	}
	return span_make(out, n);
}

static size_t
hash_header(struct dkim_check *c, const struct dkim_sig *s,
    unsigned char digest[EVP_MAX_MD_SIZE])
{
	EVP_MD_CTX *md = dkim_hash_new(hash_of(s));
	struct span value = empty_b(c->arena, s->field->value);

	dkim_hash_fields(c->arena, md, s->header_canon, c->message->fields,
	    c->message->nfields, s->field, s->names);
	dkim_canon_field(s->header_canon, s->field->name, value, false,
	    dkim_put_hash, md);
	return dkim_hash_end(&md, digest);
}

static bool
rsa_matches(EVP_PKEY *key, const EVP_MD *md, struct span signature,
    const unsigned char *digest, size_t n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok;

	ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
	    EVP_PKEY_verify(ctx, (const unsigned char *)signature.p,
	    signature.n, digest, n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
ed25519_matches(EVP_PKEY *key, struct span signature,
    const unsigned char *digest, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, (const unsigned char *)signature.p,
	    signature.n, digest, n) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static EVP_PKEY *
load_key(const struct dkim_sig *s)
{
	const unsigned char *p = (const unsigned char *)s->key.der.p;

	if (s->ed25519)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    p, s->key.der.n);
	return d2i_PUBKEY(NULL, &p, (long)s->key.der.n);
}

static void
check_one(struct dkim_check *c, struct dkim_sig *s)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t n = hash_header(c, s, digest);
	EVP_PKEY *key = load_key(s);
	const char *wrong;
	bool ok;

	if (key == NULL) {
		dkim_sig_result(s, DKIM_RESULT_PERMERROR,
		    "the key cannot be used");
		return;
	}
	ok = s->ed25519 ? ed25519_matches(key, s->signature, digest, n) :
	    rsa_matches(key, hash_of(s), s->signature, digest, n);
	EVP_PKEY_free(key);
	if (!ok)
		wrong = "the signature does not match";
	else
		wrong = check_body(s, c->message->body);
	dkim_sig_result(s, ok && wrong == NULL ? DKIM_RESULT_PASS :
	    DKIM_RESULT_FAIL, wrong == NULL ? "" : wrong);
}

void
dkim_own_check(struct dkim_check *c)
{
	struct dkim_sig *s;

	dkim_fetch_keys(c, true);
	for (size_t i = 0; i < c->n; i++) {
		s = &c->sig[i];
		if (s->own && s->out->result == DKIM_RESULT_NONE)
			check_one(c, s);
	}
}
