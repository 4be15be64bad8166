/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_fake: see the header.
 */
#include "config.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "scan_fake.h"
#include "scanproto.h"

#define WORKERS_MAX	16
#define BACKLOG		64
#define HEAD		128	/* bytes looked at of a content */
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct fake {
	char		 path[108];
	int		 listener, stop_fd;
	unsigned	 nworkers;
	pthread_t	 workers[WORKERS_MAX];
	_Atomic int	 mode, delay;
	_Atomic uint64_t version;
	atomic_uint	 scans, statuses, now, beside, unsealed, crashes;
};

/* What came, and what goes back. */
struct request {
	struct fake	*f;
	bool		 counted;	/* among those under way */
	int		 fd;
	struct scan_question q;
	char		 head[HEAD + 1];
	struct scan_answer a;
};

static bool
starts(const struct request *r, const char *word)
{
	return strncmp(r->head, word, strlen(word)) == 0;
}

static bool
is_eicar(const struct request *r)
{
	return starts(r, "X5O!P%@AP") && strlen(r->head) == 68;
}

static bool
is_probe(const struct request *r)
{
	return is_eicar(r) || starts(r, "This text does no harm");
}

/* False when the fake stops meanwhile. */
static bool
wait_or_stop(struct fake *f, int ms)
{
	struct pollfd p = { .fd = f->stop_fd, .events = POLLIN };

	return poll(&p, 1, ms) == 0;
}

/* Until the client gives up. */
static void
hang(struct request *r)
{
	struct pollfd p[2] = { { .fd = r->fd, .events = POLLIN },
		{ .fd = r->f->stop_fd, .events = POLLIN } };

	poll(p, 2, -1);
}

static void
send_answer(struct request *r)
{
	struct buf b;

	buf_init(&b, SCAN_PACKET_MAX);
	scanproto_put_answer(&b, &r->a);
	scanproto_send(r->fd, buf_span(&b), -1);
	buf_free(&b);
}

#define PATIENCE_S 15

/* Before the answer: who has it may ask the next at once. */
static void
leave(struct request *r)
{
	if (r->counted)
		r->f->now--;
	r->counted = false;
}

static void
say(struct request *r, enum scan_status status, const char *name)
{
	leave(r);
	r->a.status = status;
	snprintf(r->a.name, sizeof(r->a.name), "%s", name);
	send_answer(r);
}

/* Answers that are none; false: the content asks for none of them. */
static bool
misanswer(struct request *r)
{
	static const char *const faults[] = {
		"half", "nonce", "garbage", "old", "long", "fd", "info", "two"
	};
	char bytes[SCAN_PACKET_MAX + 2000] = { 0 };
	struct buf b;
	size_t n;

	buf_init(&b, SCAN_PACKET_MAX);
	for (n = 0; n < 8 && !starts(r, faults[n]); n++)
		continue;
	if (n == 8)
		return false;
	r->a.status = SCAN_CLEAN;
	r->a.nonce += starts(r, "nonce") || starts(r, "two");
	r->a.has_info = starts(r, "info");
	scanproto_put_answer(&b, &r->a);
	memcpy(bytes, b.p, b.n);
	n = starts(r, "half") ? b.n / 2 : starts(r, "long") ? sizeof(bytes) :
	    b.n;
	if (starts(r, "garbage"))
		memset(bytes, 'x', n);
	if (starts(r, "old"))
		bytes[1]++;
	if (starts(r, "long"))
		send(r->fd, bytes, n, MSG_NOSIGNAL);
	else
		scanproto_send(r->fd, (struct span){ bytes, n },
		    starts(r, "fd") ? r->fd : -1);
	if (starts(r, "two")) {
		r->a.nonce--;
		send_answer(r);
	}
	buf_free(&b);
	return true;
}

static void
answer_well(struct request *r)
{
	if (is_eicar(r) && r->f->mode != FAKE_BLIND)
		say(r, SCAN_VIRUS, "Eicar-Test-Signature");
	else if (r->f->mode == FAKE_ALARMED || starts(r, "virus"))
		say(r, SCAN_VIRUS, "Test.Virus");
	else if (starts(r, "unscannable"))
		say(r, SCAN_NOT_SCANNED, "encrypted");
	else if (starts(r, "failed"))
		say(r, SCAN_FAILED, "no space");
	else if (starts(r, "zip") && strcpy(r->a.extensions, "exe txt"))
		say(r, SCAN_CLEAN, "");
	else
		say(r, SCAN_CLEAN, "");
}

static bool
crashes(struct request *r)
{
	unsigned times = 0;

	if (r->f->mode == FAKE_CRASHING)
		return true;
	if (sscanf(r->head, "crashes-%u", &times) == 1)
		return r->f->crashes++ < times;
	return starts(r, "crash");
}

static void
answer_scan(struct request *r)
{
	int delay = is_probe(r) ? 0 : r->f->delay;

	if (starts(r, "slow"))
		delay += FAKE_SLOW_MS;
	if (delay > 0 && !wait_or_stop(r->f, delay))
		return;
	if (crashes(r))
		return;
	if (starts(r, "hang"))
		hang(r);
	else if (!misanswer(r))
		answer_well(r);
}

static void
serve_scan(struct request *r, int content)
{
	struct stat st;
	ssize_t n = pread(content, r->head, HEAD, 0);
	bool probe = is_probe(r);
	unsigned now, most;

	if (n < 0 || fstat(content, &st) != 0 ||
	    fcntl(content, F_GET_SEALS) != SEALS ||
	    (uint64_t)st.st_size != r->q.size)
		r->f->unsealed++;
	if (!probe) {
		r->f->scans++;
		r->counted = true;
		now = ++r->f->now;
		most = r->f->beside;
		while (now > most && !atomic_compare_exchange_weak(
		    &r->f->beside, &most, now))
			continue;
	}
	answer_scan(r);
	leave(r);
}

static void
serve_status(struct request *r)
{
	r->f->statuses++;
	if (r->f->mode == FAKE_LOADING) {
		say(r, SCAN_FAILED, "still loading");
		return;
	}
	if (r->f->mode == FAKE_CRASHING)
		return;
	r->a.has_info = true;
	r->a.info = (struct scan_status_info){ .signatures = 42,
		.built = 1700000000, .loaded = 1700000001,
		.workers = r->f->nworkers };
	say(r, SCAN_CLEAN, "");
}

static void
serve(struct fake *f, int fd)
{
	struct request r = { .f = f, .fd = fd };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct buf packet;
	int content = -1;

	/* A test that has failed may leave its end open. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	buf_init(&packet, SCAN_PACKET_MAX);
	if (f->mode != FAKE_UNREAD &&
	    scanproto_receive(fd, &packet, &content) == 1 &&
	    scanproto_get_question(buf_span(&packet), &r.q) == 0) {
		r.a.nonce = r.q.nonce;
		r.a.version = f->version;
		if (f->mode == FAKE_SILENT)
			hang(&r);
		else if (f->mode == FAKE_GARBLED)
			send(fd, "HTTP/1.1 400", 12, MSG_NOSIGNAL);
		else if (r.q.ask == SCAN_ASK_STATUS)
			serve_status(&r);
		else
			serve_scan(&r, content);
	}
	if (content != -1)
		close(content);
	buf_free(&packet);
	close(fd);
}

static void *
work(void *arg)
{
	struct fake *f = arg;
	struct pollfd p[2] = { { .fd = f->stop_fd, .events = POLLIN },
		{ .fd = f->listener, .events = POLLIN } };

	for (;;) {
		int fd;

		poll(p, 2, -1);
		if (p[0].revents != 0)
			return NULL;
		fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			serve(f, fd);
	}
}

struct fake *
fake_start(const char *path, unsigned workers)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct fake *f = calloc(1, sizeof(*f));

	snprintf(f->path, sizeof(f->path), "%s", path);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	unlink(path);
	f->version = 7;
	f->nworkers = workers;
	f->stop_fd = eventfd(0, EFD_CLOEXEC);
	f->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (bind(f->listener, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    listen(f->listener, BACKLOG) != 0)
		abort();
	for (unsigned i = 0; i < workers; i++)
		if (pthread_create(&f->workers[i], NULL, work, f) != 0)
			abort();
	return f;
}

void
fake_stop(struct fake **fp)
{
	struct fake *f = *fp;

	*fp = NULL;
	if (f == NULL)
		return;
	eventfd_write(f->stop_fd, 1);
	for (unsigned i = 0; i < f->nworkers; i++)
		pthread_join(f->workers[i], NULL);
	close(f->listener);
	close(f->stop_fd);
	unlink(f->path);
	free(f);
}

void
fake_mode(struct fake *f, enum fake_mode mode)
{
	f->mode = (int)mode;
}

void
fake_version(struct fake *f, uint64_t version)
{
	f->version = version;
}

void
fake_delay(struct fake *f, int ms)
{
	f->delay = ms;
}

void
fake_counts(struct fake *f, struct fake_counts *c)
{
	*c = (struct fake_counts){ .scans = f->scans,
		.statuses = f->statuses, .beside = f->beside,
		.unsealed = f->unsealed };
}
