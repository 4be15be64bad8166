/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail_maker: messages of any structure, made from a number.
 *
 * The same number gives the same message.  What senders do is in there, and
 * what they should not do: parts without header, without empty line or without
 * content, a boundary line that is missing, a header that runs into one, the
 * same boundary twice, broken transfer encodings, files inside of text.
 */
#ifndef POSTERN_MAIL_MAKER_H
#define POSTERN_MAIL_MAKER_H

#include <stdint.h>

#include "buf.h"

/* Pseudo-random numbers, also for those who use the messages. */
struct maker {
	uint64_t	 state;
	struct buf	*out;
	unsigned	 boundaries;	/* made so far */
	unsigned	 parts;		/* that may still be made */
};

uint64_t	maker_random(struct maker *);
/* 0 to n - 1. */
unsigned	maker_pick(struct maker *, unsigned n);
bool		maker_chance(struct maker *, unsigned percent);

/* Appends one message, CRLF at its line ends. */
void	maker_message(struct maker *, uint64_t seed, struct buf *);

#endif
