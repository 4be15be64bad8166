/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_dir: the names in the folder, listing and deleting.
 *
 * Called by quarantine.c (any thread) and by posternctl.  A name is taken only
 * when it has the form that quarantine_ref() makes, and files are opened
 * relative to the folder's descriptor without following links, so that no text
 * from outside becomes a path.  Other files in the folder are left alone.  A
 * scan holds one name for each entry and no description; memory is bounded by
 * QUARANTINE_ENTRIES_MAX.
 */
#include "config.h"

#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quarantine_private.h"

/* Two files an entry, and as many again left over. */
#define FILES_MAX	(4 * (size_t)QUARANTINE_ENTRIES_MAX)
#define REF_LEN		(QUARANTINE_REF_SIZE - 1)
#define FIRST_ROOM	64

int
quarantine_fail(char **error_r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(error_r, fmt, ap) < 0)
		*error_r = NULL;
	va_end(ap);
	return -1;
}

int
quarantine_write(int fd, const void *from, size_t n)
{
	const char *p = from;
	ssize_t did;

	while (n > 0) {
		did = write(fd, p, n);
		if (did == -1 && errno == EINTR)
			continue;
		if (did <= 0)
			return -1;
		p += did;
		n -= (size_t)did;
	}
	return 0;
}

ssize_t
quarantine_read(int fd, void *to, size_t n)
{
	char *p = to;
	size_t have = 0;
	ssize_t got;

	while (have < n) {
		got = read(fd, p + have, n - have);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* True when the first REF_LEN bytes have a reference's form. */
static bool
ref_stands(const char *s)
{
	static const char form[] = "ddddddddTdddddd-xxxxxxxxxxxxxxxx";
	bool hex;

	for (size_t i = 0; i < REF_LEN; i++) {
		hex = (s[i] >= '0' && s[i] <= '9') ||
		    (s[i] >= 'a' && s[i] <= 'f');
		if (form[i] == 'd' ? !hex || s[i] > '9' :
		    form[i] == 'x' ? !hex : s[i] != form[i])
			return false;	/* the NUL of a short one too */
	}
	return true;
}

bool
quarantine_ref_valid(const char *s)
{
	return ref_stands(s) && s[REF_LEN] == '\0';
}

/* Bytes of the name at the beginning of s, or 0. */
static size_t
name_length(const char *s)
{
	size_t n = REF_LEN + 1;

	if (!ref_stands(s) || s[REF_LEN] != '-' ||
	    !isdigit((unsigned char)s[n]))
		return 0;
	while (n < QUARANTINE_NAME_SIZE && isdigit((unsigned char)s[n]))
		n++;
	if (n >= QUARANTINE_NAME_SIZE ||
	    (s[REF_LEN + 1] == '0' && n > REF_LEN + 2))
		return 0;		/* too long; "00", "01" */
	return n;
}

bool
quarantine_name_valid(const char *s)
{
	size_t n = name_length(s);

	return n > 0 && s[n] == '\0';
}

const char *
quarantine_file(char out[QUARANTINE_FILE_SIZE], const char *name,
    const char *ending)
{
	snprintf(out, QUARANTINE_FILE_SIZE, "%s%s", name, ending);
	return out;
}

static bool
take_file(const char *file, struct quarantine_entry *e)
{
	size_t n = name_length(file);

	if (n == 0)
		return false;
	if (strcmp(file + n, QUARANTINE_SEALED) == 0)
		e->has = QUARANTINE_HAS_SEALED;
	else if (strcmp(file + n, QUARANTINE_JSON) == 0)
		e->has = QUARANTINE_HAS_JSON;
	else if (strcmp(file + n, QUARANTINE_NEW) == 0)
		e->has = QUARANTINE_HAS_NEW;
	else
		return false;
	memcpy(e->name, file, n);
	e->name[n] = '\0';
	return true;
}

/* By reference, then by number: names of one reference differ in length. */
static int
compare(const void *va, const void *vb)
{
	const struct quarantine_entry *a = va, *b = vb;
	int c = memcmp(a->name, b->name, REF_LEN + 1);
	size_t na, nb;

	if (c != 0)
		return c;
	na = strlen(a->name);
	nb = strlen(b->name);
	if (na != nb)
		return na < nb ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Sorts, and makes one of the files of each entry. */
static size_t
join(struct quarantine_entry *list, size_t n)
{
	size_t kept = 0;

	if (n > 0)
		qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++)
		if (kept > 0 && strcmp(list[kept - 1].name,
		    list[i].name) == 0)
			list[kept - 1].has |= list[i].has;
		else
			list[kept++] = list[i];
	return kept;
}

static int
grow(struct quarantine_entry **list, size_t *room, char **error_r)
{
	size_t more = *room == 0 ? FIRST_ROOM : *room * 2;
	void *p = reallocarray(*list, more, sizeof(**list));

	if (p == NULL)
		return quarantine_fail(error_r, "out of memory");
	*list = p;
	*room = more;
	return 0;
}

/* Past FILES_MAX the rest is not looked at; it is seen the next time. */
static int
read_names(DIR *d, struct quarantine_entry **list, size_t *n, char **error_r)
{
	struct dirent *ent;
	size_t room = 0;

	*list = NULL;
	*n = 0;
	while (*n < FILES_MAX) {
		errno = 0;
		ent = readdir(d);
		if (ent == NULL && errno != 0)
			return quarantine_fail(error_r, "%s",
			    strerror(errno));
		if (ent == NULL)
			break;
		if (*n == room && grow(list, &room, error_r) == -1)
			return -1;
		if (take_file(ent->d_name, *list + *n))
			++*n;
	}
	return 0;
}

int
quarantine_scan(int dir, struct quarantine_entry **list_r, size_t *n_r,
    char **error_r)
{
	/* Its own position: other threads may scan at the same time. */
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	DIR *d = fd == -1 ? NULL : fdopendir(fd);

	*list_r = NULL;
	*n_r = 0;
	if (d == NULL) {
		rc = quarantine_fail(error_r, "%s", strerror(errno));
		if (fd != -1)
			close(fd);
		return rc;
	}
	rc = read_names(d, list_r, n_r, error_r);
	closedir(d);
	if (rc == -1) {
		free(*list_r);
		*list_r = NULL;
		*n_r = 0;
		return -1;
	}
	*n_r = join(*list_r, *n_r);
	return 0;
}

int
quarantine_folder(const char *folder, char **error_r)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return quarantine_fail(error_r, "quarantine folder %s: %s",
		    folder, strerror(errno));
	return fd;
}

/* The text of a file of at most QUARANTINE_JSON_MAX; malloc'd. */
static char *
read_text(int fd, size_t *n_r, char **error_r)
{
	struct stat st;
	char *text = NULL;
	ssize_t n;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		quarantine_fail(error_r, "it is not a regular file");
	else if (st.st_size > (off_t)QUARANTINE_JSON_MAX)
		quarantine_fail(error_r, "it is too long");
	else if ((text = malloc((size_t)st.st_size + 1)) == NULL)
		quarantine_fail(error_r, "out of memory");
	if (text == NULL)
		return NULL;
	n = quarantine_read(fd, text, (size_t)st.st_size);
	if (n == -1) {
		quarantine_fail(error_r, "%s", strerror(errno));
		free(text);
		return NULL;
	}
	*n_r = (size_t)n;
	return text;
}

json_t *
quarantine_describe(int dir, const char *name, char **error_r)
{
	char file[QUARANTINE_FILE_SIZE], *text;
	json_error_t why;
	json_t *d = NULL;
	size_t n;
	int fd;

	quarantine_file(file, name, QUARANTINE_JSON);
	fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1) {
		quarantine_fail(error_r, "%s", strerror(errno));
		return NULL;
	}
	text = read_text(fd, &n, error_r);
	close(fd);
	if (text == NULL)
		return NULL;
	d = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	free(text);
	if (d == NULL)
		quarantine_fail(error_r, "it is no JSON: %s", why.text);
	else if (!json_is_object(d)) {
		quarantine_fail(error_r, "it is no JSON object");
		json_decref(d);
		d = NULL;
	}
	return d;
}

/* What the operator sees of an entry; never NULL but without memory. */
static json_t *
element(int dir, const char *name, char **error_r)
{
	char *why = NULL;
	json_t *d = quarantine_describe(dir, name, &why);

	if (d == NULL)
		d = json_pack("{ss}", "error", why != NULL ? why :
		    "out of memory");
	free(why);
	if (d == NULL || json_object_set_new(d, "entry",
	    json_string(name)) == -1) {
		quarantine_fail(error_r, "out of memory");
		json_decref(d);
		return NULL;
	}
	return d;
}

/* rc of the last call of `each`, or -1. */
static int
walk(int dir, const struct quarantine_entry *list, size_t n,
    int (*each)(const json_t *, void *), void *arg, char **error_r)
{
	json_t *d;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		if ((list[i].has & QUARANTINE_WHOLE) != QUARANTINE_WHOLE)
			continue;
		d = element(dir, list[i].name, error_r);
		if (d == NULL)
			return -1;
		rc = each(d, arg);
		json_decref(d);
	}
	return rc;
}

int
quarantine_each(const char *folder, int (*each)(const json_t *, void *),
    void *arg, char **error_r)
{
	struct quarantine_entry *list;
	size_t n;
	char *why = NULL;
	int rc, dir = quarantine_folder(folder, error_r);

	if (dir == -1)
		return -1;
	rc = quarantine_scan(dir, &list, &n, &why);
	if (rc == -1)
		quarantine_fail(error_r, "quarantine folder %s: %s", folder,
		    why != NULL ? why : "out of memory");
	else
		rc = walk(dir, list, n, each, arg, error_r);
	free(why);
	free(list);
	close(dir);
	return rc;
}

/*
 * The description goes first: whatever happens between the two, what is left
 * is a leftover and no entry that cannot be opened.
 */
int
quarantine_unlink(int dir, const char *name)
{
	static const char *const endings[] = { QUARANTINE_JSON,
		QUARANTINE_NEW, QUARANTINE_SEALED };
	char file[QUARANTINE_FILE_SIZE];
	int rc = 0;

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (unlinkat(dir, quarantine_file(file, name, endings[i]),
		    0) == -1 && errno != ENOENT)
			rc = -1;
	return rc;
}

int
quarantine_delete(const char *folder, const char *name, char **error_r)
{
	char file[QUARANTINE_FILE_SIZE];
	struct stat st;
	int dir, rc;

	if (!quarantine_name_valid(name))
		return quarantine_fail(error_r, "this is not the name of an "
		    "entry; a name is as posternctl quarantine list shows it");
	dir = quarantine_folder(folder, error_r);
	if (dir == -1)
		return -1;
	if (fstatat(dir, quarantine_file(file, name, QUARANTINE_JSON), &st,
	    AT_SYMLINK_NOFOLLOW) == -1)
		rc = quarantine_fail(error_r, "there is no entry %s", name);
	else if (quarantine_unlink(dir, name) == -1 || fsync(dir) == -1)
		rc = quarantine_fail(error_r, "cannot delete %s: %s", name,
		    strerror(errno));
	else
		rc = 0;
	close(dir);
	return rc;
}
