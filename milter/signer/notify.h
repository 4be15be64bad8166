/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: tells systemd how we are (Type=notify), see sd_notify(3).
 *
 * sd_notify() makes a socket for each message, which postern-sign cannot do
 * any more once it is confined; so the socket is opened at start and kept.
 * That also keeps libsystemd and what it pulls in out of the process with the
 * keys.  Main thread.
 */
#ifndef POSTERN_NOTIFY_H
#define POSTERN_NOTIFY_H

/* Before the confinement.  Without NOTIFY_SOCKET all calls do nothing. */
void	notify_open(void);
void	notify_ready(void);
void	notify_reloading(void);
void	notify_stopping(void);

#endif
