/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: signals, reload and drain, all in the main thread.
 *
 * libmilter takes HUP and TERM as "stop" in a thread of its own; Linux gives
 * a process's signals to the main thread first as long as that does not block
 * them, so they come here.  libmilter's own stop loses replies; we drain
 * instead: no more connections, wait until the sessions are over or the grace
 * time is, and leave by _exit().
 */
#include "config.h"

#include "run.h"

#include <systemd/sd-daemon.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "conn.h"
#include "counters.h"
#include "listen.h"
#include "log.h"
#include "message.h"
#include "services.h"
#include "settings.h"

/* How often the drain looks whether sessions are over. */
#define DRAIN_STEP_MS	20
/* A session without a message is given so long to end by itself. */
#define DRAIN_IDLE_MS	1500
/* After the last message: its reply is still being written. */
#define DRAIN_SETTLE_MS	200
/* Where there is no nudge, a reload may bring one. */
#define NUDGE_OFF_MS	200
/* So many times as often while connections wait for their negotiation. */
#define NUDGE_HASTE	5
#define COUNTERS_MAX	1024
/* How often old entries of the quarantine are looked for. */
#define HOUSEKEEPING_MS	(10 * 60 * 1000)

static int wake[2] = { -1, -1 };
static _Atomic bool serve_ended;

static void
on_signal(int sig)
{
	int e = errno;
	char c = (char)sig;

	if (write(wake[1], &c, 1) < 0) {
		/* The pipe is full: enough signals are waiting there. */
	}
	errno = e;
}

void
run_catch_signals(void)
{
	static const int caught[] = { SIGHUP, SIGTERM, SIGINT };
	struct sigaction sa = { .sa_handler = on_signal };

	signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow is an error of that write, no more. */
	signal(SIGXFSZ, SIG_IGN);
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		log_fatal(EX_OSERR, "pipe: %s", strerror(errno));
	sigemptyset(&sa.sa_mask);
	sa.sa_flags = SA_RESTART;
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaction(caught[i], &sa, NULL);
}

static void *
serve_thread(void *arg)
{
	(void)arg;
	if (conn_serve() < 0)
		log_warn("libmilter has ended by itself");
	atomic_store(&serve_ended, true);
	on_signal(SIGTERM);
	return NULL;
}

/* More often while somebody waits: one nudge sets one session free. */
static unsigned
nudge_pause(unsigned ms)
{
	if (ms == 0)
		return NUDGE_OFF_MS;
	return conn_unserved() > 0 ? (ms + NUDGE_HASTE - 1) / NUDGE_HASTE : ms;
}

/* See doc/libmilter.md: without it sessions can wait for seconds. */
static void *
nudge_thread(void *arg)
{
	(void)arg;
	for (;;) {
		const struct conf *c = conf_pin();
		unsigned ms = c->nudge_ms;

		conf_unpin(&c);
		conn_await();
		poll(NULL, 0, (int)nudge_pause(ms));
		if (ms != 0 && conn_sessions() > 0)
			listen_nudge();
	}
	return NULL;
}

/* Threads never see the signals that the main thread handles. */
static void
start_thread(void *(*entry)(void *), const char *what)
{
	sigset_t mine, old;
	pthread_t t;
	int e;

	sigemptyset(&mine);
	sigaddset(&mine, SIGHUP);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGINT);
	pthread_sigmask(SIG_BLOCK, &mine, &old);
	e = pthread_create(&t, NULL, entry, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (e != 0)
		log_fatal(EX_OSERR, "cannot start the %s thread: %s", what,
		    strerror(e));
	pthread_detach(t);
}

static void
log_scanner(void)
{
	const struct conf *c = conf_pin();
	const struct services *s = c->attached;
	struct scan_stats n;

	if (s->scanner != NULL) {
		scan_client_stats(s->scanner, &n);
		log_info("scanner: away=%s asked=%" PRIu64 " cache-hits=%"
		    PRIu64 " joined=%" PRIu64 " sent=%" PRIu64 " failed=%"
		    PRIu64 " signatures=%" PRIu32 " signatures-age=%" PRId64
		    "s", n.away ? "yes" : "no", n.asked, n.hits, n.joined,
		    n.sent, n.failed, n.signatures, n.built == 0 ? -1 :
		    clock_wall() - (int64_t)n.built);
	}
	conf_unpin(&c);
}

static void
log_counters(void)
{
	char line[COUNTERS_MAX];

	counters_print(line, sizeof(line));
	log_info("counters: %s", line);
	log_scanner();
}

/* Settings that only a restart can change. */
static void
warn_fixed(const struct conf *new, const struct conf *old)
{
	for (size_t i = 0; i < nsettings; i++)
		if ((settings[i].restart & RESTART_POSTERN) &&
		    !setting_same(&settings[i], new, old))
			log_warn("%s: the change of %s needs a restart, a "
			    "reload is not enough", new->path,
			    settings[i].name);
}

static void
reload(const char *path)
{
	char *errors = NULL;
	struct conf *new = conf_load(path, &errors);
	const struct conf *old;

	log_lines(errors);
	free(errors);
	errors = NULL;
	if (new == NULL) {
		log_warn("reload: %s is wrong, the old configuration stays in "
		    "force", path);
		return;
	}
	old = conf_pin();
	if (services_attach(new, old, &errors) < 0) {
		log_warn("reload: %s; the old configuration stays in force",
		    errors);
		free(errors);
		conf_free(&new);
	} else {
		warn_fixed(new, old);
		log_set_debug(new->debug);
		conf_publish(new);
		log_info("reload: %s is in force for new connections", path);
	}
	conf_unpin(&old);
	log_counters();
}

static bool
drained(int64_t since)
{
	int64_t now = clock_ms();

	if (conn_messages() > 0 || now - conn_last_end() < DRAIN_SETTLE_MS)
		return false;
	return conn_sessions() == 0 || now - since > DRAIN_IDLE_MS;
}

static void
drain(void)
{
	const struct conf *c = conf_pin();
	int64_t since = clock_ms();
	int64_t until = since + (int64_t)c->grace_s * 1000;

	conf_unpin(&c);
	sd_notify(0, "STOPPING=1");
	log_info("stopping: %u sessions, %u messages in motion",
	    conn_sessions(), conn_messages());
	listen_end();
	while (!drained(since) && clock_ms() < until)
		poll(NULL, 0, DRAIN_STEP_MS);
	if (conn_messages() > 0)
		log_warn("grace time is over with %u messages in motion; "
		    "their senders will try again", conn_messages());
	log_counters();
}

/* One signal, or 0 when there was none for HOUSEKEEPING_MS. */
static int
next_signal(void)
{
	struct pollfd p = { .fd = wake[0], .events = POLLIN };
	char c = 0;

	if (poll(&p, 1, HOUSEKEEPING_MS) < 1 || read(wake[0], &c, 1) != 1)
		return 0;
	return c;
}

/* What is too old goes also when no mail comes. */
static void
keep_house(void)
{
	const struct conf *c = conf_pin();
	const struct services *s = c->attached;
	size_t n = s->quarantine == NULL ? 0 :
	    quarantine_expire(s->quarantine);

	if (!clock_believed())
		log_warn("the clock went ahead by more than a day at once; "
		    "nothing is expired by its age for a day. Is it right?");
	if (s->journal != NULL)
		journal_expire(s->journal);
	if (n > 0)
		log_info("quarantine: %zu entries expired", n);
	conf_unpin(&c);
}

int
run(const char *path, const char *socket_spec)
{
	if (conn_setup(socket_spec) < 0) {
		log_warn("libmilter does not take the socket %s",
		    socket_spec);
		return EX_OSERR;
	}
	start_thread(serve_thread, "milter");
	start_thread(nudge_thread, "nudge");
	sd_notify(0, "READY=1");
	for (;;) {
		int sig;

		keep_house();
		sig = next_signal();
		if (atomic_load(&serve_ended))
			return EX_SOFTWARE;
		if (sig == SIGHUP) {
			sd_notify(0, "RELOADING=1");
			reload(path);
			sd_notify(0, "READY=1");
		} else if (sig != 0) {
			drain();
			services_end();
			return 0;
		}
	}
}
