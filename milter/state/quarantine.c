/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine: putting and expiring; see the header.
 *
 * The stages put, from any thread; the daemon expires now and then.  Nothing
 * is kept in memory but the sum of sizes: room for an entry is reserved in it
 * before a byte is written, so that threads together do not pass the limit.
 * When it is reached, one thread sweeps: it looks at the whole folder, removes
 * the oldest down to SLACK below the limit and sets the sum right (posternctl
 * deletes without telling us).  Writing goes on meanwhile; what came in since
 * the sweep began is added, at worst twice, which the next sweep mends.
 *
 * Files: sealed content first, then the description under a new name, each
 * synced, then rename and a sync of the folder.  Any failure removes both.
 */
#include "config.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "clock.h"
#include "codec.h"
#include "log.h"
#include "quarantine_private.h"

/* Version of the description, as written in "v". */
#define ENTRY_VERSION	1
/* A sweep frees this part of the size and of the entries more than needed. */
#define SLACK		10
/* Sweeps for one entry: one may count what came meanwhile twice. */
#define SWEEPS		2

struct quarantine {
	char		*folder;
	int		 dir;
	unsigned char	 key[QUARANTINE_KEY];
	char		 key_id[QUARANTINE_KEY_ID_SIZE];
	struct quarantine_limits limits;
	pthread_mutex_t	 sweep;		/* one sweep at a time; taken first */
	pthread_mutex_t	 lock;		/* all below */
	struct quarantine_stats kept, reserved;
	uint64_t	 awaited;	/* for whom a sweep makes room */
	struct quarantine_stats added;	/* since the start; only grows */
};

void
quarantine_ref(char ref[QUARANTINE_REF_SIZE])
{
	time_t now = (time_t)clock_wall();
	unsigned char random[8];
	struct tm tm;
	size_t n;

	while (getrandom(random, sizeof(random), 0) != sizeof(random))
		assert(errno == EINTR);	/* eight bytes come whole */
	n = gmtime_r(&now, &tm) == NULL ? 0 :
	    strftime(ref, QUARANTINE_REF_SIZE, "%Y%m%dT%H%M%S-", &tm);
	hex_encode(ref + n, random, sizeof(random));
	assert(quarantine_ref_valid(ref));
}

/*
 * Leaves at most `most` and sets the sum right.  The caller has q->sweep.
 * Returns the number of entries and leftovers removed.
 */
static size_t
sweep(struct quarantine *q, const struct quarantine_stats *most)
{
	struct quarantine_stats before, left;
	size_t removed;
	char *why = NULL;
	int rc;

	pthread_mutex_lock(&q->lock);
	before = q->added;
	pthread_mutex_unlock(&q->lock);
	rc = quarantine_sweep(q->dir, q->limits.age_s, most, &left, &removed,
	    &why);
	if (why != NULL)
		log_warn("quarantine %s: removing old entries: %s", q->folder,
		    why);
	free(why);
	if (rc == -1)
		return removed;
	pthread_mutex_lock(&q->lock);
	q->kept.bytes = left.bytes + q->added.bytes - before.bytes;
	q->kept.entries = left.entries + q->added.entries - before.entries;
	pthread_mutex_unlock(&q->lock);
	return removed;
}

size_t
quarantine_expire(struct quarantine *q)
{
	const struct quarantine_stats most = { .bytes = q->limits.size,
		.entries = QUARANTINE_ENTRIES_MAX };
	size_t n;

	pthread_mutex_lock(&q->sweep);
	n = sweep(q, &most);
	pthread_mutex_unlock(&q->sweep);
	return n;
}

/* The caller has q->lock. */
static bool
fits(const struct quarantine *q, uint64_t bytes)
{
	return q->kept.bytes + q->reserved.bytes + q->awaited + bytes <=
	    q->limits.size &&
	    q->kept.entries + q->reserved.entries < QUARANTINE_ENTRIES_MAX;
}

static bool
try_reserve(struct quarantine *q, uint64_t bytes)
{
	bool fit;

	pthread_mutex_lock(&q->lock);
	fit = fits(q, bytes);
	if (fit)
		quarantine_count(&q->reserved, bytes);
	pthread_mutex_unlock(&q->lock);
	return fit;
}

/* What a sweep shall leave beside what comes, with some room more. */
static struct quarantine_stats
target(const struct quarantine *q)
{
	struct quarantine_stats most = {
		.bytes = q->limits.size - q->limits.size / SLACK,
		.entries = QUARANTINE_ENTRIES_MAX -
		    QUARANTINE_ENTRIES_MAX / SLACK
	};
	uint64_t come = q->reserved.bytes + q->awaited;

	if (come > q->limits.size)
		most.bytes = 0;
	else if (most.bytes > q->limits.size - come)
		most.bytes = q->limits.size - come;
	return most;
}

/* Sweeps so that there is room, and lets no other thread take it. */
static bool
make_room(struct quarantine *q, uint64_t bytes)
{
	struct quarantine_stats most;
	bool fit;

	pthread_mutex_lock(&q->sweep);
	fit = try_reserve(q, bytes);	/* another one has just swept */
	for (int i = 0; i < SWEEPS && !fit; i++) {
		pthread_mutex_lock(&q->lock);
		q->awaited = bytes;
		most = target(q);
		pthread_mutex_unlock(&q->lock);
		sweep(q, &most);
		pthread_mutex_lock(&q->lock);
		q->awaited = 0;
		fit = fits(q, bytes);
		if (fit)
			quarantine_count(&q->reserved, bytes);
		pthread_mutex_unlock(&q->lock);
	}
	pthread_mutex_unlock(&q->sweep);
	return fit;
}

static int
reserve(struct quarantine *q, uint64_t bytes, char **error_r)
{
	if (bytes > q->limits.size)
		return quarantine_fail(error_r, "an entry of %" PRIu64
		    " bytes is larger than quarantine-size, %" PRIu64, bytes,
		    q->limits.size);
	if (try_reserve(q, bytes) || make_room(q, bytes))
		return 0;
	return quarantine_fail(error_r, "no room within quarantine-size: "
	    "old entries cannot be removed, or too much is under way");
}

static void
settle(struct quarantine *q, uint64_t bytes, bool kept)
{
	pthread_mutex_lock(&q->lock);
	quarantine_discount(&q->reserved, bytes);
	if (kept) {
		quarantine_count(&q->kept, bytes);
		quarantine_count(&q->added, bytes);
	}
	pthread_mutex_unlock(&q->lock);
}

static int
create(int dir, const char *name, const char *ending, char **error_r)
{
	char file[QUARANTINE_FILE_SIZE];
	int fd = openat(dir, quarantine_file(file, name, ending), O_WRONLY |
	    O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return quarantine_fail(error_r, "%s: %s", file,
		    strerror(errno));
	return fd;
}

/* Syncs unless rc says that it failed before, and closes. */
static int
finish(int fd, int rc, char **error_r)
{
	if (rc == 0 && fsync(fd) == -1)
		rc = quarantine_fail(error_r, "%s", strerror(errno));
	close(fd);
	return rc;
}

static int
write_description(int dir, const char *name, const char *text,
    char **error_r)
{
	char from[QUARANTINE_FILE_SIZE], to[QUARANTINE_FILE_SIZE];
	int rc = 0, fd = create(dir, name, QUARANTINE_NEW, error_r);

	if (fd == -1)
		return -1;
	if (quarantine_write(fd, text, strlen(text)) == -1)
		rc = quarantine_fail(error_r, "%s", strerror(errno));
	if (finish(fd, rc, error_r) == -1)
		return -1;
	quarantine_file(from, name, QUARANTINE_NEW);
	quarantine_file(to, name, QUARANTINE_JSON);
	if (renameat(dir, from, dir, to) == -1 || fsync(dir) == -1)
		return quarantine_fail(error_r, "%s", strerror(errno));
	return 0;
}

static int
write_entry(const struct quarantine *q, const char *name,
    const struct span *pieces, size_t n, const char *text, char **error_r)
{
	int fd = create(q->dir, name, QUARANTINE_SEALED, error_r), rc;

	if (fd == -1)
		return -1;	/* nothing of ours is there */
	rc = quarantine_seal(fd, q->key, name, pieces, n, error_r);
	rc = finish(fd, rc, error_r);
	if (rc == 0)
		rc = write_description(q->dir, name, text, error_r);
	if (rc == -1)
		quarantine_unlink(q->dir, name);
	return rc;
}

static uint64_t
content_size(const struct span *pieces, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += pieces[i].n;
	return sum;
}

/* The description with our members, as text (malloc'd), or NULL. */
static char *
describe(const struct quarantine *q, const char *ref, unsigned number,
    uint64_t size, const json_t *given)
{
	json_t *d = json_pack("{sisssI}", "v", ENTRY_VERSION, "reference", ref,
	    "number", (json_int_t)number);
	char *text = NULL, *with_newline = NULL;

	if (d != NULL && json_object_set_new(d, "kept",
	    json_integer(clock_wall())) == 0 &&
	    json_object_set_new(d, "size",
	    json_integer((json_int_t)size)) == 0 &&
	    json_object_set_new(d, "key", json_string(q->key_id)) == 0)
		/* What is given may not replace what is ours. */
		json_object_update_missing(d, (json_t *)(uintptr_t)given);
	if (d != NULL)
		text = json_dumps(d, JSON_INDENT(1));
	json_decref(d);
	if (text != NULL && asprintf(&with_newline, "%s\n", text) < 0)
		with_newline = NULL;
	free(text);
	return with_newline;
}

int
quarantine_put(struct quarantine *q, const char *ref, unsigned number,
    const struct span *pieces, size_t n, const json_t *description,
    char **error_r)
{
	char name[QUARANTINE_NAME_SIZE], *text, *why = NULL;
	uint64_t content = content_size(pieces, n), bytes = 0;
	int rc;

	assert(quarantine_ref_valid(ref) && number < QUARANTINE_NUMBERS);
	snprintf(name, sizeof(name), "%s-%u", ref, number);
	text = describe(q, ref, number, content, description);
	if (text == NULL)
		rc = quarantine_fail(&why, "out of memory");
	else if (strlen(text) > QUARANTINE_JSON_MAX)
		rc = quarantine_fail(&why, "the description is too long");
	else {
		bytes = quarantine_sealed_size(content) + strlen(text);
		rc = reserve(q, bytes, &why);
		if (rc == 0) {
			rc = write_entry(q, name, pieces, n, text, &why);
			settle(q, bytes, rc == 0);
		}
	}
	if (rc == -1)
		quarantine_fail(error_r, "quarantine %s: %s: %s", q->folder,
		    name, why != NULL ? why : "out of memory");
	free(why);
	free(text);
	return rc;
}

void
quarantine_stats(struct quarantine *q, struct quarantine_stats *out)
{
	pthread_mutex_lock(&q->lock);
	out->bytes = q->kept.bytes + q->reserved.bytes;
	out->entries = q->kept.entries + q->reserved.entries;
	pthread_mutex_unlock(&q->lock);
}

static int
check_folder(int dir, const char *folder, char **error_r)
{
	struct stat st;

	if (fstat(dir, &st) == -1)
		return quarantine_fail(error_r, "quarantine folder %s: %s",
		    folder, strerror(errno));
	if ((st.st_mode & 0077) != 0)
		return quarantine_fail(error_r, "quarantine folder %s is open "
		    "to others than its owner: run chmod 700 %s", folder,
		    folder);
	if (faccessat(dir, ".", R_OK | W_OK | X_OK, AT_EACCESS) == -1)
		return quarantine_fail(error_r, "quarantine folder %s cannot "
		    "be written by user id %u: run chown", folder,
		    (unsigned)geteuid());
	return 0;
}

/* A key that is no point of the curve is found now, not with the first mail. */
static int
read_public(struct quarantine *q, const char *path, char **error_r)
{
	unsigned char out[crypto_box_SEALBYTES + 1];

	if (sodium_init() < 0)
		return quarantine_fail(error_r, "libsodium does not start");
	if (quarantine_read_key(path, false, q->key, error_r) == -1)
		return -1;
	if (crypto_box_seal(out, (const unsigned char *)"", 1, q->key) != 0)
		return quarantine_fail(error_r, "key file %s holds a key that "
		    "cannot be used: run posternctl quarantine init", path);
	quarantine_key_id(q->key_id, q->key);
	return 0;
}

static int
open_folder(struct quarantine *q, char **error_r)
{
	if (mkdir(q->folder, 0700) == -1 && errno != EEXIST)
		return quarantine_fail(error_r, "quarantine folder %s: %s",
		    q->folder, strerror(errno));
	q->dir = quarantine_folder(q->folder, error_r);
	if (q->dir == -1)
		return -1;
	return check_folder(q->dir, q->folder, error_r);
}

struct quarantine *
quarantine_open(const char *folder, const char *key,
    const struct quarantine_limits *limits, char **error_r)
{
	struct quarantine *q = calloc(1, sizeof(*q));

	if (q == NULL || (q->folder = strdup(folder)) == NULL)
		log_panic("out of memory");
	q->dir = -1;
	q->limits = *limits;
	pthread_mutex_init(&q->sweep, NULL);
	pthread_mutex_init(&q->lock, NULL);
	if (read_public(q, key, error_r) == -1 ||
	    open_folder(q, error_r) == -1)
		quarantine_close(&q);
	else
		quarantine_expire(q);	/* gives the sum */
	return q;
}

void
quarantine_close(struct quarantine **p)
{
	struct quarantine *q = *p;

	*p = NULL;
	if (q == NULL)
		return;
	if (q->dir != -1)
		close(q->dir);
	pthread_mutex_destroy(&q->sweep);
	pthread_mutex_destroy(&q->lock);
	free(q->folder);
	free(q);
}
