/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notice_text: our own texts, private to notice.c.
 *
 * A text is a list of lines; a line stands where all of its conditions hold.
 */
#ifndef POSTERN_NOTICE_TEXT_H
#define POSTERN_NOTICE_TEXT_H

enum notice_when {
	NOTICE_VIRUS	= 1 << 0,
	NOTICE_OTHER	= 1 << 1,	/* not let through, no virus */
	NOTICE_NAMED	= 1 << 2,	/* the file has a name */
	NOTICE_UNNAMED	= 1 << 3,
	NOTICE_CONTACT	= 1 << 4	/* there is somebody to ask */
};

struct notice_line {
	unsigned	 when;		/* bits, all of them */
	const char	*text;		/* a template; NULL ends the list */
};

struct notice_language {
	const char			*code;
	const struct notice_line	*line;
};

#define NOTICE_LANGUAGES 4
extern const struct notice_language notice_languages[NOTICE_LANGUAGES];

#endif
