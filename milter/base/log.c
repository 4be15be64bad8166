/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: one line for each call, to syslog or to standard error.
 *
 * A line on standard error goes out in one write(2), so that lines of several
 * threads do not mix; it has no time, since whoever reads it (journald, a
 * container engine) adds one.  Control characters of ASCII and of Latin-1 (in
 * UTF-8) become '?'.  The ident is not copied.  Any thread; errno is kept, so
 * %m works and callers may log before they look at it.
 *
 * log_fatal ends the process without running exit handlers: other threads may
 * still be at work in the libraries that these would take down.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "bounds.h"
#include "log.h"

static const char *_Atomic log_ident = "postern";
static atomic_int log_sink = LOG_TO_STDERR;
static atomic_bool log_debugging;

void
log_open(const char *ident, enum log_sink sink, int facility)
{
	atomic_store(&log_ident, ident);
	atomic_store(&log_sink, (int)sink);
	if (sink == LOG_TO_SYSLOG)
		openlog(ident, LOG_PID | LOG_NDELAY, facility);
}

void
log_set_debug(bool on)
{
	atomic_store(&log_debugging, on);
}

/* Replaces what could end the line or move the cursor of who reads it. */
static void
disarm(char *s)
{
	unsigned char *p = (unsigned char *)s;

	for (; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
	}
}

/* The length without a last UTF-8 character, which may have been cut. */
static size_t
whole_characters(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t at = n;

	while (at > 0 && n - at < 3 && (p[at - 1] & 0xc0) == 0x80)
		at--;
	return at > 0 && (p[at - 1] & 0xc0) == 0xc0 ? at - 1 : n;
}

static void
write_stderr(const char *s, size_t n)
{
	ssize_t done;

	do {
		done = write(STDERR_FILENO, s, n);
	} while (done < 0 && errno == EINTR);
}

static void __attribute__((format(printf, 3, 0)))
emit(int priority, const char *word, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX + sizeof("...\n")];
	int kept = errno, head = 0, n;
	size_t end;

	if (atomic_load(&log_sink) == LOG_TO_STDERR)
		head = snprintf(line, 128, "%s: ", atomic_load(&log_ident));
	if (head > 127)
		head = 127;
	head += snprintf(line + head, 64, "%s", word);
	errno = kept;
	n = vsnprintf(line + head, LOG_LINE_MAX + 1 - (size_t)head, fmt, ap);
	if (n < 0)
		strcpy(line + head, "(a line that cannot be formatted)");
	end = strlen(line);
	if (n > 0 && (size_t)n + (size_t)head > LOG_LINE_MAX)
		strcpy(line + whole_characters(line, end), "...");
	disarm(line);
	end = strlen(line);
	if (atomic_load(&log_sink) == LOG_TO_SYSLOG) {
		syslog(priority, "%s", line);
	} else {
		line[end] = '\n';
		write_stderr(line, end + 1);
	}
	errno = kept;
}

void
log_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_CRIT, "panic: ", fmt, ap);
	va_end(ap);
	abort();
}

void
log_fatal(int exit_code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_CRIT, "fatal: ", fmt, ap);
	va_end(ap);
	fflush(stdout);
	_exit(exit_code);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_WARNING, "warning: ", fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_INFO, "", fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!atomic_load(&log_debugging))
		return;
	va_start(ap, fmt);
	emit(LOG_DEBUG, "debug: ", fmt, ap);
	va_end(ap);
}

int
log_facility(const char *name)
{
	static const struct {
		const char *name;
		int facility;
	} table[] = {
		{ "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV },
		{ "daemon", LOG_DAEMON }, { "mail", LOG_MAIL },
		{ "user", LOG_USER }, { "local0", LOG_LOCAL0 },
		{ "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
		{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
		{ "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 },
		{ "local7", LOG_LOCAL7 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].facility;
	return -1;
}

void
log_lines(const char *lines)
{
	while (lines != NULL && *lines != '\0') {
		size_t n = strcspn(lines, "\n");

		if (n > 0)
			log_warn("%.*s", (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}
