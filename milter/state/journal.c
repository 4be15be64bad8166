/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal: the writer: one write() for each event.
 *
 * Called by the programs' threads before they answer; by nobody else.  The
 * line is made outside the lock; under it the segment is looked at (is it as
 * we left it?), room is made (journal_room.c), and the line is appended.  A
 * line that did not go in whole is cut off again, so that what is read is
 * whole lines only.  When that fails too, the segment is left as it is and
 * another one begun: readers pass over an unfinished line at its end.
 *
 * What is written survives the end of this process, however it comes, but is
 * not synced: a power cut can lose the last seconds.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "buf.h"
#include "clock.h"
#include "journal_internal.h"
#include "log.h"

/* Bytes read at once to find the end of the last whole line. */
#define REPAIR_CHUNK	65536
/* The lock file: who has it, and the last segment's number. */
#define LOCK_TEXT_SIZE	64

struct journal {
	char			*folder, *name;
	pthread_mutex_t		 lock;		/* all below */
	int			 lock_fd;
	int			 fd;		/* -1: no open segment */
	int64_t			 born;		/* of its first event, in s */
	uint64_t		 last;		/* number given last */
	bool			 torn;		/* a line is not cut off yet */
	struct journal_room	 room;
};

static int __attribute__((format(printf, 2, 3)))
fail(char **error_r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(error_r, fmt, ap) == -1)
		*error_r = NULL;
	va_end(ap);
	return -1;
}

/* --- opening ----------------------------------------------------------- */

/* The lock: its file tells who has it, and outlives all segments. */
static int
take_lock(struct journal *j, char **error_r)
{
	char path[JOURNAL_PATH_SIZE], text[LOCK_TEXT_SIZE] = "";
	unsigned long long pid = 0, last = 0;
	ssize_t n;

	n = snprintf(path, sizeof(path), "%s/%s.lock", j->folder, j->name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return fail(error_r, "%s: the path is too long", j->folder);
	j->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0640);
	if (j->lock_fd == -1)
		return fail(error_r, "%s: %s", path, strerror(errno));
	n = pread(j->lock_fd, text, sizeof(text) - 1, 0);
	if (n > 0 && sscanf(text, "%llu %llu", &pid, &last) == 2 &&
	    last < SEGMENT_NUMBER_MAX)
		j->last = last;
	if (flock(j->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(error_r, "%s: %s", path, strerror(errno));
	return fail(error_r, "%s: process %llu writes this journal", path,
	    pid);
}

/* Who writes, and the last number, so that none is used twice. */
static void
sign_lock(struct journal *j)
{
	char text[LOCK_TEXT_SIZE];
	int n = snprintf(text, sizeof(text), "%lld %010llu\n",
	    (long long)getpid(), (unsigned long long)j->last);

	if (pwrite(j->lock_fd, text, (size_t)n, 0) != n ||
	    ftruncate(j->lock_fd, n) != 0)
		log_warn("journal %s/%s: the lock file cannot be written: %s",
		    j->folder, j->name, strerror(errno));
}

/* The offset behind the last newline, or -1 and errno. */
static off_t
whole_lines(int fd, off_t size)
{
	char chunk[REPAIR_CHUNK];
	const char *p;
	ssize_t n;

	while (size > 0) {
		off_t from = size > REPAIR_CHUNK ? size - REPAIR_CHUNK : 0;

		n = pread(fd, chunk, (size_t)(size - from), from);
		if (n <= 0)
			return -1;
		p = memrchr(chunk, '\n', (size_t)n);
		if (p != NULL)
			return from + (p - chunk) + 1;
		size = from;
	}
	return 0;
}

/* Cuts off a line that was not finished.  false: it could not be done. */
static bool
repair(struct journal *j, struct segment *s)
{
	off_t whole = whole_lines(j->fd, (off_t)s->size);

	if (whole == (off_t)s->size)
		return true;
	if (whole == -1 || ftruncate(j->fd, whole) == -1) {
		log_warn("journal %s/%s: segment %llu cannot be repaired: %s",
		    j->folder, j->name, (unsigned long long)s->number,
		    strerror(errno));
		return false;
	}
	log_warn("journal %s/%s: an unfinished event of %llu bytes was cut "
	    "off segment %llu", j->folder, j->name,
	    (unsigned long long)(s->size - (uint64_t)whole),
	    (unsigned long long)s->number);
	j->room.seg.bytes -= s->size - (uint64_t)whole;
	s->size = (uint64_t)whole;
	return true;
}

/* The time of the first event in seconds; without one, of the last write. */
static int64_t
first_time(int fd, const struct segment *s)
{
	char *line = malloc(EVENT_MAX);
	ssize_t n = line == NULL ? -1 : pread(fd, line, EVENT_MAX, 0);
	json_t *event = n <= 0 ? NULL : json_loadb(line, (size_t)n,
	    JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
	const json_t *t = json_object_get(event, "time");
	int64_t time = json_is_integer(t) ? json_integer_value(t) / 1000 :
	    s->mtime;

	json_decref(event);
	free(line);
	return time;
}

static void
leave_segment(struct journal *j)
{
	if (j->fd != -1)
		close(j->fd);
	j->fd = -1;
	j->torn = false;
	j->room.open = false;
}

/* Goes on with the last segment, where it is sound. */
static void
resume(struct journal *j)
{
	struct segments *seg = &j->room.seg;
	char path[JOURNAL_PATH_SIZE];
	struct segment *s;
	struct stat st;

	if (seg->n == 0)
		return;
	s = &seg->v[seg->n - 1];
	if (s->number > j->last)
		j->last = s->number;
	if (s->number != j->last ||
	    !segment_path(path, j->folder, j->name, s->number))
		return;
	j->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (j->fd == -1)
		return;
	if (fstat(j->fd, &st) == 0 && (uint64_t)st.st_size == s->size &&
	    repair(j, s)) {
		j->born = first_time(j->fd, s);
		j->room.open = true;
	} else {
		leave_segment(j);
	}
}

static int
set_up(struct journal *j, char **error_r)
{
	if (!journal_name_valid(j->name))
		return fail(error_r, "\"%s\" is no name of a journal",
		    j->name);
	if (mkdir(j->folder, 0750) == -1 && errno != EEXIST)
		return fail(error_r, "%s: %s", j->folder, strerror(errno));
	if (take_lock(j, error_r) == -1 || segments_scan(&j->room.seg,
	    j->folder, j->name, error_r) == -1)
		return -1;
	resume(j);
	sign_lock(j);
	room_expire(&j->room);
	room_alarm(&j->room);
	return 0;
}

struct journal *
journal_open(const char *folder, const char *name,
    const struct journal_limits *limits, char **error_r)
{
	struct journal *j = calloc(1, sizeof(*j));

	*error_r = NULL;
	if (j == NULL || (j->folder = strdup(folder)) == NULL ||
	    (j->name = strdup(name)) == NULL)
		log_panic("out of memory");
	pthread_mutex_init(&j->lock, NULL);
	j->lock_fd = j->fd = -1;
	j->room.folder = j->folder;
	j->room.name = j->name;
	j->room.limits = *limits;
	if (set_up(j, error_r) == -1)
		journal_close(&j);
	return j;
}

void
journal_close(struct journal **p)
{
	struct journal *j = *p;

	*p = NULL;
	if (j == NULL)
		return;
	leave_segment(j);
	if (j->lock_fd != -1)
		close(j->lock_fd);
	segments_free(&j->room.seg);
	pthread_mutex_destroy(&j->lock);
	free(j->folder);
	free(j->name);
	free(j);
}

/* --- segments ---------------------------------------------------------- */

static struct segment *
current(struct journal *j)
{
	return &j->room.seg.v[j->room.seg.n - 1];
}

/* Somebody has touched our segment, or a line could not be cut off. */
static void
check_intact(struct journal *j)
{
	struct stat st = { 0 };

	if (j->fd == -1)
		return;
	if (j->torn && ftruncate(j->fd, (off_t)current(j)->size) == 0)
		j->torn = false;
	if (fstat(j->fd, &st) == 0 && st.st_nlink > 0 &&
	    (uint64_t)st.st_size == current(j)->size)
		return;
	log_warn("journal %s/%s: segment %llu was %s; going on with a new "
	    "one", j->folder, j->name, (unsigned long long)current(j)->number,
	    st.st_nlink == 0 ? "removed" : "changed by somebody else");
	leave_segment(j);
	if (st.st_nlink == 0)
		segments_forget_last(&j->room.seg);
}

static bool
old_enough(const struct journal *j)
{
	int64_t age = journal_segment_age(&j->room.limits);

	return age > 0 && clock_wall() - j->born >= age;
}

static int
begin_segment(struct journal *j, char **error_r)
{
	struct segment s = { .number = j->last + 1, .mtime = clock_wall() };
	char path[JOURNAL_PATH_SIZE];

	if (s.number > SEGMENT_NUMBER_MAX ||
	    !segment_path(path, j->folder, j->name, s.number))
		return fail(error_r, "journal %s/%s: no more segments",
		    j->folder, j->name);
	j->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC |
	    O_NOFOLLOW, 0640);
	if (j->fd == -1 && errno == EEXIST)
		j->last++;	/* not ours: the next event takes another */
	if (j->fd == -1)
		return fail(error_r, "%s: %s", path, strerror(errno));
	if (!segments_add(&j->room.seg, &s)) {
		leave_segment(j);
		unlink(path);
		return fail(error_r, "journal %s/%s: too many segments",
		    j->folder, j->name);
	}
	j->last = s.number;
	j->born = s.mtime;
	j->room.open = true;
	sign_lock(j);
	return 0;
}

/* --- events ------------------------------------------------------------ */

/* {"id":...,"v":1 and the body's members, and a newline. */
static int
make_line(struct buf *b, const char *id, const char *type,
    const char *tenant, const json_t *body, char **error_r)
{
	json_t *head = json_pack("{s:s,s:s,s:I,s:s,s:i}", "id", id, "type",
	    type, "time", (json_int_t)clock_wall_ms(), "tenant", tenant,
	    "v", 1);
	char *front = json_dumps(head, JSON_COMPACT);
	char *back = json_dumps(body, JSON_COMPACT);
	bool good = front != NULL && back != NULL && back[0] == '{';

	if (good) {
		buf_add(b, front, strlen(front) - 1);
		buf_adds(b, back[1] == '}' ? "" : ",");
		buf_adds(b, back + 1);
		buf_addc(b, '\n');
	}
	json_decref(head);
	free(front);
	free(back);
	if (!good)
		return fail(error_r, "an event of type %s that is no JSON "
		    "object in UTF-8", type);
	if (buf_failed(b))
		return fail(error_r, "an event of type %s of more than %d "
		    "bytes", type, EVENT_MAX);
	return 0;
}

/* One write(); what went in of a line that did not fit is cut off again. */
static int
append(struct journal *j, struct span line, char **error_r)
{
	struct segment *s = current(j);
	ssize_t done;
	int why;

	do {
		done = write(j->fd, line.p, line.n);
	} while (done == -1 && errno == EINTR);
	if (done == (ssize_t)line.n) {
		s->size += line.n;
		s->mtime = clock_wall();
		j->room.seg.bytes += line.n;
		return 0;
	}
	why = done == -1 ? errno : ENOSPC;
	if (done > 0 && ftruncate(j->fd, (off_t)s->size) == -1)
		j->torn = true;
	return fail(error_r, "journal %s/%s: segment %llu: %s", j->folder,
	    j->name, (unsigned long long)s->number, strerror(why));
}

/* Tells what was dropped; when that fails, the next event tries again. */
static void
append_gap(struct journal *j)
{
	const struct journal_gap *g = &j->room.gap;
	char id[EVENT_ID_SIZE], *error = NULL;
	struct buf line;
	json_t *body;

	if (g->first == 0)
		return;
	body = json_pack("{s:I,s:I,s:I,s:I}", "first", (json_int_t)g->first,
	    "last", (json_int_t)g->last, "bytes", (json_int_t)g->bytes,
	    "until", (json_int_t)g->until * 1000);
	buf_init(&line, EVENT_MAX);
	event_id(id);
	if (make_line(&line, id, "gap", "", body, &error) == 0 &&
	    append(j, buf_span(&line), &error) == 0)
		j->room.gap = (struct journal_gap){ 0 };
	free(error);
	buf_free(&line);
	json_decref(body);
}

static int
write_locked(struct journal *j, struct span line, char **error_r)
{
	check_intact(j);
	if (j->fd != -1 && (old_enough(j) || current(j)->size + line.n >
	    journal_segment_max(&j->room.limits)))
		leave_segment(j);
	if (room_make(&j->room, line.n, error_r) == -1)
		return -1;
	if (j->fd == -1 && begin_segment(j, error_r) == -1)
		return -1;
	append_gap(j);
	/* What it left could not be cut off: no event behind it. */
	if (j->torn)
		return fail(error_r, "journal %s/%s: a torn line cannot be "
		    "cut off", j->folder, j->name);
	if (append(j, line, error_r) == -1)
		return -1;
	room_alarm(&j->room);
	return 0;
}

int
journal_write(struct journal *j, const char *id, const char *type,
    const char *tenant, const json_t *body, char **error_r)
{
	struct buf line;
	int rc;

	*error_r = NULL;
	assert(strlen(id) == EVENT_ID_SIZE - 1);
	buf_init(&line, EVENT_MAX);
	rc = make_line(&line, id, type, tenant, body, error_r);
	if (rc == 0) {
		pthread_mutex_lock(&j->lock);
		rc = write_locked(j, buf_span(&line), error_r);
		pthread_mutex_unlock(&j->lock);
	}
	buf_free(&line);
	return rc;
}

void
journal_limit(struct journal *j, const struct journal_limits *limits)
{
	pthread_mutex_lock(&j->lock);
	j->room.limits = *limits;
	j->room.alarmed = false;
	room_expire(&j->room);
	room_alarm(&j->room);
	pthread_mutex_unlock(&j->lock);
}

void
journal_expire(struct journal *j)
{
	pthread_mutex_lock(&j->lock);
	if (j->fd != -1 && old_enough(j))
		leave_segment(j);
	room_expire(&j->room);
	pthread_mutex_unlock(&j->lock);
}
