/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_cache: verdicts kept, and the contents that are being asked for.
 *
 * Called by scan_call.c and scan_health.c, any thread, one lock.  A hash table
 * finds an entry by SHA-256 and kind; the kept ones are in a list by last use,
 * the one used longest ago goes.  The hash of the table is keyed, since
 * senders choose the contents.  Entries are counted: the table's, the owner's
 * and one for each that waits, all under the lock.
 *
 * Versions of the signatures are only names, no numbers to compare.  Each
 * change begins a new epoch, and verdicts of an older epoch are as good as
 * gone.  A late answer of the set before, recognised by its version, changes
 * nothing and is not kept; that the scanner has gone back to an older set is
 * believed when it says so as its status.
 *
 * Limits: the number of kept verdicts is a setting; those under way are as
 * many as threads ask, SCAN_BESIDE_MAX each.
 */
#include "config.h"

#include <sys/random.h>

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "scan_internal.h"

#define EX_MEMORY 71		/* EX_OSERR of sysexits.h */
#define BUCKETS_MIN	64
/* Versions remembered as gone. */
#define GONE_MAX	8

enum phase {
	DUE,			/* somebody asks */
	SETTLED,		/* the answer is in it */
	GIVEN_UP		/* no answer: who waits asks again */
};

struct scan_entry {
	struct scan_entry *chain;	/* same bucket */
	struct scan_entry *before;	/* used longer ago */
	struct scan_entry *after;
	uint64_t	 hash;
	uint64_t	 epoch;		/* when claimed; then of its version */
	uint64_t	 version;
	char		*name;		/* NULL: "" */
	char		*extensions;	/* NULL: "" */
	unsigned	 refs;
	unsigned	 waiting;
	enum phase	 phase;
	enum scan_status status;
	bool		 in_table;
	bool		 kept;
	struct scan_key	 key;
};

struct scan_cache {
	pthread_mutex_t	 lock;		/* all below */
	pthread_cond_t	 settled;
	uint64_t	 seed[SCAN_SHA256_SIZE / 8];
	struct scan_entry **buckets;
	size_t		 mask;
	struct scan_entry *oldest;
	struct scan_entry *newest;
	size_t		 nkept;
	size_t		 max;
	uint64_t	 version;	/* 0: none known */
	uint64_t	 epoch;
	uint64_t	 gone[GONE_MAX];
	size_t		 ngone;		/* ever */
	bool		 doubt;
};

static void *
must_alloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		log_fatal(EX_MEMORY, "out of memory (verdicts)");
	return p;
}

static char *
must_copy(const char *s)
{
	char *copy;

	if (s[0] == '\0')
		return NULL;
	copy = strdup(s);
	if (copy == NULL)
		log_fatal(EX_MEMORY, "out of memory (verdicts)");
	return copy;
}

static void
init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

struct scan_cache *
scan_cache_new(size_t max)
{
	struct scan_cache *c = must_alloc(1, sizeof(*c));
	size_t n = BUCKETS_MIN;

	while (n < max)
		n *= 2;
	c->buckets = must_alloc(n, sizeof(struct scan_entry *));
	c->mask = n - 1;
	c->max = max;
	/* Without it all works; a sender could make it slow. */
	if (getrandom(c->seed, sizeof(c->seed), GRND_NONBLOCK) < 0)
		memset(c->seed, 0x5d, sizeof(c->seed));
	for (size_t i = 0; i < SCAN_SHA256_SIZE / 8; i++)
		c->seed[i] |= 1;
	pthread_mutex_init(&c->lock, NULL);
	init_cond(&c->settled);
	return c;
}

/* Multilinear: the upper half of the sum is as good as random. */
static uint64_t
hash(const struct scan_cache *c, const struct scan_key *key)
{
	uint64_t sum = (uint64_t)key->kind << 32, word;

	for (size_t i = 0; i < SCAN_SHA256_SIZE / 8; i++) {
		memcpy(&word, key->sha256 + i * 8, sizeof(word));
		sum += (word >> 32) * c->seed[i];
		sum += (word & 0xffffffff) * (c->seed[i] << 32 |
		    c->seed[i] >> 32);
	}
	return sum >> 32;
}

static void
unref(struct scan_entry *e)
{
	assert(e->refs > 0);
	if (--e->refs > 0)
		return;
	free(e->name);
	free(e->extensions);
	free(e);
}

static void
unlink_kept(struct scan_cache *c, struct scan_entry *e)
{
	if (!e->kept)
		return;
	if (e->before != NULL)
		e->before->after = e->after;
	else
		c->oldest = e->after;
	if (e->after != NULL)
		e->after->before = e->before;
	else
		c->newest = e->before;
	e->kept = false;
	c->nkept--;
}

static void
append_kept(struct scan_cache *c, struct scan_entry *e)
{
	e->before = c->newest;
	e->after = NULL;
	if (c->newest != NULL)
		c->newest->after = e;
	else
		c->oldest = e;
	c->newest = e;
	e->kept = true;
	c->nkept++;
}

/* Out of the table; the entry lives on while somebody has it. */
static void
drop(struct scan_cache *c, struct scan_entry *e)
{
	struct scan_entry **link = &c->buckets[e->hash & c->mask];

	if (!e->in_table)
		return;
	while (*link != e)
		link = &(*link)->chain;
	*link = e->chain;
	e->in_table = false;
	unlink_kept(c, e);
	unref(e);
}

void
scan_cache_free(struct scan_cache **cp)
{
	struct scan_cache *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		drop(c, c->oldest);
	for (size_t i = 0; i <= c->mask; i++)
		assert(c->buckets[i] == NULL);
	free(c->buckets);
	pthread_cond_destroy(&c->settled);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static bool
same(const struct scan_key *a, const struct scan_key *b)
{
	return a->kind == b->kind &&
	    memcmp(a->sha256, b->sha256, SCAN_SHA256_SIZE) == 0;
}

/* The entry; a verdict of older signatures is let go. */
static struct scan_entry *
lookup(struct scan_cache *c, const struct scan_key *key, uint64_t h)
{
	struct scan_entry *e = c->buckets[h & c->mask];

	while (e != NULL && (e->hash != h || !same(&e->key, key)))
		e = e->chain;
	if (e == NULL || e->phase == DUE || e->epoch == c->epoch)
		return e;
	drop(c, e);
	return NULL;
}

static struct scan_entry *
claim_new(struct scan_cache *c, const struct scan_key *key, uint64_t h)
{
	struct scan_entry *e = must_alloc(1, sizeof(*e));

	e->key = *key;
	e->hash = h;
	e->epoch = c->epoch;
	e->refs = 2;		/* the table's, the owner's */
	e->chain = c->buckets[h & c->mask];
	c->buckets[h & c->mask] = e;
	e->in_table = true;
	return e;
}

static void
copy_out(const struct scan_entry *e, struct scan_answer *a)
{
	memset(a, 0, sizeof(*a));
	a->status = e->status;
	a->version = e->version;
	if (e->name != NULL)
		strcpy(a->name, e->name);
	if (e->extensions != NULL)
		strcpy(a->extensions, e->extensions);
}

enum scan_found
scan_cache_find(struct scan_cache *c, const struct scan_key *key, bool claim,
    struct scan_answer *verdict_r, struct scan_entry **entry_r)
{
	uint64_t h = hash(c, key);
	enum scan_found found = SCAN_FOUND_NOTHING;
	struct scan_entry *e;

	*entry_r = NULL;
	pthread_mutex_lock(&c->lock);
	e = lookup(c, key, h);
	if (e == NULL && claim) {
		*entry_r = claim_new(c, key, h);
	} else if (e != NULL && e->phase == DUE) {
		e->refs++;
		*entry_r = e;
		found = SCAN_FOUND_DUE;
	} else if (e != NULL) {
		unlink_kept(c, e);
		append_kept(c, e);
		copy_out(e, verdict_r);
		found = SCAN_FOUND_VERDICT;
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

/* Versions. */

static bool
is_gone(const struct scan_cache *c, uint64_t version)
{
	for (size_t i = 0; i < GONE_MAX && i < c->ngone; i++)
		if (c->gone[i] == version)
			return true;
	return false;
}

static void
change_version(struct scan_cache *c, uint64_t version)
{
	for (size_t i = 0; i < GONE_MAX; i++)
		if (c->gone[i] == version)
			c->gone[i] = 0;
	if (c->version != 0)
		c->gone[c->ngone++ % GONE_MAX] = c->version;
	c->version = version;
	c->epoch++;
	c->doubt = false;
}

/* An answer to a question of that epoch told this version. */
static void
note_version(struct scan_cache *c, uint64_t version, uint64_t epoch)
{
	if (version == 0 || version == c->version)
		return;
	if (!is_gone(c, version))
		change_version(c, version);
	else if (epoch == c->epoch)
		c->doubt = true;
}

void
scan_cache_status(struct scan_cache *c, uint64_t version, uint64_t epoch)
{
	pthread_mutex_lock(&c->lock);
	if (version != 0 && version != c->version &&
	    (!is_gone(c, version) || epoch == c->epoch))
		change_version(c, version);
	c->doubt = false;
	pthread_mutex_unlock(&c->lock);
}

uint64_t
scan_cache_epoch(struct scan_cache *c)
{
	uint64_t epoch;

	pthread_mutex_lock(&c->lock);
	epoch = c->epoch;
	pthread_mutex_unlock(&c->lock);
	return epoch;
}

uint64_t
scan_cache_version(struct scan_cache *c, bool *doubt_r)
{
	uint64_t version;

	pthread_mutex_lock(&c->lock);
	version = c->version;
	*doubt_r = c->doubt;
	pthread_mutex_unlock(&c->lock);
	return version;
}

size_t
scan_cache_kept(struct scan_cache *c)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	n = c->nkept;
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* The end of a question. */

static void
keep(struct scan_cache *c, struct scan_entry *e)
{
	if (e->status == SCAN_FAILED || e->version != c->version ||
	    c->max == 0) {
		drop(c, e);
		return;
	}
	e->epoch = c->epoch;
	append_kept(c, e);
	if (c->nkept > c->max)
		drop(c, c->oldest);
}

void
scan_cache_settle(struct scan_cache *c, struct scan_entry **ep,
    const struct scan_answer *a)
{
	struct scan_entry *e = *ep;

	*ep = NULL;
	pthread_mutex_lock(&c->lock);
	assert(e->phase == DUE);
	if (a != NULL) {
		note_version(c, a->version, e->epoch);
		e->phase = SETTLED;
		e->status = a->status;
		e->version = a->version;
		e->name = must_copy(a->name);
		e->extensions = must_copy(a->extensions);
		keep(c, e);
	} else {
		e->phase = GIVEN_UP;
		drop(c, e);
	}
	if (e->waiting > 0)
		pthread_cond_broadcast(&c->settled);
	unref(e);
	pthread_mutex_unlock(&c->lock);
}

int
scan_cache_wait(struct scan_cache *c, struct scan_entry **ep,
    int64_t deadline, struct scan_answer *answer_r)
{
	struct timespec until = clock_timespec(deadline);
	struct scan_entry *e = *ep;
	int rc = 0;

	*ep = NULL;
	pthread_mutex_lock(&c->lock);
	e->waiting++;
	while (e->phase == DUE && rc == 0)
		rc = pthread_cond_timedwait(&c->settled, &c->lock, &until);
	e->waiting--;
	if (e->phase == DUE) {
		rc = -1;
	} else if (e->phase == SETTLED && (e->status == SCAN_FAILED ||
	    e->version == c->version)) {
		copy_out(e, answer_r);
		rc = 1;
	} else {
		rc = 0;
	}
	unref(e);
	pthread_mutex_unlock(&c->lock);
	return rc;
}
