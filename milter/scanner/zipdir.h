/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zipdir: our own look at a zip's directory.
 *
 * libclamav leaves out what it cannot read of a zip and calls the rest clean.
 * This reads the central directory, compares each entry's local header, and
 * says what would be left out, or read otherwise than the receiver's program
 * does.  It unpacks nothing.  Office documents, jar, epub and the like are
 * zips too.
 *
 * Pure: bytes in, values out.  Time is linear in the directory (times its
 * logarithm when the entries are out of order), which has limits.
 */
#ifndef POSTERN_ZIPDIR_H
#define POSTERN_ZIPDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounds.h"
#include "span.h"

/* Extensions of the members' names, in the form of scanproto.h. */
struct zipdir_names {
	char	text[SCAN_EXTENSIONS_SIZE];
	size_t	n;
};

struct zipdir_limits {
	uint64_t	file_size;	/* of one member, unpacked */
	uint64_t	scan_size;	/* of all */
	unsigned	files;
};

/* Whether the bytes are a zip, or have one at their end. */
bool	zipdir_is_zip(struct span);

/*
 * NULL when a reader of zips meets no surprise, else why not (a literal that
 * begins with "zip: ").  *names gets the members' extensions, also then, and
 * "*" when not all names can be read; it may be NULL.  Only for what
 * zipdir_is_zip() says yes to.
 */
const char	*zipdir_check(struct span, const struct zipdir_limits *,
		    struct zipdir_names *);

/* Says that there are names that cannot be told; NULL does nothing. */
void	zipdir_add_more(struct zipdir_names *);
/* The extension of one member's name goes to its place in the list. */
void	zipdir_add_name(struct zipdir_names *, struct span name);

#endif
