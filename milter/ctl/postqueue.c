/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postqueue: asks and tells Postfix's queue, through Postfix's own commands.
 *
 * Called by quarantine_release.c.  Programs are started with a list of
 * arguments and no shell; a queue id has been checked before it comes here.
 * What postqueue -j writes (one JSON object a line) is read in pieces; a line
 * longer than LINE_MAX_BYTES, of a message with very many recipients, is
 * skipped.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "ctl.h"

#define LINE_MAX_BYTES	(64 * 1024 * 1024)
#define CHUNK		65536

extern char **environ;

/* The exit code, or -1 when it did not run to its end. */
static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Starts it, with its standard output in a pipe if out is not -1. */
static int
start(const char *const *argv, int out, pid_t *pid_r)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	if (out != -1)
		posix_spawn_file_actions_adddup2(&actions, out,
		    STDOUT_FILENO);
	error = posix_spawnp(pid_r, argv[0], &actions, &attr,
	    (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (error == 0)
		return 0;
	complain(EX_UNAVAILABLE, "%s: %s", argv[0], strerror(error));
	return -1;
}

static const char *const *
arguments(const struct mail_queue *q, const char *program,
    const char *option_name, const char *qid)
{
	static const char *argv[6];
	size_t n = 0;

	argv[n++] = program;
	if (q->config != NULL) {
		argv[n++] = "-c";
		argv[n++] = q->config;
	}
	argv[n++] = option_name;
	if (qid != NULL)
		argv[n++] = qid;
	argv[n] = NULL;
	return argv;
}

/* The line's object when it is about qid, or NULL. */
static json_t *
parse_line(const struct buf *line, const char *qid)
{
	json_t *j;

	if (buf_failed(line) || line->n == 0 || memmem(line->p, line->n, qid,
	    strlen(qid)) == NULL)
		return NULL;
	j = json_loadb(line->p, line->n, 0, NULL);
	if (j != NULL && strcmp(text_of(j, "queue_id"), qid) != 0) {
		json_decref(j);
		j = NULL;
	}
	return j;
}

/* To the end of the list, whatever has been found. */
static json_t *
read_list(int fd, const char *qid)
{
	static char chunk[CHUNK];
	json_t *found = NULL;
	struct buf line;
	struct span rest, part;
	ssize_t n;
	long end;

	buf_init(&line, LINE_MAX_BYTES);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		rest = span_make(chunk, (size_t)n);
		while ((end = span_chr(rest, '\n')) != -1) {
			part = span_make(rest.p, (size_t)end);
			buf_addspan(&line, part);
			if (found == NULL)
				found = parse_line(&line, qid);
			buf_reset(&line);
			rest = span_from(rest, (size_t)end + 1);
		}
		buf_addspan(&line, rest);
	}
	buf_free(&line);
	return found;
}

enum queue_state
queue_look(const struct mail_queue *q, const char *qid, json_t **entry_r)
{
	int fd[2], code;
	pid_t pid;

	*entry_r = NULL;
	if (pipe2(fd, O_CLOEXEC) == -1) {
		complain(EX_OSERR, "pipe: %s", strerror(errno));
		return QUEUE_UNKNOWN;
	}
	if (start(arguments(q, q->postqueue, "-j", NULL), fd[1],
	    &pid) == -1) {
		close(fd[0]);
		close(fd[1]);
		return QUEUE_UNKNOWN;
	}
	close(fd[1]);
	*entry_r = read_list(fd[0], qid);
	close(fd[0]);
	code = wait_for(pid);
	if (*entry_r != NULL)
		return strcmp(text_of(*entry_r, "queue_name"), "hold") == 0 ?
		    QUEUE_HELD : QUEUE_OTHER;
	return code == 0 ? QUEUE_ABSENT : QUEUE_UNKNOWN;
}

int
queue_release(const struct mail_queue *q, const char *qid)
{
	pid_t pid;
	int code;

	fflush(stdout);
	if (start(arguments(q, q->postsuper, "-H", qid), STDERR_FILENO,
	    &pid) == -1)
		return -1;
	code = wait_for(pid);
	if (code == -1)
		complain(EX_UNAVAILABLE, "%s did not run to its end",
		    q->postsuper);
	return code;
}
