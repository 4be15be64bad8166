/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_fixture: a journal in a folder of its own, numbered events into it
 * and out of it.
 */
#ifndef POSTERN_TESTS_JOURNAL_FIXTURE_H
#define POSTERN_TESTS_JOURNAL_FIXTURE_H

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bounds.h"
#include "clock.h"
#include "journal_internal.h"

#define MIB	(1024u * 1024)

static char folder[64];
static char fill[EVENT_MAX];
static const struct journal_limits wide = { .size = 1024u * MIB };

static inline int
set_up(void **state)
{
	(void)state;
	memset(fill, 'x', sizeof(fill));
	strcpy(folder, "/tmp/test_journal-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static inline int
tear_down(void **state)
{
	char command[128];

	(void)state;
	clock_set_wall(0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static inline const char *
path_of(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return path;
}

static inline const char *
segment(unsigned n)
{
	char file[64];

	snprintf(file, sizeof(file), "t-%010u.jsonl", n);
	return path_of(file);
}

static inline void
put_file(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static inline off_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static inline struct journal *
writer(const struct journal_limits *l)
{
	char *error;
	struct journal *j = journal_open(folder, "t", l, &error);

	if (j == NULL)
		fail_msg("journal_open: %s", error);
	return j;
}

/* An event with a number and `pad` bytes. */
static inline int
put(struct journal *j, int number, size_t pad)
{
	char id[EVENT_ID_SIZE], *error;
	json_t *body;
	int rc;

	body = json_pack("{s:i,s:s#}", "n", number, "pad", fill, (int)pad);
	event_id(id);
	rc = journal_write(j, id, "test", "", body, &error);
	assert_true(rc == 0 ? error == NULL : error != NULL);
	free(error);
	json_decref(body);
	return rc;
}

static inline struct journal_reader *
reader(const char *position)
{
	char *error;
	struct journal_reader *r = journal_reader_open(folder, "t",
	    position != NULL ? path_of(position) : NULL, &error);

	if (r == NULL)
		fail_msg("journal_reader_open: %s", error);
	return r;
}

/* The next event's number; -1: none now, -2: a "gap" event. */
static inline int
get(struct journal_reader *r, bool *gap)
{
	bool unused = false;
	char *error;
	json_t *e;
	int n, rc = journal_next(r, &e, gap != NULL ? gap : &unused, &error);

	if (rc == -1)
		fail_msg("journal_next: %s", error);
	if (rc == 0)
		return -1;
	n = strcmp(json_string_value(json_object_get(e, "type")), "gap") == 0
	    ? -2 : (int)json_integer_value(json_object_get(e, "n"));
	json_decref(e);
	return n;
}

static inline void
commit(struct journal_reader *r)
{
	char *error;

	assert_int_equal(journal_commit(r, &error), 0);
}

#endif
