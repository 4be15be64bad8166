/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: the life of the daemon after start: serve, reload, drain.
 */
#ifndef POSTERN_RUN_H
#define POSTERN_RUN_H

/* Ignores SIGPIPE and catches HUP, TERM and INT; main thread, first. */
void	run_catch_signals(void);

/*
 * Starts libmilter in a thread and the nudge, then waits for signals in the
 * main thread.  path: the configuration, for reloads.  Returns the exit code.
 */
int	run(const char *path, const char *socket_spec);

#endif
