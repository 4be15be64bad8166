/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign_client: see the header.
 *
 * Called by the signing stage in any thread, several at once.  A question has
 * a connection for itself: taken from the idle ones (the one used last first,
 * so that those not needed go stale and are closed by the signer), or new.
 * After a failure on an idle connection all idle ones are closed: the signer
 * was most likely restarted, and they are all stale.
 *
 * The signer may answer anything: the record is bounded, must carry our nonce
 * and the number of items asked for (signproto.c), and come in time.
 */
#include "config.h"

#include <sys/random.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "sign_client.h"
#include "sock.h"
#include "wire.h"

/* Idle connections kept; half of what the signer serves at once. */
#define IDLE_MAX	(SIGN_CLIENTS_MAX / 2)
/* The signer's listening queue is full: how long to wait, in ms. */
#define BACKOFF_FIRST	1
#define BACKOFF_LAST	50

struct sign_client {
	char		*path;
	pthread_mutex_t	 lock;		/* all below */
	int		 idle[IDLE_MAX];
	size_t		 nidle;
	uint64_t	 nonce;		/* of the last question */
};

struct sign_client *
sign_client_new(const char *socket_path)
{
	struct sign_client *c = calloc(1, sizeof(*c));

	if (strncmp(socket_path, "unix:", 5) == 0)
		socket_path += 5;
	if (c == NULL || (c->path = strdup(socket_path)) == NULL)
		log_panic("out of memory");
	pthread_mutex_init(&c->lock, NULL);
	/* Not a secret: it only tells late answers from ours. */
	if (getrandom(&c->nonce, sizeof(c->nonce), GRND_NONBLOCK) < 0)
		c->nonce = (uint64_t)clock_ms();
	return c;
}

static void
close_idle(struct sign_client *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->nidle > 0)
		close(c->idle[--c->nidle]);
	pthread_mutex_unlock(&c->lock);
}

void
sign_client_free(struct sign_client **p)
{
	struct sign_client *c = *p;

	*p = NULL;
	if (c == NULL)
		return;
	close_idle(c);
	pthread_mutex_destroy(&c->lock);
	free(c->path);
	free(c);
}

static int
take_idle(struct sign_client *c)
{
	int fd = -1;

	pthread_mutex_lock(&c->lock);
	if (c->nidle > 0)
		fd = c->idle[--c->nidle];
	pthread_mutex_unlock(&c->lock);
	return fd;
}

static void
put_idle(struct sign_client *c, int fd)
{
	bool kept = false;

	pthread_mutex_lock(&c->lock);
	if (c->nidle < IDLE_MAX) {
		c->idle[c->nidle++] = fd;
		kept = true;
	}
	pthread_mutex_unlock(&c->lock);
	if (!kept)
		close(fd);
}

static uint64_t
next_nonce(struct sign_client *c)
{
	uint64_t nonce;

	pthread_mutex_lock(&c->lock);
	nonce = ++c->nonce;
	pthread_mutex_unlock(&c->lock);
	return nonce;
}

/* A new connection; waits while the signer's listening queue is full. */
static int
connect_fresh(struct sign_client *c, int64_t deadline, char *why)
{
	int fd, left, pause = BACKOFF_FIRST;

	for (;;) {
		fd = sock_connect_unix(c->path);
		if (fd != -1)
			return fd;
		left = clock_left(deadline);
		if ((errno != EAGAIN && errno != EINTR) || left == 0)
			break;
		poll(NULL, 0, pause < left ? pause : left);
		if (pause < BACKOFF_LAST)
			pause *= 2;
	}
	snprintf(why, SIGN_REASON_MAX, "postern-sign at %.80s: %s", c->path,
	    errno == EAGAIN ? "busy, no connection in time" :
	    strerror(errno));
	return -1;
}

/* A record to send, and what must come back (into *in, kind `answer`). */
struct exchange {
	uint16_t	type, answer;
	struct buf	out, in;
};

/* 0, or -1 with *error_r. */
static int
exchange_on(int fd, struct exchange *x, int64_t deadline,
    const char **error_r)
{
	uint16_t type;
	int rc;

	if (wire_write(fd, x->type, buf_span(&x->out), deadline,
	    error_r) == -1)
		return -1;
	rc = wire_read(fd, &type, &x->in, deadline, error_r);
	if (rc == 1 && type == x->answer)
		return 0;
	if (rc == 1)
		*error_r = "an answer of the wrong kind";
	else if (rc == 0)
		*error_r = "the connection was closed without an answer";
	return -1;
}

/* On an idle connection, then on a fresh one; the descriptor, or -1. */
static int
exchange(struct sign_client *c, struct exchange *x, int64_t deadline,
    char *why)
{
	const char *error = "";
	int fd = take_idle(c);

	if (fd != -1) {
		if (exchange_on(fd, x, deadline, &error) == 0)
			return fd;
		close(fd);
		close_idle(c);
	}
	if (fd == -1 || clock_left(deadline) > 0) {
		fd = connect_fresh(c, deadline, why);
		if (fd == -1)
			return -1;
		if (exchange_on(fd, x, deadline, &error) == 0)
			return fd;
		close(fd);
	}
	snprintf(why, SIGN_REASON_MAX, "postern-sign at %.80s: %s", c->path,
	    error);
	return -1;
}

static void
exchange_init(struct exchange *x, uint16_t type, uint16_t answer)
{
	x->type = type;
	x->answer = answer;
	buf_init(&x->out, SIGN_RECORD_MAX);
	buf_init(&x->in, SIGN_RECORD_MAX);
}

static void
exchange_free(struct exchange *x)
{
	buf_free(&x->out);
	buf_free(&x->in);
}

/* Keeps a connection whose answer made sense, closes one whose did not. */
static int
finish(struct sign_client *c, int fd, bool sense, char *why)
{
	if (fd == -1)
		return -1;
	if (sense) {
		put_idle(c, fd);
		return 0;
	}
	close(fd);
	snprintf(why, SIGN_REASON_MAX,
	    "postern-sign at %.80s: an answer that makes no sense", c->path);
	return -1;
}

int
sign_client_ask(struct sign_client *c, const struct sign_question *q,
    size_t n, struct sign_reply *r, int64_t deadline,
    char why[SIGN_REASON_MAX])
{
	struct exchange x;
	uint64_t nonce = next_nonce(c);
	bool sense = false;
	int fd = -1, rc;

	assert(n > 0 && n <= SIGN_DIGESTS_MAX);
	exchange_init(&x, SIGN_ASK, SIGN_SAY);
	signproto_put_ask(&x.out, nonce, q, n);
	if (buf_failed(&x.out))
		snprintf(why, SIGN_REASON_MAX, "the question is too long");
	else
		fd = exchange(c, &x, deadline, why);
	if (fd != -1)
		sense = signproto_get_say(buf_span(&x.in), nonce, r, n) == 0;
	rc = finish(c, fd, sense, why);
	exchange_free(&x);
	return rc;
}

int
sign_client_ping(struct sign_client *c, uint32_t *keys_r,
    uint32_t *readable_r, int64_t deadline, char why[SIGN_REASON_MAX])
{
	struct wire_in in = { .bad = true };
	struct exchange x;
	int fd, rc;

	exchange_init(&x, SIGN_PING, SIGN_PONG);
	fd = exchange(c, &x, deadline, why);
	if (fd != -1) {
		in = (struct wire_in){ buf_span(&x.in), false };
		*keys_r = wire_u32(&in);
		*readable_r = wire_u32(&in);
	}
	rc = finish(c, fd, wire_ok(&in), why);
	exchange_free(&x);
	return rc;
}
