/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slots: see the header.  One anonymous shared mapping, a page for each slot
 * at least.
 */
#include "config.h"

#include <sys/mman.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slots.h"

struct slots {
	char	*base;
	size_t	 stride;
	size_t	 n;
};

struct slots *
slots_new(size_t n)
{
	struct slots *s = calloc(1, sizeof(*s));
	long page = sysconf(_SC_PAGESIZE);

	if (s == NULL)
		return NULL;
	s->stride = page > (long)sizeof(struct slot) ? (size_t)page :
	    sizeof(struct slot);
	s->n = n;
	s->base = mmap(NULL, n * s->stride, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->base == MAP_FAILED) {
		free(s);
		return NULL;
	}
	return s;
}

void
slots_free(struct slots **s)
{
	if (*s == NULL)
		return;
	munmap((*s)->base, (*s)->n * (*s)->stride);
	free(*s);
	*s = NULL;
}

struct slot *
slots_at(const struct slots *s, size_t i)
{
	assert(i < s->n);
	return (struct slot *)(void *)(s->base + i * s->stride);
}

void
slots_clear(const struct slots *s, size_t i)
{
	memset(slots_at(s, i), 0, sizeof(struct slot));
}

void
slots_keep(const struct slots *s, size_t i)
{
	assert(i < s->n);
	if (i > 0)
		munmap(s->base, i * s->stride);
	if (i + 1 < s->n)
		munmap(s->base + (i + 1) * s->stride,
		    (s->n - i - 1) * s->stride);
}

int64_t
slot_left(const struct slot *s, int64_t now, int64_t limit_ms)
{
	int64_t began = atomic_load(&s->began);

	if (began == 0)
		return -1;
	if (began < 0 || began > now)
		began = began < 0 ? 0 : now;
	return now - began >= limit_ms ? 0 : limit_ms - (now - began);
}
