/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_writes: sees each write of the library that finds no room.
 *
 * libclamav (1.4.6) unpacks mail, cab, chm and tnef into temporary files with
 * stdio, does not look whether that worked, and calls the content clean when
 * the disk was full.  So this program has the four functions that it writes
 * with itself: a symbol of the program goes before the one of libc.  They do
 * what libc's do, and note what failed in engine_notes, from which
 * engine_scan() makes "failed".  test_engine.c proves that it works.
 */
#include "config.h"

#include <sys/syscall.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine_private.h"

/* Here, so that this file is linked whenever the engine is. */
struct engine_notes engine_notes;

/* Errors that mean the room, not what the caller did. */
static void
note_error(void)
{
	int error = errno;

	if (error != ENOSPC && error != EDQUOT && error != EFBIG &&
	    error != EIO && error != ENOMEM)
		return;
	if (engine_notes.trouble[0] == '\0')
		snprintf(engine_notes.trouble, sizeof(engine_notes.trouble),
		    "temporary files: %s", strerror(error));
	errno = error;
}

/* libc's own function; the pointer has the size of any other. */
static void
find(const char *name, void *function)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		_exit(127);
	memcpy(function, &p, sizeof(p));
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	ssize_t done = (ssize_t)syscall(SYS_write, fd, bytes, n);

	if (done == -1)
		note_error();
	else
		engine_notes.written += (uint64_t)done;
	return done;
}

size_t
fwrite(const void *bytes, size_t size, size_t n, FILE *f)
{
	static size_t (*real)(const void *, size_t, size_t, FILE *);
	size_t done;

	if (real == NULL)
		find("fwrite", &real);
	done = real(bytes, size, n, f);
	engine_notes.written += (uint64_t)done * size;
	if (done != n)
		note_error();
	return done;
}

int
fflush(FILE *f)
{
	static int (*real)(FILE *);
	int rc;

	if (real == NULL)
		find("fflush", &real);
	rc = real(f);
	if (rc != 0)
		note_error();
	return rc;
}

int
fclose(FILE *f)
{
	static int (*real)(FILE *);
	int rc;

	if (real == NULL)
		find("fclose", &real);
	rc = real(f);
	if (rc != 0)
		note_error();
	return rc;
}

bool
engine_writes_seen(void)
{
	size_t (*mine)(const void *, size_t, size_t, FILE *) = fwrite;
	void *theirs = dlsym(RTLD_DEFAULT, "fwrite");

	return memcmp(&mine, &theirs, sizeof(theirs)) == 0;
}
