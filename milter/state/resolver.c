/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver: asks, waits, shares and gives up.
 *
 * The way of a question: ask() looks in the table (answers.c).  A kept answer
 * is copied and that is all.  One under way is waited for.  Else it is given
 * to the library (unbound.c) and waited for.  The resolver's thread runs the
 * library's callback, which settles the question: the answer is put in the
 * table for as long as it may be kept, and all who wait are woken.
 *
 * Every question ends after dns_timeout_ms, as TEMPFAIL, and is cancelled in
 * the library: by a thread that waits for it, or, when none waits any more, by
 * the resolver's thread.  A thread whose own deadline is earlier leaves alone.
 *
 * start() makes a question before somebody waits.  Its answer is handed to the
 * first who asks within EARLY_MS, also when it may not be kept (TTL 0, or a
 * failure): it is the answer to his question, not an old one.
 *
 * Threads: any number may ask.  One lock for the table and the figures; the
 * library's own lock is taken inside it (ub_resolve_async, ub_cancel), never
 * the other way round: the library calls back without its lock.
 */
#include "config.h"

#include <sys/eventfd.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unbound.h>

#include "clock.h"
#include "log.h"
#include "resolver.h"
#include "resolver_internal.h"

/* An answer that was asked for early waits so long for its asker. */
#define EARLY_MS 1000
/*
 * With so many under way none is started early any more: one message can
 * start 70, about names that never answer, and others must still get to ask.
 */
#define EARLY_MAX (DNS_INFLIGHT_MAX / 2)
/* How often the thread looks for dead questions when it knows of none. */
#define IDLE_MS 5000
#define CLASS_IN 1

struct resolver {
	struct dns	  dns;
	pthread_mutex_t	  lock;		/* answers, stats */
	struct answers	 *answers;
	struct ub_ctx	 *ctx;
	pthread_t	  thread;
	int		  stop_fd;
	int64_t		  timeout_ms;
	uint32_t	  min_ttl_s;
	uint32_t	  max_ttl_s;
	struct resolver_stats stats;
};

static struct answer *
failure(const char *why)
{
	return answer_new(DNS_TEMPFAIL, why, span_make("", 0), NULL, NULL, 0);
}

/* Seconds that the answer may be kept. */
static uint32_t
keep_s(const struct resolver *r, const struct answer *a)
{
	uint32_t ttl = a->ttl;

	if (a->status == DNS_TEMPFAIL)
		return 0;
	if (ttl < r->min_ttl_s)
		ttl = r->min_ttl_s;
	return ttl < r->max_ttl_s ? ttl : r->max_ttl_s;
}

/* Takes the answer over.  With the lock. */
static void
settle(struct resolver *r, struct question *q, struct answer *a, int64_t now)
{
	int64_t keep = (int64_t)keep_s(r, a) * 1000;

	answers_settle(r->answers, q, a);
	/* early stays set only when it is kept for that alone. */
	if (keep > 0)
		q->early = false;
	else if (q->early)
		keep = EARLY_MS;
	if (keep > 0)
		answers_keep(r->answers, q, now + keep);
	else
		answers_drop(r->answers, q);
}

/* The library's answer, in the resolver's thread. */
static void
on_answer(void *data, int err, struct ub_result *result)
{
	struct question *q = data;
	struct resolver *r = q->owner;
	/* type never changes: no lock. */
	struct answer *a = unbound_answer(q->type, err, result);
	int64_t now = clock_ms();

	ub_resolve_free(result);
	pthread_mutex_lock(&r->lock);
	if (q->answer == NULL)
		settle(r, q, a, now);
	else
		answer_unref(a);
	question_unref(q);
	pthread_mutex_unlock(&r->lock);
}

/* Its time is over.  With the lock. */
static void
give_up(struct resolver *r, struct question *q, int64_t now)
{
	/* Anything but 0: the callback is on its way and drops it. */
	bool cancelled = ub_cancel(r->ctx, q->id) == 0;

	question_ref(q);
	settle(r, q, failure("no answer in time"), now);
	if (cancelled)
		question_unref(q);
	question_unref(q);
}

/*
 * The question with this key if it is of any use now.  A started one that is
 * kept only for its asker is of no use to another start.  With the lock.
 */
static struct question *
find_live(struct resolver *r, const struct dns_key *key, int64_t now,
    bool starting)
{
	struct question *q = answers_find(r->answers, key);

	if (q == NULL)
		return NULL;
	if (q->answer == NULL && q->until <= now) {
		question_ref(q);
		give_up(r, q, now);
		answers_drop(r->answers, q);
		question_unref(q);
		return NULL;
	}
	if (q->answer != NULL && (q->until <= now || (starting && q->early))) {
		answers_drop(r->answers, q);
		return NULL;
	}
	return q;
}

/*
 * Gives the question to the library.  NULL and *why_r when that does not
 * work.  With the lock.
 */
static struct question *
send_question(struct resolver *r, const struct dns_key *key, int64_t now,
    bool early, const char **why_r)
{
	char name[PRESENTATION_SIZE];
	struct question *q;
	int err;

	q = answers_begin(r->answers, key, now + r->timeout_ms);
	if (q == NULL) {
		*why_r = "too many DNS questions at once";
		return NULL;
	}
	q->owner = r;
	q->early = early;
	unbound_escape(span_make(key->name, key->n), name);
	question_ref(q);	/* the library's */
	err = ub_resolve_async(r->ctx, name, (int)key->type, CLASS_IN, q,
	    on_answer, &q->id);
	if (err != 0) {
		*why_r = ub_strerror(err);
		q->early = false;
		settle(r, q, failure(*why_r), now);
		question_unref(q);
		return NULL;
	}
	r->stats.sent++;
	return q;
}

/*
 * Waits for one under way.  A reference to the answer, or NULL when the
 * caller's time is over.  With the lock, which it gives up meanwhile.
 */
static struct answer *
wait_for(struct resolver *r, struct question *q, int64_t deadline)
{
	int64_t until = deadline < q->until ? deadline : q->until;
	struct timespec ts = clock_timespec(until);
	struct answer *a;
	int err = 0;

	question_ref(q);
	q->early = false;
	while (q->answer == NULL && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&q->answered, &r->lock, &ts);
	if (q->answer == NULL && until == q->until)
		give_up(r, q, until);
	a = q->answer;
	if (a != NULL)
		answer_ref(a);
	question_unref(q);
	return a;
}

/* A reference to the answer, or NULL and *why_r.  With the lock. */
static struct answer *
obtain(struct resolver *r, const struct dns_key *key, int64_t deadline,
    int64_t now, const char **why_r)
{
	struct question *q = find_live(r, key, now, false);
	struct answer *a;

	if (q != NULL && q->answer != NULL) {
		r->stats.hits++;
		a = q->answer;
		answer_ref(a);
		if (q->early)
			answers_drop(r->answers, q);
		else
			answers_touch(r->answers, q);
		return a;
	}
	*why_r = "no time left for DNS";
	if (deadline <= now)
		return NULL;
	if (q != NULL)
		r->stats.joined++;
	else
		q = send_question(r, key, now, false, why_r);
	return q != NULL ? wait_for(r, q, deadline) : NULL;
}

static const struct dns_answer *
plain_answer(struct arena *arena, enum dns_status status, const char *why)
{
	struct dns_answer *out = arena_alloc(arena, sizeof(*out));

	out->status = status;
	out->why = why;
	return out;
}

static const struct dns_answer *
ask(void *ctx, struct arena *arena, const char *name, enum dns_type type,
    int64_t deadline)
{
	struct resolver *r = ctx;
	const struct dns_answer *out;
	const char *why = NULL;
	int64_t now = clock_ms();
	struct dns_key key;
	struct answer *a;
	bool valid = answers_key(r->answers, name, type, &key) == 0;

	pthread_mutex_lock(&r->lock);
	r->stats.asked++;
	a = valid ? obtain(r, &key, deadline, now, &why) : NULL;
	if (valid && (a == NULL || a->status == DNS_TEMPFAIL))
		r->stats.failed++;
	pthread_mutex_unlock(&r->lock);
	if (!valid)
		return plain_answer(arena, DNS_NXDOMAIN, NULL);
	if (a == NULL)
		return plain_answer(arena, DNS_TEMPFAIL, why);
	out = answer_copy(a, arena);
	answer_unref(a);
	return out;
}

static void
start(void *ctx, const char *name, enum dns_type type)
{
	struct resolver *r = ctx;
	int64_t now = clock_ms();
	struct dns_key key;
	const char *why;

	if (answers_key(r->answers, name, type, &key) != 0)
		return;
	pthread_mutex_lock(&r->lock);
	if (find_live(r, &key, now, true) == NULL &&
	    answers_due(r->answers) < EARLY_MAX)
		send_question(r, &key, now, true, &why);
	pthread_mutex_unlock(&r->lock);
}

/* Ends questions whose time is over; milliseconds until the next one. */
static int
sweep(struct resolver *r)
{
	int64_t now = clock_ms();
	struct question *q;
	int wait = IDLE_MS;

	pthread_mutex_lock(&r->lock);
	while ((q = answers_first_due(r->answers)) != NULL && q->until <= now)
		give_up(r, q, now);
	if (q != NULL && q->until - now < wait)
		wait = (int)(q->until - now) + 1;
	pthread_mutex_unlock(&r->lock);
	return wait;
}

static void *
run(void *data)
{
	struct resolver *r = data;
	struct pollfd fds[2] = {
		{ .fd = ub_fd(r->ctx), .events = POLLIN },
		{ .fd = r->stop_fd, .events = POLLIN }
	};

	for (;;) {
		int n = poll(fds, 2, sweep(r));

		if (n < 0 && errno != EINTR)
			log_panic("resolver: poll: %s", strerror(errno));
		if (n <= 0)
			continue;
		if (fds[1].revents != 0)
			return NULL;
		if (fds[0].revents != 0 && ub_process(r->ctx) != 0)
			log_panic("resolver: the DNS library lost its thread");
	}
}

static void
give_up_all(struct resolver *r)
{
	struct question *q;
	int64_t now = clock_ms();

	pthread_mutex_lock(&r->lock);
	while ((q = answers_first_due(r->answers)) != NULL)
		give_up(r, q, now);
	pthread_mutex_unlock(&r->lock);
}

/* The context and the thread; the library starts one of its own. */
static int
launch(struct resolver *r, const struct conf *conf, char **error_r)
{
	sigset_t all, before;
	int err = 0;

	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r->ctx = unbound_open(conf, error_r);
	if (r->ctx != NULL) {
		err = pthread_create(&r->thread, NULL, run, r);
		if (err != 0 && asprintf(error_r,
		    "cannot start the resolver's thread: %s",
		    strerror(err)) < 0)
			*error_r = NULL;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r->ctx != NULL && err == 0 ? 0 : -1;
}

static void
release(struct resolver *r)
{
	if (r->ctx != NULL)
		ub_ctx_delete(r->ctx);
	answers_free(&r->answers);
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

struct resolver *
resolver_new(const struct conf *conf, char **error_r)
{
	struct resolver *r = calloc(1, sizeof(*r));

	*error_r = NULL;
	if (r == NULL)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->dns = (struct dns){ .ctx = r, .start = start, .ask = ask };
	r->timeout_ms = conf->dns_timeout_ms;
	r->min_ttl_s = conf->dns_min_ttl_s;
	r->max_ttl_s = conf->dns_max_ttl_s;
	r->answers = answers_new(conf->dns_cache);
	r->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (r->stop_fd < 0)
		*error_r = strdup("eventfd does not work");
	if (r->stop_fd < 0 || launch(r, conf, error_r) != 0) {
		release(r);
		return NULL;
	}
	return r;
}

void
resolver_free(struct resolver **rp)
{
	struct resolver *r = *rp;
	uint64_t one = 1;

	if (r == NULL)
		return;
	if (write(r->stop_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		log_panic("resolver: eventfd: %s", strerror(errno));
	pthread_join(r->thread, NULL);
	give_up_all(r);
	release(r);
	*rp = NULL;
}

const struct dns *
resolver_dns(struct resolver *r)
{
	return &r->dns;
}

void
resolver_stats(struct resolver *r, struct resolver_stats *stats)
{
	pthread_mutex_lock(&r->lock);
	*stats = r->stats;
	pthread_mutex_unlock(&r->lock);
}
