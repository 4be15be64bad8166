/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clean: the sanitisers, one for each place that text goes to.
 *
 * What came from the network is passed through one of these before it stands
 * in a header, a log line or a reply.  Control characters, bidirectional
 * controls and bytes that are not valid UTF-8 become '?'; lengths are capped
 * (a cut is marked by "...").  Results are in the arena, NUL-terminated.
 */
#ifndef POSTERN_CLEAN_H
#define POSTERN_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

#define CLEAN_LOG_MAX	512
#define CLEAN_REPLY_MAX	400

/*
 * A value of the log's key=value line: as it is when it has only printable
 * ASCII without blank, '"', '=' and '\'; else quoted, with '"' and '\' behind
 * a backslash.  Absent or empty gives "-".
 */
const char *clean_log(struct arena *, struct span);

/* Text of at most max bytes; ASCII only (others '?') unless utf8. */
struct span	clean_text(struct arena *, struct span, size_t max, bool utf8);
/* Is it valid UTF-8, all of it? */
bool	clean_utf8(struct span);

/*
 * Part of a reply to the client: ASCII only (others '?') unless utf8.
 * Percent signs are doubled later, once, by daemon/reply.c.
 */
const char *clean_reply(struct arena *, struct span, bool utf8);

/*
 * A value in Authentication-Results (RFC 8601 section 2.2): a token (RFC 2045)
 * or dot-atom as it is, else a quoted-string.  Non-ASCII only when utf8.
 */
const char *clean_authres(struct arena *, struct span, bool utf8);

/* A comment's text: parentheses and backslashes replaced too. */
const char *clean_comment(struct arena *, struct span, bool utf8);

#endif
