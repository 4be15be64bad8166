/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer_internal: what transfer.c and its decoders share.
 *
 * Each decoder takes a chunk that is never empty, writes to out and returns
 * the bytes written; its ..._end() writes what is left and says in t->cut
 * whether something is missing.  All of the state is in struct transfer, so
 * that the sizes of the chunks cannot matter.
 */
#ifndef POSTERN_TRANSFER_INTERNAL_H
#define POSTERN_TRANSFER_INTERNAL_H

#include "transfer.h"

/* Below TRANSFER_SLACK, since a line that is held comes out besides. */
#define TRANSFER_CREDIT_MAX	(TRANSFER_SLACK - TRANSFER_KEPT)

size_t	transfer_base64(struct transfer *, struct span, unsigned char *out);
size_t	transfer_base64_end(struct transfer *, unsigned char *out);
size_t	transfer_qp(struct transfer *, struct span, unsigned char *out);
size_t	transfer_qp_end(struct transfer *, unsigned char *out);
size_t	transfer_uu(struct transfer *, struct span, unsigned char *out);
size_t	transfer_uu_end(struct transfer *, unsigned char *out);
size_t	transfer_yenc(struct transfer *, struct span, unsigned char *out);
size_t	transfer_yenc_end(struct transfer *, unsigned char *out);

/* Adds to the line that is held; what is too long is counted only. */
void	transfer_keep(struct transfer *, struct span);
/* The line that is held, without blanks and CR at its end. */
struct span	transfer_line(const struct transfer *);
/* Forgets it; counted as foreign, when it is not blank and `foreign`. */
void	transfer_drop_line(struct transfer *, bool foreign);

#endif
