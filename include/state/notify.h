/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: tells the operator by mail what was found.
 *
 * One thread reads the journal's "virus" events with a position of its own
 * (file postern.notify in the journal's folder) and hands one digest per
 * tenant and interval to the sendmail command (argument list, no shell;
 * recipients by arguments; null envelope sender).  The digest goes out as
 * class local, with the field X-Postern-Notice, and names only: file, virus,
 * SHA-256, reference, sender, recipients, subject, all cleaned.  Events about
 * mail that carries that field in class local are left out, so that a digest
 * cannot cause the next one.  The position moves when sendmail has taken all
 * mails of a round (exit code 0); those it did not take are tried again after
 * an interval (or NOTIFY_RETRY_MS), the others not sent twice while the
 * program runs.
 *
 * With notify-recipients, those whose inbound or relayed message was held or
 * discarded get a short mail of their own, NOTIFY_RECIPIENTS_MAX a round.
 */
#ifndef POSTERN_NOTIFY_H
#define POSTERN_NOTIFY_H

#include "conf.h"

#define NOTIFY_EVENTS_MAX	500	/* in one digest; more are counted */
#define NOTIFY_TENANTS_MAX	200	/* digests of one interval */
#define NOTIFY_RECIPIENTS_MAX	200
#define NOTIFY_FIRST_MS		30000	/* first event after a quiet time to
					 * its digest; the interval when that
					 * is shorter */
#define NOTIFY_RETRY_MS		900000	/* after a failure, at most */
#define NOTIFY_SENDMAIL_MS	30000	/* then it is killed */
#define NOTIFY_STOP_MS		5000	/* the same when the program ends */

struct notify;

/*
 * Starts the thread.  NULL without *error_r when notify-to is empty, and with
 * *error_r (malloc'd) when it cannot be started.  The configuration is not
 * kept.
 */
struct notify	*notify_new(const struct conf *, char **error_r);
/*
 * Settings of a new configuration: starts, goes on or ends; the interval, the
 * position and what waits stay (so take this on a reload, not free and new).
 * 0, or -1 with *error_r.
 */
int	notify_reload(struct notify **, const struct conf *, char **error_r);
/* Ends the thread; a mail under way is finished or given up. */
void	notify_free(struct notify **);

#endif
