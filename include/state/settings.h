/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: the one table of what postern.conf may say.
 *
 * One row a setting: name, type, range, default, unit and text.  The reader,
 * the manual page's section and the commented example are all made from it.
 * Rows of the same section stand together, in the order of the manual.
 */
#ifndef POSTERN_SETTINGS_H
#define POSTERN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum setting_type {
	SETTING_BOOL,		/* yes, no; or one of two `words`: no, yes */
	SETTING_STRING,		/* one of `words`, if there are any */
	SETTING_CHOICE,		/* one of `words` */
	SETTING_COUNT,		/* a whole number */
	SETTING_SIZE,		/* bytes; suffixes K, M, G */
	SETTING_TIME,		/* suffixes ms, s, m, h, d, w */
	SETTING_MODE,		/* octal */
	SETTING_DOMAIN,		/* kept in normal form */
	SETTING_STRINGS,
	SETTING_NETS
};

enum setting_section {
	SECTION_TOP,
	SECTION_DOMAIN,
	SECTION_KEY,
	SECTION_FORWARDER
};

/* The program that takes a changed value only at its start. */
enum setting_restart {
	RESTART_NONE	= 0,
	RESTART_POSTERN	= 1 << 0,
	RESTART_SIGNER	= 1 << 1,
	RESTART_SCANNER	= 1 << 2
};

struct setting {
	const char	*name;
	enum setting_section section;
	enum setting_type type;
	size_t		 offset;	/* of the member in its struct */
	const char	*fallback;	/* default, as it would be written,
					 * lists with braces; NULL: see text */
	const char	*example;	/* the example file's value, there not
					 * commented out if a fallback is; or
					 * NULL */
	int64_t		 min, max;	/* COUNT, SIZE (bytes), TIME (ms) */
	int64_t		 unit;		/* TIME: ms in one of the member */
	const char	*words;		/* CHOICE: "mark|reject" */
	const int	*values;	/* CHOICE: what each word means */
	unsigned	 restart;	/* RESTART_*: a reload is not enough */
	const char	*heading;	/* a group of settings begins; NULL */
	const char	*text;		/* manual: plain sentences */
};

extern const struct setting settings[];
extern const size_t nsettings;

struct conf;

/* True when a setting outside of sections says the same in both. */
bool	setting_same(const struct setting *, const struct conf *,
	    const struct conf *);

/* The settings as mdoc(7) list items, and as a commented example file. */
void	settings_print_mdoc(FILE *);
void	settings_print_example(FILE *);

#endif
