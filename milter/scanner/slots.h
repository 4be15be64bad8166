/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slots: what a worker tells its loader, in shared memory.
 *
 * Each slot has pages of its own, and a worker keeps only its own mapped: one
 * that is taken over can lie about itself and about no other.  The loader
 * reads them as it reads any input.
 *
 * The loader makes them before it forks and frees them; one writer for each
 * slot, atomic members.
 */
#ifndef POSTERN_SLOTS_H
#define POSTERN_SLOTS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
	_Atomic int64_t	 began;		/* clock_ms() of the scan; 0: idle */
	_Atomic uint32_t served;	/* requests so far */
	_Atomic uint32_t walls;		/* sandbox.h: those that stand */
	_Atomic uint32_t ready;		/* walls is told */
	_Atomic uint32_t refused;	/* connections of strangers */
	_Atomic uint32_t refused_uid;	/* of the last one */
};

struct slots;

/* NULL when there is no memory. */
struct slots	*slots_new(size_t n);
void	slots_free(struct slots **);
struct slot	*slots_at(const struct slots *, size_t i);
void	slots_clear(const struct slots *, size_t i);
/* In a worker: unmaps all but its own; only that pointer stays valid. */
void	slots_keep(const struct slots *, size_t i);

/*
 * Milliseconds until the scan of this slot has lasted limit_ms: 0 when it has,
 * -1 when there is no scan.  A start in the future counts as now.
 */
int64_t	slot_left(const struct slot *, int64_t now, int64_t limit_ms);

#endif
