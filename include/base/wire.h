/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: framed records between our own processes over a unix socket.
 *
 * A frame is a 12-byte head (magic "PSTN", type and version, length of the
 * payload, all big-endian) and a payload of at most the reader's maximum.
 * Both ends treat what they read as hostile: a wrong magic, a length past the
 * maximum or a short payload ends the connection.
 *
 * The encoder writes into a buf; the decoder takes from a span and is sticky:
 * once anything was short, all later values are zero and wire_ok() is false.
 */
#ifndef POSTERN_WIRE_H
#define POSTERN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "span.h"

#define WIRE_HEAD 12

/*
 * Reads one frame's payload into *payload (reset first; its max is the limit)
 * before the clock_ms() deadline (-1: none).  Returns 1, 0 when the peer
 * closed before a first byte, or -1 with *error_r (a literal).
 * The descriptor may be blocking or not.
 */
int	wire_read(int fd, uint16_t *type_r, struct buf *payload,
	    int64_t deadline, const char **error_r);
/* Writes one frame whole; 0, or -1 with *error_r.  Never raises SIGPIPE. */
int	wire_write(int fd, uint16_t type, struct span payload,
	    int64_t deadline, const char **error_r);

void	wire_put_u8(struct buf *, uint8_t);
void	wire_put_u16(struct buf *, uint16_t);
void	wire_put_u32(struct buf *, uint32_t);
void	wire_put_u64(struct buf *, uint64_t);
/* A 16-bit length and the bytes; longer than 65535 fails the buf. */
void	wire_put_span(struct buf *, struct span);

struct wire_in {
	struct span	left;
	bool		bad;
};

uint8_t	wire_u8(struct wire_in *);
uint16_t	wire_u16(struct wire_in *);
uint32_t	wire_u32(struct wire_in *);
uint64_t	wire_u64(struct wire_in *);
struct span	wire_span(struct wire_in *);
/* True when nothing was short and all has been taken. */
bool	wire_ok(const struct wire_in *);

#endif
