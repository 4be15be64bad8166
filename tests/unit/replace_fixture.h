/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace_fixture: a message taken apart, edited and put together again.
 */
#ifndef POSTERN_REPLACE_FIXTURE_H
#define POSTERN_REPLACE_FIXTURE_H

#include "arena.h"
#include "buf.h"
#include "edits.h"
#include "header.h"
#include "mime.h"
#include "replace.h"

struct letter {
	struct arena		*arena;
	struct span		 raw;
	struct field		*fields;
	size_t			 nfields;
	size_t			 body_at;
	struct mime_tree	 tree;
	struct edits		 edits;
};

/* raw must live as long; body_at is found as message.c makes it. */
void	letter_open(struct letter *, struct span raw);
int	letter_replace(struct letter *, size_t part,
	    const struct replacement *);
/* The message as it would leave. */
void	letter_render(const struct letter *, struct buf *);
void	letter_close(struct letter *);

#endif
