/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock: see the header, and landlock(7).
 *
 * libc has no functions for the three system calls.  The rights that a kernel
 * knows depend on its version of the interface; all that it knows are taken
 * away, and those that the header's names stand for are given back.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/landlock.h>

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "landlock.h"
#include "log.h"

/* All rights on files up to interface versions 1, 2, 3 to 4, and 5. */
#define RIGHTS_1	((UINT64_C(1) << 13) - 1)
#define RIGHTS_2	((UINT64_C(1) << 14) - 1)
#define RIGHTS_3	((UINT64_C(1) << 15) - 1)
#define RIGHTS_5	((UINT64_C(1) << 16) - 1)

/* Newer than some libc's kernel headers. */
#define RIGHT_REFER	(UINT64_C(1) << 13)
#define RIGHT_TRUNCATE	(UINT64_C(1) << 14)

#define RIGHTS_WRITE	(LANDLOCK_ACCESS_FS_WRITE_FILE | \
	LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	RIGHT_REFER | RIGHT_TRUNCATE)
/* Of these, what there is to do with a file that is no directory. */
#define RIGHTS_OF_FILE	(LANDLOCK_ACCESS_FS_READ_FILE | \
	LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE)

static uint64_t
rights_known(long version)
{
	if (version >= 5)
		return RIGHTS_5;
	if (version >= 3)
		return RIGHTS_3;
	return version == 2 ? RIGHTS_2 : RIGHTS_1;
}

static uint64_t
rights_of(unsigned may)
{
	uint64_t rights = 0;

	if (may & LANDLOCK_MAY_READ)
		rights |= LANDLOCK_ACCESS_FS_READ_FILE;
	if (may & LANDLOCK_MAY_LIST)
		rights |= LANDLOCK_ACCESS_FS_READ_DIR;
	if (may & LANDLOCK_MAY_WRITE)
		rights |= RIGHTS_WRITE;
	return rights;
}

static void
allow(int ruleset, const struct landlock_path *p, uint64_t known)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights_of(p->rights) & known
	};
	struct stat st;

	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd == -1)
		return;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= RIGHTS_OF_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
	    &rule, 0) == -1)
		log_warn("cannot allow access to %s: %m", p->path);
	close(rule.parent_fd);
}

int
landlock_confine(const struct landlock_path *paths, size_t n)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = 0 };
	long version, ruleset;
	size_t i;
	int rc;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return -1;
	attr.handled_access_fs = rights_known(version);
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset == -1)
		return -1;
	for (i = 0; i < n; i++)
		allow((int)ruleset, &paths[i], attr.handled_access_fs);
	rc = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	close((int)ruleset);
	return rc;
}
