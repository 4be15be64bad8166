/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_position: the file in which a reader remembers how far it is.
 *
 * One JSON object of one line, replaced with rename and synced, so that it is
 * whole or as it was.  Called by journal_reader.c; keeps nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal_internal.h"

/* A longer file is garbage. */
#define POSITION_MAX	512

static int
fail(char **error_r, const char *path, const char *what)
{
	if (asprintf(error_r, "%s: %s", path, what) == -1)
		*error_r = NULL;
	return -1;
}

static bool
number_of(const json_t *object, const char *key, uint64_t *r)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return false;
	*r = (uint64_t)json_integer_value(v);
	return true;
}

int
position_parse(struct span text, struct position *p)
{
	json_t *o = json_loadb(text.p, text.n, 0, NULL);
	uint64_t version = 0;
	bool good = number_of(o, "v", &version) && version == 1 &&
	    number_of(o, "segment", &p->segment) &&
	    number_of(o, "offset", &p->offset) &&
	    p->segment > 0 && p->segment <= SEGMENT_NUMBER_MAX;

	json_decref(o);
	if (!good)
		*p = (struct position){ 0 };
	return good ? 0 : -1;
}

int
position_load(const char *path, struct position *p, char **error_r)
{
	char text[POSITION_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	*p = (struct position){ 0 };
	if (fd == -1)
		return errno == ENOENT ? 0 : fail(error_r, path,
		    strerror(errno));
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n < 0)
		return fail(error_r, path, strerror(errno));
	if (position_parse(span_make(text, (size_t)n), p) == -1)
		return fail(error_r, path, "not a position of a reader");
	return 1;
}

static int
write_all(int fd, const char *text, int n)
{
	ssize_t done = write(fd, text, (size_t)n);

	if (done == n)
		return fdatasync(fd);
	if (done >= 0)
		errno = ENOSPC;
	return -1;
}

int
position_save(const char *path, const struct position *p, char **error_r)
{
	char text[POSITION_MAX], fresh[JOURNAL_PATH_SIZE];
	int fd, n, rc;

	n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return fail(error_r, path, "the path is too long");
	n = snprintf(text, sizeof(text),
	    "{\"v\":1,\"segment\":%llu,\"offset\":%llu}\n",
	    (unsigned long long)p->segment, (unsigned long long)p->offset);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0640);
	if (fd == -1)
		return fail(error_r, fresh, strerror(errno));
	rc = write_all(fd, text, n);
	if (rc == -1)
		fail(error_r, fresh, strerror(errno));
	close(fd);
	if (rc == 0 && rename(fresh, path) == -1)
		rc = fail(error_r, path, strerror(errno));
	if (rc == -1)
		unlink(fresh);
	return rc;
}
