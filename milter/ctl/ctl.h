/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl: what the commands of posternctl are made of.
 *
 * One const struct per command, all of them in the table of commands.c; the
 * parser of arguments, the help and the test of the manual page read that
 * table and know nothing else.  A command returns an exit code of sysexits and
 * has said on standard error what is wrong and what to type instead.
 *
 * One thread.  Text that comes from mail is printed through table.c or
 * ctl_json() only, which let no control character through to the terminal.
 */
#ifndef POSTERN_CTL_H
#define POSTERN_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "arena.h"
#include "conf.h"

/* Options of one command, those for all commands included. */
#define OPTIONS_MAX	16

struct option_spec {
	const char	*name;		/* without "--"; NULL ends a list */
	char		 letter;	/* 0: none */
	const char	*arg;		/* name of its value; NULL: a switch */
	const char	*help;
};

struct ctl {
	const struct command *command;
	struct arena	*arena;
	struct conf	*conf;		/* ctl_conf() */
	const char	*value[OPTIONS_MAX]; /* of the options; "": a switch */
	const struct option_spec *spec[OPTIONS_MAX];
	size_t		 nspec;
	char		**operand;
	int		 noperand;
};

struct command {
	const char	*name, *subcommand;	/* NULL: it has none */
	const char	*operands;	/* as the help shows them; "" */
	int		 least, most;	/* of them; most -1: any number */
	const char	*help;
	const struct option_spec *options;
	int		(*run)(struct ctl *);
};

/* commands.c */
extern const struct command *const commands[];
extern const size_t ncommands;
/* NULL: it has been said what is unknown and what is near. */
const struct command *command_find(const char *name, const char *subcommand);
bool	command_is_group(const char *name);
void	help_all(void);
void	help_group(const char *name);
void	help_command(const struct command *);
/* The options that every command takes. */
extern const struct option_spec common_options[];

/* args.c */
/*
 * Sorts argv into options and operands.  With a NULL command only the common
 * options are known, and it stops at the first operand.  The number of
 * arguments used, or -1 (said).
 */
int	args_parse(struct ctl *, int argc, char **argv);
/* The value of an option of this command, or NULL. */
const char *option(const struct ctl *, const char *name);
/* "90s", "2d" (before now) or "2026-11-21[T09:41[:12]]" in UTC; -1 (said). */
int	parse_since(const char *, int64_t *wall_r);
/* "30d" as seconds; -1 (said). */
int	parse_duration(const char *, int64_t *seconds_r);
/* How far two words are apart: number of typing errors. */
unsigned distance(const char *, const char *);

/* say.c */
/* A line on standard error, "posternctl: ..."; returns the code. */
int	complain(int code, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* The same for an error of a library, which is freed. */
int	complain_of(int code, char *error);
/* Asks on the terminal unless --yes; EX_OK, or an exit code (said). */
int	confirm(const struct ctl *, const char *question);
/* A JSON value on standard output. */
void	ctl_json(const json_t *, bool newline);
/* Standard output is whole; an exit code. */
int	ctl_flush(void);
/* The configuration, read once; NULL (said). */
const struct conf *ctl_conf(struct ctl *);
/* The folder of the quarantine from it, or NULL (said). */
const char *ctl_quarantine(struct ctl *);
/* The secret key's file: --secret, or beside the public one; NULL (said). */
const char *ctl_secret(struct ctl *);

/* table.c: rows in columns, each as wide as its widest cell. */
#define TABLE_COLUMNS_MAX	8
struct table;
/* Headings; a column whose heading begins with '>' is set to the right. */
struct table *table_new(const char *const *headings, size_t n);
/* Cells are copied and cleaned; NULL is empty. */
void	table_row(struct table *, const char *const *cells);
void	table_end(struct table **);
/* A text from mail, as the terminal may see it. */
const char *shown(struct arena *, const char *);
/* Seconds since 1970 as "2026-11-21 09:41:12" (UTC). */
const char *shown_time(struct arena *, int64_t wall);

/* find.c */
/* Entries with this name or reference, "entry" added; an exit code (said). */
int	entries_named(const char *folder, const char *name,
	    json_t **list_r);
/* A member as text; "" when it is none. */
const char *text_of(const json_t *, const char *member);
int64_t	number_of(const json_t *, const char *member);

/* postqueue.c */
struct mail_queue {
	const char	*config;	/* --config-directory, or NULL */
	const char	*postqueue, *postsuper;
};
enum queue_state {
	QUEUE_UNKNOWN,		/* postqueue cannot be asked */
	QUEUE_ABSENT,
	QUEUE_HELD,
	QUEUE_OTHER		/* there, but not held */
};
/* *entry_r: the object of postqueue -j (json_decref), or NULL. */
enum queue_state queue_look(const struct mail_queue *, const char *qid,
	    json_t **entry_r);
/* Runs postsuper -H; its exit code, or -1 (said). */
int	queue_release(const struct mail_queue *, const char *qid);

extern const struct command command_quarantine_init;
extern const struct command command_quarantine_list;
extern const struct command command_quarantine_show;
extern const struct command command_quarantine_export;
extern const struct command command_quarantine_delete;
extern const struct command command_quarantine_release;
extern const struct command command_events;

#endif
