/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock: see the header, and landlock(7).
 *
 * libc has no functions for the three system calls.  The rights that a kernel
 * knows depend on its version of the interface; all that it knows are taken
 * away.  A key file that is a symbolic link is allowed at both places.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/landlock.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"
#include "log.h"

/* All rights on files up to interface versions 1, 2, 3 to 4, and 5. */
#define RIGHTS_1	((UINT64_C(1) << 13) - 1)
#define RIGHTS_2	((UINT64_C(1) << 14) - 1)
#define RIGHTS_3	((UINT64_C(1) << 15) - 1)
#define RIGHTS_5	((UINT64_C(1) << 16) - 1)

struct names {
	char	**v;
	size_t	  n, size;
};

static uint64_t
rights_of(long version)
{
	if (version >= 5)
		return RIGHTS_5;
	if (version >= 3)
		return RIGHTS_3;
	return version == 2 ? RIGHTS_2 : RIGHTS_1;
}

/* Adds the directory of a file; the same as the last one is left out. */
static void
add_directory(struct names *names, const char *file)
{
	const char *slash = strrchr(file, '/');
	size_t n = slash != NULL ? (size_t)(slash - file) : 0;
	char *dir = strndup(n > 0 ? file : "/", n > 0 ? n : 1);

	if (dir == NULL)
		log_panic("out of memory");
	if (names->n > 0 && strcmp(names->v[names->n - 1], dir) == 0) {
		free(dir);
		return;
	}
	if (names->n == names->size) {
		names->size = names->size * 2 + 64;
		names->v = reallocarray(names->v, names->size,
		    sizeof(*names->v));
		if (names->v == NULL)
			log_panic("out of memory");
	}
	names->v[names->n++] = dir;
}

static void
add_file(struct names *names, const char *file)
{
	char *real = realpath(file, NULL);

	add_directory(names, file);
	if (real != NULL)
		add_directory(names, real);
	free(real);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
allow_directory(int ruleset, const char *dir)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE
	};

	rule.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.parent_fd == -1)
		return;		/* its keys are reported one by one */
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
	    &rule, 0) == -1)
		log_warn("cannot allow reading in %s: %m", dir);
	close(rule.parent_fd);
}

static void
allow_all(int ruleset, const struct keytable *t)
{
	struct names names = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < t->nfiles; i++)
		add_file(&names, t->files[i]);
	for (i = 0; i < t->nkeys; i++)
		add_file(&names, t->keys[i].file);
	if (names.n > 1)
		qsort(names.v, names.n, sizeof(*names.v), compare);
	for (i = 0; i < names.n; i++)
		if (i == 0 || strcmp(names.v[i], names.v[i - 1]) != 0)
			allow_directory(ruleset, names.v[i]);
	for (i = 0; i < names.n; i++)
		free(names.v[i]);
	free(names.v);
}

int
landlock_confine(const struct keytable *t)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = 0 };
	long version, ruleset;
	int rc;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return -1;
	attr.handled_access_fs = rights_of(version);
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset == -1)
		return -1;
	allow_all((int)ruleset, t);
	rc = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	close((int)ruleset);
	return rc;
}
