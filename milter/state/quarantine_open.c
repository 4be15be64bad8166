/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_open: makes keys, and opens what was sealed (posternctl).
 *
 * What holds secret bytes is wiped before it goes.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "quarantine_private.h"

#define PUBLIC_NOTE	"# postern: entries of the quarantine are sealed to " \
	"this public key.\n"
#define SECRET_NOTE	"# postern: SECRET key of the quarantine. Keep a " \
	"copy in a safe place.\n"
#define TEXT_SIZE	(sizeof(SECRET_NOTE) + 2 * QUARANTINE_KEY + 2)

_Static_assert(sizeof(SECRET_NOTE) >= sizeof(PUBLIC_NOTE), "TEXT_SIZE");

/*
 * True, with a sentence, when the description names another key than ours.
 * Asked only after the seal has not opened.
 */
static bool
other_key(int dir, const char *name, const char *path,
    const unsigned char secret[QUARANTINE_KEY], char **error_r)
{
	unsigned char public[QUARANTINE_KEY];
	char ours[QUARANTINE_KEY_ID_SIZE], *why = NULL;
	json_t *d = quarantine_describe(dir, name, &why);
	const char *theirs = json_string_value(json_object_get(d, "key"));
	bool other;

	free(why);
	if (crypto_scalarmult_base(public, secret) != 0)
		theirs = NULL;
	quarantine_key_id(ours, public);
	other = theirs != NULL && strcmp(ours, theirs) != 0;
	if (other)
		quarantine_fail(error_r, "%s was sealed for the key %.16s..., "
		    "but %s is the secret of %s...: name the right one with "
		    "--secret", name, theirs, path, ours);
	json_decref(d);
	return other;
}

static int
open_entry(int dir, const char *name, const char *path, int fd,
    char **error_r)
{
	unsigned char secret[QUARANTINE_KEY];
	char file[QUARANTINE_FILE_SIZE], *why = NULL;
	int rc, in;

	quarantine_file(file, name, QUARANTINE_SEALED);
	in = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (in == -1 && errno == ENOENT)
		return quarantine_fail(error_r, "there is no entry %s", name);
	if (in == -1)
		return quarantine_fail(error_r, "%s: %s", file,
		    strerror(errno));
	rc = quarantine_read_key(path, true, secret, error_r);
	if (rc == 0) {
		rc = quarantine_unseal(in, fd, secret, name, &why);
		if (rc == -1 && !other_key(dir, name, path, secret, error_r))
			quarantine_fail(error_r, "%s: %s", name,
			    why != NULL ? why : "out of memory");
	}
	sodium_memzero(secret, sizeof(secret));
	free(why);
	close(in);
	return rc;
}

int
quarantine_export(const char *folder, const char *name, const char *key,
    int fd, char **error_r)
{
	int dir, rc;

	if (!quarantine_name_valid(name))
		return quarantine_fail(error_r, "this is not the name of an "
		    "entry; a name is as posternctl quarantine list shows it");
	if (sodium_init() < 0)
		return quarantine_fail(error_r, "libsodium does not start");
	dir = quarantine_folder(folder, error_r);
	if (dir == -1)
		return -1;
	rc = open_entry(dir, name, key, fd, error_r);
	close(dir);
	return rc;
}

/* The name must last as the file does. */
static int
sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY |
	    O_DIRECTORY | O_CLOEXEC), rc;

	free(copy);
	if (fd == -1)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

static int
there_already(const char *path, char **error_r)
{
	return quarantine_fail(error_r, "%s is there already: entries that "
	    "were sealed for the old key need it; move both files of the old "
	    "pair to a safe place first", path);
}

static int
write_key(const char *path, mode_t mode, const char *note,
    const unsigned char key[QUARANTINE_KEY], char **error_r)
{
	char text[TEXT_SIZE];
	size_t n = strlen(note);
	int fd, rc = 0;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 && errno == EEXIST)
		return there_already(path, error_r);
	if (fd == -1)
		return quarantine_fail(error_r, "%s: %s", path,
		    strerror(errno));
	memcpy(text, note, n);
	sodium_bin2hex(text + n, sizeof(text) - n, key, QUARANTINE_KEY);
	strcat(text, "\n");
	if (quarantine_write(fd, text, strlen(text)) == -1 ||
	    fchmod(fd, mode) == -1 || fsync(fd) == -1 ||
	    sync_folder(path) == -1) {
		rc = quarantine_fail(error_r, "%s: %s", path,
		    strerror(errno));
		unlink(path);
	}
	sodium_memzero(text, sizeof(text));
	close(fd);
	return rc;
}

int
quarantine_keys(const char *public, const char *secret, char **error_r)
{
	unsigned char pk[QUARANTINE_KEY], sk[QUARANTINE_KEY];
	int rc;

	if (sodium_init() < 0)
		return quarantine_fail(error_r, "libsodium does not start");
	/* Seen first, since an old secret must not get a new public key. */
	if (access(public, F_OK) == 0)
		return there_already(public, error_r);
	crypto_box_keypair(pk, sk);
	rc = write_key(secret, 0600, SECRET_NOTE, sk, error_r);
	sodium_memzero(sk, sizeof(sk));
	if (rc == -1)
		return -1;
	rc = write_key(public, 0644, PUBLIC_NOTE, pk, error_r);
	if (rc == -1)
		unlink(secret);
	return rc;
}
