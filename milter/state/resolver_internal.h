/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver_internal: what resolver.c, answers.c and unbound.c share.
 *
 * answers.c holds the table of questions: those under way and those whose
 * answer is kept.  It knows no clock, no lock and no library; resolver.c calls
 * it with its lock held.  unbound.c makes the library's context and turns the
 * library's results into answers; it shares nothing between threads.
 *
 * A question is counted by references (under the lock): the table's, the
 * library's while a callback may come, and one for each thread that waits.
 * An answer never changes; its count is atomic, so that it is copied without
 * the lock.
 */
#ifndef POSTERN_RESOLVER_INTERNAL_H
#define POSTERN_RESOLVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "conf.h"
#include "dns.h"
#include "bounds.h"
#include "span.h"

struct ub_ctx;
struct ub_result;

/* A name of DOMAIN_MAX bytes, each as \DDD, a final dot and NUL. */
#define PRESENTATION_SIZE (DOMAIN_MAX * 4 + 2)
/* Kept answers may take this many bytes each, in the mean. */
#define ANSWERS_MEAN_BYTES 1024

struct answer {
	atomic_uint	  refs;
	enum dns_status	  status;
	bool		  secure;
	uint32_t	  ttl;		/* as the DNS says it */
	size_t		  size;		/* bytes of the data block */
	const char	 *data;		/* all records, each with a NUL */
	const char	 *why;		/* "" or the reason */
	size_t		  n;
	struct dns_record records[];	/* point into data */
};

/* What a question is found by. */
struct dns_key {
	uint64_t	hash;
	enum dns_type	type;
	size_t		n;
	char		name[DOMAIN_SIZE];	/* lower case, NUL at n */
};

struct question {
	struct question	*chain;		/* same bucket */
	struct question	*before;	/* older one of the same list */
	struct question	*after;
	struct answer	*answer;	/* NULL: under way */
	void		*owner;		/* the resolver */
	pthread_cond_t	 answered;
	int64_t		 until;		/* under way: give up; else: expires */
	uint64_t	 hash;
	unsigned	 refs;
	int		 id;		/* the library's */
	bool		 in_table;
	bool		 early;		/* by start(), nobody asked yet */
	enum dns_type	 type;
	size_t		 n;
	char		 name[];
};

/* answers.c: answers */

/*
 * Makes an answer that copies all it is given; reference 1.  ends[i] is where
 * record i ends in data; prefs may be NULL (no MX).
 */
struct answer	*answer_new(enum dns_status, const char *why, struct span data,
	    const size_t *ends, const uint16_t *prefs, size_t n);
void	answer_ref(struct answer *);
void	answer_unref(struct answer *);
const struct dns_answer *answer_copy(const struct answer *, struct arena *);

/* answers.c: the table */

struct answers;

/* Keeps at most `max` answers.  max may be 0. */
struct answers	*answers_new(size_t max);
/* Nobody may wait and nothing may be under way. */
void	answers_free(struct answers **);
/* -1 when the name cannot be on the wire (RFC 1035 section 2.3.4). */
int	answers_key(const struct answers *, const char *name, enum dns_type,
	    struct dns_key *);
/* The one with this key, or NULL.  The caller judges its age. */
struct question	*answers_find(struct answers *, const struct dns_key *);
/*
 * A new one, under way until `until`; the key must not be in the table.
 * NULL when DNS_INFLIGHT_MAX are under way.
 */
struct question	*answers_begin(struct answers *, const struct dns_key *,
	    int64_t until);
/* No more under way: takes the answer over and wakes all who wait. */
void	answers_settle(struct answers *, struct question *, struct answer *);
/* Keeps a settled one until then, and lets old ones go for it. */
void	answers_keep(struct answers *, struct question *, int64_t until);
/* Takes it out of the table, if it is there. */
void	answers_drop(struct answers *, struct question *);
/* It was used: of the kept ones it shall go last. */
void	answers_touch(struct answers *, struct question *);
/* How many are under way. */
size_t	answers_due(const struct answers *);
/* Of those under way the one with the earliest end, or NULL. */
struct question	*answers_first_due(const struct answers *);
void	question_ref(struct question *);
void	question_unref(struct question *);
/* Kept answers and the bytes that they take. */
size_t	answers_kept(const struct answers *, size_t *bytes_r);

/* unbound.c */

/* A working context, its thread started; NULL and a malloc'd sentence. */
struct ub_ctx	*unbound_open(const struct conf *, char **error_r);
/* Writes the name as the library reads it. */
void	unbound_escape(struct span name, char out[PRESENTATION_SIZE]);
/* err is the library's; the result may be NULL.  Never NULL. */
struct answer	*unbound_answer(enum dns_type, int err,
	    const struct ub_result *);

#endif
