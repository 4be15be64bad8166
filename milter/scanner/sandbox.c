/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox: see the header.
 *
 * Loader: reads signatures and system files, writes below its directory, runs
 * no program and reaches no network.  Worker: reads and writes below its own
 * directory and nothing else, with bounds on memory, files and file sizes;
 * past them a call fails, the library says so, and the content is "not
 * scanned".
 *
 * A sanitizer build (POSTERN_SANITIZER) leaves out what its runtime needs.
 */
#include "config.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "landlock.h"
#include "log.h"
#include "sandbox.h"

#ifdef POSTERN_SANITIZER
const char *const sandbox_sanitizer = POSTERN_SANITIZER;
#else
const char *const sandbox_sanitizer = NULL;
#endif

/* Open files of a worker: its own few, and nested archives. */
#define WORKER_FILES	256
/* Address space above what it starts with and the content: malloc fails. */
#define WORKER_HEADROOM	(512ull * 1024 * 1024)

/* What a loader may reach by name, and links in the folder of signatures. */
#define LOADER_PATHS	7
#define LINKS_MAX	64

#define READ_ALL	(LANDLOCK_MAY_READ | LANDLOCK_MAY_LIST)
#define CHANGE_ALL	(READ_ALL | LANDLOCK_MAY_WRITE)

unsigned
sandbox_namespaces(void)
{
	unsigned walls = 0;

	if (unshare(CLONE_NEWNET) == 0)
		walls |= WALL_NETWORK;
	/* What is mounted outside later comes here, nothing goes back. */
	if (unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		walls |= WALL_MOUNTS;
	return walls;
}

void
sandbox_main(void)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		log_warn("cannot forbid core files: %m");
	if (sandbox_sanitizer == NULL &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warn("cannot forbid tracing: %m");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		log_warn("cannot give up new rights for good: %m");
}

/* Signature files that are links to elsewhere; how many of LINKS_MAX. */
static size_t
find_links(const char *folder, struct landlock_path *paths)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[PATH_MAX];
	size_t n = 0;

	if (d == NULL)
		return 0;
	while (n < LINKS_MAX && (e = readdir(d)) != NULL) {
		if (e->d_type != DT_LNK ||
		    snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >=
		    (int)sizeof(path))
			continue;
		paths[n] = (struct landlock_path){ realpath(path, NULL),
		    LANDLOCK_MAY_READ };
		n += paths[n].path != NULL;
	}
	closedir(d);
	return n;
}

unsigned
sandbox_loader(const struct env *env, const char *dir)
{
	/* Not / itself: spools and keys are nothing for it. */
	struct landlock_path paths[LOADER_PATHS + LINKS_MAX] = {
		{ env->conf->database, READ_ALL },
		{ dir, CHANGE_ALL },
		{ "/etc", READ_ALL }, { "/usr", READ_ALL },
		{ "/proc", READ_ALL }, { "/dev", LANDLOCK_MAY_READ },
		{ "/dev/null", LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE },
	};
	size_t n = LOADER_PATHS;
	unsigned walls = 0;

	if (sandbox_sanitizer != NULL)
		return 0;
	n += find_links(env->conf->database, paths + LOADER_PATHS);
	if (landlock_confine(paths, n) == 0)
		walls |= WALL_FILES;
	if (calls_filter_loader())
		walls |= WALL_CALLS;
	return walls;
}

static void
limit(int what, rlim_t value)
{
	struct rlimit now, r = { value, value };

	if (getrlimit((__rlimit_resource_t)what, &now) == -1)
		return;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		r.rlim_cur = r.rlim_max = now.rlim_max;
	(void)setrlimit((__rlimit_resource_t)what, &r);
}

/* Bytes of address space in use; 0 when that cannot be told. */
static unsigned long long
address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static void
limit_worker(const struct scanconf *c)
{
	unsigned long long size = address_space();

	signal(SIGXFSZ, SIG_IGN);	/* write() says EFBIG instead */
	limit(RLIMIT_FSIZE, c->scan_size);
	limit(RLIMIT_NOFILE, WORKER_FILES);
	if (size > 0 && sandbox_sanitizer == NULL)
		limit(RLIMIT_AS, size + WORKER_HEADROOM + c->scan_size);
}

unsigned
sandbox_worker(const struct scanconf *c, const char *dir)
{
	const struct landlock_path paths[] = { { dir, CHANGE_ALL } };
	unsigned walls = 0;

	limit_worker(c);
	if (sandbox_sanitizer != NULL)
		return 0;
	if (landlock_confine(paths, 1) == 0)
		walls |= WALL_FILES;
	if (calls_filter_worker())
		walls |= WALL_CALLS;
	return walls;
}
