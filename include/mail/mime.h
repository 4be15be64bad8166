/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: the parts of a message as ranges of its buffer (RFC 2045 to 2049).
 *
 * A flat array of parts in the order of the message, a parent always before
 * its children, with exact offsets into the buffer.  The offsets are found by
 * our own pass over the boundary lines; GMime decodes the parameters and
 * parses the same bytes, and a structure that it sees differently is marked
 * as malformed.  Nothing is copied but names.  Before the parse the lines
 * that could make it costly are counted (bounds.h); a message past a limit is
 * not taken apart.
 *
 * message/rfc822 (message/global too) is walked, also where its transfer
 * encoding forbids that; then it is a leaf and `type` says what it is.
 * Files in uuencode or yEnc inside of text are parts of kind ENCLOSED.
 * A multipart in which no part is found (no boundary, or a wrong one) is a
 * leaf: its raw text is what a reader may show.
 *
 * mime_init() once in the main thread; mime_parse() from any thread, the
 * result in the caller's arena.  `raw` must stay as it is meanwhile.
 */
#ifndef POSTERN_MIME_H
#define POSTERN_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "header.h"
#include "span.h"
#include "transfer.h"

enum mime_kind {
	MIME_LEAF,		/* content to look at */
	MIME_MULTIPART,
	MIME_MESSAGE,		/* holds one message: one child */
	MIME_ENCLOSED		/* a uuencoded or yEnc file in its parent, a
				 * text leaf without transfer encoding */
};

#define MIME_NONE ((size_t)-1)

/* One Content-* field of a part: its text, and its lines with final CRLF. */
struct mime_field {
	struct field	field;
	size_t		from, to;
};

struct mime_part {
	enum mime_kind	 kind;
	size_t		 parent;	/* index; MIME_NONE for part 0 */
	size_t		 depth;		/* part 0: 0 */
	size_t		 head;		/* first byte of its header; == body of
					 * ENCLOSED.  A part without header: at
					 * its empty line */
	size_t		 body;		/* first byte behind the empty line; ==
					 * end when nothing stands there */
	size_t		 end;		/* behind the last byte of the content;
					 * the CRLF of a boundary is not in */
	const struct mime_field *fields; /* Content-* only */
	size_t		 nfields;
	enum transfer_encoding encoding;
	const char	*type;		/* "text/plain", lower case */
	const char	*charset;	/* lower case, or "" */
	const char	*name;		/* file name in UTF-8 without path, from
					 * filename= or name= in every form of
					 * RFC 2231 and 2047; "" */
	const char	*disposition;	/* "attachment", "inline", or "" */
	bool		 sealed;	/* inside of what is signed or encrypted
					 * (multipart/signed, /encrypted,
					 * pkcs7-mime, PGP): an edit would break
					 * it */
};

/* What is wrong with the structure; bits. */
enum mime_malformed {
	MIME_DUPLICATE_FIELD	= 1 << 0, /* two Content-Type, -Encoding */
	MIME_DUPLICATE_BOUNDARY	= 1 << 1, /* also two boundary parameters */
	MIME_NO_BOUNDARY	= 1 << 2, /* missing, or never met */
	MIME_TRUNCATED		= 1 << 3, /* the closing boundary is missing */
	MIME_BAD_HEADER		= 1 << 4,
	MIME_BAD_ENCODING	= 1 << 5, /* unknown name, or one that may not
					   * stand at this type */
	MIME_OTHER		= 1 << 6
};

/* How the message as a whole is protected. */
enum mime_crypto {
	MIME_PLAIN,
	MIME_SIGNED,		/* multipart/signed, opaque S/MIME signature,
				 * PGP in the text */
	MIME_ENCRYPTED
};

struct mime_tree {
	struct mime_part *part;
	size_t		 n;
	unsigned	 malformed;	/* enum mime_malformed bits */
	enum mime_crypto crypto;
	const char	*limit;		/* the one that was met, or NULL: then
					 * n is 0 and nothing else holds */
};

void	mime_init(void);

/* raw: header, empty line, body. */
void	mime_parse(struct arena *, struct span raw, struct mime_tree *);

/* The words for these bits, separated by commas, in the arena. */
const char *mime_malformed_words(struct arena *, unsigned bits);

/* The content of a part as it stands in the buffer. */
struct span	mime_content(struct span raw, const struct mime_part *);

/* Limits, counted without a parse; NULL, or the one that is exceeded. */
const char *mime_limit(struct span raw);

#endif
