/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve: see the header.
 *
 * A thread for each connection: postern keeps few, for long, and most of the
 * time is the RSA operation.  A client has a place in a table; `idle_since` is
 * 0 while it is answered.  When all places are taken the one idle for longest
 * is closed (its owner asks again on a fresh connection) and others wait in
 * the listening queue.
 *
 * SECURITY: whoever may connect can have anything signed with any key; that is
 * why the peer's user id is checked, by SO_PEERCRED, before a byte is read.
 * All that is read is bounded (SIGN_RECORD_MAX, SERVE_RECORD_MS); a record
 * that is wrong in any way ends the connection.
 */
#include "config.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "clock.h"
#include "bounds.h"
#include "log.h"
#include "serve.h"
#include "signature.h"
#include "sock.h"
#include "wire.h"

#define STACK_BYTES	(512 * 1024)
/* Complaints about peers, each minute; the rest is only counted. */
#define COMPLAINTS_MAX	20
#define COMPLAINTS_MS	60000

struct client {
	struct server	*server;
	int		 fd;		/* -1: a free place */
	int64_t		 idle_since;
	bool		 asked_to_go;
	pid_t		 pid;
};

struct server {
	int		 listener;
	int		 wake;		/* eventfd: a place became free */
	uid_t		*uids;
	size_t		 nuids;
	pthread_mutex_t	 lock;		/* all below */
	struct keycache	*cache;
	struct client	 clients[SIGN_CLIENTS_MAX];
	size_t		 nclients;
	int64_t		 complaints_since;
	unsigned	 complaints, unsaid;
};

struct server *
serve_new(int listener, const uid_t *uids, size_t n, struct keycache **cache)
{
	struct server *s = calloc(1, sizeof(*s));
	size_t i;

	if (s == NULL || (s->uids = calloc(n + 1, sizeof(*uids))) == NULL)
		log_panic("out of memory");
	s->listener = listener;
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake == -1)
		log_panic("eventfd: %m");
	for (i = 0; i < n; i++)
		s->uids[i] = uids[i];
	s->nuids = n;
	s->cache = *cache;
	*cache = NULL;
	for (i = 0; i < SIGN_CLIENTS_MAX; i++)
		s->clients[i] = (struct client){ .server = s, .fd = -1 };
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
serve_reload(struct server *s, struct keycache **cache)
{
	struct keycache *old;

	pthread_mutex_lock(&s->lock);
	old = s->cache;
	s->cache = *cache;
	pthread_mutex_unlock(&s->lock);
	*cache = NULL;
	keycache_unpin(&old);
}

static struct keycache *
pin_cache(struct server *s)
{
	struct keycache *c;

	pthread_mutex_lock(&s->lock);
	c = keycache_pin(s->cache);
	pthread_mutex_unlock(&s->lock);
	return c;
}

/* Whether one more complaint may be logged now. */
static bool
may_complain(struct server *s)
{
	int64_t now = clock_ms();
	unsigned unsaid = 0;
	bool may;

	pthread_mutex_lock(&s->lock);
	if (now - s->complaints_since >= COMPLAINTS_MS) {
		unsaid = s->unsaid;
		s->complaints = s->unsaid = 0;
		s->complaints_since = now;
	}
	may = s->complaints++ < COMPLAINTS_MAX;
	if (!may)
		s->unsaid++;
	pthread_mutex_unlock(&s->lock);
	if (unsaid > 0)
		log_warn("%u more complaints about peers were not logged",
		    unsaid);
	return may;
}

static void
answer_one(struct keycache *cache, const struct sign_question *q,
    struct sign_reply *r)
{
	EVP_PKEY *key;

	memset(r, 0, sizeof(*r));
	key = keycache_get(cache, q, r);
	if (key == NULL)
		return;
	if (signature_make(key, q->algorithm, q->digest, r->signature,
	    &r->n) == -1) {
		r->status = SIGN_FAILED;
		snprintf(r->reason, sizeof(r->reason),
		    "the crypto library failed");
		log_warn("cannot sign for %.*s: the crypto library failed",
		    (int)q->domain.n, q->domain.p);
	}
	EVP_PKEY_free(key);
}

static int
answer_ask(struct server *s, struct span payload, struct buf *out)
{
	struct sign_question q[SIGN_DIGESTS_MAX];
	struct sign_reply r[SIGN_DIGESTS_MAX];
	struct keycache *cache;
	uint64_t nonce;
	size_t i, n;

	if (signproto_get_ask(payload, &nonce, q, &n) == -1)
		return -1;
	cache = pin_cache(s);
	for (i = 0; i < n; i++)
		answer_one(cache, &q[i], &r[i]);
	keycache_unpin(&cache);
	signproto_put_say(out, nonce, r, n);
	return 0;
}

static void
answer_ping(struct server *s, struct buf *out)
{
	struct keycache *cache = pin_cache(s);
	size_t n = keycache_table(cache)->nkeys;

	wire_put_u32(out, (uint32_t)n);
	wire_put_u32(out, (uint32_t)(n - keycache_bad(cache)));
	keycache_unpin(&cache);
}

/* One record in, one out: 1, 0 at the end, -1 with *error_r. */
static int
answer(struct server *s, int fd, struct buf *in, struct buf *out,
    const char **error_r)
{
	int64_t deadline = clock_ms() + SERVE_RECORD_MS;
	uint16_t type;
	int rc = wire_read(fd, &type, in, deadline, error_r);

	if (rc != 1)
		return rc;
	buf_reset(out);
	*error_r = "the record makes no sense";
	if (type == SIGN_ASK) {
		if (answer_ask(s, buf_span(in), out) == -1)
			return -1;
		type = SIGN_SAY;
	} else if (type == SIGN_PING && in->n == 0) {
		answer_ping(s, out);
		type = SIGN_PONG;
	} else
		return -1;
	assert(!buf_failed(out));
	deadline = clock_ms() + SERVE_RECORD_MS;
	return wire_write(fd, type, buf_span(out), deadline, error_r) == 0 ?
	    1 : -1;
}

static void
set_idle(struct client *c, bool idle)
{
	pthread_mutex_lock(&c->server->lock);
	c->idle_since = idle ? clock_ms() : 0;
	pthread_mutex_unlock(&c->server->lock);
}

/* True when there is something to read (or the end of it). */
static bool
wait_for_question(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int n;

	set_idle(c, true);
	do {
		n = poll(&p, 1, SERVE_IDLE_MS);
	} while (n == -1 && errno == EINTR);
	set_idle(c, false);
	return n > 0;
}

static void
leave(struct client *c)
{
	struct server *s = c->server;
	uint64_t one = 1;

	pthread_mutex_lock(&s->lock);
	close(c->fd);
	c->fd = -1;
	s->nclients--;
	if (write(s->wake, &one, sizeof(one)) == -1 && errno != EAGAIN)
		log_warn("eventfd: %m");
	pthread_mutex_unlock(&s->lock);
}

static void *
client_thread(void *arg)
{
	struct client *c = arg;
	struct buf in, out;
	const char *error = NULL;
	int rc = 0;

	buf_init(&in, SIGN_RECORD_MAX);
	buf_init(&out, SIGN_RECORD_MAX);
	while (wait_for_question(c)) {
		rc = answer(c->server, c->fd, &in, &out, &error);
		if (rc != 1)
			break;
	}
	if (rc == -1 && may_complain(c->server))
		log_warn("connection of process %ld closed: %s",
		    (long)c->pid, error);
	buf_free(&in);
	buf_free(&out);
	OPENSSL_thread_stop();	/* after leave() the process may end */
	leave(c);
	return NULL;
}

static bool
allowed(const struct server *s, uid_t uid)
{
	size_t i;

	if (uid == 0 || uid == geteuid())
		return true;
	for (i = 0; i < s->nuids; i++)
		if (s->uids[i] == uid)
			return true;
	return false;
}

static bool
peer_ok(struct server *s, int fd, pid_t *pid_r)
{
	struct sock_peer peer;

	if (sock_peer(fd, &peer) == -1 || !peer.local) {
		if (may_complain(s))
			log_warn("a connection without known peer is refused");
		return false;
	}
	*pid_r = peer.pid;
	if (allowed(s, peer.uid))
		return true;
	if (may_complain(s))
		log_warn("user id %u (process %ld) is refused; who may ask is "
		    "said by sign-clients", (unsigned)peer.uid,
		    (long)peer.pid);
	return false;
}

/* A free place for fd, or NULL. */
static struct client *
take_place(struct server *s, int fd, pid_t pid)
{
	struct client *c = NULL;
	size_t i;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i < SIGN_CLIENTS_MAX && c == NULL; i++)
		if (s->clients[i].fd == -1)
			c = &s->clients[i];
	if (c != NULL) {
		c->fd = fd;
		c->pid = pid;
		c->idle_since = 0;
		c->asked_to_go = false;
		s->nclients++;
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}

static void
start_client(struct server *s, int fd, pid_t pid)
{
	struct client *c = take_place(s, fd, pid);
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	assert(c != NULL);	/* serve_wait() accepts when there is one */
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	error = pthread_create(&thread, &attr, client_thread, c);
	pthread_attr_destroy(&attr);
	if (error == 0)
		return;
	log_warn("cannot start a thread: %s", strerror(error));
	leave(c);
}

static void
accept_one(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	pid_t pid;

	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
			log_warn("accept: %m");
			poll(NULL, 0, 100);
		}
		return;
	}
	if (peer_ok(s, fd, &pid))
		start_client(s, fd, pid);
	else
		close(fd);
}

/* Closes the connection that is idle for longest; the lock is held. */
static void
send_one_away(struct server *s)
{
	struct client *oldest = NULL;
	size_t i;

	for (i = 0; i < SIGN_CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];

		if (c->fd == -1 || c->idle_since == 0)
			continue;
		if (c->asked_to_go)
			return;		/* one is on its way already */
		if (oldest == NULL || c->idle_since < oldest->idle_since)
			oldest = c;
	}
	if (oldest == NULL)
		return;
	oldest->asked_to_go = true;
	shutdown(oldest->fd, SHUT_RD);
}

/* Whether there is no place; only when somebody waits is one made. */
static bool
full(struct server *s, bool somebody_waits)
{
	bool is;

	pthread_mutex_lock(&s->lock);
	is = s->nclients == SIGN_CLIENTS_MAX;
	if (is && somebody_waits)
		send_one_away(s);
	pthread_mutex_unlock(&s->lock);
	return is;
}

/* While full, the listener is looked at now and then instead of polled. */
static int
wait_events(struct server *s, struct pollfd p[3])
{
	struct pollfd waiting = { .fd = s->listener, .events = POLLIN };
	bool is_full = full(s, false);

	if (is_full && poll(&waiting, 1, 0) > 0)
		full(s, true);
	p[0].fd = is_full ? -1 : s->listener;
	return poll(p, 3, is_full ? 50 : -1);
}

void
serve_wait(struct server *s, int fd)
{
	struct pollfd p[3] = {
		{ .fd = s->listener, .events = POLLIN },
		{ .fd = s->wake, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	uint64_t count;

	while (p[2].revents == 0) {
		int n = wait_events(s, p);

		if (n == -1 && errno != EINTR)
			log_panic("poll: %m");
		if (n <= 0) {
			p[0].revents = p[1].revents = p[2].revents = 0;
			continue;
		}
		if (p[1].revents != 0 &&
		    read(s->wake, &count, sizeof(count)) == -1 &&
		    errno != EAGAIN)
			log_panic("eventfd: %m");
		if (p[0].fd != -1 && p[0].revents != 0)
			accept_one(s);
	}
}

static size_t
count_clients(struct server *s, bool send_away)
{
	size_t i, n;

	pthread_mutex_lock(&s->lock);
	n = s->nclients;
	for (i = 0; i < SIGN_CLIENTS_MAX && send_away; i++)
		if (s->clients[i].fd != -1)
			shutdown(s->clients[i].fd, SHUT_RD);
	pthread_mutex_unlock(&s->lock);
	return n;
}

size_t
serve_stop(struct server *s, int ms)
{
	int64_t deadline = clock_ms() + ms;
	struct pollfd p = { .fd = s->wake, .events = POLLIN };
	uint64_t count;
	size_t n = count_clients(s, true);

	close(s->listener);
	s->listener = -1;
	while (n > 0 && clock_left(deadline) > 0) {
		if (poll(&p, 1, clock_left(deadline)) > 0 &&
		    read(s->wake, &count, sizeof(count)) == -1 &&
		    errno != EAGAIN)
			break;
		n = count_clients(s, false);
	}
	return n;
}

void
serve_free(struct server **p)
{
	struct server *s = *p;

	*p = NULL;
	if (s == NULL)
		return;
	assert(s->nclients == 0);
	keycache_unpin(&s->cache);
	close(s->wake);
	free(s->uids);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
