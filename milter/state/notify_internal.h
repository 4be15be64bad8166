/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify_internal: what the files of the notification share.
 *
 * notify.c reads the journal and keeps the time, notify_batch.c sorts events
 * to those who are told, notify_digest.c writes the mails, notify_send.c
 * hands one to the sendmail command.  All in the one thread of notify.c.
 */
#ifndef POSTERN_NOTIFY_INTERNAL_H
#define POSTERN_NOTIFY_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "arena.h"
#include "buf.h"
#include "journal.h"
#include "notify.h"
#include "span.h"

/* Our copy of the settings; all strings malloc'd. */
struct notify_settings {
	char	*to, *from, *host, *contact, *sendmail, *folder;
	int64_t	 interval_ms;
	bool	 recipients;
};

/* One mail in the making: to the operator about a tenant, or a recipient. */
struct notify_group {
	char		*key;		/* tenant, or address */
	bool		 recipient;
	struct buf	 text;		/* entries, UTF-8, LF */
	size_t		 listed;
	size_t		 more;		/* that had no room */
	int64_t		 first, last;	/* times of the events in ms */
	bool		 done;		/* sendmail has taken it */
};

struct notify_batch {
	struct notify_group	*v;
	size_t			 n;
	size_t			 tenants, recipients;
	size_t			 untold; /* recipients left out */
	size_t			 bytes;	/* of all texts */
	bool			 gap;	/* events were dropped before */
};

/* Adds an event to those it concerns; false: it concerns nobody. */
bool	batch_add(struct notify_batch *, const struct notify_settings *,
	    const json_t *event);
void	batch_clear(struct notify_batch *);

/* An event as text, for the operator and for a recipient. */
struct span	digest_entry(struct arena *, const json_t *event,
	    size_t number);
struct span	digest_short(struct arena *, const json_t *event);
/* The whole mail, line ends LF. */
struct span	digest_mail(struct arena *, const struct notify_settings *,
	    const struct notify_group *, bool gap);
/*
 * A value of an event (or "" ) for the text: cleaned, cut in the middle to at
 * most max bytes, and without what makes links or test files of it.
 */
const char	*digest_value(struct arena *, struct span, size_t max);
/* The string member, or the empty span. */
struct span	digest_member(const json_t *object, const char *key);

enum notify_sent {
	NOTIFY_SENT,
	NOTIFY_FAILED,		/* again later */
	NOTIFY_REFUSED		/* this address or mail, for good */
};

/*
 * Runs the command with the mail on its standard input.  give_up: clock_ms()
 * at which it is killed at the latest, whatever time it still has.  Unless
 * NOTIFY_SENT, *error_r is malloc'd.
 */
enum notify_sent notify_send(const char *command, const char *to,
	    struct span mail, const _Atomic int64_t *give_up, char **error_r);

#endif
