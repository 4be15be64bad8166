/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyconf: keytable_load(), the signer's reading of postern.conf.
 *
 * ownconf.c reads the file; of it, what is in the tables of words below.  Each
 * domain section is taken into the key table as soon as it is closed and then
 * dropped, which keeps 100,000 of them linear in time.
 *
 * The signer does not judge settings of other programs: `postern -t` does.
 * Main thread only: libconfuse's callbacks have no argument, so the load
 * under way is in one static pointer.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "keytable.h"
#include "ownconf.h"

#define DEFAULT_SOCKET		"/run/postern/sign.sock"
#define DEFAULT_CLIENT		"postern"
#define CACHE_MAX		100000

struct load {
	struct keytable	*table;
	struct ownconf	 conf;
};

static struct load *load;	/* main thread, during keytable_load */

static const struct conf_word key_words[] = {
	{ "file", NULL }, { "algorithm", NULL }, { NULL, NULL }
};
static const struct conf_word domain_words[] = {
	{ "key", key_words }, { NULL, NULL }
};
static const struct conf_word top_words[] = {
	{ "domain", domain_words }, { "sign-socket", NULL },
	{ "sign-socket-mode", NULL }, { "sign-socket-group", NULL },
	{ "sign-user", NULL }, { "sign-group", NULL },
	{ "sign-clients", NULL }, { "sign-cache", NULL },
	{ "syslog-facility", NULL }, { NULL, NULL }
};

static int
take_key(cfg_t *key, const char *domain)
{
	const char *file = cfg_getstr(key, "file");
	const char *name = cfg_getstr(key, "algorithm");
	enum sign_algorithm algorithm = SIGN_RSA_SHA256;
	struct ownconf *o = &load->conf;
	const char *error;

	if (strcmp(name, "ed25519-sha256") == 0)
		algorithm = SIGN_ED25519_SHA256;
	else if (strcmp(name, "rsa-sha256") != 0) {
		ownconf_complain(o, key->line, "algorithm = %s is unknown; "
		    "use rsa-sha256 or ed25519-sha256", name);
		return -1;
	}
	if (file == NULL || file[0] != '/') {
		ownconf_complain(o, key->line, "key \"%s\" of domain \"%s\" "
		    "needs file = \"/path\", an absolute path",
		    cfg_title(key), domain);
		return -1;
	}
	if (keytable_add(load->table, domain, cfg_title(key), file, algorithm,
	    &error) == -1) {
		ownconf_complain(o, key->line, "key \"%s\" of domain \"%s\" "
		    "%s", cfg_title(key), domain, error);
		return -1;
	}
	return 0;
}

/* libconfuse calls this when a domain section has been read. */
static int
on_domain(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	unsigned i, n = cfg_size(section, "key");
	int rc = 0;

	(void)cfg;
	for (i = 0; i < n && rc == 0; i++)
		rc = take_key(cfg_getnsec(section, "key", i),
		    cfg_title(section));
	cfg_free_value(opt);
	return rc;
}

static void
take_clients(struct keytable *t, struct ownconf *o)
{
	static const char *fallback[] = { DEFAULT_CLIENT };

	t->clients = ownconf_texts(o, "sign-clients", &t->nclients);
	t->clients_named = t->nclients > 0;
	if (t->clients_named)
		return;
	t->clients = fallback;
	t->nclients = 1;
}

static int
take_settings(struct keytable *t, struct ownconf *o)
{
	int64_t mode = ownconf_mode(o, "sign-socket-mode");
	int64_t cache = ownconf_number(o, "sign-cache", CACHE_MAX);
	int rc = 0;

	t->socket = ownconf_text(o, "sign-socket");
	if (strncmp(t->socket, "unix:", 5) == 0)
		t->socket += 5;
	t->socket_group = ownconf_text(o, "sign-socket-group");
	t->user = ownconf_text(o, "sign-user");
	t->group = ownconf_text(o, "sign-group");
	take_clients(t, o);
	if (t->socket[0] != '/') {
		ownconf_complain(o, 0, "sign-socket must be an absolute path");
		rc = -1;
	}
	if (mode == -1) {
		ownconf_complain(o, 0, "sign-socket-mode wants an octal mode "
		    "like 0660");
		rc = -1;
	}
	if (cache < 1) {
		ownconf_complain(o, 0, "sign-cache wants a number from 1 to "
		    "%d", CACHE_MAX);
		rc = -1;
	}
	t->facility = ownconf_facility(o);
	if (t->facility == -1)
		rc = -1;
	t->socket_mode = (mode_t)mode;
	t->cache = (unsigned)cache;
	return rc;
}

static void
begin(struct load *now)
{
	static char no_list[] = "{}";	/* libconfuse wants a char * */
	cfg_opt_t key[] = {
		CFG_STR("file", NULL, CFGF_NONE),
		CFG_STR("algorithm", "rsa-sha256", CFGF_NONE),
		CFG_END()
	};
	cfg_opt_t domain[] = {
		CFG_SEC("key", key, CFGF_MULTI | CFGF_TITLE |
		    CFGF_NO_TITLE_DUPES),
		CFG_END()
	};
	cfg_opt_t top[] = {
		CFG_STR("sign-socket", DEFAULT_SOCKET, CFGF_NONE),
		CFG_STR("sign-socket-mode", "0660", CFGF_NONE),
		CFG_STR("sign-socket-group", "", CFGF_NONE),
		CFG_STR("sign-user", "", CFGF_NONE),
		CFG_STR("sign-group", "", CFGF_NONE),
		CFG_STR_LIST("sign-clients", no_list, CFGF_NONE),
		CFG_STR("sign-cache", "1000", CFGF_NONE),
		CFG_STR("syslog-facility", "mail", CFGF_NONE),
		CFG_SEC("domain", domain, CFGF_MULTI | CFGF_TITLE),
		CFG_END()
	};

	ownconf_begin(&now->conf, now->table->arena, top, top_words);
	cfg_set_validate_func(now->conf.cfg, "domain", on_domain);
}

struct keytable *
keytable_load(const char *path, char **errors_r)
{
	struct load now = { .table = keytable_new() };
	struct keytable *t = now.table;
	int rc;

	load = &now;
	begin(&now);
	rc = ownconf_read(&now.conf, path);
	t->path = now.conf.top;
	t->files = now.conf.files;
	t->nfiles = now.conf.nfiles;
	if (rc == 0)
		rc = take_settings(t, &now.conf);
	*errors_r = ownconf_end(&now.conf, rc);
	load = NULL;
	if (rc == -1)
		keytable_free(&t);
	return t;
}
