/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_health: is the scanner there, and does it find what it must?
 *
 * Called by scan_client.c and scan_call.c.  The thread probes each
 * SCAN_PROBE_MS (scan_probe.c); a call that finds the scanner away probes in
 * its own thread, one at a time.  Each change between "there" and "away" is
 * one line in the log.
 *
 * A probe that gets no answer while others got theirs has waited in a full
 * queue: that is no reason to call the scanner away.
 *
 * Owns its thread; one lock, held while a change is logged, so that the lines
 * have the order of the changes.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "scan_internal.h"

#define EX_MEMORY	71	/* EX_OSERR of sysexits.h */
/* How long a call's own probe may take: its message waits. */
#define CALL_PROBE_MS	2000

enum state {
	UNKNOWN,		/* the first probe is under way */
	THERE,
	AWAY
};

struct scan_health {
	struct scan_probe probe;
	int64_t		 patience_ms;	/* the thread's, for one probe */
	struct scan_cache *cache;
	pthread_t	 thread;
	_Atomic uint64_t heard;		/* answers that made sense */

	pthread_mutex_t	 lock;		/* all below */
	pthread_cond_t	 changed;
	enum state	 state;
	bool		 probing;
	bool		 hurry;
	bool		 stop;
	int64_t		 probed;	/* the end of the last probe */
	struct scan_status_info info;
	char		 why[SCAN_WHY_SIZE];
};

/* In the log, when it is news; `old` is the state it was. */
static void
tell(const struct scan_health *h, enum state old, const struct scan_finding *f)
{
	if (!f->good && old != AWAY)
		log_warn("the scanner is away: %s; mail is treated as "
		    "scan-failure says until it is back; %s", f->why,
		    f->advice);
	else if (f->good && old == AWAY)
		log_warn("the scanner is back at %s: it finds the test "
		    "virus, %u signatures", h->probe.path, f->info.signatures);
	else if (f->good && old == UNKNOWN)
		log_info("the scanner at %s finds the test virus, %u "
		    "signatures", h->probe.path, f->info.signatures);
}

/* Under the lock, so that the log has "away" and "back" in their order. */
static void
set_state(struct scan_health *h, const struct scan_finding *f)
{
	enum state old = h->state;

	h->state = f->good ? THERE : AWAY;
	if (f->good)
		h->info = f->info;
	else
		memcpy(h->why, f->why, sizeof(h->why));
	h->probed = clock_ms();
	tell(h, old, f);
	pthread_cond_broadcast(&h->changed);
}

/* Only its queue is long: other answers came meanwhile.  Under the lock. */
static bool
only_busy(const struct scan_health *h, const struct scan_finding *f,
    uint64_t heard)
{
	return f->silent && h->state == THERE &&
	    atomic_load(&h->heard) != heard;
}

/* The caller has set h->probing; the lock is not held. */
static void
probe(struct scan_health *h, int64_t deadline)
{
	struct scan_finding f = { .advice = "" };
	uint64_t heard = atomic_load(&h->heard);
	uint64_t epoch = scan_cache_epoch(h->cache);

	f.good = scan_probe(&h->probe, deadline, &f);
	if (f.good)
		scan_cache_status(h->cache, f.version, epoch);
	pthread_mutex_lock(&h->lock);
	h->probing = false;
	h->probed = clock_ms();
	if (!h->stop && !only_busy(h, &f, heard))
		set_state(h, &f);
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

/* Waits for the next probe's time, under the lock; false: stop. */
static bool
wait_for_turn(struct scan_health *h)
{
	for (;;) {
		int64_t next = h->probed + (h->hurry ? SCAN_PROBE_AGAIN_MS :
		    SCAN_PROBE_MS);
		struct timespec until = clock_timespec(next);

		if (h->stop)
			return false;
		if (!h->probing && (h->state == UNKNOWN ||
		    clock_left(next) == 0))
			return true;
		if (h->probing)
			pthread_cond_wait(&h->changed, &h->lock);
		else
			pthread_cond_timedwait(&h->changed, &h->lock, &until);
	}
}

static void *
run(void *arg)
{
	struct scan_health *h = arg;

	pthread_mutex_lock(&h->lock);
	while (wait_for_turn(h)) {
		h->probing = true;
		h->hurry = false;
		pthread_mutex_unlock(&h->lock);
		probe(h, clock_ms() + h->patience_ms);
		pthread_mutex_lock(&h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* Signals are the main thread's. */
static void
start_thread(struct scan_health *h)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&h->thread, NULL, run, h);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0)
		log_fatal(EX_MEMORY, "cannot start the thread that watches "
		    "the scanner: %s", strerror(error));
}

struct scan_health *
scan_health_new(const char *path, int64_t patience_ms,
    struct scan_cache *cache, const EVP_MD *md)
{
	struct scan_health *h = calloc(1, sizeof(*h));
	pthread_condattr_t attr;

	if (h == NULL)
		log_fatal(EX_MEMORY, "out of memory (scanner's health)");
	scan_probe_init(&h->probe, path, md);
	h->patience_ms = patience_ms;
	h->cache = cache;
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->changed, &attr);
	pthread_condattr_destroy(&attr);
	start_thread(h);
	return h;
}

void
scan_health_free(struct scan_health **hp)
{
	struct scan_health *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	scan_probe_stop(&h->probe);
	pthread_join(h->thread, NULL);
	assert(!h->probing);
	scan_probe_free(&h->probe);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* May this call probe now?  Under the lock. */
static bool
may_probe(const struct scan_health *h)
{
	return h->state == AWAY && !h->probing &&
	    clock_left(h->probed + SCAN_PROBE_AGAIN_MS) == 0;
}

bool
scan_health_ready(struct scan_health *h, int64_t deadline,
    char why[SCAN_WHY_SIZE])
{
	struct timespec until = clock_timespec(deadline);
	int64_t own = clock_ms() + CALL_PROBE_MS;
	int rc = 0;

	pthread_mutex_lock(&h->lock);
	while (h->state == UNKNOWN && rc == 0)
		rc = pthread_cond_timedwait(&h->changed, &h->lock, &until);
	if (may_probe(h)) {
		h->probing = true;
		pthread_mutex_unlock(&h->lock);
		probe(h, own < deadline ? own : deadline);
		pthread_mutex_lock(&h->lock);
	}
	rc = h->state == THERE;
	snprintf(why, SCAN_WHY_SIZE, "%s", h->state == UNKNOWN ? "late" :
	    h->why);
	pthread_mutex_unlock(&h->lock);
	return rc;
}

bool
scan_health_away(struct scan_health *h, char why[SCAN_WHY_SIZE])
{
	bool away;

	pthread_mutex_lock(&h->lock);
	away = h->state == AWAY;
	if (away)
		memcpy(why, h->why, SCAN_WHY_SIZE);
	pthread_mutex_unlock(&h->lock);
	return away;
}

void
scan_health_lost(struct scan_health *h, const char *why)
{
	struct scan_finding f = { .advice = scan_probe_advice(SCAN_LINK_AWAY) };

	snprintf(f.why, sizeof(f.why), "%s", why);
	pthread_mutex_lock(&h->lock);
	set_state(h, &f);
	pthread_mutex_unlock(&h->lock);
}

void
scan_health_heard(struct scan_health *h)
{
	atomic_fetch_add_explicit(&h->heard, 1, memory_order_relaxed);
}

void
scan_health_hurry(struct scan_health *h)
{
	pthread_mutex_lock(&h->lock);
	if (!h->hurry) {
		h->hurry = true;
		pthread_cond_broadcast(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
}

unsigned
scan_health_turns(struct scan_health *h)
{
	unsigned workers;

	pthread_mutex_lock(&h->lock);
	workers = h->info.workers;
	pthread_mutex_unlock(&h->lock);
	return workers > 1 ? workers - 1 : 1;
}

void
scan_health_stats(struct scan_health *h, struct scan_stats *s)
{
	pthread_mutex_lock(&h->lock);
	s->away = h->state != THERE;
	s->signatures = h->info.signatures;
	s->built = h->info.built;
	pthread_mutex_unlock(&h->lock);
}
