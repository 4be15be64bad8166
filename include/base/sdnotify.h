/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdnotify: tells systemd how we are (Type=notify), see sd_notify(3).
 *
 * sd_notify() makes a socket for each message, which a confined process cannot
 * do any more; so the socket is opened at start and kept.  That also keeps
 * libsystemd and what it pulls in out of postern-sign and postern-scan.
 * Main thread.
 */
#ifndef POSTERN_SDNOTIFY_H
#define POSTERN_SDNOTIFY_H

/* Before the confinement.  Without NOTIFY_SOCKET all calls do nothing. */
void	sdnotify_open(void);
void	sdnotify_ready(void);
void	sdnotify_reloading(void);
void	sdnotify_stopping(void);

#endif
