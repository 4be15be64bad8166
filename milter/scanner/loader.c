/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader: see the header.
 *
 * A load beside workers that serve goes in a thread with a nice value of its
 * own: nobody but root could take it back from a process, and the workers
 * shall not inherit it.  The thread has ended before the first fork.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "crew.h"
#include "engine.h"
#include "loader.h"
#include "log.h"
#include "sandbox.h"

/* Of a load while others serve. */
#define LOADER_NICE	10
/* The one that answers while there are no signatures. */
#define WORKERS_WITHOUT	1

struct load {
	const struct loader *l;
	char		*tmp;
	struct engine	*engine;
	char		*error;
};

static void
say(const struct loader *l, char what, const char *text)
{
	char packet[LOADER_SAY_MAX];
	int n = snprintf(packet, sizeof(packet), "%c%s", what, text);

	if (n >= (int)sizeof(packet))
		n = sizeof(packet) - 1;
	(void)send(l->link, packet, (size_t)n, MSG_NOSIGNAL);
}

static void __attribute__((noreturn))
give_up(const struct loader *l, const char *why)
{
	say(l, LOADER_FAILED, why);
	_exit(EXIT_SUCCESS);
}

struct engine *
loader_load(const struct scanconf *c, const char *tmp, char **error_r)
{
	const struct engine_limits limits = {
		.scan_size = c->scan_size, .file_size = c->file_size,
		.files = c->files, .depth = c->depth, .time_ms = c->time_ms,
		.pua = c->pua
	};
	struct engine *e = engine_load(c->database, &limits, tmp, error_r);

	if (e != NULL && engine_prove(e, error_r) != 0)
		engine_free(&e);
	return e;
}

static void *
load(void *arg)
{
	struct load *now = arg;

	/* Of this thread only, so is Linux. */
	if (now->l->quietly)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOADER_NICE);
	now->engine = loader_load(now->l->env->conf, now->tmp, &now->error);
	return NULL;
}

static struct engine *
load_signatures(const struct loader *l)
{
	struct load now = { .l = l };
	struct scan_answer a = { .status = SCAN_CLEAN };
	int64_t begin = clock_ms();
	pthread_t thread;

	if (asprintf(&now.tmp, "%s/load", l->dir) == -1)
		log_panic("out of memory");
	if (mkdir(now.tmp, 0700) == -1 && errno != EEXIST)
		give_up(l, "cannot make a folder for temporary files");
	mallopt(M_ARENA_MAX, 1);	/* what the thread takes stays */
	if (pthread_create(&thread, NULL, load, &now) != 0)
		give_up(l, "cannot start a thread");
	pthread_join(thread, NULL);
	if (now.engine == NULL)
		give_up(l, now.error != NULL ? now.error : "out of memory");
	(void)tmpdir_remove(now.tmp);
	free(now.tmp);
	malloc_trim(0);		/* what only loading needed */
	engine_info(now.engine, &a);
	log_info("loaded %u signatures of %s in %lld ms", a.info.signatures,
	    l->env->conf->database, (long long)(clock_ms() - begin));
	return now.engine;
}

/* 'Q' or the end of the main process. */
static bool
told_to_retire(const struct loader *l)
{
	char byte;
	ssize_t n = recv(l->link, &byte, 1, MSG_DONTWAIT);

	return n == 0 || (n == 1 && byte == LOADER_RETIRE);
}

static void __attribute__((noreturn))
work(const struct loader *l, struct crew *c, int signals)
{
	struct pollfd p[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = l->link, .events = POLLIN }
	};
	struct signalfd_siginfo info;
	bool retired = false;
	int wait = crew_step(c);

	say(l, LOADER_READY, "");
	while (!retired || !crew_gone(c)) {
		if (poll(p, retired ? 1 : 2, wait) > 0) {
			if (p[0].revents != 0)
				(void)!read(signals, &info, sizeof(info));
			if (!retired && p[1].revents != 0 &&
			    told_to_retire(l)) {
				retired = true;
				crew_retire(c);
			}
		}
		wait = crew_step(c);
	}
	_exit(EXIT_SUCCESS);
}

static int
open_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void
loader_run(const struct loader *l)
{
	struct engine *e = NULL;
	struct crew *c;
	int signals = open_sigchld();

	prctl(PR_SET_NAME, "scan-loader", 0, 0, 0);
	if (mkdir(l->dir, 0700) == -1 && errno != EEXIST)
		give_up(l, "cannot make a folder for temporary files");
	(void)sandbox_loader(l->env, l->env->tmp.path);
	if (l->reason == NULL)
		e = load_signatures(l);
	c = crew_new(l->env, e, l->reason, l->dir, e != NULL ?
	    l->env->conf->workers : WORKERS_WITHOUT, l->link);
	if (c == NULL || signals == -1)
		give_up(l, "out of memory or descriptors");
	work(l, c, signals);
}
