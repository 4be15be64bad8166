/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_sweep: removes what is too old, too much, or left over.
 *
 * Called by quarantine.c, one sweep of a folder at a time.  An entry's age is
 * the time in its name, so that it survives copying.  A leftover is an entry
 * that has not both of its files; it goes when nothing of it has changed for
 * LEFTOVER_S, since it may be under way in another thread or process.
 */
#include "config.h"

#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "quarantine_private.h"

#define LEFTOVER_S	3600

struct sweep {
	int			 dir;
	uint64_t		 age_s;
	struct quarantine_entry	*list;
	uint64_t		*size;
	size_t			 n;
	struct quarantine_stats	*left;
	size_t			*removed;
	char			**error;	/* the first one */
};

void
quarantine_count(struct quarantine_stats *s, uint64_t bytes)
{
	s->entries++;
	s->bytes += bytes;
}

void
quarantine_discount(struct quarantine_stats *s, uint64_t bytes)
{
	assert(s->entries > 0 && s->bytes >= bytes);
	s->entries--;
	s->bytes -= bytes;
}

/* When an entry was made, by its name. */
static int64_t
name_time(const char *name)
{
	struct tm tm = { 0 };

	if (sscanf(name, "%4d%2d%2dT%2d%2d%2d", &tm.tm_year, &tm.tm_mon,
	    &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm);
}

/* Size of one entry's files that are there, and their last change. */
static uint64_t
entry_size(int dir, const struct quarantine_entry *e, int64_t *changed_r)
{
	static const char *const endings[] = { QUARANTINE_SEALED,
		QUARANTINE_JSON, QUARANTINE_NEW };
	char file[QUARANTINE_FILE_SIZE];
	struct stat st;
	uint64_t sum = 0;

	*changed_r = 0;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		if ((e->has & 1u << i) == 0 || fstatat(dir,
		    quarantine_file(file, e->name, endings[i]), &st,
		    AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		sum += (uint64_t)st.st_size;
		if (st.st_mtime > *changed_r)
			*changed_r = st.st_mtime;
	}
	return sum;
}

static bool
is_whole(const struct quarantine_entry *e)
{
	return (e->has & QUARANTINE_WHOLE) == QUARANTINE_WHOLE;
}

static void
sweep_remove(struct sweep *s, size_t i)
{
	if (quarantine_unlink(s->dir, s->list[i].name) == -1) {
		if (*s->error == NULL)
			quarantine_fail(s->error, "%s: %s", s->list[i].name,
			    strerror(errno));
		return;
	}
	++*s->removed;
	if (is_whole(&s->list[i]))
		quarantine_discount(s->left, s->size[i]);
}

static void
measure(struct sweep *s)
{
	int64_t changed, now = clock_wall();

	for (size_t i = 0; i < s->n; i++) {
		s->size[i] = entry_size(s->dir, &s->list[i], &changed);
		if (is_whole(&s->list[i]))
			quarantine_count(s->left, s->size[i]);
		else if (now - changed > LEFTOVER_S)
			sweep_remove(s, i);
	}
}

static bool
too_old(const struct sweep *s, const char *name)
{
	return s->age_s > 0 &&
	    name_time(name) < clock_wall() - (int64_t)s->age_s;
}

/* The list is sorted by age: until neither age nor size asks for more. */
static void
expire(struct sweep *s, const struct quarantine_stats *most)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!is_whole(&s->list[i]))
			continue;
		if (!too_old(s, s->list[i].name) &&
		    s->left->bytes <= most->bytes &&
		    s->left->entries <= most->entries)
			return;
		sweep_remove(s, i);
	}
}

int
quarantine_sweep(int dir, uint64_t age_s, const struct quarantine_stats *most,
    struct quarantine_stats *left_r, size_t *removed_r, char **error_r)
{
	struct sweep s = { .dir = dir,
	    .age_s = clock_believed() ? age_s : 0, .left = left_r,
		.removed = removed_r, .error = error_r };
	int rc;

	*left_r = (struct quarantine_stats){ 0 };
	*removed_r = 0;
	rc = quarantine_scan(dir, &s.list, &s.n, error_r);
	if (rc == 0 && (s.size = calloc(s.n + 1, sizeof(*s.size))) == NULL)
		rc = quarantine_fail(error_r, "out of memory");
	if (rc == 0) {
		measure(&s);
		expire(&s, most);
	}
	free(s.list);
	free(s.size);
	return rc;
}
