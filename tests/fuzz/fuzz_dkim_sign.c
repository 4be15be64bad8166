/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dkim_sign: what we sign, libopendkim verifies.
 *
 * The first byte chooses the canonicalisations and the algorithm, the second
 * where the body is cut into chunks; the rest is the message.  Any message
 * that can pass Postfix must verify; others only must do no harm.
 */
#include "clock.h"
#include "fuzz_mail.h"
#include "dkim_fixture.h"
#include "domain.h"

#define NOW		1700000000
/* Quicker than a real one; that is all that its size is for. */
#define RSA_BITS	1024

static EVP_PKEY *rsa, *ed25519;
static struct table_dns *table;

/* The table remembers questions; it is emptied each time. */
static void
publish(struct arena *a)
{
	table_dns_clear(table);
	fixture_publish(table, a, "r._domainkey.example.org",
	    "v=DKIM1; k=rsa;", rsa, false);
	fixture_publish(table, a, "e._domainkey.example.org",
	    "v=DKIM1; k=ed25519;", ed25519, false);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	table = table_dns_new();
	rsa = fixture_key(RSA_BITS);
	ed25519 = fixture_key(0);
	clock_set_wall(NOW);
	return dkim_verify_init();
}

/* A value as it comes from the MTA: line ends are folds. */
static bool
ordinary(const struct field *f)
{
	struct span v = f->value;

	if (!field_name_valid(f->name))
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\n' || v.p[i] == '\0')
			return false;
		if (v.p[i] != '\r')
			continue;
		if (i + 2 >= v.n || v.p[i + 1] != '\n' ||
		    (v.p[i + 2] != ' ' && v.p[i + 2] != '\t'))
			return false;
		i += 2;
	}
	return true;
}

static bool
all_ordinary(const struct fuzz_mail *m)
{
	for (size_t i = 0; i < m->nfields; i++)
		if (!ordinary(&m->field[i]))
			return false;
	return true;
}

static void
hash_body(struct arena *a, enum dkim_canon canon, struct span body,
    size_t chunk, unsigned char digest[DKIM_DIGEST_SIZE])
{
	struct dkim_body_hash *h = dkim_body_hash_new(a, canon);
	size_t n;

	for (; body.n > 0; body = span_from(body, n)) {
		n = chunk == 0 || chunk > body.n ? body.n : chunk;
		dkim_body_hash_add(h, span_make(body.p, n));
	}
	dkim_body_hash_end(h, digest);
}

/* Puts our field on top; false when there is nothing to sign. */
static bool
sign(struct arena *a, const struct dkim_template *t, size_t chunk,
    struct fuzz_mail *m)
{
	unsigned char digest[DKIM_DIGEST_SIZE];
	struct dkim_prepared p;
	const char *error = NULL;
	struct span sig;

	hash_body(a, t->body_canon, m->body, chunk, digest);
	if (dkim_sign_prepare(a, t, m->field, m->nfields, digest, &p,
	    &error) != 0) {
		CHECK(error != NULL);
		return false;
	}
	sig = fixture_sign_digest(a, t->algorithm == DKIM_RSA_SHA256 ? rsa :
	    ed25519, p.digest);
	memmove(m->field + 1, m->field, m->nfields++ * sizeof(m->field[0]));
	m->field[0].name = span_of("DKIM-Signature");
	m->field[0].value = dkim_sign_finish(a, &p, sig);
	fuzz_check_value(m->field[0].value);
	return true;
}

/* The report's line about field 0, which is ours. */
static void
check_ours(struct arena *a, const struct fuzz_mail *m)
{
	static const struct dkim_policy policy = { .min_rsa_bits = 1024 };
	static const char *const authors[] = { "example.org" };
	struct dkim_message message = { m->field, m->nfields, m->body };
	struct dkim_report r;

	dkim_verify_message(a, table_dns_of(table), &policy, &message,
	    authors, 1, "fuzz", clock_ms() + 10000, &r);
	CHECK(r.n > 0 && r.sig[0].field == 0);
	if (r.sig[0].result != DKIM_RESULT_PASS)
		fprintf(stderr, "%s: %s\n",
		    dkim_result_word(r.sig[0].result), r.sig[0].reason);
	CHECK(r.sig[0].result == DKIM_RESULT_PASS || !all_ordinary(m));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct fuzz_mail m;
	struct dkim_template t = { .domain = "example.org",
	    .signed_at = NOW, .expires_at = NOW + 86400 };
	struct arena *a;

	if (n < 2)
		return -1;
	t.header_canon = p[0] & 1 ? DKIM_SIMPLE : DKIM_RELAXED;
	t.body_canon = p[0] & 2 ? DKIM_SIMPLE : DKIM_RELAXED;
	t.algorithm = p[0] & 4 ? DKIM_RSA_SHA256 : DKIM_ED25519_SHA256;
	t.selector = p[0] & 4 ? "r" : "e";
	fuzz_mail(span_make((const char *)p + 2, n - 2), &m);
	if (m.nfields == FUZZ_FIELDS)
		return -1;
	a = arena_new();
	publish(a);
	if (sign(a, &t, p[1], &m))
		check_ours(a, &m);
	arena_free(&a);
	return 0;
}
