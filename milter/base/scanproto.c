/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scanproto: the packets between postern and postern-scan.
 *
 * Called by the client in postern and by the scanner's processes.  Both ends
 * check all they get: a worker because mail's parser may have been taken
 * over, postern because a worker reads hostile files all day.  So an answer
 * has a known status, printable ASCII only, and nothing behind its end.
 *
 * Encoders append to the caller's buf; decoded values are copies.  Received
 * descriptors belong to the caller; those of a bad packet are closed here.
 * No state; any thread.
 */
#include "config.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "scanproto.h"
#include "wire.h"

/* Room for more descriptors than one, so that a second one is noticed. */
#define FDS_ROOM 4

union control {
	struct cmsghdr	align;
	char		bytes[CMSG_SPACE(FDS_ROOM * sizeof(int))];
};

static bool
printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* A byte of an extension, as scanproto.h wants it. */
static bool
extension_byte(char c)
{
	return c > ' ' && c <= '~' && c != '.' && !(c >= 'A' && c <= 'Z');
}

static bool
extension_ok(struct span word)
{
	if (word.n == 0)
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (!extension_byte(word.p[i]) ||
		    (word.p[i] == '*' && word.n > 1))
			return false;
	return true;
}

/* By bytes, a shorter one first. */
static bool
before(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order < 0 || (order == 0 && a.n < b.n);
}

static bool
extensions_ok(struct span s)
{
	struct span word, last = { NULL, 0 };

	if (s.n == 0)
		return true;
	/* span_split() takes "a " for one word. */
	if (s.n >= SCAN_EXTENSIONS_SIZE || s.p[s.n - 1] == ' ')
		return false;
	while (span_split(&s, ' ', &word)) {
		if (!extension_ok(word) || !before(last, word))
			return false;
		last = word;
	}
	return true;
}

static bool
kind_ok(unsigned kind)
{
	return kind >= SCAN_PART && kind <= SCAN_MESSAGE_DEEP;
}

void
scanproto_put_question(struct buf *b, const struct scan_question *q)
{
	bool scan = q->ask == SCAN_ASK_SCAN;

	assert(scan ? kind_ok(q->kind) : q->ask == SCAN_ASK_STATUS);
	wire_put_u16(b, SCANPROTO_VERSION);
	wire_put_u8(b, (uint8_t)q->ask);
	wire_put_u8(b, scan ? (uint8_t)q->kind : 0);
	wire_put_u64(b, q->nonce);
	wire_put_u64(b, scan ? q->size : 0);
}

int
scanproto_get_question(struct span packet, struct scan_question *q)
{
	struct wire_in in = { packet, false };
	uint16_t version = wire_u16(&in);
	uint8_t ask = wire_u8(&in), kind = wire_u8(&in);

	memset(q, 0, sizeof(*q));
	q->nonce = wire_u64(&in);
	q->size = wire_u64(&in);
	if (!wire_ok(&in) || version != SCANPROTO_VERSION)
		return -1;
	q->ask = (enum scan_ask)ask;
	q->kind = (enum scan_kind)kind;
	if (ask == SCAN_ASK_SCAN)
		return kind_ok(kind) ? 0 : -1;
	return ask == SCAN_ASK_STATUS && kind == 0 && q->size == 0 ? 0 : -1;
}

/* A name that the other end takes: cut, and never empty. */
static void
put_name(struct buf *b, const char *name)
{
	size_t n = strnlen(name, SCAN_NAME_SIZE - 1);

	wire_put_u16(b, (uint16_t)(n > 0 ? n : 1));
	for (size_t i = 0; i < n; i++)
		buf_addc(b, printable(name[i]) ? name[i] : '?');
	if (n == 0)
		buf_addc(b, '?');
}

void
scanproto_put_answer(struct buf *b, const struct scan_answer *a)
{
	struct span extensions = span_make(a->extensions,
	    strnlen(a->extensions, sizeof(a->extensions)));

	assert(a->status >= SCAN_CLEAN && a->status <= SCAN_FAILED);
	assert(a->version != 0 || a->status == SCAN_FAILED);
	assert(extensions_ok(extensions));
	wire_put_u16(b, SCANPROTO_VERSION);
	wire_put_u8(b, (uint8_t)a->status);
	wire_put_u64(b, a->nonce);
	wire_put_u64(b, a->version);
	if (a->status == SCAN_CLEAN)
		wire_put_u16(b, 0);
	else
		put_name(b, a->name);
	wire_put_span(b, extensions);
	wire_put_u8(b, a->has_info);
	if (!a->has_info)
		return;
	wire_put_u32(b, a->info.signatures);
	wire_put_u64(b, a->info.built);
	wire_put_u64(b, a->info.loaded);
	wire_put_u32(b, a->info.workers);
}

static bool
name_ok(struct span name, enum scan_status status)
{
	if (name.n >= SCAN_NAME_SIZE ||
	    (name.n == 0) != (status == SCAN_CLEAN))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!printable(name.p[i]))
			return false;
	return true;
}

static void
get_info(struct wire_in *in, struct scan_answer *a)
{
	a->has_info = true;
	a->info.signatures = wire_u32(in);
	a->info.built = wire_u64(in);
	a->info.loaded = wire_u64(in);
	a->info.workers = wire_u32(in);
}

int
scanproto_get_answer(struct span packet, struct scan_answer *a)
{
	struct wire_in in = { packet, false };
	uint16_t version = wire_u16(&in);
	uint8_t status = wire_u8(&in), more;
	struct span name, extensions;

	memset(a, 0, sizeof(*a));
	a->nonce = wire_u64(&in);
	a->version = wire_u64(&in);
	name = wire_span(&in);
	extensions = wire_span(&in);
	more = wire_u8(&in);
	if (more != 0)
		get_info(&in, a);
	if (!wire_ok(&in) || version != SCANPROTO_VERSION || more > 1 ||
	    status < SCAN_CLEAN || status > SCAN_FAILED)
		return -1;
	a->status = (enum scan_status)status;
	if ((a->version == 0 && a->status != SCAN_FAILED) ||
	    !name_ok(name, a->status) || !extensions_ok(extensions))
		return -1;
	if (name.n > 0)
		memcpy(a->name, name.p, name.n);
	if (extensions.n > 0)
		memcpy(a->extensions, extensions.p, extensions.n);
	return 0;
}

int
scanproto_send(int fd, struct span packet, int fd_sent)
{
	union control control = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)packet.p, packet.n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	/* An empty packet would look like the end of the connection. */
	assert(packet.n > 0 && packet.n <= SCAN_PACKET_MAX);
	if (fd_sent != -1) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd_sent, sizeof(int));
	}
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* Takes the descriptors of one control message: the first, or closes it. */
static void
take_fds(struct cmsghdr *c, int *fd, unsigned *count)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int got;

	for (size_t i = 0; i < n; i++) {
		memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		if ((*count)++ == 0)
			*fd = got;
		else
			close(got);
	}
}

/* True when at most one descriptor came; the others are closed. */
static bool
one_fd(struct msghdr *msg, int *fd_r)
{
	unsigned count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	    c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, fd_r, &count);
	return count <= 1 && (msg->msg_flags & MSG_CTRUNC) == 0;
}

static int
refuse(int *fd_r, int error)
{
	if (*fd_r != -1)
		close(*fd_r);
	*fd_r = -1;
	errno = error;
	return -1;
}

int
scanproto_receive(int fd, struct buf *packet, int *fd_r)
{
	char bytes[SCAN_PACKET_MAX];
	union control control;
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	buf_reset(packet);
	*fd_r = -1;
	do {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	if (!one_fd(&msg, fd_r))
		return refuse(fd_r, EBADMSG);
	if ((msg.msg_flags & MSG_TRUNC) != 0)
		return refuse(fd_r, EMSGSIZE);
	if (n == 0 && *fd_r != -1)
		return refuse(fd_r, EBADMSG);
	if (n == 0)
		return 0;
	buf_add(packet, bytes, (size_t)n);
	if (buf_failed(packet))
		return refuse(fd_r, EMSGSIZE);
	return 1;
}
