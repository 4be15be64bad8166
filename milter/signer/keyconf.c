/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyconf: keytable_load(), the signer's reading of postern.conf.
 *
 * The text goes through conffilter first, which leaves only what is in the
 * table of words below; libconfuse reads the rest.  Each domain section is
 * taken into the key table as soon as it is closed and then dropped, which
 * keeps 100,000 of them linear in time.  include("FILE") at the top level is
 * read in place; a relative name is looked for beside the including file.
 *
 * The signer does not judge settings of other programs: `postern -t` does.
 * Main thread only: libconfuse's callbacks have no argument, so the load
 * under way is in one static pointer.
 */
#include "config.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "buf.h"
#include "conffilter.h"
#include "keytable.h"
#include "log.h"

#define CONF_BYTES_MAX		(256u * 1024 * 1024)
#define CONF_INCLUDES_MAX	1000
#define CONF_INCLUDE_DEPTH_MAX	8
#define CONF_ERRORS_BYTES_MAX	8192
#define DEFAULT_SOCKET		"/run/postern/sign.sock"
#define DEFAULT_CLIENT		"postern"
#define CACHE_MAX		100000

struct load {
	struct keytable	*table;
	struct buf	 errors;
	const char	*path;		/* of the file being read */
	unsigned	 includes;
	cfg_t		*cfg;
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

static void __attribute__((format(printf, 2, 3)))
complain(int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_addf(&load->errors, "%s:%d: %s\n", load->path, line, text);
}

static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	complain(cfg != NULL ? cfg->line : 0, "%s", text);
}

static int
take_key(cfg_t *key, const char *domain)
{
	const char *file = cfg_getstr(key, "file");
	const char *name = cfg_getstr(key, "algorithm");
	enum sign_algorithm algorithm = SIGN_RSA_SHA256;
	const char *error;

	if (strcmp(name, "ed25519-sha256") == 0)
		algorithm = SIGN_ED25519_SHA256;
	else if (strcmp(name, "rsa-sha256") != 0) {
		complain(key->line, "algorithm = %s is unknown; use "
		    "rsa-sha256 or ed25519-sha256", name);
		return -1;
	}
	if (file == NULL || file[0] != '/') {
		complain(key->line, "key \"%s\" of domain \"%s\" needs file = "
		    "\"/path\", an absolute path", cfg_title(key), domain);
		return -1;
	}
	if (keytable_add(load->table, domain, cfg_title(key), file, algorithm,
	    &error) == -1) {
		complain(key->line, "key \"%s\" of domain \"%s\" %s",
		    cfg_title(key), domain, error);
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

static char *
read_whole(const char *path, size_t *n_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	char *p = NULL;
	ssize_t got = 0;
	size_t n = 0;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == -1 || st.st_size > (off_t)CONF_BYTES_MAX) {
		errno = EFBIG;
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		goto out;
	}
	p = malloc((size_t)st.st_size + 1);
	if (p == NULL)
		goto out;
	while (n < (size_t)st.st_size &&
	    (got = read(fd, p + n, (size_t)st.st_size - n)) > 0)
		n += (size_t)got;
	if (got == -1) {
		free(p);
		p = NULL;
	}
	*n_r = n;
out:
	close(fd);
	return p;
}

/* Gives libconfuse text[from, to), which begins in the given line. */
static int
parse_piece(const char *text, size_t from, size_t to, unsigned line)
{
	size_t i, n = (line - 1) + (to - from) + 1;
	char *piece = malloc(n + 1);
	FILE *f;
	int rc;

	if (piece == NULL)
		log_panic("out of memory for the configuration");
	for (i = 0; i + 1 < line; i++)
		piece[i] = '\n';
	memcpy(piece + i, text + from, to - from);
	piece[n - 1] = '\n';
	piece[n] = '\0';
	f = fmemopen(piece, n, "r");
	if (f == NULL)
		log_panic("fmemopen: %m");
	rc = cfg_parse_fp(load->cfg, f);
	fclose(f);
	free(piece);
	return rc == CFG_SUCCESS ? 0 : -1;
}

static int	read_conf(const char *, int depth);

static int
read_include(const struct conf_filter *f, int depth)
{
	const char *outer = load->path, *slash = strrchr(outer, '/');
	char *inner = arena_strndup(load->table->arena,
	    f->text + f->include.path, f->include.path_n);
	int rc;

	if (inner[0] != '/' && slash != NULL)
		inner = arena_printf(load->table->arena, "%.*s/%s",
		    (int)(slash - outer), outer, inner);
	if (depth == CONF_INCLUDE_DEPTH_MAX ||
	    ++load->includes > CONF_INCLUDES_MAX) {
		complain((int)f->include.line, "too many include()s");
		return -1;
	}
	rc = read_conf(inner, depth + 1);
	load->path = outer;
	return rc;
}

/* All pieces of one text, and the files that it includes, in order. */
static int
read_pieces(struct conf_filter *f, int depth)
{
	int rc, more;

	do {
		size_t from = f->next;
		unsigned line = f->next_line;

		more = conffilter_run(f, top_words);
		if (more == -1) {
			complain((int)f->error_line, "%s", f->error);
			return -1;
		}
		rc = parse_piece(f->text, from,
		    more == 1 ? f->include.start : f->n, line);
		if (rc == 0 && more == 1)
			rc = read_include(f, depth);
	} while (rc == 0 && more == 1);
	return rc;
}

static int
read_conf(const char *path, int depth)
{
	struct conf_filter f = { .next_line = 1 };
	int rc;

	load->path = path;
	load->table->files[load->table->nfiles++] = path;
	f.text = read_whole(path, &f.n);
	if (f.text == NULL) {
		complain(0, "cannot be read: %s", strerror(errno));
		return -1;
	}
	rc = read_pieces(&f, depth);
	free(f.text);
	return rc;
}

static const char *
text_of(const char *name)
{
	const char *s = cfg_getstr(load->cfg, name);

	return arena_strdup(load->table->arena, s != NULL ? s : "");
}

/* A whole number in the given base, from 0 to max; -1 when it is not. */
static long
number(const char *s, int base, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, base);
	if (*s < '0' || *s > '9' || *end != '\0' || errno != 0 || n > max)
		return -1;
	return n;
}

static void
take_clients(struct keytable *t)
{
	unsigned i, n = cfg_size(load->cfg, "sign-clients");

	t->clients_named = n > 0;
	t->nclients = n > 0 ? n : 1;
	t->clients = arena_array(t->arena, t->nclients, sizeof(*t->clients));
	t->clients[0] = DEFAULT_CLIENT;
	for (i = 0; i < n; i++)
		t->clients[i] = arena_strdup(t->arena,
		    cfg_getnstr(load->cfg, "sign-clients", i));
}

static int
take_settings(struct keytable *t)
{
	long mode = number(cfg_getstr(load->cfg, "sign-socket-mode"), 8, 0777);
	long cache = number(cfg_getstr(load->cfg, "sign-cache"), 10, CACHE_MAX);
	int rc = 0;

	t->socket = text_of("sign-socket");
	if (strncmp(t->socket, "unix:", 5) == 0)
		t->socket += 5;
	t->socket_group = text_of("sign-socket-group");
	t->user = text_of("sign-user");
	t->group = text_of("sign-group");
	t->facility = log_facility(cfg_getstr(load->cfg, "syslog-facility"));
	take_clients(t);
	if (t->socket[0] != '/') {
		complain(0, "sign-socket must be an absolute path");
		rc = -1;
	}
	if (mode == -1) {
		complain(0, "sign-socket-mode wants an octal mode like 0660");
		rc = -1;
	}
	if (cache < 1) {
		complain(0, "sign-cache wants a number from 1 to %d",
		    CACHE_MAX);
		rc = -1;
	}
	if (t->facility == -1) {
		complain(0, "syslog-facility wants a name like mail or local0");
		rc = -1;
	}
	t->socket_mode = (mode_t)mode;
	t->cache = (unsigned)cache;
	return rc;
}

static cfg_t *
new_schema(void)
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
	cfg_t *cfg = cfg_init(top, CFGF_NONE);

	if (cfg == NULL)
		log_panic("libconfuse: out of memory");
	cfg_set_error_function(cfg, on_error);
	cfg_set_validate_func(cfg, "domain", on_domain);
	return cfg;
}

struct keytable *
keytable_load(const char *path, char **errors_r)
{
	struct load now = { .table = keytable_new() };
	int rc;

	buf_init(&now.errors, CONF_ERRORS_BYTES_MAX);
	load = &now;
	now.cfg = new_schema();
	now.table->path = now.path = arena_strdup(now.table->arena, path);
	now.table->files = arena_array(now.table->arena,
	    CONF_INCLUDES_MAX + 1, sizeof(*now.table->files));
	rc = read_conf(now.table->path, 0);
	now.path = now.table->path;
	if (rc == 0)
		rc = take_settings(now.table);
	cfg_free(now.cfg);
	load = NULL;
	*errors_r = NULL;
	if (rc == -1) {
		*errors_r = strdup(now.errors.n > 0 ? now.errors.p :
		    "the configuration cannot be read\n");
		keytable_free(&now.table);
	}
	buf_free(&now.errors);
	return now.table;
}
