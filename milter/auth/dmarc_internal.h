/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc_internal: what the files of DMARC share (dmarc.c, dmarc_record.c,
 * dmarc_walk.c, dmarc_library.c).  Nobody else includes it.
 *
 * Everything lives in the message's arena.  One struct dmarc_walk serves one
 * dmarc_check() and remembers each name that it has asked for, so that the
 * walks of authors and identifiers share their upper levels.
 */
#ifndef POSTERN_DMARC_INTERNAL_H
#define POSTERN_DMARC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "dmarc.h"
#include "dns.h"
#include "span.h"

enum dmarc_psd {
	DMARC_PSD_UNSAID,	/* psd=u, or no tag */
	DMARC_PSD_YES,
	DMARC_PSD_NO
};

/* A record as we understand it, defaults filled in. */
struct dmarc_record {
	enum dmarc_request p;
	enum dmarc_request sp;		/* when has_sp */
	enum dmarc_request np;		/* when has_np */
	bool		 has_sp;
	bool		 has_np;
	bool		 unusable;	/* a bad policy, and nobody to tell */
	bool		 testing;	/* t=y, or pct=0 without t= */
	bool		 strict_dkim;
	bool		 strict_spf;
	enum dmarc_psd	 psd;
	const char	*rua;		/* valid URIs with commas; "" */
};

/* False when it is no DMARC record at all (no version, or not first). */
bool	dmarc_record_parse(struct arena *, struct span,
	    struct dmarc_record *);

enum dmarc_found {
	DMARC_ABSENT,		/* none, or several: all are discarded */
	DMARC_FOUND,
	DMARC_UNKNOWN		/* DNS did not answer */
};

/* One name of a walk and what stands at _dmarc.NAME. */
struct dmarc_level {
	struct dmarc_level	*next;
	const char		*name;
	enum dmarc_found	 found;
	bool			 several;
	struct dmarc_record	 record;	/* FOUND */
	const char		*why;		/* UNKNOWN */
};

struct dmarc_walk {
	struct arena		*arena;
	const struct dns	*dns;
	int64_t			 deadline;
	struct dmarc_level	*levels;	/* asked so far */
};

/* Where a walk led. */
struct dmarc_place {
	const char		 *org;		/* organisational domain */
	const struct dmarc_level *policy;	/* the record there, else the
						 * public suffix's, or NULL */
	bool			  org_known;	/* false: DNS failed and it */
	bool			  policy_known;	/* could be another */
	const struct dmarc_level *failed;	/* which did not answer */
};

/* The record at one name; asks once for each name. */
const struct dmarc_level *dmarc_walk_level(struct dmarc_walk *,
	    const char *name);
/* RFC 9989 section 4.10 from `start`; all questions at once. */
void	dmarc_walk_up(struct dmarc_walk *, const char *start,
	    struct dmarc_place *);
/* Starts the questions of a walk. */
void	dmarc_walk_start(const struct dns *, const char *start);

/* What the library is asked to decide. */
struct dmarc_case {
	const char		  *domain;	/* author's */
	const char		  *policy_domain;
	const struct dmarc_record *record;
	enum dmarc_request	   sub;		/* sp or np, whichever holds */
	bool			   spf_aligned;
	bool			   dkim_aligned;
};

/* What it said. */
struct dmarc_opinion {
	bool			 valid;		/* it came to a decision */
	bool			 pass;
	enum dmarc_request	 request;	/* when not pass */
	const char		*rua;		/* in the arena */
	const char		*text;		/* its own words, a literal */
};

int	dmarc_library_init(void);
void	dmarc_library_decide(struct arena *, const struct dmarc_case *,
	    struct dmarc_opinion *);

#endif
