/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posternctl: the operator's command.
 *
 * Reads the configuration of postern and works on what it names: quarantine
 * and journal.  Finds the command in the table (commands.c), sorts the
 * arguments by its options, runs it.  Exit codes are those of sysexits(3).
 *
 * SECURITY: has the rights of who calls it and no others; never make it
 * setuid.  Descriptions, file names and events come from mail: they are
 * cleaned before a terminal sees them, and no text from mail becomes a path
 * or an argument of another program.  It opens the quarantine's secret key for
 * an export only, and wipes it.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "ctl.h"
#include "log.h"

static int
usage(void)
{
	return complain(EX_USAGE, "no command; posternctl help shows all");
}

/* "help", "help quarantine", "help quarantine list". */
static int
run_help(int argc, char **argv)
{
	const struct command *m;

	if (argc == 0) {
		help_all();
		return ctl_flush();
	}
	if (argc == 1 && command_is_group(argv[0])) {
		help_group(argv[0]);
		return ctl_flush();
	}
	m = command_find(argv[0], argc > 1 ? argv[1] : NULL);
	if (m == NULL)
		return EX_USAGE;
	help_command(m);
	return ctl_flush();
}

/* The command behind the common options, with its own arguments. */
static int
run_command(struct ctl *c, int argc, char **argv)
{
	bool group = command_is_group(argv[0]);
	int code, skip = group ? 2 : 1;

	if (strcmp(argv[0], "help") == 0)
		return run_help(argc - 1, argv + 1);
	if (group && (argc == 1 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)) {
		help_group(argv[0]);
		return argc == 1 ? EX_USAGE : ctl_flush();
	}
	c->command = command_find(argv[0], group ? argv[1] : NULL);
	if (c->command == NULL ||
	    args_parse(c, argc - skip, argv + skip) == -1)
		return EX_USAGE;
	if (option(c, "help") != NULL) {
		help_command(c->command);
		return ctl_flush();
	}
	if (option(c, "version") != NULL)
		return complain(EX_USAGE, "type: posternctl --version");
	code = c->command->run(c);
	return code == EX_OK ? ctl_flush() : code;
}

static int
run(struct ctl *c, int argc, char **argv)
{
	int used = args_parse(c, argc, argv);

	if (used == -1)
		return EX_USAGE;
	if (option(c, "version") != NULL) {
		puts("posternctl " PACKAGE_VERSION);
		return ctl_flush();
	}
	if (option(c, "help") != NULL) {
		help_all();
		return ctl_flush();
	}
	if (used == argc)
		return usage();
	return run_command(c, argc - used, argv + used);
}

int
main(int argc, char **argv)
{
	struct ctl c = { .arena = arena_new() };
	int code;

	umask(077);
	signal(SIGPIPE, SIG_IGN);	/* said by ctl_flush() */
	log_open("posternctl", LOG_TO_STDERR, 0);
	code = run(&c, argc - 1, argv + 1);
	if (c.conf != NULL)
		conf_free(&c.conf);
	arena_free(&c.arena);
	return code;
}
