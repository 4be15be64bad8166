/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_internal: what the files of the SPF check share with each other.
 *
 *	spf.c		the front: identity, verdict, Received-SPF
 *	spf_library.c	the only file that sees libspf2
 *	spf_dns.c	questions, and the limits that are counted over them
 *	spf_rewrite.c	a parsed record as the text that libspf2 gets
 *	spf_record.c	the grammar of records (RFC 7208 section 12)
 *	spf_macro.c	macro strings (RFC 7208 section 7)
 *
 * libspf2 walks the records and matches the mechanisms.  It never sees a
 * byte that came from the network: where a published record names a domain,
 * its record has a token of ours ("1.4.t": term 4 of record 1), and it asks
 * our DNS layer about the token.  The layer knows the term from it, expands
 * its macros, counts it and asks the real question.
 *
 * All is in the caller's arena; one check is one thread's.
 */
#ifndef POSTERN_SPF_INTERNAL_H
#define POSTERN_SPF_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "dns.h"
#include "ipnet.h"
#include "bounds.h"
#include "span.h"
#include "spf.h"

/* The first record, and one for each term that may fetch another. */
#define SPF_RECORDS_MAX	(SPF_TERMS_MAX + 1)

/*
 * spf_record.c
 */
enum spf_kind {
	SPF_TERM_ALL,
	SPF_TERM_IP4,
	SPF_TERM_IP6,
	SPF_TERM_A,
	SPF_TERM_MX,
	SPF_TERM_PTR,
	SPF_TERM_EXISTS,
	SPF_TERM_INCLUDE,
	SPF_TERM_REDIRECT
};

struct spf_term {
	enum spf_kind	 kind;
	char		 qualifier;	/* '+', '-', '~' or '?' */
	struct span	 text;		/* as published */
	struct span	 spec;		/* domain-spec; n == 0: there is none */
	struct ipnet	 net;		/* ip4, ip6 */
	unsigned	 bits4;		/* a, mx: for IPv4 clients */
	unsigned	 bits6;
	/* While it is evaluated: */
	bool		 voided;	/* counted as a void look-up */
	const struct dns_answer *hosts;	/* of mx */
};

struct spf_record {
	unsigned	 number;	/* in the order of fetching */
	const char	*domain;	/* the <domain> of its check_host() */
	bool		 top;		/* not within an include */
	struct spf_term	*term;		/* redirect last, none behind all */
	size_t		 n;
};

/*
 * Parses a whole record.  Returns 0, or -1 and what is wrong (in the arena).
 * Sets term and n only.
 */
int	spf_record_parse(struct arena *, struct span text,
	    struct spf_record *, const char **error_r);

/* True when the text is an SPF record at all (section 4.5). */
bool	spf_record_is(struct span text);

/*
 * spf_macro.c
 */
struct spf_values {
	const char	*local;		/* l, also of s */
	const char	*sender_domain;	/* o, also of s */
	const char	*domain;	/* d */
	const char	*helo;		/* h */
	const char	*validated;	/* p */
	struct ipaddr	 client;	/* i, v */
};

/* True when s is a macro-string (any letter). */
bool	spf_macro_string(struct span s);
/* True when s is a domain-spec: without the letters c, r and t. */
bool	spf_domain_spec(struct span s);
/* True when a valid macro-string uses the letter (given in lower case). */
bool	spf_macro_uses(struct span s, char letter);
/* The expansion of a valid macro-string; NULL when it is out of all bounds. */
const char *spf_macro_expand(struct arena *, struct span s,
	    const struct spf_values *);
/*
 * The expansion as a name to ask for: lower case, no final dot, cut on the
 * left to DOMAIN_MAX (section 7.3).  NULL when no name can be made of it.
 */
const char *spf_macro_domain(struct arena *, struct span s,
	    const struct spf_values *);

/*
 * spf_rewrite.c
 */
enum spf_token_kind {
	SPF_TOKEN_TERM = 't',	/* the term's own question */
	SPF_TOKEN_HOST = 'h',	/* host number `host` of an mx term */
	SPF_TOKEN_MISS = 'm',	/* told: this term did not match */
	SPF_TOKEN_REST = 'c'	/* the record goes on with this term */
};

struct spf_token {
	enum spf_token_kind	 kind;
	unsigned		 record;
	unsigned		 term;
	unsigned		 host;
};

#define SPF_TOKEN_SIZE	40

void	spf_token_write(const struct spf_token *, char out[SPF_TOKEN_SIZE]);
/* 0, or -1 when it is none of ours. */
int	spf_token_read(const char *, struct spf_token *);

/* True when libspf2 gets this term as exists, answered by our layer. */
bool	spf_term_by_layer(const struct spf_term *, int family);

/* The record from term `from` on, as libspf2 gets it.  Never fails. */
void	spf_rewrite(const struct spf_record *, size_t from, int family,
	    struct buf *out);

/*
 * spf_dns.c
 */
struct spf_eval {
	struct arena		*arena;
	const struct dns	*dns;
	const struct spf_query	*query;
	const char		*local;		/* of <sender> */
	const char		*sender_domain;

	struct spf_record	*record[SPF_RECORDS_MAX];
	unsigned		 nrecords;
	unsigned		 terms;
	unsigned		 voids;

	bool			 names_known;	/* validated names (5.5) */
	const char		*name[SPF_PTR_MAX];
	size_t			 nnames;

	/* To tell which mechanism matched: */
	const struct spf_record	*top;		/* the last one begun */
	const struct spf_term	*last;		/* the last asked about */
	bool			 missed;	/* it did not match */

	/* The first error; it decides, whatever the library says. */
	enum spf_result		 error;		/* SPF_NOT_CHECKED: none */
	const char		*why;
};

/* Notes an error, unless there is one. */
void	spf_fail(struct spf_eval *, enum spf_result, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * Fetches and parses the record of a domain.  NULL when there is none
 * (*none_r is true) or an error was noted.
 */
struct spf_record *spf_fetch(struct spf_eval *, const char *domain, bool top,
	    bool *none_r);
/*
 * The record that an include or a redirect leads to.  NULL: an error was
 * noted, or (*skip_r) the term can match nothing.
 */
struct spf_record *spf_follow(struct spf_eval *, const struct spf_record *,
	    struct spf_term *, bool *skip_r);

/*
 * Asks what a term asks, counting it; the answer's status is TEMPFAIL when
 * an error was noted.  For spf_term_by_layer() terms only the status counts.
 */
const struct dns_answer *spf_ask_term(struct spf_eval *,
	    const struct spf_record *, struct spf_term *);
const struct dns_answer *spf_ask_host(struct spf_eval *, struct spf_term *,
	    unsigned host);

/*
 * spf_library.c
 */
int	spf_library_init(void);
/* Evaluates the first record; SPF_NOT_CHECKED never comes back. */
enum spf_result	spf_library_run(struct spf_eval *, struct spf_record *);

#endif
