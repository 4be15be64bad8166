/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postern: a milter that checks what comes in (SPF, DKIM, DMARC) and signs
 * what goes out.
 *
 * SECURITY: parses hostile mail and DNS answers; holds no private key (see
 * postern-sign) and no scan engine.  Trusts postern.conf, and the users that
 * may connect to its socket (Postfix) in what they say of clients and logins.
 *
 * Start: configuration, socket, privileges dropped, libraries, services,
 * threads.  Everything that can be wrong is found before the socket answers.
 */
#include "config.h"

#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "dkim_verify.h"
#include "dmarc.h"
#include "listen.h"
#include "log.h"
#include "mime.h"
#include "options.h"
#include "psl.h"
#include "run.h"
#include "services.h"
#include "sock.h"
#include "spf.h"
#include "stage.h"
#include "table.h"

/* glibc makes an arena per thread; libmilter's threads come and go. */
#define MALLOC_ARENAS		4
/* Descriptors for each session: its own, and one for the signer or DNS. */
#define DESCRIPTORS_PER_SESSION	2
#define DESCRIPTORS_OTHER	256

/* Only a build with the address sanitizer has it: _exit() skips its look. */
void	__lsan_do_leak_check(void) __attribute__((weak));

static bool
is_known(const struct options *o, const char *kind, const char *name,
    bool found)
{
	if (found)
		return true;
	fprintf(stderr, "%s: there is no %s %s on this host\n", o->path, kind,
	    name);
	return false;
}

/* Only a start needs them: with -t, maybe on another host, it is a note. */
static void
check_names(const struct options *o, const struct conf *c)
{
	bool own_socket = strncmp(c->socket, "unix:", 5) == 0 &&
	    getenv("LISTEN_FDS") == NULL;
	bool known = true;

	if (c->user[0] != '\0')
		known = is_known(o, "user", c->user,
		    getpwnam(c->user) != NULL);
	if (c->group[0] != '\0')
		known &= is_known(o, "group", c->group,
		    getgrnam(c->group) != NULL);
	if (own_socket && c->socket_group[0] != '\0')
		known &= is_known(o, "group", c->socket_group,
		    getgrnam(c->socket_group) != NULL);
	if (!known && !o->check)
		exit(EX_CONFIG);
}

static void
check_files(const struct options *o, const struct conf *c)
{
	char *error = NULL;

	if (services_check(c, &error) == 0)
		return;
	fprintf(stderr, "%s: %s\n", o->path, error);
	exit(EX_CONFIG);
}

/* Prints what is wrong and exits with 78, or returns the configuration. */
static struct conf *
read_conf(const struct options *o)
{
	char *errors = NULL;
	struct conf *c = conf_load(o->path, &errors);

	if (errors != NULL)
		fprintf(stderr, "%s%s", errors,
		    errors[0] != '\0' && errors[strlen(errors) - 1] == '\n' ?
		    "" : "\n");
	free(errors);
	if (c == NULL)
		exit(EX_CONFIG);
	check_names(o, c);
	check_files(o, c);
	if (o->check) {
		printf("%s: correct\n", o->path);
		exit(0);
	}
	return c;
}

static void
open_log(const struct options *o, const struct conf *c)
{
	bool to_stderr = o->foreground || strcmp(c->log, "stderr") == 0;

	log_open("postern", to_stderr ? LOG_TO_STDERR : LOG_TO_SYSLOG,
	    log_facility(c->syslog_facility));
	log_set_debug(c->debug);
}

static void
init_libraries(void)
{
	char *error = NULL;

	if (stages_prove(stage_table, &error) < 0)
		log_panic("table of stages: %s", error);
	if (spf_init() < 0)
		log_fatal(EX_SOFTWARE, "libspf2 cannot be set up");
	if (dkim_verify_init() < 0)
		log_fatal(EX_SOFTWARE, "libopendkim cannot be set up");
	if (psl_open() < 0)
		log_fatal(EX_OSFILE, "no public suffix list: install the "
		    "package publicsuffix");
	mime_init();
	if (dmarc_init() < 0)
		log_fatal(EX_SOFTWARE, "libopendmarc cannot be set up");
}

static const char *
open_socket(const struct conf *c)
{
	char *error = NULL;
	const char *spec;
	size_t want = (size_t)c->sessions * DESCRIPTORS_PER_SESSION +
	    DESCRIPTORS_OTHER;
	size_t have = sock_raise_nofile(want);

	if (have < want)
		log_warn("%zu descriptors are not enough for %u sessions; "
		    "raise the limit (LimitNOFILE=) or lower sessions", have,
		    c->sessions);
	spec = listen_open(c, &error);
	if (spec == NULL)
		log_fatal(EX_CANTCREAT, "%s", error);
	if (sock_drop_privileges(c->user, c->group, &error) < 0)
		log_fatal(EX_CONFIG, "%s", error);
	if (geteuid() == 0)
		log_warn("postern runs as root; name a user of its own "
		    "(setting user)");
	return spec;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct conf *c;
	const char *spec;
	char *error = NULL;
	int code;

	options_read(&o, argc, argv, "postern", "check the configuration");
	c = read_conf(&o);
	open_log(&o, c);
	run_catch_signals();
	mallopt(M_ARENA_MAX, MALLOC_ARENAS);
	spec = open_socket(c);
	init_libraries();
	if (services_attach(c, NULL, &error) < 0)
		log_fatal(EX_CONFIG, "%s", error);
	log_info("start: postern %s, socket %s, authserv-id %s, %zu domains",
	    PACKAGE_VERSION, c->socket, c->authserv_id, c->ndomains);
	conf_publish(c);
	code = run(o.path, spec);
	log_info("end: exit code %d", code);
	/* Threads of libmilter may be in callbacks: no destructors. */
	if (__lsan_do_leak_check != NULL)
		__lsan_do_leak_check();
	_exit(code);
}
