/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper: see the header.
 *
 * What a loader says is input: bounded, and cleaned by the log and by the
 * protocol.  Loaders die with us (PR_SET_PDEATHSIG), workers with their
 * loader; as a subreaper we see the workers of a dead loader end.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "crew.h"
#include "engine.h"
#include "keeper.h"
#include "loader.h"
#include "log.h"
#include "watch.h"

/* How often we look whether all have gone, at the end. */
#define STOP_LOOK_MS	10

enum stage { SET_FREE, SET_LOADING, SET_SERVING, SET_RETIRED };

/* One loader. */
struct set {
	enum stage	 stage;
	pid_t		 pid;
	int		 link;
	unsigned	 number;	/* names its directory */
	bool		 without;	/* signatures */
	int64_t		 since;		/* it loads, or is retired */
	char		 failure[LOADER_SAY_MAX];
};

struct keeper {
	struct env	*env;
	int		 signals;
	struct watch	 watch;
	struct set	 set[KEEPER_SETS_MAX];
	unsigned	 number;
	bool		 wanted;	/* a load, as soon as it may be */
	int64_t		 not_before;
	bool		 decided;
};

static struct set *
find(struct keeper *k, enum stage stage)
{
	for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
		if (k->set[i].stage == stage)
			return &k->set[i];
	return NULL;
}

static bool
serves(const struct keeper *k)
{
	for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
		if (k->set[i].stage == SET_SERVING && !k->set[i].without)
			return true;
	return false;
}

static void
tell(const struct set *s, char what)
{
	(void)send(s->link, &what, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
retire(struct set *s)
{
	tell(s, LOADER_RETIRE);
	s->stage = SET_RETIRED;
	s->since = clock_ms();
}

static void
retire_others(struct keeper *k, const struct set *but)
{
	for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
		if (&k->set[i] != but && k->set[i].stage == SET_SERVING)
			retire(&k->set[i]);
}

static void __attribute__((noreturn))
be_loader(struct keeper *k, struct set *s, int fd, const char *reason,
    pid_t parent)
{
	struct loader l = { .env = k->env, .link = fd, .reason = reason,
	    .quietly = serves(k) };
	char *dir;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);	/* it died before that call */
	close(k->signals);
	for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
		if (k->set[i].stage != SET_FREE && &k->set[i] != s)
			close(k->set[i].link);
	if (asprintf(&dir, "%s/%u", k->env->tmp.path, s->number) == -1)
		_exit(EXIT_FAILURE);
	l.dir = dir;
	loader_run(&l);
}

/* reason NULL: load; else the loader that has that told. */
static void
start(struct keeper *k, const char *reason)
{
	struct set *s = find(k, SET_FREE);
	pid_t self = getpid();
	int ends[2];

	if (s == NULL)
		return;		/* an old one is about to end; try again */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ==
	    -1) {
		log_warn("cannot start a loader: %m");
		return;
	}
	*s = (struct set){ .number = ++k->number, .link = ends[0],
	    .without = reason != NULL, .since = clock_ms() };
	s->pid = fork();
	if (s->pid == 0) {
		close(ends[0]);
		be_loader(k, s, ends[1], reason, self);
	}
	close(ends[1]);
	if (s->pid == -1) {
		log_warn("cannot start a loader: %m");
		close(ends[0]);
		return;
	}
	s->stage = SET_LOADING;
}

static void
start_load(struct keeper *k, uint64_t stamp, int64_t now)
{
	k->wanted = false;
	k->not_before = now + KEEPER_RESTART_MS;
	watch_trying(&k->watch, stamp);
	start(k, NULL);
	if (find(k, SET_LOADING) == NULL)
		watch_failed(&k->watch, now);
}

/* A load came to nothing. */
static void
load_failed(struct keeper *k, const char *why)
{
	char reason[LOADER_SAY_MAX];

	watch_failed(&k->watch, clock_ms());
	k->decided = true;
	if (serves(k)) {
		log_warn("the signatures in %s are not taken: %s; the old "
		    "ones stay in use", k->env->conf->database, why);
		return;
	}
	log_warn("no signatures, nothing is scanned: %s; the next try is when "
	    "%s changes, or in %d s", why, k->env->conf->database,
	    WATCH_AWAY_MS / 1000);
	snprintf(reason, sizeof(reason), "no signatures loaded: %.900s", why);
	start(k, reason);
}

static void
is_ready(struct keeper *k, struct set *s)
{
	retire_others(k, s);
	s->stage = SET_SERVING;
	if (!s->without)
		k->decided = true;
}

/* Takes what a loader has said, if anything. */
static void
listen_to(struct keeper *k, struct set *s)
{
	char text[LOADER_SAY_MAX];
	ssize_t n = recv(s->link, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return;		/* its end is seen when it is reaped */
	text[n] = '\0';
	if (text[0] == LOADER_READY && s->stage == SET_LOADING)
		is_ready(k, s);
	else if (text[0] == LOADER_FAILED)
		memcpy(s->failure, text + 1, (size_t)n);
}

static void
describe_end(const struct set *s, int status, char *out, size_t size)
{
	if (s->failure[0] != '\0')
		snprintf(out, size, "%s", s->failure);
	else if (WIFSIGNALED(status))
		snprintf(out, size, "the process that loads them died by "
		    "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(out, size, "the process that loads them ended with "
		    "code %d", WEXITSTATUS(status));
}

static void
bury(struct keeper *k, struct set *s, int status)
{
	enum stage was;
	char why[LOADER_SAY_MAX];

	listen_to(k, s);
	was = s->stage;
	describe_end(s, status, why, sizeof(why));
	close(s->link);
	s->stage = SET_FREE;
	if (was == SET_RETIRED)
		return;
	if (was == SET_LOADING && !s->without) {
		load_failed(k, why);
		return;
	}
	log_warn("a loader and its workers are gone: %s; starting another",
	    why);
	k->wanted = true;
}

static void
reap(struct keeper *k)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
			if (k->set[i].stage != SET_FREE &&
			    k->set[i].pid == pid)
				bury(k, &k->set[i], status);
}

static bool
in_use(const struct keeper *k, const char *name)
{
	char number[16];

	for (size_t i = 0; i < KEEPER_SETS_MAX; i++) {
		snprintf(number, sizeof(number), "%u", k->set[i].number);
		if (k->set[i].stage != SET_FREE && strcmp(name, number) == 0)
			return true;
	}
	return name[0] < '0' || name[0] > '9';
}

/* Directories of loaders that are gone. */
static void
sweep(const struct keeper *k)
{
	DIR *d = opendir(k->env->tmp.path);
	struct dirent *e;
	char *path;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (in_use(k, e->d_name) ||
		    asprintf(&path, "%s/%s", k->env->tmp.path, e->d_name) ==
		    -1)
			continue;
		(void)tmpdir_remove(path);
		free(path);
	}
	closedir(d);
}

static void
end_late(const struct keeper *k, int64_t now)
{
	int64_t limit = (int64_t)k->env->conf->time_ms + CREW_GRACE_MS +
	    KEEPER_RETIRE_MS;

	for (size_t i = 0; i < KEEPER_SETS_MAX; i++) {
		const struct set *s = &k->set[i];

		if ((s->stage == SET_RETIRED && now - s->since > limit) ||
		    (s->stage == SET_LOADING &&
		    now - s->since > KEEPER_LOAD_MS))
			kill(s->pid, SIGKILL);
	}
}

/* With little memory, the old set goes before the new one comes. */
static bool
make_room(struct keeper *k)
{
	if (!k->env->conf->low_memory)
		return true;
	if (serves(k))
		log_info("giving the old signatures back before new ones are "
		    "loaded (scan-low-memory)");
	retire_others(k, NULL);
	return find(k, SET_RETIRED) == NULL;
}

void
keeper_step(struct keeper *k)
{
	uint64_t stamp = engine_folder_stamp(k->env->conf->database);
	int64_t now = clock_ms();

	for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
		if (k->set[i].stage != SET_FREE)
			listen_to(k, &k->set[i]);
	reap(k);
	end_late(k, now);
	sweep(k);
	if (watch_due(&k->watch, stamp, now, serves(k)))
		k->wanted = true;
	if (k->wanted && find(k, SET_LOADING) == NULL &&
	    now >= k->not_before && make_room(k))
		start_load(k, stamp, now);
}

struct keeper *
keeper_new(struct env *env, int signals)
{
	struct keeper *k = calloc(1, sizeof(*k));
	uint64_t stamp = engine_folder_stamp(env->conf->database);

	if (k == NULL)
		log_panic("out of memory");
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	k->env = env;
	k->signals = signals;
	watch_begin(&k->watch, stamp, clock_ms());
	start_load(k, stamp, clock_ms());
	return k;
}

void
keeper_wait_for(const struct keeper *k, struct pollfd *p)
{
	for (size_t i = 0; i < KEEPER_SETS_MAX; i++) {
		bool on = k->set[i].stage == SET_LOADING;

		p[i] = (struct pollfd){ .fd = on ? k->set[i].link : -1,
		    .events = POLLIN };
	}
}

void
keeper_reload(struct keeper *k)
{
	watch_force(&k->watch);
	k->not_before = 0;
}

bool
keeper_decided(struct keeper *k)
{
	bool decided = k->decided;

	k->decided = false;
	return decided;
}

/* False when no child is left, ours or inherited. */
static bool
any_left(struct keeper *k)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
			if (k->set[i].stage != SET_FREE &&
			    k->set[i].pid == pid)
				k->set[i].stage = SET_FREE;
	return pid == 0;
}

static void
wait_until_gone(struct keeper *k, int64_t deadline)
{
	while (any_left(k) && clock_left(deadline) > 0)
		poll(NULL, 0, STOP_LOOK_MS);
}

static void
kill_all(const struct keeper *k, enum stage stage)
{
	for (size_t i = 0; i < KEEPER_SETS_MAX; i++)
		if (k->set[i].stage == stage)
			kill(k->set[i].pid, SIGKILL);
}

void
keeper_stop(struct keeper **k, int ms)
{
	int64_t end = clock_ms() + ms;
	enum stage stage;

	kill_all(*k, SET_LOADING);
	retire_others(*k, NULL);
	wait_until_gone(*k, end - ms / 4);
	for (stage = SET_LOADING; stage <= SET_RETIRED; stage++)
		kill_all(*k, stage);
	wait_until_gone(*k, end);
	free(*k);
	*k = NULL;
}
