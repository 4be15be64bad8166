/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpdir: see the header.
 *
 * Removing goes without recursion, however deep a hostile worker built: what
 * is in a subdirectory is moved up and the subdirectory removed, until nothing
 * is left.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <linux/magic.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmpdir.h"

#define SHARED_MEMORY	"/dev/shm"
#define PREFIX		"postern-scan."
#define MAKE_TRIES	3
/* Files that one worker may have at once. */
#define INODES_OF_WORKER 20000

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0');
}

/* Our mount would hide what is in that directory now. */
static bool
hides(const char *dir, const char *path)
{
	char *real = realpath(path, NULL);
	bool below = is_below(real != NULL ? real : path, dir);

	free(real);
	return below;
}

bool
tmpdir_mount(struct tmpdir *t, const struct scanconf *c, uid_t uid, gid_t gid)
{
	const char *options;

	*t = (struct tmpdir){ .lock = -1 };
	if (c->tmp[0] != '\0' || hides(SHARED_MEMORY, c->database) ||
	    hides(SHARED_MEMORY, c->path) || hides(SHARED_MEMORY, c->socket))
		return false;
	options = arena_printf(c->arena,
	    "mode=0700,uid=%u,gid=%u,size=%llu,nr_inodes=%u", (unsigned)uid,
	    (unsigned)gid, (unsigned long long)c->tmp_size,
	    INODES_OF_WORKER * c->workers);
	if (mount("postern-scan", SHARED_MEMORY, "tmpfs",
	    MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == -1)
		return false;
	t->path = SHARED_MEMORY;
	t->is_private = t->in_memory = true;
	return true;
}

/* True while somebody lives who locked it. */
static bool
lock_dir(const char *path, int *fd_r)
{
	*fd_r = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd_r == -1)
		return false;
	if (flock(*fd_r, LOCK_EX | LOCK_NB) == 0)
		return true;
	close(*fd_r);
	*fd_r = -1;
	return false;
}

static void
remove_if_left(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid() || !lock_dir(path, &fd))
		return;
	(void)tmpdir_remove(path);
	close(fd);
}

/* What scanners that were killed have left in a place. */
static void
remove_leftovers(const char *place)
{
	DIR *d = opendir(place);
	struct dirent *e;
	char *path;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		if (asprintf(&path, "%s/%s", place, e->d_name) == -1)
			break;
		remove_if_left(path);
		free(path);
	}
	closedir(d);
}

static bool
is_in_memory(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 &&
	    (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* Another scanner may take it for a leftover before it is locked: again. */
static int
make_in(struct tmpdir *t, struct arena *a, const char *place)
{
	char *path;
	struct stat st, locked;

	remove_leftovers(place);
	for (int i = 0; i < MAKE_TRIES; i++) {
		path = arena_printf(a, "%s/" PREFIX "XXXXXX", place);
		if (mkdtemp(path) == NULL)
			return -1;
		if (!lock_dir(path, &t->lock))
			continue;
		if (stat(path, &st) == 0 && fstat(t->lock, &locked) == 0 &&
		    st.st_ino == locked.st_ino) {
			t->path = path;
			t->in_memory = is_in_memory(path);
			return 0;
		}
		close(t->lock);
		t->lock = -1;
	}
	errno = EBUSY;
	return -1;
}

int
tmpdir_make(struct tmpdir *t, const struct scanconf *c, const char **place_r)
{
	const char *env = getenv("TMPDIR");

	*t = (struct tmpdir){ .lock = -1 };
	*place_r = c->tmp;
	if (c->tmp[0] != '\0')
		return make_in(t, c->arena, c->tmp);
	*place_r = SHARED_MEMORY;
	if (make_in(t, c->arena, SHARED_MEMORY) == 0)
		return 0;
	*place_r = env != NULL && env[0] == '/' ? env : "/tmp";
	return make_in(t, c->arena, *place_r);
}

void
tmpdir_close(struct tmpdir *t)
{
	if (t->path == NULL)
		return;
	if (t->is_private)
		(void)tmpdir_empty(t->path);
	else
		(void)tmpdir_remove(t->path);
	if (t->lock != -1)
		close(t->lock);
	*t = (struct tmpdir){ .lock = -1 };
}

static bool
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Entries of a directory that were removed; with `up`, directories move. */
static size_t
clear(DIR *d, int up, unsigned *number)
{
	struct dirent *e;
	size_t gone = 0;
	char name[32];

	rewinddir(d);
	while ((e = readdir(d)) != NULL) {
		if (is_dot(e->d_name))
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == 0 ||
		    unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) == 0) {
			gone++;
			continue;
		}
		if (up == -1)
			continue;
		snprintf(name, sizeof(name), ".up%u", (*number)++);
		gone += renameat(dirfd(d), e->d_name, up, name) == 0;
	}
	return gone;
}

static DIR *
open_below(int dir, const char *name)
{
	int fd = openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;

	if (fd != -1 && d == NULL)
		close(fd);
	return d;
}

/* Takes one level away from each subdirectory; how much went. */
static size_t
flatten(DIR *d, unsigned *number)
{
	struct dirent *e;
	size_t gone = 0;

	rewinddir(d);
	while ((e = readdir(d)) != NULL) {
		DIR *inner;

		if (is_dot(e->d_name))
			continue;
		inner = open_below(dirfd(d), e->d_name);
		/* Its owner may have closed it to itself. */
		if (inner == NULL && fchmodat(dirfd(d), e->d_name, 0700,
		    AT_SYMLINK_NOFOLLOW) == 0)
			inner = open_below(dirfd(d), e->d_name);
		if (inner == NULL)
			continue;
		gone += clear(inner, dirfd(d), number);
		closedir(inner);
	}
	return gone;
}

int
tmpdir_empty(const char *path)
{
	DIR *d = open_below(AT_FDCWD, path);
	struct dirent *e;
	unsigned number = 0;
	bool left = false;

	if (d == NULL)
		return -1;
	/* The first pass is all that there is after most scans. */
	while (clear(d, -1, &number) + flatten(d, &number) > 0)
		;
	rewinddir(d);
	while ((e = readdir(d)) != NULL)
		left |= !is_dot(e->d_name);
	closedir(d);
	return left ? -1 : 0;
}

int
tmpdir_remove(const char *path)
{
	(void)tmpdir_empty(path);
	return rmdir(path);
}
