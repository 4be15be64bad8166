/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock: listening sockets, peers, privileges.
 *
 * Used at start-up, in the main thread, by each program.  All return -1 with a
 * sentence in *error_r, which the caller frees with free(); none logs.
 */
#ifndef POSTERN_SOCK_H
#define POSTERN_SOCK_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "ipnet.h"

/* Who is at the other end. */
struct sock_peer {
	bool		local;		/* unix socket: uid, gid and pid hold */
	uid_t		uid;
	gid_t		gid;
	pid_t		pid;
	struct ipaddr	addr;		/* inet socket */
};

/*
 * Binds and listens on a unix socket at path.  A stale socket (nobody
 * answers) is replaced; a live one or another kind of file is an error.
 * group NULL or "": the process's.  Returns the descriptor.
 */
int	sock_listen_unix(const char *path, mode_t mode, const char *group,
	    char **error_r);
/* The same with a socket that keeps packets apart (SOCK_SEQPACKET). */
int	sock_listen_seqpacket(const char *path, mode_t mode,
	    const char *group, char **error_r);
/* The same for "ADDRESS:PORT" ("127.0.0.1:8891", "[::1]:8891"). */
int	sock_listen_inet(const char *addrport, char **error_r);
/* Connects to a unix socket, close-on-exec; -1 and errno. */
int	sock_connect_unix(const char *path);
int	sock_connect_seqpacket(const char *path);

/* Fills *peer_r; -1 and errno when the descriptor has no peer. */
int	sock_peer(int fd, struct sock_peer *peer_r);

/*
 * Descriptors that systemd passed (LISTEN_FDS): their number; the first is 3.
 * Also sets close-on-exec on them.
 */
int	sock_activated(void);

/*
 * Becomes user (and group, or the user's own group when NULL or ""), with the
 * supplementary groups of that user.  Does nothing when user is NULL or "".
 * An error when not root and the user is somebody else.
 */
int	sock_drop_privileges(const char *user, const char *group,
	    char **error_r);

/* Raises RLIMIT_NOFILE to `want` as far as it goes; returns what it is. */
size_t	sock_raise_nofile(size_t want);

#endif
