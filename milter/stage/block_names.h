/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block_names: is a file name one of the setting block-names?
 *
 * A name is taken as a system could take it that opens the file: blanks, dots
 * and quotes behind the ending do not count, nor does what stands behind a
 * colon (a stream of NTFS) or where a control character stood; letters of
 * full width are letters, characters that are not shown are not there.
 * Pure; any thread.
 */
#ifndef POSTERN_BLOCK_NAMES_H
#define POSTERN_BLOCK_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/* name: UTF-8, cleaned ('?' for what may not be shown). */
bool	block_names_have(const struct conf *, const char *name);
/* The same for an ending without its dot. */
bool	block_names_ending(const struct conf *, const char *, size_t n);

#endif
