/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_format: sizes of a sealed file, for the two files that write and
 * read it (described in quarantine_seal.c).
 */
#ifndef POSTERN_QUARANTINE_FORMAT_H
#define POSTERN_QUARANTINE_FORMAT_H

#include <sodium.h>

#include "quarantine_private.h"

#define MAGIC		"PSTNSL01"
#define MAGIC_SIZE	8
#define STREAM_KEY	crypto_secretstream_xchacha20poly1305_KEYBYTES
#define STREAM_HEADER	crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define STREAM_TAG	crypto_secretstream_xchacha20poly1305_ABYTES
#define FINAL		crypto_secretstream_xchacha20poly1305_TAG_FINAL
#define BOX		(STREAM_KEY + crypto_box_SEALBYTES)
#define HEAD		(MAGIC_SIZE + BOX + STREAM_HEADER)
#define CHUNK_SEALED	(QUARANTINE_CHUNK + STREAM_TAG)

_Static_assert(QUARANTINE_KEY == crypto_box_PUBLICKEYBYTES &&
    QUARANTINE_KEY == crypto_box_SECRETKEYBYTES, "keys of sodium");

struct seal {
	crypto_secretstream_xchacha20poly1305_state stream;
	unsigned char	key[STREAM_KEY];
	unsigned char	head[HEAD];
	unsigned char	plain[QUARANTINE_CHUNK];
	unsigned char	sealed[CHUNK_SEALED];
};

#endif
