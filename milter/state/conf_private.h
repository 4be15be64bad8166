/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_private: what the files that read postern.conf share.
 *
 *	conf_text.c	the files joined to one text; strings, comments,
 *			include(), and the line that each line came from
 *	conf_outline.c	braces, names and repetitions, seen token by token
 *	conf_read.c	that text through libconfuse into struct conf
 *	conf_value.c	one value of each type
 *	conf_check.c	settings that must fit each other
 *	conf_check_scan.c	the same for scanning and what follows it
 *
 * "line" is always a line of the joined text, from 1; 0: the file as a whole.
 * All of it belongs to one conf_load() and its scratch arena.
 */
#ifndef POSTERN_CONF_PRIVATE_H
#define POSTERN_CONF_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "conf.h"
#include "settings.h"
#include "span.h"

/* Bytes of all files together; nested include()s; errors that are listed. */
#define CONF_BYTES_MAX		(256 * 1024 * 1024)
#define CONF_INCLUDE_MAX	10
#define CONF_PROBLEMS_MAX	40
/* Bytes of one sentence about a value. */
#define CONF_WHY_MAX		320

/* The setting that conf_text writes behind a section's "{": its line. */
#define CONF_LINE_SETTING	".line"

struct conf_line {
	const char	*file;
	unsigned	 source;	/* number of the inclusion; 0: main */
	unsigned	 line;		/* in that file */
};

struct conf_problem {
	unsigned	 line;
	const char	*text;
};

struct conf_text {
	struct arena		*arena;
	const char		*path;
	struct buf		 text;
	struct conf_line	*lines;		/* [1] to [nlines] */
	size_t			 nlines, maxlines;
	unsigned		 nsources;
	struct conf_problem	 problems[CONF_PROBLEMS_MAX];
	size_t			 nproblems;
	size_t			 more;		/* not listed */
	struct buf		 warnings;
	bool			 broken;	/* do not parse it at all */
	struct outline		*outline;
};

/* conf_text.c */
void	conf_text_read(struct conf_text *, struct arena *, const char *path);
void	conf_text_free(struct conf_text *);
void	conf_problem(struct conf_text *, unsigned line, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	conf_warning(struct conf_text *, unsigned line, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* "FILE:LINE", or "FILE" for line 0; in the arena. */
const char *conf_where(struct conf_text *, unsigned line);
/* All problems in the order of their lines; malloc'd, NULL: none. */
char	*conf_problems(struct conf_text *);

/* conf_outline.c */
enum conf_token {
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_ASSIGN,
	TOKEN_APPEND,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_OTHER
};

void	outline_new(struct conf_text *);
/* One token; line is the text's last one.  True: a section begins with it. */
bool	outline_token(struct conf_text *, enum conf_token, struct span);
/* A setting's name may stand here. */
bool	outline_wants_name(const struct conf_text *);
/* Around each file: it must close what it opens, and nothing else. */
size_t	outline_file_begins(struct conf_text *);
void	outline_file_ends(struct conf_text *, size_t around);

/* conf_read.c */
/* Fills a new struct conf; problems go to the text's list. */
void	conf_read(struct conf_text *, struct conf *);

/* conf_value.c */
/* Checks one value; -1 and a sentence about what to write instead. */
int	conf_value_check(const struct setting *, const char *value,
	    char why[CONF_WHY_MAX]);
/* Stores values into the struct at base; default for one that is wrong. */
void	conf_value_set(struct arena *, const struct setting *, void *base,
	    const char *const *values, size_t n);
/* A number of this setting as it would be written ("64M", "30s"). */
const char *conf_value_format(const struct setting *, int64_t,
	    char out[32]);

/* conf_check.c */
/* lines: of each row of settings[]; 0 where the file does not have it. */
void	conf_check(struct conf_text *, const struct conf *,
	    const unsigned *lines);
void	conf_check_domain(struct conf_text *, const struct conf_domain *,
	    unsigned line);
void	conf_check_key(struct conf_text *, const struct conf_domain *,
	    const struct conf_key *, unsigned line);
void	conf_check_forwarder(struct conf_text *, const struct conf_forwarder *,
	    unsigned line);

/* The line of a setting outside of sections; 0: the file does not have it. */
unsigned	conf_check_line(const unsigned *lines, const char *name);
void	conf_check_path(struct conf_text *, const unsigned *lines,
	    const char *name, const char *path, bool socket);

/* conf_check_scan.c */
void	conf_check_scan(struct conf_text *, const struct conf *,
	    const unsigned *lines);

/* settings_find.c */
const struct setting *setting_find(enum setting_section, struct span name);
/* The section that this name opens inside another one; -1: none. */
int	setting_subsection(enum setting_section, struct span name);
/* The name nearest to a misspelt one, or NULL. */
const char *setting_nearest(enum setting_section, struct span name);
/* The sections' names: "", "domain", "key", "trusted-forwarder". */
extern const char *const section_names[SECTION_FORWARDER + 1];

#endif
