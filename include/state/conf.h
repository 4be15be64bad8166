/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf: what postern.conf says, as one immutable object.
 *
 * conf_load() reads the file with libconfuse through the table of settings
 * (settings.h), in one thread at a time.  The result never changes; it is
 * shared by pinning: a session pins the configuration it began with, and a
 * reload publishes another one.  The count is taken under the lock that
 * publishes.  Everything in it lives in its arena.
 */
#ifndef POSTERN_CONF_H
#define POSTERN_CONF_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "ipnet.h"

enum enforcement {
	ENFORCE_OFF,
	ENFORCE_MONITOR,
	ENFORCE_ENFORCE
};

enum conf_choice {		/* values of the settings that choose */
	CHOICE_MARK,
	CHOICE_REJECT,
	CHOICE_HOLD,
	CHOICE_TEMPFAIL,
	CHOICE_UNSIGNED,
	CHOICE_DEFER,
	CHOICE_STRICTEST,
	CHOICE_ACCEPT,
	CHOICE_MONITOR,
	CHOICE_STRIP,
	CHOICE_DISCARD,
	CHOICE_DROP,
	CHOICE_UNSET		/* of a section: what stands outside holds */
};

struct conf_strings {
	const char	**v;
	size_t		  n;
};

struct conf_nets {
	struct ipnet	*v;
	size_t		 n;
};

/* domain "example.org" { key "s1" { file = ... } } */
struct conf_key {
	const char	*selector;
	const char	*file;
	int		 algorithm;	/* enum dkim_algorithm */
};

struct conf_domain {
	const char	*name;		/* normal form */
	enum enforcement dmarc;		/* for mail to this domain */
	enum conf_choice virus;		/* the same; UNSET, or as outside */
	enum conf_choice unscannable;
	struct conf_key	*keys;
	size_t		 nkeys;
	bool		 sign_subdomains; /* From sub.example.org too */
	struct conf_strings logins;	/* may use it; none named: all */
	struct conf_nets networks;	/* may use it; none named: all */
};

/* trusted-forwarder "list.example.net" { ... } */
struct conf_forwarder {
	const char	*name;
	struct conf_nets networks;
	const char	*domain;	/* d= that passes; "" */
	const char	*list_id;	/* "" */
	const char	*recipient;	/* "" */
};

struct conf {
	struct arena	*arena;
	const char	*path;		/* of the file, for messages */

	/* the daemon */
	const char	*authserv_id;	/* normal form */
	const char	*socket;	/* "unix:/path", "inet:addr:port" */
	mode_t		 socket_mode;
	const char	*socket_group;
	struct conf_strings socket_users; /* may connect to a unix socket;
					   * empty: those that the mode lets */
	struct conf_nets socket_peers;	/* may connect to an inet socket */
	const char	*user;
	const char	*group;
	const char	*log;		/* "syslog" or "stderr" */
	const char	*syslog_facility;
	bool		 debug;
	unsigned	 grace_s;	/* drain after SIGTERM */
	unsigned	 nudge_ms;	/* 0: no nudge */
	unsigned	 workers;	/* messages at their end at once */
	unsigned	 worker_wait_ms; /* for one of these, then tempfail */
	uint64_t	 message_size;	/* bytes of one message */
	uint64_t	 memory;	/* bytes of all messages in motion */
	unsigned	 sessions;	/* at once; more are tempfailed */

	/* classes */
	struct conf_nets outbound_networks;
	struct conf_strings outbound_daemons;
	struct conf_nets relay_networks;
	struct conf_strings local_daemons;

	/* DNS */
	struct conf_strings nameservers; /* "addr", "addr@port"; none: the
					  * system's */
	unsigned	 dns_timeout_ms; /* one question */
	unsigned	 dns_budget_ms;	/* all questions of one message */
	unsigned	 dns_cache;	/* answers kept */
	unsigned	 dns_min_ttl_s;	/* answers are kept at least so long */
	unsigned	 dns_max_ttl_s;
	const char	*dns_trust_anchor; /* file; "" */
	bool		 dns_ask_special; /* .test, .invalid, reserved nets */

	/* SPF */
	bool		 spf;
	enum conf_choice spf_fail;	/* MARK, REJECT */
	bool		 received_spf;

	/* DKIM */
	bool		 dkim;
	unsigned	 dkim_min_bits;
	bool		 dkim_accept_sha1;
	bool		 dkim_accept_partial;
	bool		 dkim_accept_expired;

	/* DMARC */
	enum enforcement dmarc;
	enum conf_choice dmarc_quarantine;	/* MARK, HOLD */
	enum conf_choice dmarc_no_author;	/* MARK, REJECT */
	unsigned	 dmarc_tempfail_s;	/* at most so long per domain */
	enum conf_choice split_recipients;	/* DEFER, STRICTEST */
	const char	*help_url;		/* in refusals; "" */

	/* signing */
	const char	*sign_socket;
	unsigned	 sign_timeout_ms;
	enum conf_choice sign_failure;		/* TEMPFAIL, UNSIGNED */
	unsigned	 sign_expire_s;		/* x= after t=; 0: none */
	bool		 sign_relaxed_headers;
	bool		 sign_relaxed_body;

	/* postern-sign's own: here to be checked and documented only */
	const char	*sign_user;
	const char	*sign_group;
	mode_t		 sign_socket_mode;
	const char	*sign_socket_group;
	struct conf_strings sign_clients; /* users that may connect */
	unsigned	 sign_cache;	/* keys kept ready */

	/* scanning */
	bool		 scan;
	const char	*scan_socket;
	unsigned	 scan_timeout_ms;	/* all parts of one message */
	unsigned	 scan_cache;		/* verdicts kept; 0: off */
	enum conf_choice scan_failure;	/* TEMPFAIL, ACCEPT, HOLD */
	enum conf_choice scan_failure_outbound;
	bool		 scan_message;	/* the whole message too */

	/* what to do about finds */
	enum conf_choice virus;		/* STRIP, REJECT, HOLD, DISCARD,
					 * MONITOR */
	enum conf_choice virus_outbound;
	enum conf_choice virus_local;	/* STRIP, DISCARD, MONITOR */
	enum conf_choice virus_signed;	/* HOLD, REJECT, DISCARD, STRIP */
	enum conf_choice unscannable;	/* MARK, STRIP, REJECT, HOLD */
	enum conf_choice malformed;	/* ACCEPT, MARK, REJECT, HOLD */
	enum conf_choice mime_limit;	/* the same */
	struct conf_strings block_names; /* extensions, lower case */
	uint64_t	 mta_size_limit; /* Postfix's message_size_limit; 0 */

	/* the notice in place of a part */
	const char	*notice_file;	/* the operator's own text; "" */
	const char	*notice_contact;
	struct conf_strings notice_languages;

	/* quarantine */
	const char	*quarantine;	/* folder; "": none */
	const char	*quarantine_key; /* file with the public key */
	uint64_t	 quarantine_size;
	unsigned	 quarantine_age_s;
	bool		 quarantine_whole; /* the message too, not only parts */
	enum conf_choice quarantine_failure; /* TEMPFAIL, DROP */

	/* journal */
	const char	*journal;	/* folder; "": none */
	uint64_t	 journal_size;
	unsigned	 journal_age_s;
	enum conf_choice journal_full;	/* DROP, TEMPFAIL */

	/* notification */
	const char	*notify_to;	/* address; "": nobody */
	const char	*notify_from;	/* "": null sender, From: postmaster */
	unsigned	 notify_interval_s;
	bool		 notify_recipients;
	const char	*sendmail;	/* path of the command */

	/* postern-scan's own: here to be checked and documented only */
	const char	*scan_user;
	const char	*scan_group;
	mode_t		 scan_socket_mode;
	const char	*scan_socket_group;
	struct conf_strings scan_clients; /* users that may connect */
	const char	*scan_database;	/* folder */
	unsigned	 scan_workers;	/* 0: one for each core and one more */
	unsigned	 scan_time_ms;	/* one content */
	uint64_t	 scan_size;	/* unpacked bytes of one content */
	uint64_t	 scan_file_size; /* one file inside of it */
	unsigned	 scan_files;
	unsigned	 scan_depth;
	const char	*scan_tmp;	/* folder in memory; "": found */
	uint64_t	 scan_tmp_size;
	bool		 scan_pua;	/* unwanted applications too */
	bool		 scan_low_memory; /* unload before loading anew */

	struct conf_domain *domains;		/* sorted by name */
	size_t		 ndomains;
	struct conf_forwarder *forwarders;
	size_t		 nforwarders;

	/*
	 * What the daemon has built for this configuration (resolver, ways to
	 * other programs); detach() is called when the configuration goes.
	 */
	void		*attached;
	void		(*detach)(void *);

	unsigned	 pins;		/* under the lock of conf.c */
};

/*
 * Reads and checks a file.  Every error is one line "FILE:LINE: sentence" in
 * *errors_r (malloc'd, lines separated by '\n'; free it; also set to warnings
 * or NULL on success).  Returns NULL when there was an error.
 */
struct conf	*conf_load(const char *path, char **errors_r);
/* Frees one that was never published. */
void	conf_free(struct conf **);

/* Makes it the current one; takes it over.  NULL (at the end): none is. */
void	conf_publish(struct conf *);
/* The current one, pinned (NULL: none yet); conf_unpin releases it. */
const struct conf *conf_pin(void);
void	conf_unpin(const struct conf **);

/* The domain section by exact name (normal form), or NULL. */
const struct conf_domain *conf_domain_find(const struct conf *,
	    const char *name);
/*
 * The section whose keys sign for this name: its own if that has keys, else
 * the nearest one above with keys and sign-subdomains, or NULL.
 */
const struct conf_domain *conf_domain_signing(const struct conf *,
	    const char *name);

#endif
