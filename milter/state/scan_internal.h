/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_internal: what the files of scan_client share.
 *
 * scan_client.c	the public functions
 * scan_call.c		one call: its items, two of them beside each other
 * scan_content.c	decodes and hashes an item, into a sealed memfd
 * scan_cache.c		verdicts kept, and contents under way
 * scan_turns.c		how many one sender has under way
 * scan_link.c		one question on one connection
 * scan_probe.c		proves the scanner
 * scan_health.c	the thread that does so, and what it found
 *
 * Cache, turns, strikes and health have a lock each; none is held while
 * another one is taken.
 */
#ifndef POSTERN_SCAN_INTERNAL_H
#define POSTERN_SCAN_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "conf.h"
#include "scan_client.h"
#include "scan_strikes.h"
#include "scanproto.h"
#include "span.h"
#include "transfer.h"

/* Decoded at a time; what is smaller needs no memfd to be looked up. */
#define SCAN_CHUNK	(64 * 1024)
#define SCAN_ROOM	(TRANSFER_ROOM(SCAN_CHUNK) + TRANSFER_ROOM(0))
#define SCAN_WHY_SIZE	SCAN_NAME_SIZE

/* scan_content.c */

struct scan_content {
	int		 fd;		/* -1: not made yet */
	struct span	 rest;		/* not in the memfd yet */
	uint64_t	 size;
	unsigned char	 sha256[SCAN_SHA256_SIZE];
	enum transfer_result decoded;
};

/* The memory to read contents with; one for each call. */
struct scan_reader {
	const EVP_MD	*md;
	EVP_MD_CTX	*hash;
	unsigned char	*room;		/* SCAN_ROOM */
};

void	scan_reader_init(struct scan_reader *, const EVP_MD *);
void	scan_reader_free(struct scan_reader *);
/*
 * Decodes and hashes; -1 with a reason.  Until scan_content_seal() it may
 * point into the reader's room: seal it before the next one is read.
 */
int	scan_content_read(struct scan_reader *, struct scan_content *,
	    struct span raw, enum transfer_encoding, char why[SCAN_WHY_SIZE]);
/* Makes the descriptor to send, sealed; -1 with a reason. */
int	scan_content_seal(struct scan_content *, char why[SCAN_WHY_SIZE]);
void	scan_content_close(struct scan_content *);

/* scan_cache.c */

struct scan_cache;
struct scan_entry;

struct scan_key {
	unsigned char	sha256[SCAN_SHA256_SIZE];
	enum scan_kind	kind;
};

enum scan_found {
	SCAN_FOUND_NOTHING,	/* ask; if claimed, the entry is the caller's */
	SCAN_FOUND_VERDICT,
	SCAN_FOUND_DUE		/* another asks: wait with the entry */
};

/* Keeps at most `max` verdicts; 0: none. */
struct scan_cache *scan_cache_new(size_t max);
/* Nothing may be under way. */
void	scan_cache_free(struct scan_cache **);
/*
 * Looks a content up.  With `claim`, what is not there is under way from now
 * on: the caller must settle the entry.
 */
enum scan_found	scan_cache_find(struct scan_cache *, const struct scan_key *,
	    bool claim, struct scan_answer *verdict_r,
	    struct scan_entry **entry_r);
/*
 * The end of a claimed one: the scanner's answer (FAILED is for those who wait
 * only), or NULL: one of those who wait shall ask itself.
 */
void	scan_cache_settle(struct scan_cache *, struct scan_entry **,
	    const struct scan_answer *);
/*
 * Waits for another's question, and lets the entry go.  1 with the answer,
 * 0: none, find it again; -1: not before the deadline.
 */
int	scan_cache_wait(struct scan_cache *, struct scan_entry **,
	    int64_t deadline, struct scan_answer *answer_r);
/* To be given to scan_cache_status() later. */
uint64_t	scan_cache_epoch(struct scan_cache *);
/* The scanner told its version when asked for its status in that epoch. */
void	scan_cache_status(struct scan_cache *, uint64_t version,
	    uint64_t epoch);
/*
 * 0: not known.  *doubt_r: answers came of a version that had gone: ask for
 * the status.
 */
uint64_t	scan_cache_version(struct scan_cache *, bool *doubt_r);
/* Verdicts kept. */
size_t	scan_cache_kept(struct scan_cache *);

/* scan_turns.c */

struct scan_turns;

struct scan_turns *scan_turns_new(void);
void	scan_turns_free(struct scan_turns **);
/*
 * One of `limit` turns of this one, before the deadline (0: only if it is free
 * now).
 */
bool	scan_turns_take(struct scan_turns *, const char *who, unsigned limit,
	    int64_t deadline);
void	scan_turns_give(struct scan_turns *, const char *who);

/* scan_link.c */

enum scan_link_state {
	SCAN_LINK_OK,		/* sent; received */
	SCAN_LINK_BUSY,		/* its queue is full: again in a moment */
	SCAN_LINK_AWAY,		/* nobody answers there */
	SCAN_LINK_FAULT,	/* ours: no descriptors, no memory */
	SCAN_LINK_PENDING,	/* no answer yet */
	SCAN_LINK_UNREAD,	/* ended before it took the question */
	SCAN_LINK_ENDED,	/* ended without an answer */
	SCAN_LINK_NONSENSE	/* the answer is none to our question */
};

struct scan_link {
	int		 fd;
	uint64_t	 nonce;
	enum scan_ask	 ask;
};

/* Connects and asks; never waits.  All but OK: nothing is open, a reason. */
enum scan_link_state scan_link_open(struct scan_link *, const char *path,
	    enum scan_ask, enum scan_kind, int memfd, uint64_t size,
	    char why[SCAN_WHY_SIZE]);
/* Takes the answer if it is there; never waits.  PENDING keeps it open. */
enum scan_link_state scan_link_receive(struct scan_link *,
	    struct scan_answer *, char why[SCAN_WHY_SIZE]);
/* Has a worker taken the question, so that it is at it now? */
bool	scan_link_taken(const struct scan_link *);
void	scan_link_close(struct scan_link *);

/* scan_probe.c */

struct scan_probe {
	const char	*path;
	int		 stop_fd;
	struct scan_content eicar, harmless;	/* sealed */
};

/* What a probe tells. */
struct scan_finding {
	bool		 good;
	bool		 silent;	/* no answer in time */
	uint64_t	 version;
	struct scan_status_info info;
	char		 why[SCAN_WHY_SIZE];
	const char	*advice;	/* what to do about it */
};

/* path stays the caller's. */
void	scan_probe_init(struct scan_probe *, const char *path, const EVP_MD *);
void	scan_probe_free(struct scan_probe *);
/* Ends the one under way, and all later ones, at once; any thread. */
void	scan_probe_stop(struct scan_probe *);
/* True when all is well; fills all but `good`. */
bool	scan_probe(struct scan_probe *, int64_t deadline,
	    struct scan_finding *);
const char *scan_probe_advice(enum scan_link_state);

/* scan_health.c */

struct scan_health;

struct scan_health *scan_health_new(const char *path, int64_t patience_ms,
	    struct scan_cache *, const EVP_MD *);
void	scan_health_free(struct scan_health **);
/*
 * May questions be asked?  Waits for the first probe, probes when it is away.
 * False with a reason.
 */
bool	scan_health_ready(struct scan_health *, int64_t deadline,
	    char why[SCAN_WHY_SIZE]);
/* The same without waiting or probing. */
bool	scan_health_away(struct scan_health *, char why[SCAN_WHY_SIZE]);
/* Nobody answered a question: it is away from now on. */
void	scan_health_lost(struct scan_health *, const char *why);
/* An answer that made sense came. */
void	scan_health_heard(struct scan_health *);
/* Something is odd: probe soon. */
void	scan_health_hurry(struct scan_health *);
/* Turns of one sender. */
unsigned	scan_health_turns(struct scan_health *);
void	scan_health_stats(struct scan_health *, struct scan_stats *);

/* scan_client.c */

struct scan_client {
	char			*path;
	int64_t			 fair_ms; /* had it a worker for so long, a
					   * late scan is a strike */
	EVP_MD			*md;
	struct scan_cache	*cache;
	struct scan_strikes	*strikes;
	struct scan_turns	*turns;
	struct scan_health	*health;
	_Atomic uint64_t	 asked, hits, joined, sent, failed;
};

/* scan_call.c: what scan_client_run() does once the scanner is there. */
void	scan_call(struct scan_client *, struct arena *, struct scan_item *,
	    size_t n, const char *who, int64_t deadline);

#endif
