/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signproto: the payloads between postern and postern-sign.
 *
 * Called by the client in postern and by the signer.  A question: nonce (64
 * bits), number of items (8), and for each domain, selector (spans),
 * algorithm (8) and the digest.  An answer: nonce, number, and for each its
 * status (8) and a span, the signature or the reason.
 *
 * Both ends check all they get: the signer because mail's parser may have
 * been taken over, postern because the signer may have been.  Decoded spans
 * point into the payload.  No state; any thread.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "signproto.h"
#include "wire.h"

/* Letters, digits, '-', '_' and '.': no key's name needs more. */
static bool
name_ok(struct span s, bool upper)
{
	if (s.n == 0 || s.n > DOMAIN_MAX || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_' || c == '.')
			continue;
		if (!upper || c < 'A' || c > 'Z')
			return false;
	}
	return true;
}

void
signproto_put_ask(struct buf *b, uint64_t nonce,
    const struct sign_question *q, size_t n)
{
	assert(n > 0 && n <= SIGN_DIGESTS_MAX);
	wire_put_u64(b, nonce);
	wire_put_u8(b, (uint8_t)n);
	for (size_t i = 0; i < n; i++) {
		wire_put_span(b, q[i].domain);
		wire_put_span(b, q[i].selector);
		wire_put_u8(b, (uint8_t)q[i].algorithm);
		buf_add(b, q[i].digest, SIGN_DIGEST_SIZE);
	}
}

static int
get_question(struct wire_in *in, struct sign_question *q)
{
	uint8_t algorithm;

	q->domain = wire_span(in);
	q->selector = wire_span(in);
	algorithm = wire_u8(in);
	if (in->bad || in->left.n < SIGN_DIGEST_SIZE)
		return -1;
	memcpy(q->digest, in->left.p, SIGN_DIGEST_SIZE);
	in->left = span_from(in->left, SIGN_DIGEST_SIZE);
	if (algorithm != SIGN_RSA_SHA256 && algorithm != SIGN_ED25519_SHA256)
		return -1;
	q->algorithm = (enum sign_algorithm)algorithm;
	return name_ok(q->domain, false) && name_ok(q->selector, true) ?
	    0 : -1;
}

int
signproto_get_ask(struct span payload, uint64_t *nonce_r,
    struct sign_question q[SIGN_DIGESTS_MAX], size_t *n_r)
{
	struct wire_in in = { payload, false };
	size_t n;

	*nonce_r = wire_u64(&in);
	n = wire_u8(&in);
	if (in.bad || n == 0 || n > SIGN_DIGESTS_MAX)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (get_question(&in, &q[i]) != 0)
			return -1;
	*n_r = n;
	return wire_ok(&in) ? 0 : -1;
}

void
signproto_put_say(struct buf *b, uint64_t nonce, const struct sign_reply *r,
    size_t n)
{
	assert(n > 0 && n <= SIGN_DIGESTS_MAX);
	wire_put_u64(b, nonce);
	wire_put_u8(b, (uint8_t)n);
	for (size_t i = 0; i < n; i++) {
		wire_put_u8(b, (uint8_t)r[i].status);
		if (r[i].status == SIGN_OK) {
			assert(r[i].n > 0 && r[i].n <= SIGN_SIGNATURE_MAX);
			wire_put_span(b, span_make(
			    (const char *)r[i].signature, r[i].n));
		} else {
			wire_put_span(b, span_make(r[i].reason,
			    strnlen(r[i].reason, SIGN_REASON_MAX - 1)));
		}
	}
}

static int
get_reply(struct wire_in *in, struct sign_reply *r)
{
	uint8_t status = wire_u8(in);
	struct span s = wire_span(in);

	memset(r, 0, sizeof(*r));
	if (in->bad || status > SIGN_FAILED)
		return -1;
	r->status = (enum sign_status)status;
	if (r->status == SIGN_OK) {
		if (s.n == 0 || s.n > sizeof(r->signature))
			return -1;
		r->n = s.n;
		memcpy(r->signature, s.p, s.n);
		return 0;
	}
	if (s.n >= sizeof(r->reason))
		return -1;
	for (size_t i = 0; i < s.n; i++)
		r->reason[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
	return 0;
}

int
signproto_get_say(struct span payload, uint64_t nonce, struct sign_reply *r,
    size_t n)
{
	struct wire_in in = { payload, false };

	if (wire_u64(&in) != nonce || wire_u8(&in) != n || in.bad)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (get_reply(&in, &r[i]) != 0)
			return -1;
	return wire_ok(&in) ? 0 : -1;
}
