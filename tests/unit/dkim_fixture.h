/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_fixture: keys, messages and signatures for the tests of DKIM.
 *
 * Keys are made afresh; the private half stays in the test, in the part that
 * postern-sign plays in production.  Failures abort.
 */
#ifndef POSTERN_TEST_DKIM_FIXTURE_H
#define POSTERN_TEST_DKIM_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "arena.h"
#include "codec.h"
#include "dkim_sign.h"
#include "dkim_verify.h"
#include "table_dns.h"

#define FIXTURE_FIELDS 64

struct fixture_message {
	struct field		field[FIXTURE_FIELDS];
	struct dkim_message	m;
};

static inline EVP_PKEY *
fixture_key(unsigned rsa_bits)
{
	EVP_PKEY *k = rsa_bits == 0 ?
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") :
	    EVP_RSA_gen(rsa_bits);

	if (k == NULL)
		abort();
	return k;
}

/* p= of a key record; bare: RSAPublicKey without its wrapping. */
static inline char *
fixture_public(struct arena *a, EVP_PKEY *k, bool bare)
{
	unsigned char buf[2048], *p = buf;
	size_t n = sizeof(buf);
	char *out;
	int len;

	if (EVP_PKEY_is_a(k, "ED25519")) {
		if (EVP_PKEY_get_raw_public_key(k, buf, &n) != 1)
			abort();
	} else {
		len = bare ? i2d_PublicKey(k, &p) : i2d_PUBKEY(k, &p);
		if (len <= 0)
			abort();
		n = (size_t)len;
	}
	out = arena_alloc(a, BASE64_SIZE(n));
	base64_encode(out, buf, n);
	return out;
}

/* Publishes a key with the given tags before p=. */
static inline void
fixture_publish(struct table_dns *t, struct arena *a, const char *name,
    const char *tags, EVP_PKEY *k, bool bare)
{
	table_dns_put(t, name, "TXT", arena_printf(a, "%s p=%s", tags,
	    fixture_public(a, k, bare)));
}

static inline struct span
fixture_sign_digest(struct arena *a, EVP_PKEY *k, const unsigned char *digest)
{
	size_t n = 1024;
	unsigned char *sig = arena_alloc(a, n);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	int ok;

	if (EVP_PKEY_is_a(k, "ED25519"))
		ok = EVP_DigestSignInit(md, NULL, NULL, NULL, k) == 1 &&
		    EVP_DigestSign(md, sig, &n, digest, 32) == 1;
	else
		ok = EVP_PKEY_sign_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx,
		    RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
		    EVP_PKEY_sign(ctx, sig, &n, digest, 32) == 1;
	EVP_MD_CTX_free(md);
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		abort();
	return span_make((const char *)sig, n);
}

static inline void
fixture_add(struct fixture_message *m, struct span line)
{
	long colon = span_chr(line, ':');

	if (colon < 0 || m->m.nfields == FIXTURE_FIELDS)
		abort();
	m->field[m->m.nfields].name = span_make(line.p, (size_t)colon);
	m->field[m->m.nfields++].value = span_from(line, (size_t)colon + 1);
}

/* A message from text with CRLF; spans point into it. */
static inline void
fixture_parse(struct span text, struct fixture_message *m)
{
	size_t start = 0, i = 0;

	memset(m, 0, sizeof(*m));
	m->m.fields = m->field;
	while (i + 1 < text.n && text.p[i] != '\r') {
		for (; i + 1 < text.n; i++)
			if (memcmp(text.p + i, "\r\n", 2) == 0 &&
			    (i + 2 == text.n || (text.p[i + 2] != ' ' &&
			    text.p[i + 2] != '\t')))
				break;
		fixture_add(m, span_make(text.p + start, i - start));
		start = i += 2;
	}
	m->m.body = span_from(text, i + 2);
}

/* Signs and puts the field on top. */
static inline void
fixture_sign(struct arena *a, const struct dkim_template *t, EVP_PKEY *k,
    struct fixture_message *m)
{
	struct dkim_body_hash *h = dkim_body_hash_new(a, t->body_canon);
	unsigned char digest[DKIM_DIGEST_SIZE];
	struct dkim_prepared p;
	const char *error;
	struct span sig;

	dkim_body_hash_add(h, m->m.body);
	dkim_body_hash_end(h, digest);
	if (dkim_sign_prepare(a, t, m->field, m->m.nfields, digest, &p,
	    &error) != 0)
		abort();
	sig = fixture_sign_digest(a, k, p.digest);
	memmove(m->field + 1, m->field, m->m.nfields++ * sizeof(m->field[0]));
	m->field[0].name = span_of("DKIM-Signature");
	m->field[0].value = dkim_sign_finish(a, &p, sig);
}

#endif
