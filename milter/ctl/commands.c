/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands: the table of what posternctl can do, and the help made of it.
 *
 * A new command is one more row and one more const struct in a file of its
 * group.  Called by main.c; constant data.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl.h"

/* A word further away than this is no typing error. */
#define NEAR		3
#define HELP_COLUMN	34

const struct command *const commands[] = {
	&command_quarantine_init,
	&command_quarantine_list,
	&command_quarantine_show,
	&command_quarantine_export,
	&command_quarantine_delete,
	&command_quarantine_release,
	&command_events,
};
const size_t ncommands = sizeof(commands) / sizeof(commands[0]);

const struct option_spec common_options[] = {
	{ "config", 'c', "FILE",
	    "the configuration (default " POSTERN_CONF ")" },
	{ "json", 0, NULL, "answer in JSON" },
	{ "yes", 'y', NULL, "do not ask" },
	{ "help", 'h', NULL, "say what the command does" },
	{ "version", 'V', NULL, "print the version" },
	{ NULL, 0, NULL, NULL }
};

bool
command_is_group(const char *name)
{
	for (size_t i = 0; i < ncommands; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i]->subcommand != NULL;
	return false;
}

static bool
is_name(const char *name)
{
	for (size_t i = 0; i < ncommands; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return true;
	return false;
}

/* The word of the table nearest to what was typed, or NULL. */
static const char *
nearest(const char *group, const char *typed)
{
	unsigned d, best = NEAR + 1;
	const char *found = NULL, *word;

	for (size_t i = 0; i < ncommands; i++) {
		if (group != NULL && strcmp(commands[i]->name, group) != 0)
			continue;
		word = group != NULL ? commands[i]->subcommand :
		    commands[i]->name;
		d = distance(word, typed);
		if (d < best) {
			best = d;
			found = word;
		}
	}
	return found;
}

/* "list" alone is a command of a group, which has been left out. */
static const char *
group_of(const char *subcommand)
{
	for (size_t i = 0; i < ncommands; i++)
		if (commands[i]->subcommand != NULL &&
		    strcmp(commands[i]->subcommand, subcommand) == 0)
			return commands[i]->name;
	return NULL;
}

static void
say_unknown(const char *group, const char *typed)
{
	const char *near = nearest(group, typed);
	const char *in = group == NULL ? group_of(typed) : NULL;

	if (in != NULL)
		complain(EX_USAGE, "there is no command \"%s\"; type: "
		    "posternctl %s %s", typed, in, typed);
	else if (near != NULL)
		complain(EX_USAGE, "there is no command \"%s%s%s\"; did you "
		    "mean: posternctl %s%s%s", group != NULL ? group : "",
		    group != NULL ? " " : "", typed,
		    group != NULL ? group : "", group != NULL ? " " : "",
		    near);
	else
		complain(EX_USAGE, "there is no command \"%s%s%s\"; "
		    "posternctl help shows all", group != NULL ? group : "",
		    group != NULL ? " " : "", typed);
}

const struct command *
command_find(const char *name, const char *subcommand)
{
	for (size_t i = 0; i < ncommands; i++) {
		if (strcmp(commands[i]->name, name) != 0)
			continue;
		if (commands[i]->subcommand == NULL || (subcommand != NULL &&
		    strcmp(commands[i]->subcommand, subcommand) == 0))
			return commands[i];
	}
	if (is_name(name))
		say_unknown(name, subcommand);
	else
		say_unknown(NULL, name);
	return NULL;
}

static void
print_options(const struct option_spec *o)
{
	char left[HELP_COLUMN];

	for (; o != NULL && o->name != NULL; o++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
		    o->letter != 0 ? "-" : "", o->letter != 0 ? o->letter :
		    ' ', o->letter != 0 ? ", " : "   ", o->name,
		    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
		printf("  %-*s %s\n", HELP_COLUMN - 8, left, o->help);
	}
}

static void
print_line(const struct command *c)
{
	char left[80];

	snprintf(left, sizeof(left), "%s%s%s%s%s", c->name,
	    c->subcommand != NULL ? " " : "",
	    c->subcommand != NULL ? c->subcommand : "",
	    c->operands[0] != '\0' ? " " : "", c->operands);
	printf("  %-*s %s\n", HELP_COLUMN, left, c->help);
}

void
help_group(const char *name)
{
	printf("usage: posternctl %s COMMAND [OPTION...]\n\n", name);
	for (size_t i = 0; i < ncommands; i++)
		if (strcmp(commands[i]->name, name) == 0)
			print_line(commands[i]);
	printf("\nposternctl %s COMMAND --help shows the options.\n", name);
}

void
help_all(void)
{
	puts("usage: posternctl [OPTION...] COMMAND [OPTION...]\n");
	for (size_t i = 0; i < ncommands; i++)
		print_line(commands[i]);
	puts("\nFor all commands:");
	print_options(common_options);
	puts("\nposternctl COMMAND --help shows the options of a command.");
}

void
help_command(const struct command *c)
{
	printf("usage: posternctl %s%s%s [OPTION...]%s%s\n\n%s.\n\n", c->name,
	    c->subcommand != NULL ? " " : "",
	    c->subcommand != NULL ? c->subcommand : "",
	    c->operands[0] != '\0' ? " " : "", c->operands, c->help);
	print_options(c->options);
	print_options(common_options);
}
