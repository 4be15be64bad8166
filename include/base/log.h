/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: four meanings, one sink (syslog or standard error).
 *
 *	log_panic	our bug; the process aborts
 *	log_fatal	cannot go on; the process exits with the given code
 *	log_warn	the operator should look
 *	log_info	a record (one line a message, start, stop, reload)
 *	log_debug	only with log_set_debug(true)
 *
 * Each call writes one line; control characters in the result are replaced,
 * so that nothing from the network can forge a line.  Lines longer than
 * LOG_LINE_MAX are cut.  Any thread.  Only daemons and state/ call it;
 * mail/, auth/, flow/ and stage/ return their reasons instead (but for
 * log_fatal() where memory has run out).
 */
#ifndef POSTERN_LOG_H
#define POSTERN_LOG_H

#include <stdbool.h>

enum log_sink {
	LOG_TO_STDERR,
	LOG_TO_SYSLOG
};

/* ident must stay valid (argv[0] or a literal); facility as in syslog(3). */
void	log_open(const char *ident, enum log_sink, int facility);
void	log_set_debug(bool);

void	log_panic(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), noreturn));
void	log_fatal(int exit_code, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3), noreturn));
void	log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Each line of a text as a warning of its own; NULL is fine. */
void	log_lines(const char *);

/* A facility by its name ("mail", "local3"), or -1. */
int	log_facility(const char *name);

#endif
