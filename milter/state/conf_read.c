/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_read: the joined text through libconfuse into a struct conf.
 *
 * The options that libconfuse knows are made from the table of settings; all
 * of them are strings and lists of strings to it, and conf_value.c gives them
 * their types.  Each value is checked where it stands, so that one run finds
 * many errors.  A section is taken into the arena when it closes and then
 * dropped, which keeps 100,000 of them linear in time.
 *
 * libconfuse keeps its state in static variables and passes no argument to
 * its callbacks; so there is one reading at a time, in one static pointer.
 */
#include "config.h"

#include <assert.h>
#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_private.h"
#include "domain.h"

/* Until the whole file is read; then what the setting outside says. */
#define DMARC_AS_OUTSIDE ((enum enforcement)-1)

struct reading {
	struct conf_text	*t;
	struct conf		*conf;
	unsigned		*lines;		/* of the top's settings */
	size_t			 maxdomains, maxforwarders;
};

static struct reading *reading;

static int
section_of(const cfg_t *cfg)
{
	for (int s = SECTION_DOMAIN; s <= SECTION_FORWARDER; s++)
		if (strcmp(cfg->name, section_names[s]) == 0)
			return s;
	return SECTION_TOP;
}

/* libconfuse met a value (or reads a list's default, with line 0). */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	int section = section_of(cfg);
	const struct setting *s = setting_find((enum setting_section)section,
	    span_of(opt->name));
	char why[CONF_WHY_MAX];

	assert(s != NULL);
	if (conf_value_check(s, value, why) == -1)
		conf_problem(reading->t, (unsigned)cfg->line, "%s", why);
	if (section == SECTION_TOP)
		reading->lines[s - settings] = (unsigned)cfg->line;
	*(const char **)result = value;
	return 0;
}

struct translation {
	const char	*theirs;	/* how the library's sentence begins */
	const char	*ours;		/* with the same arguments */
};

/* The library's errors as sentences that say what to write. */
static const struct translation translations[] = {
	{ "missing equal sign", "'%s' needs an equal sign; write: %s = VALUE" },
	{ "unexpected token", "'%s' is not expected here; a setting is "
	    "NAME = VALUE, a list { \"A\", \"B\" } with commas, and text with "
	    "blanks needs double quotes" },
	{ "missing title", "section '%s' needs a name; write: "
	    "%s \"NAME\" { ... }" },
	{ "missing opening brace", "'{' is missing here; write: "
	    "%s \"NAME\" { ... }" },
	{ "attempt to append", "'%s' takes one value; write = instead "
	    "of +=" },
	{ NULL, NULL }
};

/* The pattern with arg for each "%s". */
static const char *
fill(struct arena *a, const char *pattern, const char *arg)
{
	const char *out = "", *at;

	while ((at = strstr(pattern, "%s")) != NULL) {
		out = arena_printf(a, "%s%.*s%.60s", out, (int)(at - pattern),
		    pattern, arg);
		pattern = at + 2;
	}
	return arena_printf(a, "%s%s", out, pattern);
}

static void	on_error(cfg_t *, const char *, va_list)
		    __attribute__((format(printf, 2, 0)));

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	const struct translation *tr = translations;
	unsigned line = (unsigned)cfg->line;
	const char *arg;

	while (tr->theirs != NULL &&
	    strncmp(fmt, tr->theirs, strlen(tr->theirs)) != 0)
		tr++;
	if (tr->theirs == NULL) {
		conf_problem(reading->t, line, "%s",
		    arena_vprintf(reading->t->arena, fmt, ap));
		return;
	}
	arg = strchr(fmt, '%') == NULL ? "" : va_arg(ap, const char *);
	conf_problem(reading->t, line, "%s", fill(reading->t->arena, tr->ours,
	    arg));
}

static cfg_opt_t
option(const struct setting *s)
{
	bool list = s->type == SETTING_STRINGS || s->type == SETTING_NETS;
	cfg_opt_t one = CFG_STR_CB(s->name, s->fallback, CFGF_NONE, on_value);
	/* It copies the default before it reads it. */
	cfg_opt_t many = CFG_STR_LIST_CB(s->name,
	    (char *)(uintptr_t)s->fallback, CFGF_NONE, on_value);

	return list ? many : one;
}

static int	on_domain(cfg_t *, cfg_opt_t *);
static int	on_forwarder(cfg_t *, cfg_opt_t *);

/* The options of a section, with room for two sections and the end. */
static cfg_opt_t *
options_of(struct arena *a, enum setting_section section)
{
	cfg_opt_t *opts = arena_array(a, nsettings + 4, sizeof(*opts));
	cfg_opt_t line = CFG_STR(CONF_LINE_SETTING, "0", CFGF_NONE);
	cfg_opt_t end = CFG_END();
	size_t n = 0;

	for (size_t i = 0; i < nsettings; i++)
		if (settings[i].section == section)
			opts[n++] = option(&settings[i]);
	for (int s = SECTION_DOMAIN; s <= SECTION_FORWARDER; s++) {
		if (setting_subsection(section, span_of(section_names[s])) ==
		    -1)
			continue;
		cfg_opt_t sub = CFG_SEC(section_names[s], options_of(a,
		    (enum setting_section)s), CFGF_MULTI | CFGF_TITLE);
		sub.validcb = s == SECTION_DOMAIN ? on_domain :
		    s == SECTION_FORWARDER ? on_forwarder : NULL;
		opts[n++] = sub;
	}
	opts[n++] = line;
	opts[n] = end;
	return opts;
}

/* All settings of one section into the struct at base. */
static void
take_settings(cfg_t *cfg, enum setting_section section, void *base)
{
	const char **values;
	cfg_opt_t *opt;
	unsigned n;

	for (size_t i = 0; i < nsettings; i++) {
		if (settings[i].section != section)
			continue;
		opt = cfg_getopt(cfg, settings[i].name);
		n = cfg_opt_size(opt);
		values = arena_array(reading->t->arena, n, sizeof(*values));
		for (unsigned j = 0; j < n; j++)
			values[j] = cfg_opt_getnstr(opt, j);
		if (n > 0 && values[0] == NULL)
			continue;
		conf_value_set(reading->conf->arena, &settings[i], base,
		    values, n);
	}
}

static unsigned
line_of(cfg_t *section)
{
	return (unsigned)strtoul(cfg_getstr(section, CONF_LINE_SETTING), NULL,
	    10);
}

/* The normal form of a section's title in the arena; NULL and a problem. */
static const char *
title_name(cfg_t *section, const char *what)
{
	char normal[DOMAIN_SIZE];

	if (domain_normalise(span_of(section->title), normal) == 0)
		return arena_strdup(reading->conf->arena, normal);
	conf_problem(reading->t, line_of(section), "\"%.60s\" is not %s",
	    section->title, what);
	return NULL;
}

static void
take_keys(cfg_t *section, struct conf_domain *d)
{
	unsigned n = cfg_size(section, "key");
	struct conf_key *k;
	cfg_t *key;

	d->keys = arena_array(reading->conf->arena, n, sizeof(*d->keys));
	for (unsigned i = 0; i < n; i++) {
		key = cfg_getnsec(section, "key", i);
		k = &d->keys[d->nkeys];
		k->selector = title_name(key, "a selector; write labels of "
		    "letters, digits and hyphens, such as key \"s1\"");
		take_settings(key, SECTION_KEY, k);
		if (k->selector == NULL)
			continue;
		d->nkeys++;
		conf_check_key(reading->t, d, k, line_of(key));
	}
}

/* Room for one more element; arena memory, doubled each time. */
static void *
grown(void *v, size_t n, size_t *max, size_t size)
{
	void *larger;

	if (n < *max)
		return v;
	*max = *max == 0 ? 16 : *max * 2;
	larger = arena_array(reading->conf->arena, *max, size);
	if (n > 0)
		memcpy(larger, v, n * size);
	return larger;
}

static cfg_t *
last_section(cfg_opt_t *opt)
{
	return cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
}

static int
on_domain(cfg_t *cfg, cfg_opt_t *opt)
{
	struct conf *conf = reading->conf;
	cfg_t *section = last_section(opt);
	struct conf_domain d = {
		.dmarc = DMARC_AS_OUTSIDE,
		.virus = CHOICE_UNSET,
		.unscannable = CHOICE_UNSET
	};

	(void)cfg;
	d.name = title_name(section, "a domain name; write one such as "
	    "domain \"example.org\"");
	if (d.name != NULL) {
		take_settings(section, SECTION_DOMAIN, &d);
		take_keys(section, &d);
		conf_check_domain(reading->t, &d, line_of(section));
		conf->domains = grown(conf->domains, conf->ndomains,
		    &reading->maxdomains, sizeof(d));
		conf->domains[conf->ndomains++] = d;
	}
	cfg_opt_rmnsec(opt, cfg_opt_size(opt) - 1);
	return 0;
}

static int
on_forwarder(cfg_t *cfg, cfg_opt_t *opt)
{
	struct conf *conf = reading->conf;
	cfg_t *section = last_section(opt);
	struct conf_forwarder f = { .name = NULL };

	(void)cfg;
	f.name = arena_strdup(conf->arena, section->title);
	take_settings(section, SECTION_FORWARDER, &f);
	conf_check_forwarder(reading->t, &f, line_of(section));
	conf->forwarders = grown(conf->forwarders, conf->nforwarders,
	    &reading->maxforwarders, sizeof(f));
	conf->forwarders[conf->nforwarders++] = f;
	cfg_opt_rmnsec(opt, cfg_opt_size(opt) - 1);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct conf_domain *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* This host's name, when authserv-id is not given. */
static void
default_authserv_id(struct conf_text *t, struct conf *conf)
{
	char host[DOMAIN_SIZE + 1] = "", normal[DOMAIN_SIZE];

	if (gethostname(host, sizeof(host) - 1) == -1 ||
	    domain_normalise(span_of(host), normal) == -1) {
		conf_problem(t, 0, "this host's name \"%s\" cannot be used in "
		    "Authentication-Results; write: authserv-id = "
		    "\"mail.example.org\"", host);
		return;
	}
	conf->authserv_id = arena_strdup(conf->arena, normal);
	if (strchr(normal, '.') == NULL)
		conf_warning(t, 0, "authserv-id is not set, and this host's "
		    "name \"%s\" has no domain; write: authserv-id = "
		    "\"%s.example.org\" with your domain", normal, normal);
}

/* "unix:/path" may be written where only a unix socket can be meant. */
static const char *
plain_path(const char *path)
{
	return strncmp(path, "unix:", 5) == 0 ? path + 5 : path;
}

static void
finish(cfg_t *cfg, struct conf *conf)
{
	struct conf_domain *d;

	take_settings(cfg, SECTION_TOP, conf);
	conf->sign_socket = plain_path(conf->sign_socket);
	conf->scan_socket = plain_path(conf->scan_socket);
	if (conf->authserv_id == NULL)
		default_authserv_id(reading->t, conf);
	for (size_t i = 0; i < conf->ndomains; i++) {
		d = &conf->domains[i];
		if (d->dmarc == DMARC_AS_OUTSIDE)
			d->dmarc = conf->dmarc;
		if (d->virus == CHOICE_UNSET)
			d->virus = conf->virus;
		if (d->unscannable == CHOICE_UNSET)
			d->unscannable = conf->unscannable;
	}
	if (conf->ndomains > 1)
		qsort(conf->domains, conf->ndomains, sizeof(*conf->domains),
		    by_name);
	conf_check(reading->t, conf, reading->lines);
}

void
conf_read(struct conf_text *t, struct conf *conf)
{
	struct reading now = { .t = t, .conf = conf };
	cfg_t *cfg;

	now.lines = arena_array(t->arena, nsettings, sizeof(*now.lines));
	reading = &now;
	cfg = cfg_init(options_of(t->arena, SECTION_TOP), CFGF_NONE);
	assert(cfg != NULL);
	cfg_set_error_function(cfg, on_error);
	if (cfg_parse_buf(cfg, t->text.p) != CFG_SUCCESS &&
	    t->nproblems == 0)
		conf_problem(t, 0, "cannot be parsed");
	finish(cfg, conf);
	cfg_free(cfg);
	reading = NULL;
}
