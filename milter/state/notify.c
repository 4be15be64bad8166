/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: the thread that tells of finds, and when it does.
 *
 * Started and ended by daemon/services.c.  Events are read as they come and
 * collected (notify_batch.c).  The first after a quiet time waits for
 * NOTIFY_FIRST_MS, so that those of one wave go into one mail; after a round
 * of mails nothing goes out for an interval.  A round that fails stands as it
 * is until it is tried again: what was sent of it is not sent again, nothing
 * more is read, and the position in the journal moves only when all of it has
 * gone out.  Across a restart a round that was not finished is sent again.
 *
 * Shared with the threads that start and end it: stop, fresh, give_up.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "clock.h"
#include "log.h"
#include "notify_internal.h"

/* How often the journal is looked at. */
#define POLL_MS		1000
/* Events read in one look, so that the end is noticed. */
#define READ_MAX	100000
/* The position is remembered so often when there is nothing to tell. */
#define COMMIT_MS	60000
/* A line about a journal that cannot be read, so often. */
#define COMPLAIN_MS	600000
/* Bytes of a setting in a header. */
#define SETTING_MAX	400

struct notify {
	pthread_t		 thread;
	pthread_mutex_t		 lock;		/* the next two */
	bool			 stop;
	struct notify_settings	*fresh;		/* after a reload */
	pthread_cond_t		 wake;
	_Atomic int64_t		 give_up;	/* clock_ms() */

	/* the thread's own */
	struct notify_settings	*s;
	struct journal_reader	*reader;
	struct notify_batch	 batch;
	bool			 failed;	/* the round stands */
	int64_t			 due;		/* of the batch */
	int64_t			 quiet_until;	/* the interval's end */
	bool			 uncommitted;
	int64_t			 committed;	/* when */
	int64_t			 complained;	/* when; 0: never */
};

/* --- settings ---------------------------------------------------------- */

/* A copy that can stand in a header. */
static char *
copy(struct arena *a, const char *s)
{
	char *c = strdup(arena_cstr(a, clean_text(a, span_of(s), SETTING_MAX,
	    true)));

	if (c == NULL)
		log_panic("out of memory");
	return c;
}

static struct notify_settings *
settings_new(const struct conf *conf)
{
	struct notify_settings *s = calloc(1, sizeof(*s));
	struct arena *a = arena_new();

	if (s == NULL)
		log_panic("out of memory");
	s->to = copy(a, conf->notify_to);
	s->from = copy(a, *conf->notify_from != '\0' ? conf->notify_from :
	    arena_printf(a, "postern@%s", conf->authserv_id));
	s->host = copy(a, conf->authserv_id);
	s->contact = copy(a, conf->notice_contact);
	s->sendmail = strdup(conf->sendmail);
	s->folder = strdup(conf->journal);
	if (s->sendmail == NULL || s->folder == NULL)
		log_panic("out of memory");
	s->interval_ms = (int64_t)conf->notify_interval_s * 1000;
	s->recipients = conf->notify_recipients;
	arena_free(&a);
	return s;
}

static void
settings_free(struct notify_settings *s)
{
	if (s == NULL)
		return;
	free(s->to);
	free(s->from);
	free(s->host);
	free(s->contact);
	free(s->sendmail);
	free(s->folder);
	free(s);
}

/* --- reading ----------------------------------------------------------- */

static bool
stopping(struct notify *n)
{
	bool stop;

	pthread_mutex_lock(&n->lock);
	stop = n->stop;
	pthread_mutex_unlock(&n->lock);
	return stop;
}

static void
complain(struct notify *n, char *error)
{
	int64_t now = clock_ms();

	if (n->complained == 0 || now - n->complained >= COMPLAIN_MS) {
		n->complained = now;
		log_warn("notify: %s; nobody is told of finds until this is "
		    "put right", error != NULL ? error : "out of memory");
	}
	free(error);
}

static void
set_due(struct notify *n)
{
	int64_t wait = n->s->interval_ms < NOTIFY_FIRST_MS ?
	    n->s->interval_ms : NOTIFY_FIRST_MS;

	n->due = clock_ms() + wait;
	if (n->due < n->quiet_until)
		n->due = n->quiet_until;
}

static void
read_events(struct notify *n)
{
	bool waiting = n->batch.n > 0;
	char *error = NULL;
	json_t *event;
	int rc = 1;

	for (size_t i = 0; i < READ_MAX && rc == 1 && !stopping(n); i++) {
		rc = journal_next(n->reader, &event, &n->batch.gap, &error);
		if (rc == 1) {
			batch_add(&n->batch, n->s, event);
			n->uncommitted = true;
			json_decref(event);
		}
	}
	if (rc == -1)
		complain(n, error);
	if (!waiting && n->batch.n > 0)
		set_due(n);
}

static void
commit(struct notify *n)
{
	char *error;

	n->committed = clock_ms();
	if (journal_commit(n->reader, &error) == 0) {
		n->uncommitted = false;
		return;
	}
	log_warn("notify: %s; finds that were told will be told again after "
	    "a restart", error != NULL ? error : "out of memory");
	free(error);
}

/* --- sending ----------------------------------------------------------- */

static enum notify_sent
send_group(struct notify *n, const struct notify_group *g, char **error_r)
{
	struct arena *a = arena_new();
	struct span mail = digest_mail(a, n->s, g, n->batch.gap);
	enum notify_sent sent = notify_send(n->s->sendmail,
	    g->recipient ? g->key : n->s->to, mail, &n->give_up, error_r);

	arena_free(&a);
	return sent;
}

static void
tell(const struct notify *n, const struct notify_group *g)
{
	if (g->recipient)
		log_info("notify: told a recipient of %zu stopped messages",
		    g->listed + g->more);
	else
		log_info("notify: told %s of finds in %zu messages (tenant "
		    "\"%s\")", n->s->to, g->listed + g->more, g->key);
}

/* The program ends, and its time for that is over. */
static bool
given_up(const struct notify *n)
{
	return clock_left(atomic_load(&n->give_up)) == 0;
}

static int64_t
retry_ms(const struct notify *n)
{
	return n->s->interval_ms < NOTIFY_RETRY_MS ? n->s->interval_ms :
	    NOTIFY_RETRY_MS;
}

/* False: the round has failed. */
static bool
send_one(struct notify *n, struct notify_group *g)
{
	char *error;
	enum notify_sent sent = send_group(n, g, &error);

	if (sent == NOTIFY_SENT) {
		tell(n, g);
		g->done = true;
	} else if (sent == NOTIFY_REFUSED && g->recipient) {
		log_warn("notify: a recipient cannot be told of a stopped "
		    "message: %s", error != NULL ? error : "out of memory");
		g->done = true;
	} else {
		log_warn("notify: %s could not be told of finds: %s; trying "
		    "again in %lld s. See the settings sendmail and "
		    "notify-to, and Postfix's log", g->recipient ?
		    "a recipient" : n->s->to, error != NULL ? error :
		    "out of memory", (long long)retry_ms(n) / 1000);
	}
	free(error);
	return g->done;
}

static void
send_round(struct notify *n)
{
	for (size_t i = 0; i < n->batch.n; i++) {
		if (n->batch.v[i].done || (!given_up(n) &&
		    send_one(n, &n->batch.v[i])))
			continue;
		n->failed = true;
		n->due = clock_ms() + retry_ms(n);
		return;
	}
	if (n->batch.untold > 0)
		log_warn("notify: %zu recipients of stopped messages were "
		    "not told, over the limit of %d mails",
		    n->batch.untold, NOTIFY_RECIPIENTS_MAX);
	batch_clear(&n->batch);
	n->failed = false;
	n->quiet_until = clock_ms() + n->s->interval_ms;
	commit(n);
}

/* --- the thread -------------------------------------------------------- */

/* Waits for the next turn; false: the end.  Takes new settings over. */
static bool
wait_turn(struct notify *n)
{
	struct timespec until = clock_timespec(clock_ms() + POLL_MS);
	int rc = 0;
	bool stop;

	pthread_mutex_lock(&n->lock);
	while (!n->stop && n->fresh == NULL && rc == 0)
		rc = pthread_cond_timedwait(&n->wake, &n->lock, &until);
	if (n->fresh != NULL) {
		settings_free(n->s);
		n->s = n->fresh;
		n->fresh = NULL;
	}
	stop = n->stop;
	pthread_mutex_unlock(&n->lock);
	return !stop;
}

/* A shorter interval after a reload holds at once. */
static void
shorten(struct notify *n, int64_t now)
{
	if (n->quiet_until > now + n->s->interval_ms)
		n->quiet_until = now + n->s->interval_ms;
	if (n->batch.n > 0 && n->due > now + n->s->interval_ms)
		n->due = now + n->s->interval_ms;
}

static void *
run(void *arg)
{
	struct notify *n = arg;
	int64_t now;

	while (wait_turn(n)) {
		if (!n->failed)
			read_events(n);
		now = clock_ms();
		shorten(n, now);
		if (n->batch.n > 0 && now >= n->due && !stopping(n))
			send_round(n);
		else if (n->batch.n == 0 && n->uncommitted &&
		    now - n->committed >= COMMIT_MS)
			commit(n);
	}
	if (n->batch.n == 0 && n->uncommitted)
		commit(n);
	return NULL;
}

static void
release(struct notify *n)
{
	batch_clear(&n->batch);
	if (n->reader != NULL)
		journal_reader_close(&n->reader);
	settings_free(n->s);
	settings_free(n->fresh);
	pthread_cond_destroy(&n->wake);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

static struct notify *
notify_alloc(const struct conf *conf)
{
	struct notify *n = calloc(1, sizeof(*n));
	pthread_condattr_t attr;

	if (n == NULL)
		log_panic("out of memory");
	pthread_mutex_init(&n->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&n->wake, &attr);
	pthread_condattr_destroy(&attr);
	atomic_init(&n->give_up, INT64_MAX);
	n->s = settings_new(conf);
	n->committed = clock_ms();
	return n;
}

/* The thread takes no signal: they are the main thread's. */
static int
start(struct notify *n)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&n->thread, NULL, run, n);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

struct notify *
notify_new(const struct conf *conf, char **error_r)
{
	char position[4096];
	struct notify *n;
	int rc;

	*error_r = NULL;
	if (*conf->notify_to == '\0')
		return NULL;
	if (*conf->journal == '\0') {
		*error_r = strdup("notify-to needs the setting journal");
		return NULL;
	}
	n = notify_alloc(conf);
	snprintf(position, sizeof(position), "%s/%s.notify", conf->journal,
	    JOURNAL_POSTERN);
	n->reader = journal_reader_open(conf->journal, JOURNAL_POSTERN,
	    position, error_r);
	if (n->reader == NULL) {
		release(n);
		return NULL;
	}
	rc = start(n);
	if (rc != 0) {
		*error_r = strdup(strerror(rc));
		release(n);
		return NULL;
	}
	return n;
}

void
notify_free(struct notify **p)
{
	struct notify *n = *p;

	*p = NULL;
	if (n == NULL)
		return;
	atomic_store(&n->give_up, clock_ms() + NOTIFY_STOP_MS);
	pthread_mutex_lock(&n->lock);
	n->stop = true;
	pthread_cond_signal(&n->wake);
	pthread_mutex_unlock(&n->lock);
	pthread_join(n->thread, NULL);
	release(n);
}

int
notify_reload(struct notify **p, const struct conf *conf, char **error_r)
{
	struct notify *n = *p;
	struct notify_settings *s;

	*error_r = NULL;
	if (n == NULL) {
		*p = notify_new(conf, error_r);
		return *error_r == NULL ? 0 : -1;
	}
	if (*conf->notify_to == '\0' || *conf->journal == '\0') {
		notify_free(p);
		return 0;
	}
	s = settings_new(conf);
	pthread_mutex_lock(&n->lock);
	settings_free(n->fresh);
	n->fresh = s;
	pthread_cond_signal(&n->wake);
	pthread_mutex_unlock(&n->lock);
	return 0;
}
