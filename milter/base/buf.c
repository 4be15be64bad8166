/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf: growing bytes with a hard maximum.
 *
 * Used for what is put together piece by piece: records on a wire, lines of
 * the log, rendered headers.  The buffer owns its bytes until buf_free().
 * Memory doubles and is never more than the maximum and one NUL.  A refused
 * addition leaves what was there untouched; nothing is ever added in part.
 * One thread at a time has a buffer.
 *
 * Large ones (messages with attachments) go straight to a block of SPARE_SIZE.
 * Up to SPARES_MAX such blocks are kept when they are freed, for all threads:
 * fresh pages from the kernel for every megabyte cost more than reading the
 * mail off the socket.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define BUF_FIRST	64
/* What needs more than this takes a block of SPARE_SIZE. */
#define LARGE		((size_t)256 * 1024)
#define SPARE_SIZE	((size_t)4 * 1024 * 1024)
#define SPARES_MAX	8

static char *_Atomic spares[SPARES_MAX];

static char *
take_spare(void)
{
	char *p;

	for (size_t i = 0; i < SPARES_MAX; i++)
		if ((p = atomic_exchange(&spares[i], NULL)) != NULL)
			return p;
	return malloc(SPARE_SIZE);
}

/* Keeps the block, or frees it when there are enough. */
static void
give_spare(char *p)
{
	for (size_t i = 0; i < SPARES_MAX; i++) {
		char *none = NULL;

		if (atomic_compare_exchange_strong(&spares[i], &none, p))
			return;
	}
	free(p);
}

/* A block of SPARE_SIZE in place of the one that has become too small. */
static char *
move_to_spare(struct buf *b)
{
	char *p = take_spare();

	if (p == NULL)
		return NULL;
	if (b->p != NULL)
		memcpy(p, b->p, b->n + 1);
	free(b->p);
	return p;
}

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_free(struct buf *b)
{
	if (b->cap == SPARE_SIZE)
		give_spare(b->p);
	else
		free(b->p);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
	if (b->p != NULL)
		b->p[0] = '\0';
}

/* Makes room for n more bytes and a NUL. */
static bool
buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
	char *p;

	if (b->failed || n > b->max - b->n || b->n + n == SIZE_MAX) {
		b->failed = true;
		return false;
	}
	if (b->n + n < b->cap)
		return true;
	while (cap <= b->n + n)
		cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	if (b->max < SIZE_MAX && cap > b->max + 1)
		cap = b->max + 1;
	if (cap > LARGE && cap <= SPARE_SIZE && b->max >= SPARE_SIZE) {
		cap = SPARE_SIZE;
		p = move_to_spare(b);
	} else {
		p = realloc(b->p, cap);
	}
	if (p == NULL) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!buf_room(b, n))
		return;
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addspan(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (!buf_room(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

struct span
buf_span(const struct buf *b)
{
	return span_make(b->p, b->n);
}
