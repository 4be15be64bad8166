/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_folder: the signature files of a folder as one number.
 *
 * Called by engine_load() and by the process that waits for new signatures.
 * Files that the library would not load (freshclam's notes, half-written
 * downloads, its temporary folders) do not count.  The order in which the
 * folder lists its files does not matter: their hashes are added up.  The
 * number tells sets apart, it is no proof against forgery: who may write
 * there may do anything.
 */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "engine_private.h"

/* FNV-1a, 64 bits. */
#define HASH_START 0xcbf29ce484222325ULL
#define HASH_PRIME 0x100000001b3ULL

/* The endings that libclamav 1.x loads from a folder. */
static const char *const endings[] = {
	"cat", "cbc", "cdb", "cfg", "cld", "crb", "cud", "cvd", "db", "fp",
	"ftm", "gdb", "hdb", "hdu", "hsb", "hsu", "idb", "ign", "ign2",
	"imp", "info", "ioc", "ldb", "ldu", "mdb", "mdu", "msb", "msu",
	"ndb", "ndu", "pdb", "pwdb", "rmd", "sdb", "sfp", "wdb", "yar",
	"yara", "zmd"
};

uint64_t
engine_hash(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * HASH_PRIME;
	return hash;
}

static bool
signature_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name)
		return false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcasecmp(dot + 1, endings[i]) == 0)
			return true;
	return false;
}

struct folder {
	unsigned	files;
	uint64_t	newest;		/* seconds */
	uint64_t	sum;
};

static void
add_file(struct folder *f, const char *name, const struct stat *st)
{
	uint64_t numbers[3] = { (uint64_t)st->st_size,
	    (uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec };
	uint64_t hash = engine_hash(HASH_START, name, strlen(name) + 1);

	f->sum += engine_hash(hash, numbers, sizeof(numbers));
	f->files++;
	if (numbers[1] > f->newest)
		f->newest = numbers[1];
}

static int
read_folder(const char *path, struct folder *f)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	struct stat st;

	memset(f, 0, sizeof(*f));
	if (dir == NULL)
		return -1;
	while ((d = readdir(dir)) != NULL)
		if (signature_file(d->d_name) &&
		    fstatat(dirfd(dir), d->d_name, &st, 0) == 0 &&
		    S_ISREG(st.st_mode))
			add_file(f, d->d_name, &st);
	closedir(dir);
	return 0;
}

uint64_t
engine_folder_stamp(const char *folder)
{
	struct folder f;
	uint64_t hash;

	if (read_folder(folder, &f) != 0)
		return 0;
	hash = engine_hash(HASH_START, &f.sum, sizeof(f.sum));
	hash = engine_hash(hash, &f.files, sizeof(f.files));
	return hash != 0 ? hash : 1;
}

unsigned
engine_folder_count(const char *folder, uint64_t *newest_r)
{
	struct folder f;

	*newest_r = 0;
	if (read_folder(folder, &f) != 0)
		return 0;
	*newest_r = f.newest;
	return f.files;
}
