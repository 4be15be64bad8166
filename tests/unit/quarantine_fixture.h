/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_fixture: a quarantine in a folder of its own, for unit tests.
 *
 * Included by one test program each; everything is static.
 */
#ifndef POSTERN_TEST_QUARANTINE_FIXTURE_H
#define POSTERN_TEST_QUARANTINE_FIXTURE_H

#include <sys/mman.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "quarantine.h"

#define CHUNK		QUARANTINE_CHUNK
#define BIG		(10u * 1024 * 1024)
#define HEAD		(8 + 80 + 24)
#define DAY		86400
#define MANY		(64u * 1024 * 1024)

static char dir[] = "/tmp/test_quarantine.XXXXXX";
static char folder[64], public[64], secret[64];
static char *big;

static inline int
set_up(void **state)
{
	char *error = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(folder, sizeof(folder), "%s/q", dir);
	snprintf(public, sizeof(public), "%s/q.pub", dir);
	snprintf(secret, sizeof(secret), "%s/q.key", dir);
	assert_int_equal(quarantine_keys(public, secret, &error), 0);
	big = malloc(BIG);
	assert_non_null(big);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 7 + i / 251);
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

/* Files in the folder, removed when asked. */
static inline unsigned
files_in(const char *path, bool remove)
{
	DIR *d = opendir(path);
	struct dirent *ent;
	unsigned n = 0;

	if (d == NULL)
		return 0;
	while ((ent = readdir(d)) != NULL) {
		if (ent->d_name[0] == '.')
			continue;
		n++;
		if (remove)
			unlinkat(dirfd(d), ent->d_name, 0);
	}
	closedir(d);
	return n;
}

static inline int
clear(void **state)
{
	(void)state;
	clock_set_wall(0);
	files_in(folder, true);
	rmdir(folder);
	return 0;
}

static inline int
tear_down(void **state)
{
	clear(state);
	free(big);
	files_in(dir, true);
	return rmdir(dir);
}

static inline struct quarantine *
open_it(uint64_t size, uint64_t age_s)
{
	const struct quarantine_limits limits = { size, age_s };
	char *error = NULL;
	struct quarantine *q = quarantine_open(folder, public, &limits,
	    &error);

	if (q == NULL)
		fail_msg("%s", error);
	return q;
}

/* Puts one piece under a new reference; its name, or NULL and the reason. */
static inline const char *
put(struct quarantine *q, struct span content, char **error)
{
	static _Thread_local char name[QUARANTINE_NAME_SIZE];
	char ref[QUARANTINE_REF_SIZE];
	json_t *d = json_pack("{ss}", "virus", "Eicar");
	int rc;

	quarantine_ref(ref);
	*error = NULL;
	rc = quarantine_put(q, ref, 1, &content, 1, d, error);
	json_decref(d);
	snprintf(name, sizeof(name), "%s-1", ref);
	return rc == 0 ? name : NULL;
}

static inline const char *
put_ok(struct quarantine *q, struct span content)
{
	char *error;
	const char *name = put(q, content, &error);

	if (name == NULL)
		fail_msg("%s", error);
	return name;
}

/* The content (malloc'd), or NULL with *error. */
static inline char *
export_with(const char *key, const char *name, size_t *n_r, char **error)
{
	int fd = memfd_create("export", MFD_CLOEXEC);
	char *p = NULL;
	struct stat st;

	*error = NULL;
	if (quarantine_export(folder, name, key, fd, error) == 0) {
		fstat(fd, &st);
		*n_r = (size_t)st.st_size;
		p = malloc(*n_r + 1);
		assert_int_equal(pread(fd, p, *n_r, 0), (ssize_t)*n_r);
	}
	close(fd);
	return p;
}

static inline void
assert_export(const char *name, struct span content)
{
	char *error;
	size_t n;
	char *p = export_with(secret, name, &n, &error);

	if (p == NULL)
		fail_msg("%s", error);
	assert_int_equal(n, content.n);
	assert_memory_equal(p, content.p, n);
	free(p);
}

static inline void
assert_no_export(const char *name, const char *why)
{
	char *error;
	size_t n;

	assert_null(export_with(secret, name, &n, &error));
	if (strstr(error, why) == NULL)
		fail_msg("\"%s\" is not in: %s", why, error);
	free(error);
}

static inline int
keep(const json_t *d, void *to)
{
	return json_array_append(to, (json_t *)(uintptr_t)d);
}

static inline json_t *
list(void)
{
	json_t *all = json_array();
	char *error = NULL;

	assert_int_equal(quarantine_each(folder, keep, all, &error), 0);
	return all;
}

static inline void
path_of(char out[128], const char *name, const char *ending)
{
	snprintf(out, 128, "%s/%.50s%.10s", folder, name, ending);
}

static inline void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

#define TEST(f) cmocka_unit_test_teardown(f, clear)

#endif
