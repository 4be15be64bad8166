/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec: hexadecimal and base64 (RFC 4648 sections 4 and 8).
 *
 * All work on caller's memory, keep no state and may be used by any thread.
 */
#ifndef POSTERN_CODEC_H
#define POSTERN_CODEC_H

#include <stddef.h>

#include "span.h"

/* Bytes that base64_encode writes for n bytes, with the final NUL. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
/* Bytes that hex_encode writes for n bytes, with the final NUL. */
#define HEX_SIZE(n) ((n) * 2 + 1)

/* Writes padded base64 and a NUL to out; returns the length without NUL. */
size_t	base64_encode(char *out, const void *in, size_t n);

/*
 * Decodes base64, skipping blanks, tabs, CR and LF; padding may be missing.
 * out holds at most max bytes.  Returns the number of bytes, or -1 when a
 * byte is foreign, the length is impossible or max is too small.
 */
long	base64_decode(void *out, size_t max, struct span in);

/* Writes lower-case digits and a NUL. */
void	hex_encode(char *out, const void *in, size_t n);

#endif
