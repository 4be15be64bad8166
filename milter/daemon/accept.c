/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * accept: accept(2) and sigwait(3) as libmilter calls them.
 *
 * A function of the program comes before the one of the C library for shared
 * objects as well.
 *
 * libmilter accepts connections itself and shows nobody the descriptor, so
 * there is no callback in which a peer could be checked by SO_PEERCRED or by
 * its address.  accept() here checks the peers of our listening socket, and
 * slows down the retries when descriptors have run out (libmilter retries at
 * once, for ever).
 *
 * libmilter has a thread that waits for HUP, TERM and INT and takes them as
 * "stop".  Linux gives them to the main thread first (run.c), but not while
 * another signal is pending there: a TERM right behind a HUP went to
 * libmilter, and mail in motion was cut off.  sigwait() here never returns.
 *
 * Without _GNU_SOURCE: there the prototype has another form.
 */
#undef _GNU_SOURCE
#define _DEFAULT_SOURCE

#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "conn.h"
#include "listen.h"

#define OUT_OF_DESCRIPTORS_MS 20

int
accept(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	int peer = (int)syscall(SYS_accept4, fd, addr, len, SOCK_CLOEXEC);

	if (peer < 0) {
		int e = errno;

		if (e == EMFILE || e == ENFILE)
			poll(NULL, 0, OUT_OF_DESCRIPTORS_MS);
		errno = e;
		return -1;
	}
	if (!listen_is(fd))
		return peer;
	if (!listen_admits(peer)) {
		close(peer);
		errno = ECONNABORTED;
		return -1;
	}
	conn_accepted();
	return peer;
}

int
sigwait(const sigset_t *restrict set, int *restrict sig)
{
	(void)set;
	(void)sig;
	for (;;)
		poll(NULL, 0, -1);
}
