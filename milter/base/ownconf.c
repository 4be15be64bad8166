/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ownconf: see the header.
 *
 * A text is given to libconfuse in pieces, from one include() to the next,
 * with as many newlines before it as lines have gone, so that its messages
 * tell the right line.  Values are text settings for libconfuse, taken apart
 * here, so that the units are those of postern.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "ownconf.h"

/* Digits of a number; longer ones are no numbers for us. */
#define DIGITS_MAX 15

static struct ownconf *reading;	/* main thread: between begin and end */

static void __attribute__((format(printf, 3, 0)))
complain(struct ownconf *o, int line, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	buf_addf(&o->errors, "%s:%d: %s\n", o->path, line, text);
}

void
ownconf_complain(struct ownconf *o, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(o, line, fmt, ap);
	va_end(ap);
}

static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	complain(reading, cfg != NULL ? cfg->line : 0, fmt, ap);
}

void
ownconf_begin(struct ownconf *o, struct arena *a, cfg_opt_t *opts,
    const struct conf_word *words)
{
	*o = (struct ownconf){ .arena = a, .words = words };
	buf_init(&o->errors, OWNCONF_ERRORS_MAX);
	o->files = arena_array(a, OWNCONF_INCLUDES_MAX + 1, sizeof(*o->files));
	o->cfg = cfg_init(opts, CFGF_NONE);
	if (o->cfg == NULL)
		log_panic("libconfuse: out of memory");
	cfg_set_error_function(o->cfg, on_error);
	reading = o;
}

char *
ownconf_end(struct ownconf *o, int rc)
{
	char *errors = NULL;

	cfg_free(o->cfg);
	o->cfg = NULL;
	reading = NULL;
	if (rc == -1)
		errors = strdup(o->errors.n > 0 ? o->errors.p :
		    "the configuration cannot be read\n");
	buf_free(&o->errors);
	return errors;
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
	if (fstat(fd, &st) == -1 || st.st_size > (off_t)OWNCONF_BYTES_MAX) {
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
parse_piece(struct ownconf *o, const char *text, size_t from, size_t to,
    unsigned line)
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
	rc = cfg_parse_fp(o->cfg, f);
	fclose(f);
	free(piece);
	return rc == CFG_SUCCESS ? 0 : -1;
}

static int	read_conf(struct ownconf *, const char *, int depth);

static int
read_include(struct ownconf *o, const struct conf_filter *f, int depth)
{
	const char *outer = o->path, *slash = strrchr(outer, '/');
	char *inner = arena_strndup(o->arena, f->text + f->include.path,
	    f->include.path_n);
	int rc;

	if (inner[0] != '/' && slash != NULL)
		inner = arena_printf(o->arena, "%.*s/%s",
		    (int)(slash - outer), outer, inner);
	if (depth == OWNCONF_INCLUDE_DEPTH_MAX ||
	    ++o->includes > OWNCONF_INCLUDES_MAX) {
		ownconf_complain(o, (int)f->include.line,
		    "too many include()s");
		return -1;
	}
	rc = read_conf(o, inner, depth + 1);
	o->path = outer;
	return rc;
}

/* All pieces of one text, and the files that it includes, in order. */
static int
read_pieces(struct ownconf *o, struct conf_filter *f, int depth)
{
	int rc, more;

	do {
		size_t from = f->next;
		unsigned line = f->next_line;

		more = conffilter_run(f, o->words);
		if (more == -1) {
			ownconf_complain(o, (int)f->error_line, "%s",
			    f->error);
			return -1;
		}
		rc = parse_piece(o, f->text, from,
		    more == 1 ? f->include.start : f->n, line);
		if (rc == 0 && more == 1)
			rc = read_include(o, f, depth);
	} while (rc == 0 && more == 1);
	return rc;
}

static int
read_conf(struct ownconf *o, const char *path, int depth)
{
	struct conf_filter f = { .next_line = 1 };
	int rc;

	o->path = path;
	o->files[o->nfiles++] = path;
	f.text = read_whole(path, &f.n);
	if (f.text == NULL) {
		ownconf_complain(o, 0, "cannot be read: %s", strerror(errno));
		return -1;
	}
	rc = read_pieces(o, &f, depth);
	free(f.text);
	return rc;
}

int
ownconf_read(struct ownconf *o, const char *path)
{
	int rc;

	o->top = arena_strdup(o->arena, path);
	rc = read_conf(o, o->top, 0);
	o->path = o->top;
	return rc;
}

const char *
ownconf_text(struct ownconf *o, const char *name)
{
	const char *s = cfg_getstr(o->cfg, name);

	return arena_strdup(o->arena, s != NULL ? s : "");
}

const char **
ownconf_texts(struct ownconf *o, const char *name, size_t *n_r)
{
	unsigned i, n = cfg_size(o->cfg, name);
	const char **v = arena_array(o->arena, n, sizeof(*v));

	for (i = 0; i < n; i++)
		v[i] = arena_strdup(o->arena, cfg_getnstr(o->cfg, name, i));
	*n_r = n;
	return v;
}

struct unit {
	const char	*suffix;
	int64_t		 factor;
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit size_units[] = {
	{ "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 },
	{ NULL, 0 }
};
static const struct unit time_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { "w", INT64_C(604800000) }, { NULL, 0 }
};

static int64_t
parse_number(const char *s, const struct unit *units, int64_t max)
{
	int64_t v = 0;
	size_t n;

	if (s == NULL)
		return -1;
	for (n = 0; s[n] >= '0' && s[n] <= '9'; n++) {
		if (n == DIGITS_MAX)
			return -1;
		v = v * 10 + (s[n] - '0');
	}
	if (n == 0)
		return -1;
	if (v == 0 && s[n] == '\0')
		return 0;
	while (units->suffix != NULL && strcmp(units->suffix, s + n) != 0)
		units++;
	if (units->suffix == NULL || v > max / units->factor)
		return -1;
	return v * units->factor;
}

int64_t
ownconf_number(const struct ownconf *o, const char *name, int64_t max)
{
	return parse_number(cfg_getstr(o->cfg, name), no_units, max);
}

int64_t
ownconf_size(const struct ownconf *o, const char *name, int64_t max)
{
	return parse_number(cfg_getstr(o->cfg, name), size_units, max);
}

int64_t
ownconf_time(const struct ownconf *o, const char *name, int64_t max)
{
	return parse_number(cfg_getstr(o->cfg, name), time_units, max);
}

int64_t
ownconf_mode(const struct ownconf *o, const char *name)
{
	const char *s = cfg_getstr(o->cfg, name);
	int64_t mode = 0;

	if (s == NULL || *s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '7')
			return -1;
		mode = mode * 8 + (*s - '0');
		if (mode > 0777)
			return -1;
	}
	return mode;
}

int
ownconf_bool(const struct ownconf *o, const char *name)
{
	static const char *const words[] = { "no", "yes", "off", "on",
	    "false", "true" };
	const char *s = cfg_getstr(o->cfg, name);
	size_t i;

	for (i = 0; s != NULL && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(s, words[i]) == 0)
			return (int)(i % 2);
	return -1;
}

int
ownconf_facility(struct ownconf *o)
{
	int facility = log_facility(cfg_getstr(o->cfg, "syslog-facility"));

	if (facility == -1)
		ownconf_complain(o, 0, "syslog-facility wants a name like "
		    "mail or local0");
	return facility;
}
