/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker: see the header.
 *
 * A worker never logs and opens nothing but temporary files: it counts in its
 * slot what its loader shall tell.  A client is trusted with nothing: it has
 * SCAN_RECEIVE_MS to ask, the descriptor must be sealed (or it could cut the
 * map and kill us with SIGBUS) and exactly as large as it says.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "sandbox.h"
#include "scanproto.h"
#include "worker.h"

/* Of the signatures, while there are none. */
#define VERSION_NONE	0
/* Freed memory that malloc() keeps, before it must give it back. */
#define KEPT_MAX	(512 * 1024)
#define SEALS		(F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

struct state {
	const struct worker *w;
	struct scan_answer blank;	/* version and info filled in */
	struct buf	 packet;
	int		 statm;
	uint64_t	 first_pages;
	uint64_t	 kept;		/* bytes, after the last trim */
};

/* Pages of memory that no file is behind. */
static uint64_t
anonymous_pages(int statm)
{
	char text[256];
	ssize_t n = pread(statm, text, sizeof(text) - 1, 0);
	unsigned long long size, resident, shared;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3 ||
	    resident < shared)
		return 0;
	return resident - shared;
}

/*
 * What was shared with the loader counts from the start, so growth is what
 * this worker took.
 */
static uint64_t
grown_bytes(const struct state *s)
{
	uint64_t now = anonymous_pages(s->statm);

	return now <= s->first_pages ? 0 :
	    (now - s->first_pages) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool
has_done_enough(struct state *s)
{
	uint64_t grown = grown_bytes(s);

	if (grown >= s->kept + KEPT_MAX) {
		malloc_trim(0);
		grown = s->kept = grown_bytes(s);
	}
	return atomic_load(&s->w->slot->served) >= WORKER_REQUESTS_MAX ||
	    grown >= WORKER_MEMORY_MAX;
}

static bool
may_ask(const struct env *env, int fd, uint32_t *uid_r)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t n = sizeof(cred);
	size_t i;

	*uid_r = (uint32_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == -1)
		return false;
	*uid_r = cred.uid;
	if (cred.uid == 0 || cred.uid == geteuid())
		return true;
	for (i = 0; i < env->nuids; i++)
		if (env->uids[i] == cred.uid)
			return true;
	return false;
}

static void
fail(struct scan_answer *a, const char *what)
{
	a->status = SCAN_FAILED;
	snprintf(a->name, sizeof(a->name), "%s", what);
}

/* NULL, or why this descriptor is not scanned. */
static const char *
check_content(const struct scanconf *c, const struct scan_question *q, int fd)
{
	struct stat st;
	int seals;

	if (fd == -1)
		return "bad question: no descriptor";
	seals = fcntl(fd, F_GET_SEALS);
	if (seals == -1 || (seals & SEALS) != SEALS)
		return "bad question: the content is not sealed";
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size < 0 ||
	    (uint64_t)st.st_size != q->size)
		return "bad question: wrong size";
	if (q->size > c->scan_size || q->size > SIZE_MAX / 2)
		return "";
	return NULL;
}

static void
scan(const struct state *s, const struct scan_question *q, int fd,
    struct scan_answer *a)
{
	const char *why = check_content(s->w->env->conf, q, fd);
	void *p = NULL;

	if (why != NULL && *why != '\0') {
		fail(a, why);
		return;
	}
	if (why != NULL) {
		a->status = SCAN_NOT_SCANNED;
		snprintf(a->name, sizeof(a->name), "larger than scan-size");
		return;
	}
	if (q->size > 0)
		p = mmap(NULL, (size_t)q->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		fail(a, "no memory for the content");
		return;
	}
	engine_scan(s->w->engine,
	    span_make(q->size > 0 ? p : "", (size_t)q->size), q->kind, a);
	if (q->size > 0)
		munmap(p, (size_t)q->size);
}

static void
answer_question(const struct state *s, const struct scan_question *q, int fd,
    struct scan_answer *a)
{
	a->has_info = q->ask == SCAN_ASK_STATUS;
	if (s->w->engine == NULL)
		fail(a, s->w->reason);
	else if (q->ask == SCAN_ASK_STATUS && fd != -1)
		fail(a, "bad question: a descriptor too many");
	else if (q->ask == SCAN_ASK_STATUS)
		a->status = SCAN_CLEAN;
	else
		scan(s, q, fd, a);
	a->nonce = q->nonce;
}

static void
send_answer(struct state *s, int fd, const struct scan_answer *a)
{
	buf_reset(&s->packet);
	scanproto_put_answer(&s->packet, a);
	if (!buf_failed(&s->packet))
		(void)scanproto_send(fd, buf_span(&s->packet), -1);
}

static void
talk(struct state *s, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct scan_answer a = s->blank;
	struct scan_question q;
	int got, sent = -1;

	if (poll(&p, 1, SCAN_RECEIVE_MS) != 1)
		return;
	got = scanproto_receive(fd, &s->packet, &sent);
	if (got == 0 || (got == -1 && errno != EMSGSIZE && errno != EBADMSG))
		return;
	atomic_store(&s->w->slot->began, clock_ms());
	if (got == -1 || scanproto_get_question(buf_span(&s->packet), &q) != 0)
		fail(&a, "bad question");
	else
		answer_question(s, &q, sent, &a);
	if (sent != -1)
		close(sent);
	send_answer(s, fd, &a);
	atomic_store(&s->w->slot->began, 0);
	atomic_fetch_add(&s->w->slot->served, 1);
}

static void
take_connection(struct state *s)
{
	int fd = accept4(s->w->env->listener, NULL, NULL,
	    SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t uid;

	if (fd == -1)
		return;		/* another worker has it */
	if (may_ask(s->w->env, fd, &uid)) {
		talk(s, fd);
	} else {
		atomic_store(&s->w->slot->refused_uid, uid);
		atomic_fetch_add(&s->w->slot->refused, 1);
	}
	close(fd);
}

static void
prepare(struct state *s)
{
	const struct worker *w = s->w;

	buf_init(&s->packet, SCAN_PACKET_MAX);
	buf_addc(&s->packet, '\0');
	s->blank.version = VERSION_NONE;
	if (w->engine != NULL)
		engine_info(w->engine, &s->blank);
	s->blank.has_info = false;
	s->blank.info.loaded = (uint64_t)w->loaded;
	s->blank.info.workers = w->workers;
	s->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (w->engine != NULL && engine_use_tmp(w->engine, w->dir) != 0)
		_exit(EXIT_FAILURE);
	s->first_pages = anonymous_pages(s->statm);
	atomic_store(&w->slot->walls, sandbox_worker(w->env->conf, w->dir));
	atomic_store(&w->slot->ready, 1);
}

void
worker_run(const struct worker *w)
{
	struct pollfd p[2] = {
		{ .fd = w->retire, .events = POLLIN },
		{ .fd = w->env->listener, .events = POLLIN }
	};
	struct state s = { .w = w };

	log_open("postern-scan", LOG_TO_STDERR, 0);
	prepare(&s);
	do {
		if (poll(p, 2, -1) <= 0)
			continue;
		if (p[0].revents != 0)
			break;
		if (p[1].revents != 0)
			take_connection(&s);
	} while (!has_done_enough(&s));
	_exit(EXIT_SUCCESS);
}
