/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_segments: names of segments, and the list of those in a folder.
 *
 * Called by the journal's writer (under its lock) and by readers, each with a
 * list of its own.  Other files in the folder are none of our business.
 * Limit: JOURNAL_SEGMENTS_MAX.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_internal.h"

#define SUFFIX	".jsonl"

bool
journal_name_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n <= JOURNAL_NAME_MAX && name[n] == '\0';
}

bool
segment_path(char path[JOURNAL_PATH_SIZE], const char *folder,
    const char *name, uint64_t number)
{
	int n = snprintf(path, JOURNAL_PATH_SIZE, "%s/%s-%0*llu%s", folder,
	    name, SEGMENT_DIGITS, (unsigned long long)number, SUFFIX);

	return n > 0 && n < JOURNAL_PATH_SIZE;
}

bool
segment_number(const char *file, const char *name, uint64_t *number_r)
{
	size_t len = strlen(name);
	uint64_t number = 0;
	const char *p;

	if (strncmp(file, name, len) != 0 || file[len] != '-')
		return false;
	p = file + len + 1;
	for (int i = 0; i < SEGMENT_DIGITS; i++, p++) {
		if (*p < '0' || *p > '9')
			return false;
		number = number * 10 + (uint64_t)(*p - '0');
	}
	*number_r = number;
	return number > 0 && strcmp(p, SUFFIX) == 0;
}

bool
segments_add(struct segments *s, const struct segment *one)
{
	size_t cap = s->cap == 0 ? 64 : s->cap * 2;
	struct segment *v;

	if (s->n >= JOURNAL_SEGMENTS_MAX)
		return false;
	if (s->n == s->cap) {
		v = realloc(s->v, cap * sizeof(*v));
		if (v == NULL)
			return false;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = *one;
	s->bytes += one->size;
	return true;
}

void
segments_forget(struct segments *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->bytes -= s->v[i].size;
	memmove(s->v, s->v + n, (s->n - n) * sizeof(*s->v));
	s->n -= n;
}

void
segments_forget_last(struct segments *s)
{
	s->bytes -= s->v[--s->n].size;
}

void
segments_free(struct segments *s)
{
	free(s->v);
	*s = (struct segments){ 0 };
}

static int
by_number(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* One entry of the folder; false: no more of them fit. */
static bool
take_entry(struct segments *s, DIR *dir, const char *file, const char *name)
{
	struct segment one;
	struct stat st;

	if (!segment_number(file, name, &one.number))
		return true;
	if (fstatat(dirfd(dir), file, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		return true;
	one.size = (uint64_t)st.st_size;
	one.mtime = st.st_mtime;
	return segments_add(s, &one);
}

int
segments_scan(struct segments *s, const char *folder, const char *name,
    char **error_r)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	bool room = true;

	s->n = 0;
	s->bytes = 0;
	if (dir == NULL && errno == ENOENT)
		return 0;
	if (dir == NULL) {
		if (asprintf(error_r, "%s: %s", folder,
		    strerror(errno)) == -1)
			*error_r = NULL;
		return -1;
	}
	while (room && (e = readdir(dir)) != NULL)
		room = take_entry(s, dir, e->d_name, name);
	closedir(dir);
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), by_number);
	if (!room && asprintf(error_r, "%s: more than %d segments of %s; "
	    "remove the oldest", folder, JOURNAL_SEGMENTS_MAX, name) == -1)
		*error_r = NULL;
	return room ? 0 : -1;
}
