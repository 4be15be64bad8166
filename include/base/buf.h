/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf: growing bytes with a hard maximum.
 *
 * Going past the maximum (or out of memory) is sticky: the buffer keeps what
 * it had, later additions do nothing, and buf_failed() says so; check once at
 * the end.  buf.p is NUL-terminated behind n once anything was added.
 * One thread at a time.
 */
#ifndef POSTERN_BUF_H
#define POSTERN_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "span.h"

struct buf {
	char	*p;
	size_t	 n;
	size_t	 cap;
	size_t	 max;
	bool	 failed;
};

/* An empty buffer that holds at most max bytes; owns nothing yet. */
void	buf_init(struct buf *, size_t max);
/* Releases the bytes; the buffer can be used again. */
void	buf_free(struct buf *);
/* Empties it, keeps the memory, clears the failure. */
void	buf_reset(struct buf *);

void	buf_add(struct buf *, const void *, size_t);
void	buf_addc(struct buf *, char);
void	buf_adds(struct buf *, const char *);
void	buf_addspan(struct buf *, struct span);
void	buf_addf(struct buf *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

bool	buf_failed(const struct buf *);
struct span	buf_span(const struct buf *);

#endif
