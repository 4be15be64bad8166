/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check_scan: what must hold between the settings of scanning, notices,
 * quarantine, journal and notification.
 *
 * Called by conf_check.c at the end of a file.  Opens no file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_private.h"
#include "notice.h"

/* A worker is killed so long after its time is over. */
#define KILL_AFTER_MS	2000

struct check {
	struct conf_text	*t;
	const struct conf	*conf;
	const unsigned		*lines;
};

static unsigned
line_of(const struct check *c, const char *name)
{
	return conf_check_line(c->lines, name);
}

static void
check_scanner(const struct check *c)
{
	const struct conf *conf = c->conf;

	conf_check_path(c->t, c->lines, "scan-socket", conf->scan_socket, true);
	conf_check_path(c->t, c->lines, "scan-database", conf->scan_database,
	    false);
	if (conf->scan_tmp[0] != '\0')
		conf_check_path(c->t, c->lines, "scan-tmp", conf->scan_tmp,
		    false);
	if (conf->scan && conf->scan_time_ms + KILL_AFTER_MS >
	    conf->scan_timeout_ms)
		conf_problem(c->t, line_of(c, "scan-timeout"), "'scan-timeout' "
		    "(%ums) must be at least two seconds above 'scan-time' "
		    "(%ums): a scan may take that long, and its worker is "
		    "killed two seconds later", conf->scan_timeout_ms,
		    conf->scan_time_ms);
	if (conf->scan_file_size > conf->scan_size)
		conf_problem(c->t, line_of(c, "scan-file-size"),
		    "'scan-file-size' is above 'scan-size'; one file cannot "
		    "have more bytes than all of them");
	if (conf->scan_size < conf->message_size)
		conf_warning(c->t, line_of(c, "scan-size"), "'scan-size' is "
		    "below 'message-size'; larger messages are not scannable "
		    "as a whole");
}

/* "exe": without a dot, lower case, so that it can be compared. */
static void
check_block_names(const struct check *c)
{
	const struct conf_strings *list = &c->conf->block_names;

	for (size_t i = 0; i < list->n; i++) {
		const char *s = list->v[i];
		size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

		if (n == 0 || s[n] != '\0' || n > 32)
			conf_problem(c->t, line_of(c, "block-names"),
			    "'block-names' has \"%.40s\"; write the ending "
			    "without its dot in lower case, such as \"exe\"",
			    s);
	}
}

static void
check_notice(const struct check *c)
{
	const struct conf *conf = c->conf;

	if (conf->notice_file[0] != '\0') {
		conf_check_path(c->t, c->lines, "notice-file",
		    conf->notice_file, false);
		return;
	}
	for (size_t i = 0; i < conf->notice_languages.n; i++)
		if (!notice_speaks(conf->notice_languages.v[i]))
			conf_problem(c->t, line_of(c, "notice-languages"),
			    "'notice-languages' has \"%.20s\"; there are texts "
			    "in en, de, fr and es. For another language write "
			    "your own text into a notice-file",
			    conf->notice_languages.v[i]);
}

static void
check_folders(const struct check *c)
{
	const struct conf *conf = c->conf;

	if (conf->quarantine[0] != '\0') {
		conf_check_path(c->t, c->lines, "quarantine",
		    conf->quarantine, false);
		conf_check_path(c->t, c->lines, "quarantine-key",
		    conf->quarantine_key, false);
	}
	if (conf->journal[0] != '\0')
		conf_check_path(c->t, c->lines, "journal", conf->journal,
		    false);
}

static bool
is_address(const char *s)
{
	const char *at = strrchr(s, '@');

	return at != NULL && at > s && at[1] != '\0' && s[0] != '-' &&
	    strlen(s) <= 254 && strpbrk(s, " \t\r\n<>,;\"") == NULL;
}

static void
check_notify(const struct check *c)
{
	const struct conf *conf = c->conf;

	if (conf->notify_from[0] != '\0' && !is_address(conf->notify_from))
		conf_problem(c->t, line_of(c, "notify-from"), "'notify-from' "
		    "must be one address without name or brackets, not "
		    "\"%.60s\"", conf->notify_from);
	conf_check_path(c->t, c->lines, "sendmail", conf->sendmail, false);
	if (conf->notify_to[0] == '\0' && !conf->notify_recipients)
		return;
	if (conf->notify_to[0] != '\0' && !is_address(conf->notify_to))
		conf_problem(c->t, line_of(c, "notify-to"), "'notify-to' must "
		    "be one address without name or brackets, not \"%.60s\"",
		    conf->notify_to);
	if (conf->notify_to[0] == '\0')
		conf_problem(c->t, line_of(c, "notify-recipients"),
		    "'notify-recipients' needs someone who is told of it as "
		    "well; write: notify-to = \"postmaster@example.org\"");
	if (conf->journal[0] == '\0')
		conf_problem(c->t, line_of(c, "notify-to"), "notification "
		    "needs the journal; write: journal = "
		    "\"/var/lib/postern/journal\"");
}

void
conf_check_scan(struct conf_text *t, const struct conf *conf,
    const unsigned *lines)
{
	struct check c = { .t = t, .conf = conf, .lines = lines };

	check_scanner(&c);
	check_block_names(&c);
	check_notice(&c);
	check_folders(&c);
	check_notify(&c);
}
