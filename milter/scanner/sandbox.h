/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox: what the processes of postern-scan give up.
 *
 * Each step that the kernel or the container does not allow is left out, and
 * what stands is told: a scanner with fewer walls is better than mail that
 * waits.  The filter of system calls (calls.c) is the main wall.
 */
#ifndef POSTERN_SANDBOX_H
#define POSTERN_SANDBOX_H

#include <stdbool.h>

#include "env.h"

#define WALL_CALLS	1u	/* the system call filter */
#define WALL_FILES	2u	/* Landlock */
#define WALL_NETWORK	4u	/* a network namespace without a network */
#define WALL_MOUNTS	8u	/* a mount namespace */

/* The sanitizers of this build, which need some walls away; or NULL. */
extern const char *const sandbox_sanitizer;

/* Main, with CAP_SYS_ADMIN and before privileges are dropped. */
unsigned	sandbox_namespaces(void);
/* Main, afterwards: no core, no tracing, no new rights; for all of us. */
void	sandbox_main(void);
/* A loader, before it reads signatures. */
unsigned	sandbox_loader(const struct env *, const char *dir);
/* A worker with its directory for temporary files. */
unsigned	sandbox_worker(const struct scanconf *, const char *dir);

/* calls.c: true when the filter is in place. */
bool	calls_filter_loader(void);
bool	calls_filter_worker(void);

#endif
