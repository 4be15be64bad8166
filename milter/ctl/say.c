/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say: what all commands share: errors, questions, JSON, the configuration.
 *
 * Called by the commands.  Answers go to standard output, everything else to
 * standard error.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clean.h"
#include "ctl.h"

/* A line of an error; file names and words of the caller stand in it. */
#define LINE_SIZE	4096

/* Control characters of eight bits, as UTF-8, move a cursor too. */
static void
put_clean(const char *line)
{
	const unsigned char *p = (const unsigned char *)line;

	for (; *p != '\0'; p++)
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			fputc('?', stderr);
			p++;
		} else {
			fputc(*p < ' ' || *p == 0x7f ? '?' : *p, stderr);
		}
	fputc('\n', stderr);
}

int
complain(int code, const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fputs("posternctl: ", stderr);
	put_clean(line);
	return code;
}

int
complain_of(int code, char *error)
{
	char *rest = error, *line;

	if (error == NULL)
		return complain(code, "out of memory");
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			complain(code, "%s", line);
	free(error);
	return code;
}

int
confirm(const struct ctl *c, const char *question)
{
	char answer[16];

	if (option(c, "yes") != NULL)
		return EX_OK;
	if (!isatty(STDIN_FILENO))
		return complain(EX_USAGE, "nobody is here to be asked; say "
		    "--yes");
	fflush(stdout);
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    (strcasecmp(answer, "y\n") == 0 ||
	    strcasecmp(answer, "yes\n") == 0))
		return EX_OK;
	return complain(EX_NOPERM, "nothing was done");
}

/* Only ASCII: no character can turn the terminal's text round. */
void
ctl_json(const json_t *j, bool newline)
{
	json_dumpf(j, stdout, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	if (newline)
		putchar('\n');
}

int
ctl_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EX_OK;
	return complain(EX_IOERR, "cannot write the answer: %s",
	    strerror(errno));
}

const struct conf *
ctl_conf(struct ctl *c)
{
	const char *path = option(c, "config");
	char *errors = NULL;

	if (c->conf != NULL)
		return c->conf;
	if (path == NULL)
		path = POSTERN_CONF;
	c->conf = conf_load(path, &errors);
	if (c->conf == NULL) {
		complain_of(EX_CONFIG, errors);
		complain(EX_CONFIG, "wrong configuration %s; -c FILE names "
		    "another one", path);
	} else
		free(errors);	/* warnings: postern -t shows them */
	return c->conf;
}

const char *
ctl_quarantine(struct ctl *c)
{
	const struct conf *conf = ctl_conf(c);

	if (conf == NULL)
		return NULL;
	if (conf->quarantine[0] == '\0') {
		complain(EX_CONFIG, "%s names no quarantine; set quarantine "
		    "= \"/var/lib/postern/quarantine\"", conf->path);
		return NULL;
	}
	return conf->quarantine;
}

const char *
ctl_secret(struct ctl *c)
{
	const char *given = option(c, "secret"), *public;
	const struct conf *conf;
	size_t n;

	if (given != NULL)
		return given;
	conf = ctl_conf(c);
	if (conf == NULL)
		return NULL;
	public = conf->quarantine_key;
	n = strlen(public);
	if (n > 4 && strcmp(public + n - 4, ".pub") == 0)
		n -= 4;
	return arena_printf(c->arena, "%.*s.key", (int)n, public);
}
