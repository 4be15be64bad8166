/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: the memory of one message, released at once.
 *
 * A list of chunks.  The first is small, since most messages are; each next
 * one is twice as large, up to a limit.  What is large for a chunk gets a
 * chunk of its own behind the current one, which stays in use.  The arena
 * owns all chunks; callers own nothing.  Bytes come zeroed from calloc() and
 * are given out once only.  One thread at a time.
 *
 * A build with the address sanitizer gives each allocation a chunk of its
 * own, so that reading past the end of one is seen.
 */
#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "arena.h"
#include "log.h"

#define CHUNK_FIRST	4096
#define CHUNK_LAST	(256 * 1024)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_CHUNK_EACH 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ONE_CHUNK_EACH 1
#endif
#ifndef ONE_CHUNK_EACH
#define ONE_CHUNK_EACH 0
#endif

struct chunk {
	struct chunk	*next;
	size_t		 size;
	size_t		 used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct chunk	*chunks;	/* the first is the current one */
	size_t		 next_size;
	size_t		 asked;
};

static void __attribute__((noreturn))
no_memory(size_t n)
{
	log_fatal(EX_OSERR, "out of memory: no %zu bytes; give the machine "
	    "more memory or lower the limits on messages at once", n);
}

static void *
get_zeroed(size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		no_memory(n);
	return p;
}

struct arena *
arena_new(void)
{
	struct arena *a = get_zeroed(sizeof(*a));

	a->next_size = CHUNK_FIRST;
	return a;
}

void
arena_free(struct arena **a)
{
	struct chunk *c, *next;

	if (*a == NULL)
		return;
	for (c = (*a)->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(*a);
	*a = NULL;
}

static struct chunk *
chunk_new(size_t size)
{
	struct chunk *c;

	if (size > SIZE_MAX - sizeof(*c))
		no_memory(size);
	c = get_zeroed(sizeof(*c) + size);
	c->size = size;
	return c;
}

/* A chunk that holds just this; the current chunk stays the current one. */
static void *
alloc_alone(struct arena *a, size_t n)
{
	struct chunk *c = chunk_new(n);

	c->used = n;
	if (a->chunks == NULL) {
		a->chunks = c;
	} else {
		c->next = a->chunks->next;
		a->chunks->next = c;
	}
	return c->data;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c = a->chunks;
	size_t need;

	if (n > SIZE_MAX - alignof(max_align_t))
		no_memory(n);
	a->asked += n;
	if (ONE_CHUNK_EACH)
		return alloc_alone(a, n);
	need = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (c != NULL && need <= c->size - c->used) {
		c->used += need;
		return c->data + c->used - need;
	}
	if (need > a->next_size / 2)
		return alloc_alone(a, need);
	c = chunk_new(a->next_size - sizeof(*c));
	if (a->next_size < CHUNK_LAST)
		a->next_size *= 2;
	c->next = a->chunks;
	a->chunks = c;
	c->used = need;
	return c->data;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		no_memory(SIZE_MAX);
	return arena_alloc(a, count * size);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX)
		no_memory(n);
	p = arena_alloc(a, n + 1);
	if (n > 0)
		memcpy(p, s, n);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_cstr(struct arena *a, struct span s)
{
	return arena_strndup(a, s.p, s.n);
}

struct span
arena_span(struct arena *a, struct span s)
{
	return span_make(arena_cstr(a, s), s.n);
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	size_t size;
	char *p;
	int n;

	assert(fmt != NULL);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	assert(n >= 0);
	size = (size_t)n + 1;
	p = arena_alloc(a, size);
	vsnprintf(p, size, fmt, ap);
	return p;
}

size_t
arena_used(const struct arena *a)
{
	return a->asked;
}
