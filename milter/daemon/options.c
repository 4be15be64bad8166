/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: reads the command line; called once by main().
 */
#include "config.h"

#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

static void
usage(FILE *to)
{
	fputs("usage: postern [-f] [-t] [-V] [-c FILE]\n"
	    "  -c FILE  configuration (default " POSTERN_CONF ")\n"
	    "  -f       log to standard error\n"
	    "  -t       check the configuration and exit (0, or 78)\n"
	    "  -V       print the version\n", to);
}

void
options_read(struct options *o, int argc, char **argv)
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
			puts("postern " PACKAGE_VERSION);
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "postern: '%s' is not expected here\n",
		    argv[optind]);
		usage(stderr);
		exit(EX_USAGE);
	}
}
