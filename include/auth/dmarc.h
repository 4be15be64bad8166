/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc: the policy of the author's domain (RFC 9989; RFC 7489 records as
 * they are in the field).
 *
 * The authors' domains come from every From field; where there are several,
 * each is evaluated and the gravest outcome holds (RFC 9989 section 11.5).
 * Policy discovery and organisational domains are by the DNS tree walk (RFC
 * 9989 section 4.10), at most DMARC_WALK_MAX questions each; alignment is our
 * own.  libopendmarc decides over the normalised input; where it disagrees
 * with our table of RFC 9989 the table holds and `disagreement` says so.
 *
 * dmarc_init() once, before threads; the rest from any thread.
 */
#ifndef POSTERN_DMARC_H
#define POSTERN_DMARC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "dkim_verify.h"
#include "dns.h"
#include "header.h"
#include "bounds.h"
#include "spf.h"

enum dmarc_result {
	DMARC_RESULT_NONE,	/* no record, or no author's domain */
	DMARC_RESULT_PASS,
	DMARC_RESULT_FAIL,
	DMARC_RESULT_TEMPERROR,	/* DNS: could be pass or fail */
	DMARC_RESULT_PERMERROR
};

enum dmarc_request {		/* what the domain's owner asks for */
	DMARC_ASKS_NONE,
	DMARC_ASKS_QUARANTINE,
	DMARC_ASKS_REJECT
};

/* The authors, from the From fields. */
struct dmarc_authors {
	const char	*domain[DMARC_AUTHORS_MAX];	/* distinct */
	size_t		 n;
	size_t		 from_fields;
	bool		 malformed;	/* some part did not parse */
	bool		 truncated;	/* more authors than we look at */
};

/* Reads all From fields.  Domains in the arena, in normal form. */
void	dmarc_authors(struct arena *, const struct field *, size_t n,
	    struct dmarc_authors *);

struct dmarc_verdict {
	enum dmarc_result	 result;
	const char	*domain;	/* header.from; "" when there is none */
	const char	*policy_domain;	/* where the record stands; "" */
	const char	*org_domain;	/* "" when alignment did not need it */
	enum dmarc_request policy;	/* that applies: p, sp or np, after t */
	enum dmarc_request published;	/* the same before t= or pct= */
	const char	*policy_tag;	/* "p", "sp", "np"; "" */
	bool		 testing;	/* t=y, or pct=0 of RFC 7489 */
	bool		 spf_aligned;	/* with a pass */
	const char	*dkim_aligned;	/* d= of a pass that aligns, or "" */
	bool		 would_matter;	/* TEMPERROR: with another DNS answer
					 * the policy could ask for more than
					 * none */
	const char	*reason;	/* for log and comment; never NULL */
	const char	*disagreement;	/* libopendmarc said other; "" */
	const char	*rua;		/* report addresses as published, "" */
};

/* Opens the public suffix list too (psl.h); 0, or -1. */
int	dmarc_init(void);

/* Starts the questions for the authors' domains. */
void	dmarc_start(const struct dns *, const struct dmarc_authors *);

/* spf: the MAIL FROM verdict (RFC 9989 section 4.4.2). */
void	dmarc_check(struct arena *, const struct dns *,
	    const struct dmarc_authors *, const struct spf_verdict *spf,
	    const struct dkim_report *, int64_t deadline,
	    struct dmarc_verdict *);

/* "none", "pass", "fail", "temperror", "permerror" */
const char *dmarc_result_word(enum dmarc_result);
/* "none", "quarantine", "reject" */
const char *dmarc_request_word(enum dmarc_request);

#endif
