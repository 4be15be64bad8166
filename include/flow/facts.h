/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * facts: the results that stages leave for each other and for the log.
 *
 * One member, one writer: the stage named beside it.  Readers come later in
 * the table; the startup proof (stage.h) checks that.  All in the message's
 * arena, zero until written.
 */
#ifndef POSTERN_FACTS_H
#define POSTERN_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "dkim_verify.h"
#include "dmarc.h"
#include "spf.h"

enum fact {			/* bits for needs and gives */
	FACT_AUTHORS	= 1 << 0,
	FACT_ROUTE	= 1 << 1,
	FACT_SPF	= 1 << 2,
	FACT_DKIM	= 1 << 3,
	FACT_DMARC	= 1 << 4,
	FACT_FORGED	= 1 << 5,
	FACT_DOMAIN	= 1 << 6,
	FACT_CONFORM	= 1 << 7,
	FACT_SIGNED	= 1 << 8
};

enum iprev {
	IPREV_PASS,
	IPREV_FAIL,
	IPREV_TEMPERROR,
	IPREV_PERMERROR
};

/* What our own signer did, for the log. */
struct fact_sign {
	const char	*result;	/* "signed", "unsigned", "already",
					 * "tempfail", "no-key" ... */
	const char	*reason;
	size_t		 n;		/* signatures made */
};

struct facts {
	struct dmarc_authors	 authors;	/* authors */
	enum enforcement	 dmarc_mode;	/* route: strictest of the
						 * recipients' domains */
	bool			 role_only;	/* route: only postmaster and
						 * abuse: never refused */
	struct spf_verdict	 spf_mailfrom;	/* spf */
	struct spf_verdict	 spf_helo;	/* spf */
	struct dkim_report	 dkim;		/* dkim */
	struct dmarc_verdict	 dmarc;		/* dmarc */
	const char		*dmarc_override; /* dmarc: forwarder's name or
						 * why the policy was not
						 * applied; NULL */
	const char		*dmarc_action;	/* dmarc: "none", "reject",
						 * "would-reject", "mark",
						 * "hold", ... */
	size_t			 forged;	/* forged: fields removed */
	const struct conf_domain *domain;	/* domain: that may sign */
	const char		*domain_reason;	/* domain: why none */
	struct fact_sign	 sign;		/* sign */
};

#endif
