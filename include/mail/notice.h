/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notice: the text that stands where a part was taken out.
 *
 * A template is UTF-8 text with ${file}, ${virus}, ${time}, ${reference},
 * ${contact}, ${sha256} and ${reason}; "$$" is a dollar.  Built-in texts: en,
 * de, fr, es, for a virus and for a file that is not let through for another
 * reason.  Values come from the network: they are cleaned (clean.h) and cut.
 * Pure; results in the arena.
 */
#ifndef POSTERN_NOTICE_H
#define POSTERN_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

#define NOTICE_TEMPLATE_MAX	16384	/* bytes of an operator's own text */
#define NOTICE_VALUE_MAX	200

struct notice {
	const char	*file;		/* "" : without a name */
	const char	*virus;		/* "" when it is none */
	const char	*reason;	/* "blocked name .exe", "encrypted" */
	const char	*time;		/* RFC 5322 date */
	const char	*reference;
	const char	*contact;	/* "" : the sentence is left out */
	const char	*sha256;	/* hex */
};

/*
 * The text in these languages, one after the other (unknown ones are left
 * out; none left: en).  `own`: the operator's template instead; absent: ours.
 */
struct span	notice_text(struct arena *, const struct notice *,
	    const char *const *languages, size_t n, struct span own);
/* One ASCII line of at most 200 characters for an enclosed file. */
struct span	notice_ascii(struct arena *, const struct notice *);
/* Is there a text in this language? */
bool	notice_speaks(const char *language);
/* NULL, or what is wrong with a template (unknown ${...}, no UTF-8, long). */
const char *notice_check(struct span own);

#endif
