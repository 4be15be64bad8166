/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_wire: what postern and postern-sign read of each other.
 *
 * The input is read as frames from a socket, as a question, as an answer, and
 * by the decoders in the order that its own bytes say.  A question that was
 * taken is the one that its parts encode to.
 */
#include <sys/socket.h>

#include <unistd.h>

#include "clock.h"
#include "fuzz.h"
#include "signproto.h"
#include "wire.h"

/* Less than what a socket holds, so that writing never waits. */
#define STREAM_MAX	32768

static void
check_ask(struct span in)
{
	struct sign_question q[SIGN_DIGESTS_MAX];
	uint64_t nonce;
	struct buf b;
	size_t n;

	if (signproto_get_ask(in, &nonce, q, &n) != 0)
		return;
	CHECK(n >= 1 && n <= SIGN_DIGESTS_MAX);
	for (size_t i = 0; i < n; i++)
		CHECK(fuzz_within(q[i].domain, in) &&
		    fuzz_within(q[i].selector, in));
	buf_init(&b, in.n);
	signproto_put_ask(&b, nonce, q, n);
	CHECK(!buf_failed(&b) && span_eq(buf_span(&b), in));
	buf_free(&b);
}

static void
check_say(struct span in)
{
	struct sign_reply r[SIGN_DIGESTS_MAX];
	struct wire_in head = { in, false };
	uint64_t nonce = wire_u64(&head);
	size_t n = wire_u8(&head);

	if (n < 1 || n > SIGN_DIGESTS_MAX)
		return;
	CHECK(signproto_get_say(in, nonce + 1, r, n) != 0);
	if (signproto_get_say(in, nonce, r, n) != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		CHECK(r[i].status <= SIGN_FAILED);
		CHECK(r[i].status == SIGN_OK ? r[i].n >= 1 &&
		    r[i].n <= SIGN_SIGNATURE_MAX :
		    strnlen(r[i].reason, SIGN_REASON_MAX) < SIGN_REASON_MAX);
	}
}

static void
check_decoders(struct span in)
{
	struct wire_in w = { in, false };
	size_t before;
	bool bad;

	do {
		before = w.left.n;
		bad = w.bad;
		switch (wire_u8(&w) & 7) {
		case 0:
			(void)wire_u16(&w);
			break;
		case 1:
			(void)wire_u32(&w);
			break;
		case 2:
			(void)wire_u64(&w);
			break;
		default:
			CHECK(fuzz_within(wire_span(&w), in));
		}
		CHECK(w.left.n <= before && (!bad || w.bad));
	} while (!w.bad);
	CHECK(!wire_ok(&w) && wire_u64(&w) == 0 && wire_span(&w).n == 0);
}

static void
check_frames(struct span in)
{
	struct buf payload;
	const char *error;
	uint16_t type;
	int fd[2], rc;

	if (in.n > STREAM_MAX ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return;
	CHECK(in.n == 0 || write(fd[0], in.p, in.n) == (ssize_t)in.n);
	close(fd[0]);
	buf_init(&payload, SIGN_RECORD_MAX);
	do {
		error = NULL;
		rc = wire_read(fd[1], &type, &payload, clock_ms() + 5000,
		    &error);
		CHECK(rc >= -1 && rc <= 1 && (rc == -1) == (error != NULL));
		CHECK(payload.n <= SIGN_RECORD_MAX);
	} while (rc == 1);
	buf_free(&payload);
	close(fd[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = fuzz_input(p, n);

	check_ask(in);
	check_say(in);
	check_decoders(in);
	check_frames(in);
	return 0;
}
