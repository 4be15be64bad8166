/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_stream: the message as GMime gets to read it; for mime_gmime.c only.
 *
 * The buffer stays the caller's, and as it is, for as long as the stream.
 */
#ifndef POSTERN_MIME_STREAM_H
#define POSTERN_MIME_STREAM_H

#include <gmime/gmime.h>

#include "span.h"

/* Once, before any other. */
void	mime_stream_init(void);
/* For one GMime parser; unref frees it, the buffer is never written. */
GMimeStream *mime_stream_new(struct span raw);

#endif
