/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper: the main process's view of its loaders.
 *
 * Starts a loader at the start and when the signatures change; when the new
 * one is ready the old one retires.  A set that cannot be used leaves the old
 * one in service.  While there is none, a loader without signatures has every
 * question answered with the reason.  Main process, one thread.
 */
#ifndef POSTERN_KEEPER_H
#define POSTERN_KEEPER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "env.h"

/* One serves, one loads, and old ones with a scan to finish. */
#define KEEPER_SETS_MAX		4
/* A loader that died by itself: the next one not before. */
#define KEEPER_RESTART_MS	5000
/* A load that takes longer is ended. */
#define KEEPER_LOAD_MS		900000
/* Past scan-time and its grace, a retired loader is killed. */
#define KEEPER_RETIRE_MS	3000

struct keeper;

/* signals: closed in the loaders. */
struct keeper	*keeper_new(struct env *, int signals);
/* The descriptors to wait for, KEEPER_SETS_MAX of them (-1: none). */
void	keeper_wait_for(const struct keeper *, struct pollfd *);
/* After SIGCHLD, a descriptor, or WATCH_MS. */
void	keeper_step(struct keeper *);
/* SIGHUP. */
void	keeper_reload(struct keeper *);
/* True once after each load that has ended, well or not. */
bool	keeper_decided(struct keeper *);
/* Ends all processes, at the latest after so many ms. */
void	keeper_stop(struct keeper **, int ms);

#endif
