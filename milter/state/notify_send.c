/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify_send: hands one mail to the sendmail command.
 *
 * Called by the thread of notify.c.  The command gets an argument list (no
 * shell), a small environment, the mail on a pipe, and none of our other
 * descriptors.  It is waited for by its pid; past NOTIFY_SENDMAIL_MS it is
 * killed with all that it has started (it has a process group of its own).
 * What it says on standard error goes into the reason.
 */
#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "notify_internal.h"

/* Between two looks whether it has ended. */
#define TICK_MS		50
/* After SIGKILL; a process that cannot even be killed is left behind. */
#define REAP_MS		5000
/* Bytes kept of what it says. */
#define SAID_MAX	400
#define ENVIRONMENT_MAX	4

struct run {
	pid_t		pid;
	int		in, err;	/* our ends; -1: closed */
	struct span	left;		/* of the mail */
	bool		broken;		/* it did not read all */
	char		said[SAID_MAX + 1];
	size_t		nsaid;
};

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* Both pipes; theirs[0] and theirs[1] become its 0 and 2. */
static int
make_pipes(struct run *r, int theirs[2])
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		return -1;
	theirs[0] = p[0];
	r->in = p[1];
	if (pipe2(p, O_CLOEXEC) == -1)
		return -1;
	r->err = p[0];
	theirs[1] = p[1];
	return fcntl(r->in, F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(r->err, F_SETFL, O_NONBLOCK) == -1 ? -1 : 0;
}

/* What the command may know of our environment. */
static void
fill_environment(char *env[ENVIRONMENT_MAX])
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	extern char **environ;
	size_t n = 0;

	env[n++] = path;
	env[n++] = locale;
	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, "MAIL_CONFIG=", 12) == 0 &&
		    n < ENVIRONMENT_MAX - 1)
			env[n++] = *e;
	env[n] = NULL;
}

/* No signal blocked or ignored, a process group of its own. */
static int
fill_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) |
	    posix_spawnattr_setpgroup(a, 0) |
	    posix_spawnattr_setsigmask(a, &none) |
	    posix_spawnattr_setsigdefault(a, &all);
}

static int
fill_actions(posix_spawn_file_actions_t *f, const int theirs[2])
{
	return posix_spawn_file_actions_adddup2(f, theirs[0], 0) |
	    posix_spawn_file_actions_addopen(f, 1, "/dev/null", O_WRONLY, 0) |
	    posix_spawn_file_actions_adddup2(f, theirs[1], 2) |
	    posix_spawn_file_actions_addclosefrom_np(f, 3);
}

/* 0, or what went wrong as errno. */
static int
spawn(struct run *r, const char *command, const char *to,
    const int theirs[2])
{
	char *argv[] = { strdup(command), strdup("-i"), strdup("-f"),
	    strdup(""), strdup("--"), strdup(to), NULL };
	char *env[ENVIRONMENT_MAX];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = 0;

	for (size_t i = 0; i < 6; i++)
		if (argv[i] == NULL)
			rc = ENOMEM;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	fill_environment(env);
	if (rc == 0 && (fill_attributes(&attributes) != 0 ||
	    fill_actions(&actions, theirs) != 0))
		rc = ENOMEM;
	if (rc == 0)
		rc = posix_spawn(&r->pid, command, &actions, &attributes,
		    argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	for (size_t i = 0; i < 6; i++)
		free(argv[i]);
	return rc;
}

static void
give(struct run *r)
{
	ssize_t n = write(r->in, r->left.p, r->left.n);

	if (n >= 0)
		r->left = span_from(r->left, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		r->broken = true;
	if (r->left.n == 0 || r->broken)
		close_fd(&r->in);
}

static void
hear(struct run *r)
{
	char text[SAID_MAX];
	ssize_t n = read(r->err, text, sizeof(text));
	size_t keep;

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		close_fd(&r->err);
	if (n <= 0)
		return;
	keep = (size_t)n < SAID_MAX - r->nsaid ? (size_t)n :
	    SAID_MAX - r->nsaid;
	memcpy(r->said + r->nsaid, text, keep);
	r->nsaid += keep;
	r->said[r->nsaid] = '\0';
}

/* Moves what can be moved, for one tick at most. */
static void
turn(struct run *r, int wait_ms)
{
	struct pollfd p[2] = {
		{ .fd = r->in, .events = POLLOUT },
		{ .fd = r->err, .events = POLLIN },
	};

	if (poll(p, 2, wait_ms < TICK_MS ? wait_ms : TICK_MS) <= 0)
		return;
	if (p[0].revents != 0)
		give(r);
	if (p[1].revents != 0)
		hear(r);
}

/* True when it has ended, with its *status_r. */
static bool
ended(const struct run *r, int *status_r)
{
	pid_t got = waitpid(r->pid, status_r, WNOHANG);

	if (got == -1 && errno == ECHILD) {
		/* Somebody else's wait has taken it: how it ended is lost. */
		*status_r = EX_OSERR << 8;
		return true;
	}
	return got == r->pid;
}

static int
time_left(int64_t deadline, const _Atomic int64_t *give_up)
{
	int64_t end = atomic_load(give_up);

	return clock_left(end < deadline ? end : deadline);
}

/* False when it had to be killed. */
static bool
attend(struct run *r, const _Atomic int64_t *give_up, int *status_r)
{
	int64_t deadline = clock_ms() + NOTIFY_SENDMAIL_MS;
	int left;

	while ((left = time_left(deadline, give_up)) > 0) {
		turn(r, left);
		if (ended(r, status_r)) {
			if (r->err != -1)
				hear(r);
			return true;
		}
	}
	kill(-r->pid, SIGKILL);
	deadline = clock_ms() + REAP_MS;
	while (!ended(r, status_r) && clock_left(deadline) > 0)
		poll(NULL, 0, TICK_MS);
	return false;
}

static const char *
said(struct run *r)
{
	while (r->nsaid > 0 && (r->said[r->nsaid - 1] == '\n' ||
	    r->said[r->nsaid - 1] == '\r'))
		r->said[--r->nsaid] = '\0';
	return r->nsaid > 0 ? r->said : "it said nothing";
}

/* Exit codes that say: never with this address or this mail. */
static bool
for_good(int code)
{
	return code == EX_USAGE || code == EX_DATAERR || code == EX_NOUSER ||
	    code == EX_NOHOST;
}

static enum notify_sent
judge(struct run *r, const char *command, int status, char **error_r)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	int rc;

	if (code == 0 && r->left.n == 0)
		return NOTIFY_SENT;
	if (code == 0)
		rc = asprintf(error_r, "%s did not read the mail", command);
	else if (code > 0)
		rc = asprintf(error_r, "%s ended with code %d: %s", command,
		    code, said(r));
	else
		rc = asprintf(error_r, "%s was ended by signal %d: %s",
		    command, WTERMSIG(status), said(r));
	if (rc == -1)
		*error_r = NULL;
	return for_good(code) ? NOTIFY_REFUSED : NOTIFY_FAILED;
}

static enum notify_sent
run_it(struct run *r, const char *command, const _Atomic int64_t *give_up,
    char **error_r)
{
	int status = 0;

	if (attend(r, give_up, &status))
		return judge(r, command, status, error_r);
	if (asprintf(error_r, "%s was killed: not ready %s", command,
	    clock_left(atomic_load(give_up)) == 0 ? "when we had to end" :
	    "in time") == -1)
		*error_r = NULL;
	return NOTIFY_FAILED;
}

enum notify_sent
notify_send(const char *command, const char *to, struct span mail,
    const _Atomic int64_t *give_up, char **error_r)
{
	struct run r = { .in = -1, .err = -1, .left = mail };
	enum notify_sent result = NOTIFY_FAILED;
	int theirs[2] = { -1, -1 }, rc;

	assert(mail.n > 0);
	*error_r = NULL;
	rc = make_pipes(&r, theirs) == -1 ? errno :
	    spawn(&r, command, to, theirs);
	close_fd(&theirs[0]);
	close_fd(&theirs[1]);
	if (rc == 0)
		result = run_it(&r, command, give_up, error_r);
	else if (asprintf(error_r, "%s cannot be started: %s", command,
	    strerror(rc)) == -1)
		*error_r = NULL;
	close_fd(&r.in);
	close_fd(&r.err);
	return result;
}
