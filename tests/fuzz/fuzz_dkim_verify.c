/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dkim_verify: whole messages, with libopendkim behind our reading.
 *
 * Parts: DNS records; the message.  Two keys are always there, r and e below
 * example.org, whose private halves nobody has any more: the signed seeds of
 * the corpus are all that ever passes.  Each signature gets a result of its
 * own and a reason when it is no pass.
 */
#include "clock.h"
#include "dkim_verify.h"
#include "fuzz_dns.h"
#include "fuzz_mail.h"

/* The signed seeds are of this time. */
#define NOW 1700000000

static const char rsa_key[] =
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDE2CIQgicq646"
    "xxLx5FemGlYPxNMc17aF8nCHjtF2zxlY17svmiKqRK+qyxvEWOeK/hupxMjhm4"
    "sMSl2IuAgBf0nAGqDN8zNrk0VkjhQsMeTYkd9UniOTEly8u2RDWe+QRcjYDZzY"
    "XK23L0IaTSF6IykdsXwTOcQucutGLUZkbYwIDAQAB";
static const char ed25519_key[] =
    "v=DKIM1; k=ed25519; p=omY4boDEWwJZr4zbH6vFt3CW8gsOkmnPx8vu+Nm+"
    "1tY=";

static struct table_dns *table;

static void
check_signature(const struct dkim_signature *s, size_t nfields)
{
	CHECK(s->result > DKIM_RESULT_NONE);
	CHECK(s->result <= DKIM_RESULT_PERMERROR);
	CHECK(s->domain != NULL && s->selector != NULL && s->b != NULL);
	CHECK(s->algorithm != NULL && s->identity != NULL);
	CHECK(strlen(s->domain) <= DOMAIN_MAX && strlen(s->b) <= 8);
	CHECK((s->result == DKIM_RESULT_PASS) == (s->reason[0] == '\0'));
	CHECK(s->result != DKIM_RESULT_PASS || s->domain[0] != '\0');
	CHECK(s->field < nfields);
}

static void
check_message(struct arena *a, const struct dkim_message *m,
    const struct dkim_policy *policy)
{
	static const char *const authors[] = { "example.org" };
	struct dkim_report r;

	dkim_verify_message(a, table_dns_of(table), policy, m, authors, 1,
	    "fuzz", clock_ms() + 10000, &r);
	CHECK(r.n <= DKIM_SIGNATURES_MAX);
	for (size_t i = 0; i < r.n; i++) {
		check_signature(&r.sig[i], m->nfields);
		CHECK(i == 0 || r.sig[i - 1].field < r.sig[i].field);
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	table = table_dns_new();
	clock_set_wall(NOW);
	return dkim_verify_init();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct dkim_policy strict = { .min_rsa_bits = 1024 };
	static const struct dkim_policy loose = { 0, true, true, true };
	static struct fuzz_mail mail;
	struct span rest = fuzz_input(p, n), rows = fuzz_part(&rest);
	struct arena *a = arena_new();
	struct dkim_message m;

	fuzz_dns(table, a, rows);
	table_dns_put(table, "r._domainkey.example.org", "TXT", rsa_key);
	table_dns_put(table, "e._domainkey.example.org", "TXT", ed25519_key);
	fuzz_mail(rest, &mail);
	m = (struct dkim_message){ mail.field, mail.nfields, mail.body };
	check_message(a, &m, &strict);
	check_message(a, &m, &loose);
	arena_free(&a);
	return 0;
}
