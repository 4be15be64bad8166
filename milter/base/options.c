/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: see the header.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "options.h"

static void __attribute__((noreturn))
usage(FILE *to, int code, const char *program, const char *check)
{
	fprintf(to, "usage: %s [-f] [-t] [-V] [-c FILE]\n"
	    "  -c FILE  configuration (default " POSTERN_CONF ")\n"
	    "  -f       log to standard error\n"
	    "  -t       %s and exit (0, or 78)\n"
	    "  -V       print the version\n", program, check);
	exit(code);
}

void
options_read(struct options *o, int argc, char **argv, const char *program,
    const char *check)
{
	int c;

	*o = (struct options){ .path = POSTERN_CONF };
	while ((c = getopt(argc, argv, "c:fhtV")) != -1) {
		switch (c) {
		case 'c':
			o->path = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 't':
			o->check = true;
			break;
		case 'V':
			printf("%s %s\n", program, PACKAGE_VERSION);
			exit(0);
		case 'h':
			usage(stdout, 0, program, check);
		default:
			usage(stderr, EX_USAGE, program, check);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: '%s' is not expected here\n", program,
		    argv[optind]);
		usage(stderr, EX_USAGE, program, check);
	}
}
