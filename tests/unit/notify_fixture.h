/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify_fixture: a folder with a scripted sendmail command, and events.
 */
#ifndef POSTERN_TESTS_NOTIFY_FIXTURE_H
#define POSTERN_TESTS_NOTIFY_FIXTURE_H

#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "notify_internal.h"

#define SHA "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"

static char folder[64];

static inline const char *
path_of(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return path;
}

static inline void
put_file(const char *file, const char *text, mode_t mode)
{
	FILE *f = fopen(path_of(file), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path_of(file), mode);
}

/* Mails go to out/N; how it behaves is in the file "mode". */
static inline int
set_up(void **state)
{
	char script[2048];

	(void)state;
	strcpy(folder, "/tmp/test_notify-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	mkdir(path_of("out"), 0700);
	snprintf(script, sizeof(script), "#!/bin/sh\ncd %s || exit 1\n"
	    "n=$(ls out | wc -l)\ncase $(cat mode) in\n"
	    "fail) echo tried >> tries; echo 'no queue: disk full' >&2; "
	    "exit 75 ;;\nnouser) exit 67 ;;\ndeaf) exit 0 ;;\n"
	    "signal) kill -9 $$ ;;\n"
	    "second) [ $n != 1 ] || { echo tried >> tries; exit 75; } ;;\n"
	    "hang) sleep 1000 & echo $! > sleeper; wait ;;\nesac\n"
	    "{ for a; do echo \"arg:$a\"; done; echo; cat; } > new\n"
	    "mv new out/$n\n", folder);
	put_file("sendmail", script, 0700);
	put_file("mode", "ok", 0600);
	return 0;
}

static inline int
tear_down(void **state)
{
	char command[128];

	(void)state;
	clock_set_wall(0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static inline json_t *
event_of(const char *tenant, const char *class, const char *action,
    const char *subject, const char *file)
{
	return json_pack("{s:s,s:s,s:I,s:s,s:i,s:s,s:s,s:s,s:[s,s],s:i,s:s,"
	    "s:s,s:s,s:s,s:s,s:b,s:[{s:s,s:s,s:s,s:s,s:s,s:i,s:s}]}",
	    "id", "01HF7YAT00AAAAAAAAAAAAAAAA", "type", "virus", "time",
	    (json_int_t)1700000000123, "tenant", tenant, "v", 1,
	    "class", class, "qid", "4XabcT", "from", "a@example.com",
	    "to", "b@example.org", "c@example.org", "nrcpt", 9, "subject",
	    subject, "msgid", "<m@example.com>", "client", "192.0.2.1",
	    "action", action, "reference", "20261121T0941-4f0c", "notice", 0,
	    "finds", "kind", "virus", "name", "Eicar-Test-Signature", "file",
	    file, "type", "application/zip", "sha256", SHA, "size", 184,
	    "action", action);
}

static inline struct notify_settings
settings(void)
{
	static char sendmail[128];

	snprintf(sendmail, sizeof(sendmail), "%s/sendmail", folder);
	return (struct notify_settings){
		.to = (char *)(uintptr_t)"op@example.org",
		.from = (char *)(uintptr_t)"postern@mx.example.org",
		.host = (char *)(uintptr_t)"mx.example.org",
		.contact = (char *)(uintptr_t)"help@example.org",
		.sendmail = sendmail,
		.folder = (char *)(uintptr_t)"/journal",
		.interval_ms = 1000, .recipients = true
	};
}

#endif
