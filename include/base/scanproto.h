/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scanproto: the packets between postern and postern-scan.
 *
 * A unix socket of type SOCK_SEQPACKET; one connection, one question, one
 * answer.  A question carries a memfd that is sealed against writing, growing
 * and shrinking; all numbers are big-endian (wire.h).  The nonce of a question
 * comes back in its answer: an answer to another question is no answer.
 *
 * Question: version (16 bits), type (8), kind (8), nonce (64), size (64).
 * Answer: version (16), status (8), nonce (64), version of the signatures
 * (64), name or reason (span), extensions (span), and 0 (8), or for
 * ASK_STATUS 1 (8) and the numbers of struct scan_status_info.
 *
 * Pure but for the two functions that send and receive; any thread.
 */
#ifndef POSTERN_SCANPROTO_H
#define POSTERN_SCANPROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "buf.h"
#include "span.h"

#define SCANPROTO_VERSION 1

enum scan_ask {
	SCAN_ASK_SCAN = 1,	/* with a descriptor */
	SCAN_ASK_STATUS = 2	/* without: how are you? */
};

enum scan_kind {
	SCAN_PART = 1,		/* one decoded part: all unpacking on */
	SCAN_MESSAGE = 2,	/* a message as it is: signatures of type mail,
				 * no archives, no decoding of parts */
	SCAN_MESSAGE_DEEP = 3	/* a message, taken apart by the engine too */
};

enum scan_status {
	SCAN_CLEAN = 1,
	SCAN_VIRUS = 2,		/* name: of the virus */
	SCAN_NOT_SCANNED = 3,	/* name: why this content cannot be scanned
				 * (encrypted, limits, method); asking again
				 * gives the same */
	SCAN_FAILED = 4		/* name: what is wrong with the scanner now
				 * (no space, bad question); ask again later.
				 * The client also uses it for "away", "late" */
};

struct scan_question {
	enum scan_ask	ask;
	enum scan_kind	kind;
	uint64_t	nonce;
	uint64_t	size;		/* bytes of the descriptor's file */
};

/* With ASK_STATUS only. */
struct scan_status_info {
	uint32_t	signatures;	/* number of them */
	uint64_t	built;		/* newest file, seconds since 1970 */
	uint64_t	loaded;		/* when this set was loaded */
	uint32_t	workers;	/* processes of this set */
};

struct scan_answer {
	enum scan_status status;
	uint64_t	nonce;
	uint64_t	version;	/* of the signatures; 0: none loaded,
					 * only with SCAN_FAILED */
	char		name[SCAN_NAME_SIZE];	/* "" for clean */
	/*
	 * Of a zip: lower-case extensions of its members, sorted, each once,
	 * separated by blanks ("exe txt"); "*" stands for more than fit
	 * or can be read.
	 */
	char		extensions[SCAN_EXTENSIONS_SIZE];
	bool		has_info;
	struct scan_status_info info;
};

void	scanproto_put_question(struct buf *, const struct scan_question *);
/* -1 when the packet is no question of this version. */
int	scanproto_get_question(struct span, struct scan_question *);
/* Names are cut, and control characters in them replaced. */
void	scanproto_put_answer(struct buf *, const struct scan_answer *);
/* -1 when it is nonsense: unknown status, name missing, control characters. */
int	scanproto_get_answer(struct span, struct scan_answer *);

/*
 * Sends one packet, with a descriptor unless fd_sent is -1.  0, or -1 and
 * errno.  Never raises SIGPIPE.
 */
int	scanproto_send(int fd, struct span packet, int fd_sent);
/*
 * Receives one packet of at most SCAN_PACKET_MAX bytes into `packet` (reset
 * first), and a descriptor into *fd_r (close-on-exec; -1: none came; more
 * than one: all are closed and it is an error).  1, 0 at the end of the
 * connection, -1 and errno (EMSGSIZE: too long, EBADMSG: more descriptors).
 */
int	scanproto_receive(int fd, struct buf *packet, int *fd_r);

#endif
