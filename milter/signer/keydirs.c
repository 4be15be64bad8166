/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydirs: see the header; each directory once.  A key file that is a symbolic
 * link is allowed at both places.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "keydirs.h"
#include "landlock.h"
#include "log.h"

struct dirs {
	struct landlock_path *v;
	size_t	  n, size;
};

/* Adds the directory of a file; the same as the last one is left out. */
static void
add_directory(struct dirs *dirs, const char *file)
{
	const char *slash = strrchr(file, '/');
	size_t n = slash != NULL ? (size_t)(slash - file) : 0;
	char *dir = strndup(n > 0 ? file : "/", n > 0 ? n : 1);

	if (dir == NULL)
		log_panic("out of memory");
	if (dirs->n > 0 && strcmp(dirs->v[dirs->n - 1].path, dir) == 0) {
		free(dir);
		return;
	}
	if (dirs->n == dirs->size) {
		dirs->size = dirs->size * 2 + 64;
		dirs->v = reallocarray(dirs->v, dirs->size, sizeof(*dirs->v));
		if (dirs->v == NULL)
			log_panic("out of memory");
	}
	dirs->v[dirs->n++] = (struct landlock_path){ dir, LANDLOCK_MAY_READ };
}

static void
add_file(struct dirs *dirs, const char *file)
{
	char *real = realpath(file, NULL);

	add_directory(dirs, file);
	if (real != NULL)
		add_directory(dirs, real);
	free(real);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct landlock_path *)a)->path,
	    ((const struct landlock_path *)b)->path);
}

static void
drop_path(const struct landlock_path *p)
{
	union { const char *in; char *out; } u = { .in = p->path };

	free(u.out);
}

/* Sorted, each once. */
static void
make_unique(struct dirs *dirs)
{
	size_t i, kept = 0;

	if (dirs->n > 1)
		qsort(dirs->v, dirs->n, sizeof(*dirs->v), compare);
	for (i = 0; i < dirs->n; i++)
		if (kept > 0 && compare(&dirs->v[kept - 1], &dirs->v[i]) == 0)
			drop_path(&dirs->v[i]);
		else
			dirs->v[kept++] = dirs->v[i];
	dirs->n = kept;
}

int
keydirs_confine(const struct keytable *t)
{
	struct dirs dirs = { NULL, 0, 0 };
	size_t i;
	int rc;

	for (i = 0; i < t->nfiles; i++)
		add_file(&dirs, t->files[i]);
	for (i = 0; i < t->nkeys; i++)
		add_file(&dirs, t->keys[i].file);
	make_unique(&dirs);
	rc = landlock_confine(dirs.v, dirs.n);
	for (i = 0; i < dirs.n; i++)
		drop_path(&dirs.v[i]);
	free(dirs.v);
	return rc;
}
