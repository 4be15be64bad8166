/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: framed records between our own processes over a unix socket.
 *
 * Called by postern (the signer's client) and postern-sign.  Each call reads
 * or writes one frame before a deadline; descriptors and buffers stay the
 * caller's.  Memory grows with the bytes that came, not with the length that
 * the head claims.  Several threads may work on different descriptors.
 *
 * The head: "PSTN", type (16 bits), version (16 bits), length (32 bits).
 * Sockets only: MSG_DONTWAIT makes the blocking ones obey the deadline too.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "wire.h"

#define WIRE_VERSION	1
#define READ_CHUNK	4096

static const char magic[4] = { 'P', 'S', 'T', 'N' };

static int
wrong(const char **error_r, const char *text)
{
	*error_r = text;
	return -1;
}

/* Waits until fd is ready: 0, or -1 with *error_r. */
static int
wait_for(int fd, short events, int64_t deadline, const char **error_r)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n;

	for (;;) {
		n = poll(&pfd, 1, deadline < 0 ? -1 : clock_left(deadline));
		if (n > 0)
			return 0;
		if (n == 0)
			return wrong(error_r, "timed out");
		if (errno != EINTR)
			return wrong(error_r, "poll failed");
	}
}

/* One recv() of 1 to n bytes; 0 at the end of the stream; -1. */
static ssize_t
read_some(int fd, void *p, size_t n, int64_t deadline, const char **error_r)
{
	ssize_t got;

	for (;;) {
		got = recv(fd, p, n, MSG_DONTWAIT);
		if (got >= 0)
			return got;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return wrong(error_r, "the connection broke");
		if (wait_for(fd, POLLIN, deadline, error_r) != 0)
			return -1;
	}
}

static int
read_head(int fd, unsigned char head[WIRE_HEAD], int64_t deadline,
    const char **error_r)
{
	size_t n = 0;
	ssize_t got;

	while (n < WIRE_HEAD) {
		got = read_some(fd, head + n, WIRE_HEAD - n, deadline,
		    error_r);
		if (got < 0)
			return -1;
		if (got == 0 && n == 0)
			return 0;
		if (got == 0)
			return wrong(error_r, "closed in the middle of a head");
		n += (size_t)got;
	}
	return 1;
}

static int
read_payload(int fd, struct buf *payload, size_t n, int64_t deadline,
    const char **error_r)
{
	char chunk[READ_CHUNK];
	ssize_t got;

	while (n > 0) {
		got = read_some(fd, chunk, n < READ_CHUNK ? n : READ_CHUNK,
		    deadline, error_r);
		if (got < 0)
			return -1;
		if (got == 0)
			return wrong(error_r,
			    "closed in the middle of a record");
		buf_add(payload, chunk, (size_t)got);
		n -= (size_t)got;
	}
	if (buf_failed(payload))
		return wrong(error_r, "out of memory");
	return 1;
}

int
wire_read(int fd, uint16_t *type_r, struct buf *payload, int64_t deadline,
    const char **error_r)
{
	unsigned char head[WIRE_HEAD];
	struct wire_in in = { { (const char *)head, WIRE_HEAD }, false };
	uint32_t n;
	int rc;

	buf_reset(payload);
	rc = read_head(fd, head, deadline, error_r);
	if (rc != 1)
		return rc;
	if (memcmp(head, magic, sizeof(magic)) != 0)
		return wrong(error_r, "the peer speaks another protocol");
	in.left = span_from(in.left, sizeof(magic));
	*type_r = wire_u16(&in);
	if (wire_u16(&in) != WIRE_VERSION)
		return wrong(error_r, "the peer is of another version");
	n = wire_u32(&in);
	if (n > payload->max)
		return wrong(error_r, "the record is too long");
	return read_payload(fd, payload, n, deadline, error_r);
}

static int
write_all(int fd, const char *p, size_t n, int flags, int64_t deadline,
    const char **error_r)
{
	ssize_t put;

	while (n > 0) {
		put = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
		if (put >= 0) {
			p += put;
			n -= (size_t)put;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (wait_for(fd, POLLOUT, deadline, error_r) != 0)
				return -1;
		} else if (errno != EINTR) {
			return wrong(error_r, "the connection broke");
		}
	}
	return 0;
}

int
wire_write(int fd, uint16_t type, struct span payload, int64_t deadline,
    const char **error_r)
{
	char both[WIRE_HEAD + READ_CHUNK];
	struct buf head = { .p = both, .cap = sizeof(both),
	    .max = WIRE_HEAD };

	if (payload.n > UINT32_MAX)
		return wrong(error_r, "the record is too long");
	buf_add(&head, magic, sizeof(magic));
	wire_put_u16(&head, type);
	wire_put_u16(&head, WIRE_VERSION);
	wire_put_u32(&head, (uint32_t)payload.n);
	/* A short record leaves in one call, so the peer wakes up once. */
	if (payload.n > 0 && payload.n <= READ_CHUNK) {
		memcpy(both + WIRE_HEAD, payload.p, payload.n);
		return write_all(fd, both, WIRE_HEAD + payload.n, 0, deadline,
		    error_r);
	}
	if (write_all(fd, both, WIRE_HEAD, payload.n > 0 ? MSG_MORE : 0,
	    deadline, error_r) != 0)
		return -1;
	return write_all(fd, payload.p, payload.n, 0, deadline, error_r);
}

static void
put_number(struct buf *b, uint64_t v, size_t n)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(v >> 8 * (n - 1 - i));
	buf_add(b, bytes, n);
}

void
wire_put_u8(struct buf *b, uint8_t v)
{
	put_number(b, v, 1);
}

void
wire_put_u16(struct buf *b, uint16_t v)
{
	put_number(b, v, 2);
}

void
wire_put_u32(struct buf *b, uint32_t v)
{
	put_number(b, v, 4);
}

void
wire_put_u64(struct buf *b, uint64_t v)
{
	put_number(b, v, 8);
}

void
wire_put_span(struct buf *b, struct span s)
{
	if (s.n > UINT16_MAX) {
		b->failed = true;
		return;
	}
	wire_put_u16(b, (uint16_t)s.n);
	buf_addspan(b, s);
}

/* The next n bytes, or an absent span and `bad` for good. */
static struct span
take(struct wire_in *in, size_t n)
{
	struct span s;

	if (in->bad || in->left.n < n) {
		in->bad = true;
		return (struct span){ NULL, 0 };
	}
	s = span_make(in->left.p, n);
	in->left = span_from(in->left, n);
	return s;
}

static uint64_t
take_number(struct wire_in *in, size_t n)
{
	struct span s = take(in, n);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (unsigned char)s.p[i];
	return v;
}

uint8_t
wire_u8(struct wire_in *in)
{
	return (uint8_t)take_number(in, 1);
}

uint16_t
wire_u16(struct wire_in *in)
{
	return (uint16_t)take_number(in, 2);
}

uint32_t
wire_u32(struct wire_in *in)
{
	return (uint32_t)take_number(in, 4);
}

uint64_t
wire_u64(struct wire_in *in)
{
	return take_number(in, 8);
}

struct span
wire_span(struct wire_in *in)
{
	return take(in, wire_u16(in));
}

bool
wire_ok(const struct wire_in *in)
{
	return !in->bad && in->left.n == 0;
}
