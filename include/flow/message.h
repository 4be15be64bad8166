/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message: one message in motion, and the session it came in.
 *
 * The walk of a message (design.md section 3):
 *
 *	connect	session_new: the configuration is pinned, the client noted,
 *		the network class found
 *	MAIL	message_begin: a new arena; the class is fixed; SPF's
 *		questions start (stages at AT_MAIL)
 *	RCPT	message_rcpt, and the stages at AT_RCPT
 *	header	message_field appends the exact bytes to the one buffer
 *	body	message_body appends
 *	end	message_end closes the buffer; the class's stages at AT_END run
 *		in the table's order, leave facts, add edits and raise the
 *		verdict
 *	reply	daemon/reply.c renders the edits once and answers; one log
 *		line; message_free releases all
 *
 * The buffer is immutable after message_end; fields and body are spans into
 * it.  A session and its message are used by one thread at a time and have no
 * lock.
 */
#ifndef POSTERN_MESSAGE_H
#define POSTERN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "arena.h"
#include "buf.h"
#include "conf.h"
#include "dns.h"
#include "edits.h"
#include "facts.h"
#include "header.h"
#include "ipnet.h"
#include "journal.h"
#include "patience.h"
#include "quarantine.h"
#include "scan_client.h"
#include "sign_client.h"
#include "verdict.h"

/* The class of a session's mail (design.md section 3); bits for the table. */
enum mail_class {
	CLASS_INBOUND	= 1 << 0,
	CLASS_OUTBOUND	= 1 << 1,
	CLASS_LOCAL	= 1 << 2,	/* non_smtpd; never refused */
	CLASS_RELAY	= 1 << 3	/* never refused for its From or SPF */
};

/*
 * What sessions share; conf->attached of the configuration they pinned.
 * Set up before the configuration is published, immutable afterwards.
 */
struct services {
	const struct dns	*dns;
	struct sign_client	*signer;
	struct patience		*patience;
	struct scan_client	*scanner;	/* NULL: scan = no */
	struct journal		*journal;	/* NULL: journal = "" */
	struct quarantine	*quarantine;	/* NULL: none */
	struct span		 notice;	/* the operator's own text */
};

struct session {
	const struct conf	*conf;		/* pinned */
	const struct services	*services;
	struct ipaddr		 client;
	unsigned		 port;		/* 0: non_smtpd */
	char			*client_name;	/* as Postfix verified; or
						 * "unknown" */
	enum iprev		 iprev;
	char			*helo;		/* "" before HELO */
	char			*daemon;	/* {daemon_name} at connect */
	struct message		*message;	/* NULL between messages */
};

struct recipient {
	struct span	 address;		/* as given, without brackets */
	struct mailbox	 mailbox;		/* spans into it */
};

/* Why a message cannot be checked, found while it came in. */
enum message_fault {
	FAULT_NONE,
	FAULT_TOO_BIG,			/* message-size */
	FAULT_HEADERS,			/* HEADER_FIELDS_MAX, _BYTES_MAX */
	FAULT_MEMORY			/* memory of all messages, or of us */
};

struct message {
	struct arena		*arena;
	struct session		*session;
	enum mail_class		 class;
	int64_t			 started;	/* clock_ms() at MAIL */
	int64_t			 deadline;	/* of DNS questions; see
						 * message_dns_until() */
	const char		*queue_id;	/* "" until known */

	struct span		 sender;	/* no brackets; n 0: null */
	struct mailbox		 from;		/* parts of sender */
	bool			 utf8;		/* SMTPUTF8 */
	const char		*login;		/* {auth_authen}, or "" */
	struct recipient	*rcpt;		/* RCPT_KEPT_MAX at most */
	struct recipient	 rcpt_last;	/* kept or not */
	size_t			 nrcpt;		/* kept */
	size_t			 nrcpt_seen;

	struct buf		 raw;		/* header fields, CRLF, body */
	struct field		*fields;
	size_t			 nfields;
	size_t			 header_bytes;
	size_t			 body_at;	/* offset in raw */
	struct span		 body;
	enum message_fault	 fault;
	uint64_t		 size_seen;	/* bytes, kept or not */

	struct edits		 edits;
	struct facts		 facts;
	struct verdict		 verdict;

	/* private to message.c */
	struct field_at		*at;
	size_t			 fields_cap;
	size_t			 rcpt_cap;
	char			*rcpt_spare;
	size_t			 charged;
};

/*
 * Pins the current configuration, which must have its services attached.
 * NULL strings are taken as "".
 */
struct session *session_new(const struct ipaddr *, unsigned port,
	    const char *client_name, enum iprev, const char *daemon);
void	session_helo(struct session *, const char *);
/* Frees the message too; NULL is fine. */
void	session_free(struct session **);

/*
 * A new message (one that is still there is dropped).  sender: the path with
 * or without brackets; what is no path by the grammar (Postfix has accepted
 * it) is divided at its last "@".  The class is fixed here.  Returns NULL
 * when it is longer than ADDRESS_MAX (553 5.1.7); where nothing may be
 * refused it is cut and has no parts.
 */
struct message *message_begin(struct session *, const char *sender,
	    const char *login, bool utf8);
/* -1 when it is longer than ADDRESS_MAX (553 5.1.3), or cut as above. */
int	message_rcpt(struct message *, const char *path);
/* Takes the recipient added last back: it was refused. */
void	message_rcpt_drop(struct message *);
/* The recipient added last, also when it was not kept. */
const struct recipient *message_rcpt_last(const struct message *);
/*
 * One header field as the MTA shows it: value is all behind the colon (with
 * its leading blank), folds as LF or CRLF.
 */
void	message_field(struct message *, const char *name, const char *value);
void	message_body(struct message *, const void *, size_t);
/* Nothing more comes: sets fields and body. */
void	message_end(struct message *, const char *queue_id);
void	message_free(struct message **);
/*
 * Until when the check that begins now may wait for DNS: the deadline of the
 * message, but one question's time at least.  Else a sender could spend the
 * budget on an SPF record of his own, and have the answers about the domain
 * that he forges fail for want of time.
 */
int64_t	message_dns_until(const struct message *);

const char *class_word(enum mail_class);
/* True where a refusal is allowed at all. */
bool	class_may_refuse(enum mail_class);

/* Bytes of all messages in motion now. */
uint64_t	message_memory(void);
/*
 * Room for n bytes more of this message (a rendering of it), in the sum that
 * the setting memory bounds: false when there is none.  Give it back.
 */
bool	message_take_memory(const struct message *, size_t n);
void	message_give_memory(size_t n);

#endif
