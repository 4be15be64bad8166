/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings-doc: writes the settings for the manual page (mdoc) or the example
 * configuration (example) to standard output.  Run by make, not installed.
 */
#include <stdio.h>
#include <string.h>

#include "settings.h"

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "mdoc") == 0) {
		settings_print_mdoc(stdout);
	} else if (argc == 2 && strcmp(argv[1], "example") == 0) {
		settings_print_example(stdout);
	} else {
		fputs("usage: settings-doc mdoc|example\n", stderr);
		return 64;
	}
	if (fflush(stdout) == EOF || ferror(stdout)) {
		perror("settings-doc");
		return 74;
	}
	return 0;
}
