/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_internal: what the files of the part finder share.
 *
 * mime.c        the order of the steps, and the words
 * mime_limit.c  costly lines, counted before the parse
 * mime_walk.c   boundary lines, and with them all ranges
 * mime_header.c the header of one part
 * mime_names.c  media type, charset and file name, made safe to show
 * mime_enclosed.c  uuencode and yEnc in text
 * mime_crypto.c what is sealed
 * mime_gmime.c  GMime: parameters, warnings, and its view of the same message,
 *               which it reads through mime_stream.c
 *
 * Ranges come from our own walk alone, so that they are exact whatever the
 * line ends are; GMime parses the same bytes, and where it sees another
 * structure the message is malformed.
 */
#ifndef POSTERN_MIME_INTERNAL_H
#define POSTERN_MIME_INTERNAL_H

#include "bounds.h"
#include "mime.h"

/* A part that the walk is inside of; the innermost is the last. */
struct mime_open {
	size_t		part;
	struct span	boundary;	/* absent: no multipart */
	size_t		last;		/* behind the closing line, if closed */
	bool		met, closed;	/* a boundary line, the closing one */
	bool		longer;		/* begins with that of the part above */
};

struct mime_walk {
	struct arena	*arena;
	struct span	 raw;
	struct mime_part *part;
	size_t		 n, room;
	unsigned	 malformed;
	const char	*limit;
	struct mime_open open[MIME_DEPTH_MAX + 1];
	size_t		 nopen;
	size_t		 content_bytes;	/* of Content-* fields so far */
	bool		 in_header;	/* of the innermost part */
	struct _GMimeParserOptions *options;
};

/* What a Content-Type or Content-Disposition says, in the arena. */
struct mime_value {
	const char	*word;		/* type or disposition, lower case */
	const char	*charset;
	const char	*boundary;	/* NULL: none */
	const char	*smime;		/* smime-type, or "" */
	struct span	*names;		/* filename= or name=, best first */
	size_t		 nnames;
};

/* A line of raw: its text is [at, text), the next one begins at `next`. */
struct mime_line {
	size_t	at, text, next;
};

struct mime_line	mime_line_at(struct span raw, size_t at, size_t end);

/* mime_walk.c; false: a limit was met. */
bool	mime_walk(struct mime_walk *);
/* Adds a part, or returns MIME_NONE past the limit. */
size_t	mime_add(struct mime_walk *, enum mime_kind, size_t parent,
	    size_t head);

/*
 * mime_header.c: reads the header that stands in [p->head, end) and sets kind,
 * fields and words of part i.  Returns the boundary, absent when it is none.
 */
struct span	mime_header(struct mime_walk *, size_t i, size_t end);
/* True for a line "Name:", blanks before the colon allowed. */
bool	mime_field_line(struct span line);

/* mime_names.c */
const char *mime_word(struct arena *, const char *, size_t size);
const char *mime_name(struct arena *, struct span, const char *charset);
bool	mime_same_ending(struct span, struct span);

/* mime_enclosed.c: adds the files in a text leaf that is complete. */
void	mime_enclosed(struct mime_walk *, size_t leaf);

/* mime_crypto.c */
void	mime_crypto(struct mime_walk *, enum mime_crypto *crypto_r);

/* mime_gmime.c */
void	mime_gmime_begin(struct mime_walk *);
void	mime_gmime_end(struct mime_walk *);
/* Both may change the text. */
void	mime_gmime_type(struct mime_walk *, char *, struct mime_value *);
void	mime_gmime_disposition(struct mime_walk *, char *,
	    struct mime_value *);
/* The text in UTF-8 in the arena, or NULL when it cannot be converted. */
const char *mime_gmime_utf8(struct arena *, struct span, const char *charset);
/* Parses the message with GMime and compares. */
void	mime_gmime_compare(struct mime_walk *);

#endif
