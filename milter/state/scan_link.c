/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_link: one question to postern-scan on one connection.
 *
 * Called by scan_call.c and scan_health.c; a link belongs to one thread.
 * Nothing here waits: the caller polls the descriptor.  What comes back is
 * hostile (a worker may have been taken over by what it scanned): the packet
 * is bounded, well-formed, of our nonce and of the kind that was asked for, or
 * it is nonsense.
 *
 * The end of a connection tells by itself whose fault it was: the kernel
 * gives ECONNRESET when our question lay there unread.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/sockios.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "scan_internal.h"

/* How much of the path is told. */
#define AT " at %.120s: "

static enum scan_link_state
give_up(struct scan_link *l, enum scan_link_state state)
{
	scan_link_close(l);
	return state;
}

void
scan_link_close(struct scan_link *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
}

/* What a failed connect() means. */
static enum scan_link_state
connect_failed(const char *path, int error, char why[SCAN_WHY_SIZE])
{
	if (error == EAGAIN || error == EINTR) {
		snprintf(why, SCAN_WHY_SIZE, "postern-scan" AT "busy, its "
		    "queue is full", path);
		return SCAN_LINK_BUSY;
	}
	snprintf(why, SCAN_WHY_SIZE, "postern-scan does not answer" AT "%s",
	    path, error == EPROTOTYPE ? "the socket is another program's" :
	    strerror(error));
	return SCAN_LINK_AWAY;
}

static enum scan_link_state
our_fault(int error, char why[SCAN_WHY_SIZE])
{
	snprintf(why, SCAN_WHY_SIZE, "no way to postern-scan: %s",
	    strerror(error));
	return SCAN_LINK_FAULT;
}

static enum scan_link_state
connect_to(struct scan_link *l, const char *path, char why[SCAN_WHY_SIZE])
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sun.sun_path))
		return connect_failed(path, ENAMETOOLONG, why);
	strcpy(sun.sun_path, path);
	l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (l->fd == -1)
		return our_fault(errno, why);
	if (connect(l->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return SCAN_LINK_OK;
	return give_up(l, connect_failed(path, errno, why));
}

/* Not a secret: it only tells the answers of others from ours. */
static uint64_t
new_nonce(void)
{
	uint64_t nonce;

	if (getrandom(&nonce, sizeof(nonce), GRND_NONBLOCK) < 0)
		nonce = (uint64_t)clock_ms();
	return nonce;
}

static enum scan_link_state
unread(char why[SCAN_WHY_SIZE])
{
	snprintf(why, SCAN_WHY_SIZE, "postern-scan closed the connection "
	    "without reading the question");
	return SCAN_LINK_UNREAD;
}

static enum scan_link_state
send_failed(int error, char why[SCAN_WHY_SIZE])
{
	if (error == EPIPE || error == ECONNRESET || error == ENOTCONN)
		return unread(why);
	if (error != EAGAIN && error != ETOOMANYREFS)
		return our_fault(error, why);
	snprintf(why, SCAN_WHY_SIZE, "no room for another question to "
	    "postern-scan");
	return SCAN_LINK_BUSY;
}

enum scan_link_state
scan_link_open(struct scan_link *l, const char *path, enum scan_ask ask,
    enum scan_kind kind, int memfd, uint64_t size, char why[SCAN_WHY_SIZE])
{
	struct scan_question q = { .ask = ask, .kind = kind, .size = size,
		.nonce = new_nonce() };
	enum scan_link_state state;
	struct buf packet;
	int rc, error;

	l->fd = -1;
	l->ask = ask;
	l->nonce = q.nonce;
	state = connect_to(l, path, why);
	if (state != SCAN_LINK_OK)
		return state;
	buf_init(&packet, SCAN_PACKET_MAX);
	scanproto_put_question(&packet, &q);
	rc = scanproto_send(l->fd, buf_span(&packet), memfd);
	error = errno;
	buf_free(&packet);
	if (rc == 0)
		return SCAN_LINK_OK;
	return give_up(l, send_failed(error, why));
}

static enum scan_link_state
nonsense(const char *what, char why[SCAN_WHY_SIZE])
{
	snprintf(why, SCAN_WHY_SIZE, "an answer of postern-scan that makes no "
	    "sense: %s", what);
	return SCAN_LINK_NONSENSE;
}

static enum scan_link_state
check(const struct scan_link *l, struct span packet, struct scan_answer *a,
    char why[SCAN_WHY_SIZE])
{
	if (scanproto_get_answer(packet, a) == -1)
		return nonsense("malformed, or of another version", why);
	if (a->nonce != l->nonce)
		return nonsense("it belongs to another question", why);
	if (l->ask == SCAN_ASK_SCAN ? a->has_info :
	    a->status == SCAN_CLEAN && !a->has_info)
		return nonsense("not what was asked for", why);
	return SCAN_LINK_OK;
}

static enum scan_link_state
receive_failed(int error, char why[SCAN_WHY_SIZE])
{
	switch (error) {
	case EAGAIN:
		return SCAN_LINK_PENDING;
	case ECONNRESET:
		return unread(why);
	case EMSGSIZE:
		return nonsense("too long", why);
	case EBADMSG:
		return nonsense("it carries descriptors", why);
	default:
		return our_fault(error, why);
	}
}

enum scan_link_state
scan_link_receive(struct scan_link *l, struct scan_answer *a,
    char why[SCAN_WHY_SIZE])
{
	enum scan_link_state state;
	struct buf packet;
	int rc, stray = -1;

	buf_init(&packet, SCAN_PACKET_MAX);
	rc = scanproto_receive(l->fd, &packet, &stray);
	if (rc == -1) {
		state = receive_failed(errno, why);
	} else if (rc == 0) {
		snprintf(why, SCAN_WHY_SIZE, "scanner ended during the scan");
		state = SCAN_LINK_ENDED;
	} else if (stray != -1) {
		close(stray);
		state = nonsense("it carries a descriptor", why);
	} else {
		state = check(l, buf_span(&packet), a, why);
	}
	buf_free(&packet);
	if (state != SCAN_LINK_PENDING)
		scan_link_close(l);
	return state;
}

bool
scan_link_taken(const struct scan_link *l)
{
	int unread_bytes = 0;

	return ioctl(l->fd, SIOCOUTQ, &unread_bytes) == 0 && unread_bytes == 0;
}
