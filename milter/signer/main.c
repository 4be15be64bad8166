/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postern-sign: signs digests for postern.
 *
 * A digest and the name of a key in, a signature out, over a unix socket.
 * The private keys of DKIM are in this process and in no other.
 *
 * SECURITY: holds all signing keys that its configuration names.  Trusts the
 * configuration, the owner of the key files, and the users in sign-clients
 * (SO_PEERCRED): they can have anything signed, but can never read a key.
 * Trusts no byte that it reads from them.  Reads no mail, uses no network.
 *
 * It never goes to the background: systemd (Type=notify) or a container engine
 * runs it.  Signals: SIGHUP reads the configuration and the keys again (the
 * old ones stay when the new file is wrong), SIGTERM and SIGINT end it.  Exit
 * codes are those of sysexits(3); 78 is a wrong configuration.
 */
#include "config.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "confine.h"
#include "keycache.h"
#include "keytable.h"
#include "log.h"
#include "options.h"
#include "sdnotify.h"
#include "serve.h"
#include "sock.h"

#define STOP_MS		1900
#define ACTIVATED_FD	3

static struct keytable *
load_or_exit(const char *path)
{
	char *errors;
	struct keytable *t = keytable_load(path, &errors);

	if (t == NULL) {
		log_lines(errors);
		free(errors);
		log_fatal(EX_CONFIG, "wrong configuration %s", path);
	}
	return t;
}

static void
become_user(const struct keytable *t)
{
	char *error = NULL;

	if (sock_drop_privileges(t->user, t->group, &error) == -1)
		log_fatal(EX_CONFIG, "sign-user, sign-group: %s", error);
	if (geteuid() == 0)
		log_warn("postern-sign runs as root; name a user of its own "
		    "(sign-user) that may read the keys");
}

/* postern-sign -t: as the user that will sign. */
static int
check_keys(struct keytable *t)
{
	struct keycache *c;
	size_t bad, n = t->nkeys;
	const char *path = t->path;

	if (geteuid() == 0)
		become_user(t);
	t->cache = n > 0 ? (unsigned)n : 1;
	c = keycache_new(&t);
	keycache_check(c);
	bad = keycache_bad(c);
	if (bad == 0)
		printf("%s: correct, %zu keys can be read\n", path, n);
	else
		fprintf(stderr, "%s: %zu of %zu keys cannot be used\n", path,
		    bad, n);
	keycache_unpin(&c);
	return bad == 0 ? EX_OK : EX_CONFIG;
}

/* The users that may ask, by number; found before the confinement. */
static size_t
find_clients(const struct keytable *t, uid_t **uids_r)
{
	uid_t *uids = calloc(t->nclients + 1, sizeof(*uids));
	size_t i, n = 0;

	if (uids == NULL)
		log_panic("out of memory");
	for (i = 0; i < t->nclients; i++) {
		struct passwd *pw = getpwnam(t->clients[i]);

		if (pw != NULL)
			uids[n++] = pw->pw_uid;
		else if (t->clients_named)
			log_fatal(EX_CONFIG, "sign-clients: there is no user "
			    "%s", t->clients[i]);
	}
	*uids_r = uids;
	return n;
}

static int
open_listener(const struct keytable *t)
{
	char *error = NULL;
	int fd, flags;

	if (sock_activated() > 0)
		fd = ACTIVATED_FD;
	else
		fd = sock_listen_unix(t->socket, t->socket_mode,
		    t->socket_group, &error);
	if (fd == -1)
		log_fatal(EX_UNAVAILABLE, "%s", error);
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		log_fatal(EX_OSERR, "listening socket: %m");
	return fd;
}

/* SIGHUP, SIGTERM and SIGINT come through the descriptor, to this thread. */
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
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd == -1)
		log_fatal(EX_OSERR, "signalfd: %m");
	return fd;
}

/* What opens files or sockets at its first use, used now. */
static void
warm_up(void)
{
	unsigned char byte;

	tzset();
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (RAND_bytes(&byte, 1) != 1)
		log_fatal(EX_OSERR, "the crypto library has no random bytes");
	mallopt(M_ARENA_MAX, 2);	/* threads wait more than they run */
}

static void
warn_of_restart(const struct keytable *old, const struct keytable *new)
{
	bool same = old->nclients == new->nclients &&
	    old->facility == new->facility &&
	    strcmp(old->socket, new->socket) == 0 &&
	    strcmp(old->user, new->user) == 0 &&
	    strcmp(old->group, new->group) == 0 &&
	    strcmp(old->socket_group, new->socket_group) == 0 &&
	    old->socket_mode == new->socket_mode;
	size_t i;

	for (i = 0; same && i < new->nclients; i++)
		same = strcmp(old->clients[i], new->clients[i]) == 0;
	if (!same)
		log_warn("changes of sign-socket, its mode and group, "
		    "sign-user, sign-group, sign-clients and syslog-facility "
		    "need a restart of postern-sign");
}

static void
reload(struct server *s, struct keycache **current)
{
	const struct keytable *old = keycache_table(*current);
	struct keytable *t;
	struct keycache *c, *given;
	char *errors;

	sdnotify_reloading();
	t = keytable_load(old->path, &errors);
	if (t == NULL) {
		log_lines(errors);
		free(errors);
		log_warn("wrong configuration; the old one stays in use");
		sdnotify_ready();
		return;
	}
	warn_of_restart(old, t);
	c = keycache_new(&t);
	keycache_check(c);
	log_info("reloaded: %zu keys, %zu of them cannot be used",
	    keycache_table(c)->nkeys, keycache_bad(c));
	given = keycache_pin(c);
	serve_reload(s, &given);
	keycache_unpin(current);
	*current = c;
	sdnotify_ready();
}

/* Until SIGTERM or SIGINT. */
static void
run(struct server *s, struct keycache **current, int signals)
{
	struct signalfd_siginfo info;

	for (;;) {
		serve_wait(s, signals);
		if (read(signals, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo != SIGHUP)
			return;
		reload(s, current);
	}
}

static void
stop(struct server **s, struct keycache **current)
{
	size_t left;

	sdnotify_stopping();
	left = serve_stop(*s, STOP_MS);
	if (left > 0) {
		log_warn("stopped; %zu connections were cut", left);
		_exit(EX_OK);	/* their threads still use what we hold */
	}
	serve_free(s);
	keycache_unpin(current);
	log_info("stopped");
}

int
main(int argc, char **argv)
{
	struct options o;
	struct keytable *t;
	struct keycache *cache, *given;
	struct server *s;
	uid_t *uids;
	size_t nuids;
	char *real;
	int listener, signals;

	options_read(&o, argc, argv, "postern-sign",
	    "check the configuration, read every key");
	log_open("postern-sign", LOG_TO_STDERR, 0);
	umask(077);
	real = realpath(o.path, NULL);
	t = load_or_exit(real != NULL ? real : o.path);
	free(real);
	if (o.check)
		return check_keys(t);
	signals = open_signals();
	nuids = find_clients(t, &uids);
	listener = open_listener(t);
	sdnotify_open();
	if (!o.foreground)
		log_open("postern-sign", LOG_TO_SYSLOG, t->facility);
	warm_up();
	confine_memory(t);
	become_user(t);
	confine_process(t);
	cache = keycache_new(&t);
	keycache_check(cache);
	given = keycache_pin(cache);
	s = serve_new(listener, uids, nuids, &given);
	free(uids);
	log_info("postern-sign %s started: %zu keys, %zu of them cannot be "
	    "used, socket %s", PACKAGE_VERSION, keycache_table(cache)->nkeys,
	    keycache_bad(cache), keycache_table(cache)->socket);
	sdnotify_ready();
	run(s, &cache, signals);
	stop(&s, &cache);
	return EX_OK;
}
