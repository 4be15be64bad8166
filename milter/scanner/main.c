/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postern-scan: scans content for viruses, for postern.
 *
 * A sealed memory file in, a verdict out, over a unix socket.  The main
 * process keeps a loader (keeper.c), the loader has the signatures and keeps
 * workers (loader.c, crew.c), the workers scan, confined (worker.c).
 *
 * SECURITY: holds no key, no configuration of tenants, no network.  Workers
 * read the most hostile bytes there are with a large library and can be taken
 * over: behind their walls they can then lie about what they scan, and nothing
 * else.  Trusts the configuration, the signature files' owner, and the users in
 * scan-clients (SO_PEERCRED) not to keep all workers busy.
 *
 * It never goes to the background: systemd (Type=notify) or a container engine
 * runs it.  Signals: SIGHUP loads the signatures again, SIGTERM and SIGINT end
 * it.  Exit codes are those of sysexits(3); 78 is a wrong configuration.
 */
#include "config.h"

#include <sys/signalfd.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "env.h"
#include "keeper.h"
#include "loader.h"
#include "log.h"
#include "options.h"
#include "sandbox.h"
#include "sdnotify.h"
#include "sock.h"
#include "watch.h"

#define STOP_MS		1000
#define ACTIVATED_FD	3

static struct scanconf *
load_or_exit(const char *path)
{
	char *errors, *real = realpath(path, NULL);
	struct scanconf *c = scanconf_load(real != NULL ? real : path,
	    &errors);

	free(real);
	if (c == NULL) {
		log_lines(errors);
		free(errors);
		log_fatal(EX_CONFIG, "wrong configuration %s", path);
	}
	return c;
}

static void
become_user(const struct scanconf *c)
{
	char *error = NULL;

	if (sock_drop_privileges(c->user, c->group, &error) == -1)
		log_fatal(EX_CONFIG, "scan-user, scan-group: %s", error);
	if (geteuid() == 0)
		log_warn("postern-scan runs as root; name a user of its own "
		    "(scan-user) that has no other use");
}

/* Who we shall be, for the owner of a mount. */
static void
find_ids(const struct scanconf *c, uid_t *uid_r, gid_t *gid_r)
{
	struct passwd *pw = c->user[0] != '\0' ? getpwnam(c->user) : NULL;
	struct group *gr = c->group[0] != '\0' ? getgrnam(c->group) : NULL;

	*uid_r = pw != NULL ? pw->pw_uid : geteuid();
	*gid_r = gr != NULL ? gr->gr_gid : pw != NULL ? pw->pw_gid :
	    getegid();
}

/* The users that may ask, by number; found before the confinement. */
static void
find_clients(struct env *env)
{
	const struct scanconf *c = env->conf;
	uid_t *uids = arena_array(c->arena, c->nclients, sizeof(*uids));
	size_t i;

	env->uids = uids;
	for (i = 0; i < c->nclients; i++) {
		struct passwd *pw = getpwnam(c->clients[i]);

		if (pw != NULL)
			uids[env->nuids++] = pw->pw_uid;
		else if (c->clients_named)
			log_fatal(EX_CONFIG, "scan-clients: there is no user "
			    "%s", c->clients[i]);
	}
}

static int
open_listener(const struct scanconf *c)
{
	char *error = NULL;
	int fd, flags;

	if (sock_activated() > 0)
		fd = ACTIVATED_FD;
	else
		fd = sock_listen_seqpacket(c->socket, c->socket_mode,
		    c->socket_group, &error);
	if (fd == -1)
		log_fatal(EX_UNAVAILABLE, "%s", error);
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		log_fatal(EX_OSERR, "listening socket: %m");
	return fd;
}

/* Loaders and workers inherit the mask: they leave these signals to us. */
static int
open_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd == -1)
		log_fatal(EX_OSERR, "signalfd: %m");
	return fd;
}

static void
open_tmp(struct env *env, const struct scanconf *c)
{
	const char *place;

	if (!env->tmp.is_private && tmpdir_make(&env->tmp, c, &place) == -1)
		log_fatal(EX_CANTCREAT, "cannot make a folder for temporary "
		    "files in %s: %m", place);
	if (!env->tmp.in_memory)
		log_warn("temporary files are in %s, which is not in memory: "
		    "small parts take twice as long; see scan-tmp",
		    env->tmp.path);
}

/* All that needs rights which are then given up. */
static void
confine(struct env *env, const struct scanconf *c)
{
	unsigned walls = sandbox_namespaces();
	uid_t uid;
	gid_t gid;

	env->tmp = (struct tmpdir){ .lock = -1 };
	find_ids(c, &uid, &gid);
	if (walls & WALL_MOUNTS)
		(void)tmpdir_mount(&env->tmp, c, uid, gid);
	become_user(c);
	sandbox_main();
	open_tmp(env, c);
	log_info("network %s; temporary files in %s%s",
	    walls & WALL_NETWORK ? "none (private namespace)" :
	    "as we were given it (no namespace of our own here)",
	    env->tmp.is_private ? "private memory at " : "", env->tmp.path);
	if (sandbox_sanitizer != NULL)
		log_info("built with the sanitizers %s: there are no system "
		    "call filter and no memory limits", sandbox_sanitizer);
}

/* postern-scan -t: as the user that will scan. */
static int
check(struct scanconf *c)
{
	struct env env = { .conf = c };
	struct scan_answer a = { .status = SCAN_CLEAN };
	struct engine *e;
	char *error = NULL;

	if (geteuid() == 0)
		become_user(c);
	open_tmp(&env, c);
	e = loader_load(c, env.tmp.path, &error);
	if (e == NULL) {
		fprintf(stderr, "%s: the signatures in %s cannot be used: "
		    "%s\n", c->path, c->database,
		    error != NULL ? error : "out of memory");
	} else {
		engine_info(e, &a);
		printf("%s: correct, %u signatures in %s can be used\n",
		    c->path, a.info.signatures, c->database);
	}
	free(error);
	tmpdir_close(&env.tmp);
	if (e == NULL)
		return EX_CONFIG;
	engine_free(&e);
	return EX_OK;
}

/* The settings of a running scanner stay; a change is told. */
static void
compare_settings(const struct scanconf *old)
{
	char *errors;
	struct scanconf *new = scanconf_load(old->path, &errors);

	log_lines(errors);
	free(errors);
	if (new != NULL && !scanconf_same(old, new))
		log_warn("changes of the settings of postern-scan need a "
		    "restart of it");
	scanconf_free(&new);
}

/* False when it is time to end. */
static bool
take_signals(struct env *env, struct keeper *k, int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return false;
		if (info.ssi_signo != SIGHUP)
			continue;
		log_info("SIGHUP: loading the signatures again");
		sdnotify_reloading();
		compare_settings(env->conf);
		keeper_reload(k);
	}
	return true;
}

/* Until SIGTERM or SIGINT. */
static void
run(struct env *env, struct keeper *k, int signals)
{
	struct pollfd p[KEEPER_SETS_MAX + 1];

	do {
		keeper_step(k);
		if (keeper_decided(k))
			sdnotify_ready();
		keeper_wait_for(k, p);
		p[KEEPER_SETS_MAX] = (struct pollfd){ .fd = signals,
		    .events = POLLIN };
		(void)poll(p, KEEPER_SETS_MAX + 1, WATCH_MS);
	} while (take_signals(env, k, signals));
}

int
main(int argc, char **argv)
{
	struct options o;
	struct scanconf *c;
	struct env env;
	struct keeper *k;
	int signals;

	options_read(&o, argc, argv, "postern-scan",
	    "check the configuration, load the signatures");
	log_open("postern-scan", LOG_TO_STDERR, 0);
	umask(077);
	c = load_or_exit(o.path);
	if (o.check) {
		int code = check(c);

		scanconf_free(&c);
		return code;
	}
	env = (struct env){ .conf = c };
	signals = open_signals();
	find_clients(&env);
	env.listener = open_listener(c);
	sdnotify_open();
	if (!o.foreground)
		log_open("postern-scan", LOG_TO_SYSLOG, c->facility);
	tzset();
	confine(&env, c);
	log_info("postern-scan %s started: %u workers, socket %s",
	    PACKAGE_VERSION, c->workers, c->socket);
	k = keeper_new(&env, signals);
	run(&env, k, signals);
	sdnotify_stopping();
	close(env.listener);
	keeper_stop(&k, STOP_MS);
	tmpdir_close(&env.tmp);
	scanconf_free(&c);
	log_info("stopped");
	return EX_OK;
}
