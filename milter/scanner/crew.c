/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crew: see the header.
 *
 * Workers learn that their crew retires from the end of a pipe, which they
 * watch beside the listening socket; only the loader has the other end, so it
 * also ends with the loader.  (PR_SET_PDEATHSIG ends busy ones then.)
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"
#include "crew.h"
#include "log.h"
#include "sandbox.h"
#include "slots.h"
#include "tmpdir.h"
#include "worker.h"

#define DIR_SIZE	256

struct member {
	pid_t	 pid;		/* 0: nobody */
	bool	 killed;	/* by us, for its time */
};

struct crew {
	const struct env *env;
	struct engine	*engine;
	const char	*reason;
	const char	*dir;
	struct slots	*slots;
	struct member	 member[SCAN_WORKERS_MAX];
	unsigned	 n;
	int		 private_fd;
	int		 retire[2];
	int64_t		 loaded;
	/* how many may be replaced at once */
	unsigned	 tokens;
	int64_t		 token_at;
	bool		 waiting;	/* and it was told */
	/* strangers that were refused and not told of */
	uint64_t	 strangers;
	uint32_t	 stranger;
	int64_t		 strangers_at;	/* when it may be told again */
	bool		 walls_told;
};

static const char *
member_dir(const struct crew *c, unsigned i, char out[DIR_SIZE])
{
	snprintf(out, DIR_SIZE, "%s/w%u", c->dir, i);
	return out;
}

/* Log, service manager and locks are nothing for a worker: two are left. */
static void
close_others(unsigned a, unsigned b)
{
	unsigned low = a < b ? a : b, high = a < b ? b : a;

	if (low > STDERR_FILENO + 1)
		(void)close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		(void)close_range(low + 1, high - 1, 0);
	(void)close_range(high + 1, ~0u, 0);
}

static void __attribute__((noreturn))
be_worker(const struct crew *c, unsigned i, pid_t parent)
{
	char dir[DIR_SIZE];
	struct worker w = {
		.env = c->env, .engine = c->engine, .reason = c->reason,
		.slot = slots_at(c->slots, i), .dir = member_dir(c, i, dir),
		.retire = c->retire[0], .loaded = c->loaded,
		.workers = c->n
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);	/* it died before that call */
	prctl(PR_SET_NAME, "scan-worker", 0, 0, 0);
	close(c->retire[1]);
	close(c->private_fd);
	close_others((unsigned)c->env->listener, (unsigned)c->retire[0]);
	slots_keep(c->slots, i);
	worker_run(&w);
}

/* 0, or -1: told, and tried again at the next step. */
static int
hire(struct crew *c, unsigned i)
{
	char dir[DIR_SIZE];
	pid_t pid, self = getpid();

	member_dir(c, i, dir);
	if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
		log_warn("cannot make %s for temporary files: %m", dir);
		return -1;
	}
	slots_clear(c->slots, i);
	pid = fork();
	if (pid == -1) {
		log_warn("cannot start a worker: %m; is there memory left?");
		return -1;
	}
	if (pid == 0)
		be_worker(c, i, self);
	c->member[i] = (struct member){ .pid = pid };
	return 0;
}

static void
refill(struct crew *c, int64_t now)
{
	if (now - c->token_at < CREW_REPLACE_MS)
		return;
	c->tokens += (unsigned)((now - c->token_at) / CREW_REPLACE_MS);
	c->token_at = now;
	if (c->tokens >= CREW_REPLACE_BURST) {
		c->tokens = CREW_REPLACE_BURST;
		c->waiting = false;
	}
}

/* Whom one died in place of needs a token; false when one is missing. */
static bool
hire_missing(struct crew *c, int64_t now)
{
	unsigned i;

	refill(c, now);
	for (i = 0; i < c->n; i++) {
		if (c->member[i].pid != 0)
			continue;
		if (c->tokens == 0) {
			if (!c->waiting)
				log_warn("workers die faster than they are "
				    "replaced (one each %d ms)",
				    CREW_REPLACE_MS);
			c->waiting = true;
			return false;
		}
		c->tokens--;
		if (hire(c, i) == -1) {
			c->tokens = 0;
			c->token_at = now + CREW_PAUSE_MS;
			return false;
		}
	}
	return true;
}

struct crew *
crew_new(const struct env *env, struct engine *e, const char *reason,
    const char *dir, unsigned n, int private_fd)
{
	struct crew *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->env = env;
	c->engine = e;
	c->reason = reason;
	c->dir = dir;
	c->n = n;
	c->private_fd = private_fd;
	c->loaded = clock_wall();
	c->slots = slots_new(n);
	if (c->slots == NULL || pipe2(c->retire, O_CLOEXEC) == -1) {
		slots_free(&c->slots);
		free(c);
		return NULL;
	}
	c->tokens = CREW_REPLACE_BURST + n;
	c->token_at = clock_ms();
	return c;
}

static void
tell_signal(const struct crew *c, const struct member *m, int sig)
{
	if (m->killed)
		log_warn("worker %ld was killed: its scan took longer than %u "
		    "ms; that content was not scanned", (long)m->pid,
		    c->env->conf->time_ms + CREW_GRACE_MS);
	else if (sig == SIGSYS)
		log_warn("worker %ld was killed by the system call filter "
		    "(SIGSYS): an attack, or a newer libclamav that needs one "
		    "call more; the kernel's log has its number (type=1326, "
		    "syscall=)", (long)m->pid);
	else
		log_warn("worker %ld died by signal %d (%s); what it scanned "
		    "was not scanned", (long)m->pid, sig, strsignal(sig));
}

static void
collect_strangers(struct crew *c, struct slot *s)
{
	uint32_t refused = atomic_exchange(&s->refused, 0);

	if (refused == 0)
		return;
	c->strangers += refused;
	c->stranger = atomic_load(&s->refused_uid);
}

static void
bury(struct crew *c, unsigned i, int status)
{
	struct member *m = &c->member[i];
	struct slot *s = slots_at(c->slots, i);
	char dir[DIR_SIZE];
	bool in_order = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (WIFSIGNALED(status))
		tell_signal(c, m, WTERMSIG(status));
	else if (!in_order)
		log_warn("worker %ld ended with code %d", (long)m->pid,
		    WEXITSTATUS(status));
	/* One that has worked and leaves is replaced at once. */
	if (in_order && atomic_load(&s->served) > 0)
		c->tokens++;
	collect_strangers(c, s);
	if (tmpdir_empty(member_dir(c, i, dir)) == -1)
		log_warn("cannot empty %s: %m", dir);
	m->pid = 0;
}

static void
reap(struct crew *c)
{
	pid_t pid;
	unsigned i;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < c->n; i++)
			if (c->member[i].pid == pid)
				bury(c, i, status);
}

static void
tell_strangers(struct crew *c, int64_t now)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		collect_strangers(c, slots_at(c->slots, i));
	if (c->strangers == 0 || now < c->strangers_at)
		return;
	log_warn("user id %u is refused (%llu connections); who may ask is in "
	    "scan-clients", c->stranger, (unsigned long long)c->strangers);
	c->strangers = 0;
	c->strangers_at = now + CREW_STRANGERS_MS;
}

/* Once, when the first worker stands behind its walls. */
static void
tell_walls(struct crew *c)
{
	struct slot *s = slots_at(c->slots, 0);
	unsigned walls;

	if (c->walls_told || atomic_load(&s->ready) == 0)
		return;
	c->walls_told = true;
	walls = atomic_load(&s->walls);
	log_info("workers are confined: system call filter %s, file access "
	    "%s", walls & WALL_CALLS ? "on" : "off", walls & WALL_FILES ?
	    "to their temporary files only" :
	    "by owner and mode only (no Landlock here)");
}

/* Kills who is late; milliseconds until the next one may be. */
static int
check_times(struct crew *c, int64_t now)
{
	int64_t limit = (int64_t)c->env->conf->time_ms + CREW_GRACE_MS;
	int64_t next = CREW_LOOK_MS, left;
	unsigned i;

	for (i = 0; i < c->n; i++) {
		struct member *m = &c->member[i];

		if (m->pid == 0 || m->killed)
			continue;
		left = slot_left(slots_at(c->slots, i), now, limit);
		if (left == 0) {
			m->killed = true;
			kill(m->pid, SIGKILL);
		} else if (left > 0 && left < next) {
			next = left;
		}
	}
	return (int)next;
}

int
crew_step(struct crew *c)
{
	int64_t now = clock_ms();
	int next;

	reap(c);
	next = check_times(c, now);
	tell_strangers(c, now);
	if (c->retire[1] != -1 && !hire_missing(c, now) &&
	    next > CREW_REPLACE_MS)
		next = CREW_REPLACE_MS;
	tell_walls(c);
	return next;
}

void
crew_retire(struct crew *c)
{
	if (c->retire[1] == -1)
		return;
	close(c->retire[1]);
	c->retire[1] = -1;
}

bool
crew_gone(const struct crew *c)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (c->member[i].pid != 0)
			return false;
	return true;
}
