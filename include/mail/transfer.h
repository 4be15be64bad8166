/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer: content transfer encodings (RFC 2045 section 6), uuencode and
 * yEnc, as streams.
 *
 * A decoder takes any chunks and never needs more than its own small state,
 * so that a part of 25 MiB is decoded into a file without a copy in memory.
 * It reads as mail readers do: what does not belong is skipped and counted,
 * since what a reader shows is what must be scanned.
 *
 * Pure; one decoder belongs to one thread at a time.
 */
#ifndef POSTERN_TRANSFER_H
#define POSTERN_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "span.h"

enum transfer_encoding {
	TRANSFER_IDENTITY,	/* 7bit, 8bit, binary, none */
	TRANSFER_BASE64,
	TRANSFER_QP,
	TRANSFER_UU,		/* x-uuencode: "begin" line to "end" */
	TRANSFER_YENC,		/* x-yenc: "=ybegin" to "=yend" */
	TRANSFER_BASE64_LOOSE,	/* base64 where '=' counts for nothing */
	TRANSFER_UNKNOWN	/* a name that we do not know: as it is */
};

/* By the name in Content-Transfer-Encoding; blanks and comments around it. */
enum transfer_encoding transfer_named(struct span);
const char *transfer_word(enum transfer_encoding);

/* What came of it, after transfer_end(); of two the later one is told. */
enum transfer_result {
	TRANSFER_OK,
	TRANSFER_EMPTY,		/* nothing was there: no input but white space,
				 * or it stands for no bytes (uuencode of an
				 * empty file) */
	TRANSFER_GARBAGE,	/* decoded, but foreign bytes were skipped */
	TRANSFER_TRUNCATED,	/* ended inside a group, or without its end */
	TRANSFER_UNDECODABLE	/* there was input, but nothing decoded */
};
const char *transfer_result_word(enum transfer_result);

/*
 * Room that transfer_decode() needs in `out` for n bytes of input.  In all
 * nothing is decoded to more than its own size and TRANSFER_SLACK bytes.
 */
#define TRANSFER_SLACK	4096
#define TRANSFER_ROOM(n) ((n) + TRANSFER_SLACK)
/* Room that transfer_end() needs. */
#define TRANSFER_END_ROOM 64
/* Bytes of a line, or of blanks at its end, that a decoder holds. */
#define TRANSFER_KEPT	128

struct transfer {
	enum transfer_encoding	encoding;
	/* private to transfer*.c */
	unsigned		state;
	uint32_t		bits;		/* base64: digits of a group */
	unsigned		have;		/* and how many */
	unsigned		pads;		/* "=" that may still come */
	uint64_t		out, foreign;
	bool			seen;		/* input that is not white */
	bool			begun;		/* "begin" line, soft break */
	bool			ended;		/* "end" line */
	bool			cut;		/* something is missing */
	size_t			credit;		/* uuencode: padding allowed */
	size_t			line;		/* length of the line so far */
	size_t			nkept;		/* what is held of it */
	unsigned char		kept[TRANSFER_KEPT];
};

void	transfer_begin(struct transfer *, enum transfer_encoding);
/* Decodes one chunk; returns the bytes written to out. */
size_t	transfer_decode(struct transfer *, struct span in, unsigned char *out);
/* What is left (at most TRANSFER_END_ROOM bytes) and how it went. */
size_t	transfer_end(struct transfer *, unsigned char *out,
	    enum transfer_result *result_r);

/*
 * A whole text as quoted-printable (RFC 2045 section 6.7) with CRLF line ends
 * and lines of at most 76 characters, in the arena.  The text's lines end in
 * LF or CRLF.
 */
struct span	transfer_to_qp(struct arena *, struct span text);

#endif
