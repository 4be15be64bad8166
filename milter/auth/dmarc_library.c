/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc_library: the second opinion, libopendmarc's.
 *
 * The library gets a record that we have written anew from what we understood
 * and identifiers that we have aligned: where something aligned passes, it is
 * told the author's own domain, so that no notion of organisational domains
 * of its own comes in.  Its DNS and its list of public suffixes are never
 * used.  It then says which policy holds and where reports go.
 *
 * Its context costs about 1.5 us a message and is not kept.  Any thread after
 * dmarc_library_init(): without a suffix list it has no shared state.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <opendmarc/dmarc.h>

#include "dmarc_internal.h"

/* The library takes no const; it only reads. */
#define BYTES(s) ((u_char *)(uintptr_t)(s))

/* It keeps a pointer to this. */
static OPENDMARC_LIB_T library;

int
dmarc_library_init(void)
{
	library.tld_type = OPENDMARC_TLD_TYPE_NONE;
	return opendmarc_policy_library_init(&library) == DMARC_PARSE_OKAY ?
	    0 : -1;
}

/* Alignment is ours already, so its modes are left at their default. */
static char *
write_record(struct arena *arena, const struct dmarc_case *c)
{
	const char *rua = c->record->rua;

	return arena_printf(arena, "v=DMARC1; p=%s; sp=%s%s%s",
	    dmarc_request_word(c->record->p), dmarc_request_word(c->sub),
	    *rua != '\0' ? "; rua=" : "", rua);
}

static int
store(DMARC_POLICY_T *ctx, struct arena *arena, const struct dmarc_case *c)
{
	bool inherited = strcmp(c->domain, c->policy_domain) != 0;
	u_char *domain = BYTES(c->domain);
	int rc;

	rc = opendmarc_policy_store_from_domain(ctx, domain);
	if (rc == DMARC_PARSE_OKAY && c->spf_aligned)
		rc = opendmarc_policy_store_spf(ctx, domain,
		    DMARC_POLICY_SPF_OUTCOME_PASS,
		    DMARC_POLICY_SPF_ORIGIN_MAILFROM, NULL);
	if (rc == DMARC_PARSE_OKAY && c->dkim_aligned)
		rc = opendmarc_policy_store_dkim(ctx, domain, NULL,
		    DMARC_POLICY_DKIM_OUTCOME_PASS, NULL);
	if (rc != DMARC_PARSE_OKAY)
		return rc;
	/* With an organisational domain it takes sp, without one p. */
	return opendmarc_policy_store_dmarc(ctx,
	    BYTES(write_record(arena, c)), BYTES(c->policy_domain),
	    inherited ? BYTES(c->policy_domain) : NULL);
}

static const char *
join_rua(struct arena *arena, DMARC_POLICY_T *ctx)
{
	u_char **list = opendmarc_policy_fetch_rua(ctx, NULL, 0, 1);
	const char *out = "";
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i++)
		out = arena_printf(arena, "%s%s%s", out, i > 0 ? "," : "",
		    (const char *)list[i]);
	return out;
}

static void
read_decision(int decision, struct dmarc_opinion *o)
{
	o->valid = true;
	o->text = opendmarc_policy_status_to_str(decision);
	switch (decision) {
	case DMARC_POLICY_PASS:
		o->pass = true;
		break;
	case DMARC_POLICY_REJECT:
		o->request = DMARC_ASKS_REJECT;
		break;
	case DMARC_POLICY_QUARANTINE:
		o->request = DMARC_ASKS_QUARANTINE;
		break;
	case DMARC_POLICY_NONE:
		o->request = DMARC_ASKS_NONE;
		break;
	default:
		o->valid = false;
		break;
	}
}

void
dmarc_library_decide(struct arena *arena, const struct dmarc_case *c,
    struct dmarc_opinion *o)
{
	static const char nowhere[] = "0.0.0.0";
	DMARC_POLICY_T *ctx = NULL;
	int rc;

	memset(o, 0, sizeof(*o));
	o->rua = "";
	ctx = opendmarc_policy_connect_init(BYTES(nowhere),
	    DMARC_POLICY_IP_TYPE_IPV4);
	if (ctx == NULL) {
		o->text = "no memory";
		return;
	}
	rc = store(ctx, arena, c);
	if (rc != DMARC_PARSE_OKAY) {
		o->text = opendmarc_policy_status_to_str(rc);
	} else {
		read_decision(opendmarc_get_policy_to_enforce(ctx), o);
		o->rua = join_rua(arena, ctx);
	}
	(void)opendmarc_policy_connect_shutdown(ctx);
}
