/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_key: from the DNS answer to a public key (RFC 6376 section 3.6.1,
 * RFC 8463 section 4).
 *
 * Called by dkim_fetch_keys() for each signature.  Of several TXT records the
 * first that is a key record counts (section 3.6.2.2 leaves that open).  The
 * record is read by us; libopendkim gets a clean one with what it needs, so
 * that notes, a bare RSAPublicKey (which it cannot read, but the field has)
 * and records near its 1 KiB buffer do not matter.
 */
#include <string.h>
#include <strings.h>

#include "codec.h"
#include "dkim_internal.h"

/* Longest key in bytes that is decoded: DNS records are not longer. */
#define KEY_BYTES_MAX	DNS_RECORD_BYTES_MAX
#define ED25519_BYTES	32

/* rsaEncryption and its NULL parameter (RFC 3279 section 2.3.1). */
static const unsigned char rsa_id[] = {
	0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x01, 0x01, 0x05, 0x00
};

static const char no_rsa[] = "the key is no RSA key";

/*
 * Takes a DER element with this tag off the front of s into *body.  Lengths
 * of up to two bytes: no key is longer.
 */
static bool
der_take(struct span *s, unsigned char tag, struct span *body)
{
	const unsigned char *p = (const unsigned char *)s->p;
	size_t head = 2, len;

	if (s->n < 2 || p[0] != tag)
		return false;
	len = p[1];
	if (len == 0x81 && s->n >= 3) {
		head = 3;
		len = p[2];
	} else if (len == 0x82 && s->n >= 4) {
		head = 4;
		len = (size_t)p[2] << 8 | p[3];
	} else if (len >= 0x80) {
		return false;
	}
	if (len > s->n - head)
		return false;
	*body = span_make(s->p + head, len);
	*s = span_from(*s, head + len);
	return true;
}

/* Writes the head of a DER element; returns its size. */
static size_t
der_head(unsigned char *out, unsigned char tag, size_t len)
{
	size_t n = 0;

	out[n++] = tag;
	if (len >= 0x100)
		out[n++] = 0x82;
	else if (len >= 0x80)
		out[n++] = 0x81;
	if (len >= 0x100)
		out[n++] = (unsigned char)(len >> 8);
	out[n++] = (unsigned char)len;
	return n;
}

/* SubjectPublicKeyInfo around a bare RSAPublicKey (RFC 8017 A.1.1). */
static struct span
wrap_rsa(struct arena *a, struct span bare)
{
	unsigned char *out = arena_alloc(a, bare.n + sizeof(rsa_id) + 16);
	unsigned char head[8];
	size_t bits = der_head(head, 0x03, bare.n + 1), n;

	n = der_head(out, 0x30, sizeof(rsa_id) + bits + 1 + bare.n);
	memcpy(out + n, rsa_id, sizeof(rsa_id));
	n += sizeof(rsa_id);
	memcpy(out + n, head, bits);
	n += bits;
	out[n++] = 0;			/* no unused bits */
	memcpy(out + n, bare.p, bare.n);
	return span_make((const char *)out, n + bare.n);
}

/* The inside of SubjectPublicKeyInfo: the RSAPublicKey of its BIT STRING. */
static bool
unwrap_rsa(struct span body, struct span *bare)
{
	struct span id, bits;

	if (!der_take(&body, 0x30, &id) || !der_take(&body, 0x03, &bits))
		return false;
	if (id.n < 11 || memcmp(id.p, rsa_id + 2, 11) != 0)
		return false;
	if (bits.n < 1 || bits.p[0] != 0)
		return false;
	*bare = span_from(bits, 1);
	return true;
}

/* Bits of the modulus of an RSAPublicKey; 0 when it is none. */
static unsigned
rsa_bits(struct span bare)
{
	struct span seq, modulus, exponent;
	unsigned bits;

	if (!der_take(&bare, 0x30, &seq) || !der_take(&seq, 0x02, &modulus) ||
	    !der_take(&seq, 0x02, &exponent))
		return 0;
	while (modulus.n > 0 && modulus.p[0] == 0)
		modulus = span_from(modulus, 1);
	if (modulus.n == 0)
		return 0;
	bits = (unsigned)modulus.n * 8;
	for (unsigned c = (unsigned char)modulus.p[0]; c < 0x80; c <<= 1)
		bits--;
	return bits;
}

/* An RSA key in either form; NULL, or what is wrong with it. */
static const char *
read_rsa(struct arena *a, struct dkim_sig *s)
{
	struct span left = s->key.der, body, bare = s->key.der;

	if (!der_take(&left, 0x30, &body))
		return no_rsa;
	if (body.n > 0 && body.p[0] == 0x02)
		s->key.der = wrap_rsa(a, bare);
	else if (!unwrap_rsa(body, &bare))
		return no_rsa;
	s->out->key_bits = rsa_bits(bare);
	return s->out->key_bits == 0 ? no_rsa : NULL;
}

/* p= as bytes, and the record that the library gets. */
static const char *
read_key(struct arena *a, const char *p, struct dkim_sig *s)
{
	size_t n = strlen(p);
	unsigned char *der;
	const char *wrong;
	char *text;
	long len;

	if (n > KEY_BYTES_MAX)
		return "the key is too long";
	der = arena_alloc(a, n + 1);
	if ((len = base64_decode(der, n, span_of(p))) <= 0)
		return "the key is no base64";
	s->key.der = span_make((const char *)der, (size_t)len);
	if (s->ed25519) {
		if (len != ED25519_BYTES)
			return "the key is no Ed25519 key";
		s->out->key_bits = 256;
	} else if ((wrong = read_rsa(a, s)) != NULL) {
		return wrong;
	}
	text = arena_alloc(a, BASE64_SIZE(s->key.der.n));
	base64_encode(text, s->key.der.p, s->key.der.n);
	s->key.text = arena_printf(a, "v=DKIM1; k=%s;%s p=%s",
	    s->ed25519 ? "ed25519" : "rsa",
	    s->out->strict_identity ? " t=s;" : "", text);
	if (strlen(s->key.text) >= DKIM_KEY_TEXT_SIZE)
		return "the key is too long";
	return NULL;
}

/* What the record allows; NULL, or why it does not fit the signature. */
static const char *
read_uses(struct arena *a, const struct dkim_tags *t, struct dkim_sig *s)
{
	struct span k = dkim_tag(t, "k");
	struct span h = span_of(dkim_tag_text(a, t, "h"));
	struct span uses = span_of(dkim_tag_text(a, t, "s"));
	struct span flags = span_of(dkim_tag_text(a, t, "t"));

	if (!span_is(k, s->ed25519 ? "ed25519" : "rsa") &&
	    (s->ed25519 || k.p != NULL))
		return "the key is of another type than a=";
	if (h.n > 0 && !dkim_list_has(h, s->sha1 ? "sha1" : "sha256"))
		return "the key does not allow this hash";
	if (uses.n > 0 && !dkim_list_has(uses, "*") &&
	    !dkim_list_has(uses, "email"))
		return "the key is not for mail";
	s->out->testing = dkim_list_has(flags, "y");
	s->out->strict_identity = dkim_list_has(flags, "s");
	return NULL;
}

/* t=s: i= must be in d= itself. */
static bool
identity_too_deep(const struct dkim_signature *out)
{
	const char *at = strrchr(out->identity, '@');

	return out->strict_identity && at != NULL &&
	    strcasecmp(at + 1, out->domain) != 0;
}

static void
use_record(struct arena *a, const struct dkim_tags *t, struct dkim_sig *s)
{
	const char *p = dkim_tag_text(a, t, "p");
	const char *wrong;

	if ((wrong = read_uses(a, t, s)) == NULL) {
		if (p[0] == '\0')
			wrong = "the key is revoked";
		else if (identity_too_deep(s->out))
			wrong = "the key does not allow subdomains in i=";
		else
			wrong = read_key(a, p, s);
	}
	if (wrong != NULL)
		dkim_sig_result(s, DKIM_RESULT_PERMERROR, wrong);
}

/* The first key record: with p=, and version DKIM1 where it has one. */
static bool
find_record(const struct dns_answer *ans, struct dkim_tags *t)
{
	const char *wrong;
	struct span v;

	for (size_t i = 0; i < ans->n; i++) {
		if (dkim_tags_parse(ans->records[i].data, t, &wrong) != 0)
			continue;
		v = dkim_tag(t, "v");
		if (dkim_tag(t, "p").p != NULL &&
		    (v.p == NULL || span_is(v, "DKIM1")))
			return true;
	}
	return false;
}

void
dkim_key_read(struct arena *a, const struct dns_answer *ans,
    struct dkim_sig *s)
{
	struct dkim_tags t;

	if (ans->status == DNS_TEMPFAIL)
		dkim_sig_result(s, DKIM_RESULT_TEMPERROR,
		    arena_printf(a, "no answer for the key: %s", ans->why));
	else if (ans->status != DNS_FOUND || ans->n == 0)
		dkim_sig_result(s, DKIM_RESULT_PERMERROR,
		    "there is no key for this signature");
	else if (!find_record(ans, &t))
		dkim_sig_result(s, DKIM_RESULT_PERMERROR,
		    "there is no valid key record");
	else
		use_record(a, &t, s);
}

void
dkim_fetch_keys(struct dkim_check *c, bool own)
{
	struct dkim_sig *s;

	for (size_t i = 0; i < c->n; i++) {
		s = &c->sig[i];
		if (s->out->result == DKIM_RESULT_NONE && s->own == own)
			dkim_key_read(c->arena, dns_ask(c->dns, c->arena,
			    s->key_name, DNS_TXT, c->deadline), s);
	}
}
