/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr: mailboxes (RFC 5322 section 3.4, groups RFC 6854, 8-bit RFC 6532)
 * and envelope paths (RFC 5321 section 4.1.2).
 *
 * The parsers take hostile input, run in linear time and keep no state.  They
 * read what real mail has: comments, folds, quoted local parts, routes,
 * encoded words in names, several mailboxes, groups, trailing rubbish.
 */
#ifndef POSTERN_ADDR_H
#define POSTERN_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

struct mailbox {
	struct span	local;	/* as written, quotes removed */
	struct span	domain;	/* as written, comments and blanks removed;
				 * n == 0 when there is none */
};

struct mailboxes {
	struct mailbox	*m;
	size_t		 n;
	bool		 truncated;	/* there were more than max */
	bool		 malformed;	/* something did not parse */
};

/*
 * All mailboxes of an address-list header value (the members of groups too),
 * at most max of them.  What does not parse is skipped up to the next comma
 * and sets `malformed`.  Spans are in the arena.
 */
void	addr_parse_list(struct arena *, struct span value, size_t max,
	    struct mailboxes *);

/*
 * An envelope path: "<a@b>" or "a@b", "<>" or "" for the null path, source
 * routes dropped.  local and domain point into `path`; a quoted local part
 * keeps its quotes.  Returns 0, or -1 when it is neither.
 */
int	addr_parse_path(struct span path, struct mailbox *);

#endif
