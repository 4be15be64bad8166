/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: the memory of one message (or one configuration), released at once.
 *
 * Nothing taken from an arena is freed by itself.  Allocation never fails:
 * what goes in is bounded by the named limits of bounds.h before it comes
 * here, so running out of memory means that the machine is out of memory;
 * then the process says so and ends, the service manager restarts it and
 * Postfix tempfails meanwhile (design: never pass unchecked).
 *
 * One arena is used by one thread at a time; it has no lock.
 */
#ifndef POSTERN_ARENA_H
#define POSTERN_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "span.h"

struct arena;

struct arena	*arena_new(void);
/* Frees all and sets *a to NULL; NULL is fine. */
void	arena_free(struct arena **a);

/* n zeroed bytes, aligned for any object.  Never NULL; n may be 0. */
void	*arena_alloc(struct arena *, size_t n);
/* The same for count * size, overflow checked. */
void	*arena_array(struct arena *, size_t count, size_t size);
/* A NUL-terminated copy. */
char	*arena_strdup(struct arena *, const char *);
char	*arena_strndup(struct arena *, const char *, size_t);
/* A copy of a span, NUL-terminated behind its end. */
struct span	arena_span(struct arena *, struct span);
char	*arena_cstr(struct arena *, struct span);
char	*arena_printf(struct arena *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
char	*arena_vprintf(struct arena *, const char *fmt, va_list)
	    __attribute__((format(printf, 2, 0)));

/* Bytes asked for so far. */
size_t	arena_used(const struct arena *);

#endif
