/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_key: reads a key file.
 *
 * A key file has one line of 64 hex digits; lines that begin with '#' are
 * comments.  A secret one is refused when anyone but its owner can read it, a
 * public one when anyone but its owner can write it (who replaces it reads all
 * later entries).  What holds secret bytes is wiped before it goes.  Called
 * by quarantine_open() in postern and by posternctl; any thread.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "quarantine_private.h"

#define KEY_FILE_MAX	4096
#define KEY_ID_BYTES	8

static int
check_key_file(const char *path, const struct stat *st, bool secret,
    char **error_r)
{
	unsigned mode = st->st_mode & 0777;

	if (!S_ISREG(st->st_mode))
		return quarantine_fail(error_r, "key file %s is not a "
		    "regular file", path);
	if (secret && (mode & 0077) != 0)
		return quarantine_fail(error_r, "key file %s can be read or "
		    "changed by others than its owner: run chmod 600 %s (and "
		    "make a new key if someone has read it)", path, path);
	if ((mode & 0022) != 0)
		return quarantine_fail(error_r, "key file %s can be changed "
		    "by others than its owner: run chmod 644 %s", path, path);
	if (secret && st->st_uid != 0 && st->st_uid != geteuid())
		return quarantine_fail(error_r, "key file %s belongs to user "
		    "id %u: run chown root %s", path, (unsigned)st->st_uid,
		    path);
	if (st->st_size > KEY_FILE_MAX)
		return quarantine_fail(error_r, "key file %s is too long",
		    path);
	return 0;
}

/* The one line that is no comment, as bytes; -1 when it is no key. */
static int
parse_key(char *text, unsigned char key[QUARANTINE_KEY])
{
	char *line;
	size_t n;
	bool found = false;

	while ((line = strsep(&text, "\n")) != NULL) {
		n = strlen(line);
		while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
			n--;
		if (n == 0 || line[0] == '#')
			continue;
		if (found || n != 2 * QUARANTINE_KEY ||
		    sodium_hex2bin(key, QUARANTINE_KEY, line, n, NULL, NULL,
		    NULL) != 0)
			return -1;
		found = true;
	}
	return found ? 0 : -1;
}

static int
open_key_file(const char *path, bool secret, char **error_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd == -1 && errno == ENOENT)
		return quarantine_fail(error_r, secret ? "there is no key "
		    "file %s: bring it here, or name it with --secret" :
		    "there is no key file %s: run posternctl quarantine init",
		    path);
	if (fd == -1)
		return quarantine_fail(error_r, "key file %s: %s", path,
		    strerror(errno));
	if (fstat(fd, &st) == -1)
		quarantine_fail(error_r, "key file %s: %s", path,
		    strerror(errno));
	else if (check_key_file(path, &st, secret, error_r) == 0)
		return fd;
	close(fd);
	return -1;
}

int
quarantine_read_key(const char *path, bool secret,
    unsigned char key[QUARANTINE_KEY], char **error_r)
{
	char text[KEY_FILE_MAX + 1];
	int rc = 0, fd = open_key_file(path, secret, error_r);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = quarantine_read(fd, text, KEY_FILE_MAX);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	if (n == -1)
		rc = quarantine_fail(error_r, "key file %s cannot be read",
		    path);
	else if (parse_key(text, key) == -1)
		rc = quarantine_fail(error_r, "key file %s holds no key: it "
		    "must have one line of %d hex digits", path,
		    2 * QUARANTINE_KEY);
	sodium_memzero(text, sizeof(text));
	return rc;
}

void
quarantine_key_id(char out[QUARANTINE_KEY_ID_SIZE],
    const unsigned char public[QUARANTINE_KEY])
{
	sodium_bin2hex(out, QUARANTINE_KEY_ID_SIZE, public, KEY_ID_BYTES);
}
