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
#include "mime.h"
#include "quarantine.h"
#include "scan_client.h"
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
	FACT_SIGNED	= 1 << 8,
	FACT_PARTS	= 1 << 9,
	FACT_SCAN	= 1 << 10,
	FACT_STRIP	= 1 << 11,
	FACT_RECORD	= 1 << 12
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

/* What to do about finds, by class and recipients' domains. */
struct fact_virus_policy {
	enum conf_choice	 virus;
	enum conf_choice	 unscannable;
};

/* What was found in a part, or in the message as a whole. */
enum find_kind {
	FIND_VIRUS,
	FIND_BLOCKED,		/* by its name, or a name in its zip */
	FIND_UNSCANNED,		/* this content cannot be scanned */
	FIND_HEURISTIC,		/* heuristics and unwanted applications */
	FIND_MALFORMED		/* the structure; mime-limit too */
};

struct find {
	enum find_kind	 kind;
	size_t		 part;		/* index; MIME_NONE: the whole */
	const char	*name;		/* virus, reason */
	const unsigned char *sha256;	/* of the content; NULL: none */
	uint64_t	 size;		/* of the content, decoded */
	/* strip's: */
	const char	*action;	/* "strip", "mark", ... */
	size_t		 replaced;	/* the part that went; MIME_NONE */
};

struct fact_scan {
	const char	*result;	/* "clean", "found", "failed", "off",
					 * "skipped"; NULL before */
	const char	*reason;	/* why it failed */
	struct find	*find;
	size_t		 n;
	size_t		 items;		/* contents looked at */
	size_t		 cached;	/* of these from the cache */
};

/* What the policies made of the finds. */
struct fact_strip {
	const char	*action;	/* the gravest: "none", "mark",
					 * "monitor", "strip", "hold",
					 * "discard", "reject", "tempfail" */
	/* The id of a reference; "": nothing to refer to. */
	char		 ref[QUARANTINE_REF_SIZE];
	size_t		 stripped;	/* parts that were replaced */
	bool		 signature_broken; /* the author's (S/MIME, PGP) */
	bool		 keep_whole;	/* the message goes to quarantine */
	const char	*unchecked;	/* why it passes unscanned; NULL */
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
	struct fact_virus_policy policy;	/* route; of the recipients */
	struct mime_tree	 parts;		/* parts */
	struct fact_scan	 scan;		/* scan */
	struct fact_strip	 strip;		/* strip */
	const char		*event;		/* record: id of the event */
	const char		*record_problem; /* record: what could not be
						 * kept; NULL */
};

/* "virus", "blocked", ... */
const char *find_kind_word(enum find_kind);
/* The file name of the part in which it was found; "". */
const char *find_file(const struct facts *, const struct find *);

#endif
