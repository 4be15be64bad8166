/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf: the check_host() of RFC 7208 for one identity.
 *
 * libspf2 evaluates, behind a layer of ours: every record is parsed against
 * the whole grammar before the library sees it, its macros are expanded by
 * us, limits (terms, void look-ups, time) are counted by us, and results are
 * mapped to the seven of section 2.6.
 *
 * spf_init() once, before threads; spf_check() from any thread.
 */
#ifndef POSTERN_SPF_H
#define POSTERN_SPF_H

#include <stdint.h>

#include "arena.h"
#include "dns.h"
#include "ipnet.h"

enum spf_result {
	SPF_NOT_CHECKED,	/* never given by spf_check */
	SPF_NONE_FOUND,
	SPF_IS_NEUTRAL,
	SPF_IS_PASS,
	SPF_IS_FAIL,
	SPF_IS_SOFTFAIL,
	SPF_IS_TEMPERROR,
	SPF_IS_PERMERROR
};

enum spf_identity {
	SPF_MAILFROM,		/* section 2.4; null sender: postmaster@HELO */
	SPF_HELO		/* section 2.3 */
};

struct spf_query {
	enum spf_identity	 identity;
	struct ipaddr		 client;
	const char		*helo;		/* as the client said it */
	const char		*local;		/* of MAIL FROM, "" for none */
	const char		*domain;	/* of MAIL FROM as given, "" for
						 * the null sender */
	int64_t			 deadline;	/* clock_ms(): then temperror */
};

struct spf_verdict {
	enum spf_result	 result;
	enum spf_identity identity;
	const char	*domain;	/* what was checked, normal form if it
					 * has one; "" when it is no domain */
	const char	*reason;	/* mechanism that matched ("include:x"),
					 * or what is wrong, for the log and
					 * comments; never NULL, not cleaned */
};

/* Sets up the library; 0, or -1 when it has no memory. */
int	spf_init(void);
void	spf_check(struct arena *, const struct dns *,
	    const struct spf_query *, struct spf_verdict *);

/* Starts the TXT questions for an identity, so that the check finds them. */
void	spf_start(const struct dns *, const struct spf_query *);

/* RFC 8601's word: "pass", "fail", "softfail", "neutral", "none",
 * "temperror", "permerror". */
const char *spf_result_word(enum spf_result);

/*
 * The value of a Received-SPF field (RFC 7208 section 9.1), with its leading
 * blank, folded with CRLF.  receiver is our authserv-id.
 */
const char *spf_received(struct arena *, const struct spf_verdict *,
	    const struct spf_query *, const char *receiver);

#endif
