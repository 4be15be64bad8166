/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: the table of what postern.conf may say.
 *
 * One row a setting, in the order of the manual page; a heading begins a group.
 * conf_read.c reads the file through it, settings_print.c makes the manual's
 * section and the example file from it, and nothing else knows a name, a range
 * or a default.  A text is plain sentences; the first line says what it does.
 * Constant data; any thread.
 */
#include <stddef.h>

#include "conf.h"
#include "dkim_sign.h"
#include "settings.h"

#define K	INT64_C(1024)
#define M	(1024 * K)
#define G	(1024 * M)
#define MS	INT64_C(1)
#define S	(1000 * MS)
#define MINUTE	(60 * S)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)

#define TOP(word, member, kind) .name = word, .section = SECTION_TOP, \
	.type = SETTING_##kind, .offset = offsetof(struct conf, member)
#define DOMAIN(word, member, kind) .name = word, .section = SECTION_DOMAIN, \
	.type = SETTING_##kind, .offset = offsetof(struct conf_domain, member)
#define KEY(word, member, kind) .name = word, .section = SECTION_KEY, \
	.type = SETTING_##kind, .offset = offsetof(struct conf_key, member)
#define FORWARDER(word, member, kind) .name = word, \
	.section = SECTION_FORWARDER, .type = SETTING_##kind, \
	.offset = offsetof(struct conf_forwarder, member)
#define RANGE(lo, hi) .min = (lo), .max = (hi)
#define CHOICE(list, of) .words = (list), .values = (of)

static const int enforcements[] =
    { ENFORCE_OFF, ENFORCE_MONITOR, ENFORCE_ENFORCE };
static const int mark_reject[] = { CHOICE_MARK, CHOICE_REJECT };
static const int mark_hold[] = { CHOICE_MARK, CHOICE_HOLD };
static const int defer_strictest[] = { CHOICE_DEFER, CHOICE_STRICTEST };
static const int tempfail_unsigned[] = { CHOICE_TEMPFAIL, CHOICE_UNSIGNED };
static const int tempfail_accept_hold[] =
    { CHOICE_TEMPFAIL, CHOICE_ACCEPT, CHOICE_HOLD };
static const int virus_choices[] = { CHOICE_STRIP, CHOICE_REJECT, CHOICE_HOLD,
    CHOICE_DISCARD, CHOICE_MONITOR };
static const int virus_local_choices[] =
    { CHOICE_STRIP, CHOICE_DISCARD, CHOICE_MONITOR };
static const int virus_signed_choices[] =
    { CHOICE_HOLD, CHOICE_REJECT, CHOICE_DISCARD, CHOICE_STRIP };
static const int unscannable_choices[] =
    { CHOICE_MARK, CHOICE_STRIP, CHOICE_REJECT, CHOICE_HOLD };
static const int structure_choices[] =
    { CHOICE_ACCEPT, CHOICE_MARK, CHOICE_REJECT, CHOICE_HOLD };
static const int tempfail_drop[] = { CHOICE_TEMPFAIL, CHOICE_DROP };
static const int drop_tempfail[] = { CHOICE_DROP, CHOICE_TEMPFAIL };
static const int algorithms[] = { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };

const struct setting settings[] = {
	/* The daemon */
	{ TOP("authserv-id", authserv_id, DOMAIN),
	    .example = "mail.example.org", .heading = "The daemon",
	    .text = "The name under which this system writes "
	    "Authentication-Results. Results in arriving mail that claim "
	    "this name are removed. Several hosts of one system share one "
	    "name. Without it the name of the host is taken." },
	{ TOP("socket", socket, STRING),
	    .restart = RESTART_POSTERN,
	    .fallback = "unix:/var/spool/postfix/postern/milter.sock",
	    .text = "Where Postfix reaches postern: \"unix:/PATH\", or "
	    "\"inet:ADDRESS:PORT\" with an IPv6 address in brackets. The "
	    "default lies in Postfix's queue directory, because Debian's "
	    "smtpd and cleanup run in a chroot there; main.cf names it "
	    "unix:postern/milter.sock." },
	{ TOP("socket-mode", socket_mode, MODE),
	    .restart = RESTART_POSTERN, .fallback = "0660",
	    RANGE(0, 0777),
	    .text = "The file mode of a unix socket." },
	{ TOP("socket-group", socket_group, STRING),
	    .restart = RESTART_POSTERN, .fallback = "postfix",
	    .text = "The group of a unix socket. Empty: the group that "
	    "postern runs with." },
	{ TOP("socket-users", socket_users, STRINGS),
	    .fallback = "{ \"postfix\", \"root\" }",
	    .text = "The users whose processes may connect to a unix socket, "
	    "as the kernel names them. Empty: all that the mode lets." },
	{ TOP("socket-peers", socket_peers, NETS), .fallback = "{}",
	    .text = "The addresses that may connect to an inet socket. Such "
	    "a socket is refused without them, since whoever connects can "
	    "have mail signed." },
	{ TOP("user", user, STRING),
	    .restart = RESTART_POSTERN, .fallback = "", .example = "postern",
	    .text = "The user that postern becomes when it is started as "
	    "root. Empty: it stays who it is." },
	{ TOP("group", group, STRING),
	    .restart = RESTART_POSTERN, .fallback = "",
	    .text = "The group that postern runs with. Empty: the group of "
	    "its user." },
	{ TOP("log", log, STRING),
	    .restart = RESTART_POSTERN, .fallback = "syslog",
	    .words = "syslog|stderr",
	    .text = "Where the log goes. The option -f sends it to standard "
	    "error in any case." },
	{ TOP("syslog-facility", syslog_facility, STRING),
	    .restart = RESTART_POSTERN | RESTART_SIGNER | RESTART_SCANNER,
	    .fallback = "mail",
	    .words = "mail|daemon|auth|authpriv|user|local0|local1|local2|"
	    "local3|local4|local5|local6|local7",
	    .text = "The facility of the log in syslog." },
	{ TOP("debug", debug, BOOL), .fallback = "no",
	    .text = "Log each stage that a message passes, with the verdict "
	    "so far and the milliseconds since MAIL. For a short time only: "
	    "it is much." },
	{ TOP("grace", grace_s, TIME), .fallback = "30s",
	    RANGE(0, 10 * MINUTE), .unit = S,
	    .text = "How long messages that are under way may take to finish "
	    "after SIGTERM. Keep the service manager's own limit above it." },

	/* Limits */
	{ TOP("sessions", sessions, COUNT), .fallback = "1000",
	    RANGE(1, 100000), .heading = "Limits",
	    .text = "Connections from Postfix at once. One more is answered "
	    "with a temporary error. Set it above the sum of the process "
	    "limits of smtpd and cleanup. The descriptors for them are "
	    "asked for at the start, so raise it with a restart." },
	{ TOP("workers", workers, COUNT), .fallback = "100", RANGE(1, 1024),
	    .text = "Messages from outside that may be checked at their end "
	    "at the same time. Others wait. As many of our own may be signed "
	    "beside them, so that the slow DNS of strangers does not hold "
	    "them up." },
	{ TOP("worker-wait", worker_wait_ms, TIME), .fallback = "60s",
	    RANGE(1 * S, 4 * MINUTE), .unit = MS,
	    .text = "How long a message waits for its turn before it is "
	    "answered with a temporary error. Postfix gives up after "
	    "milter_content_timeout, 300s." },
	{ TOP("message-size", message_size, SIZE), .fallback = "64M",
	    RANGE(100 * K, 2 * G),
	    .text = "The largest message that is taken. Keep it above "
	    "message_size_limit of Postfix." },
	{ TOP("memory", memory, SIZE), .fallback = "1G",
	    RANGE(1 * M, 1024 * G),
	    .text = "The sum of all messages that are under way. A message "
	    "that would go past it is answered with a temporary error." },
	{ TOP("nudge", nudge_ms, TIME), .fallback = "20ms",
	    RANGE(0, 1 * S), .unit = MS,
	    .text = "How often the milter library is woken, so that a new "
	    "connection does not wait behind busy ones. 0 turns it off." },

	/* Whose mail it is */
	{ TOP("outbound-networks", outbound_networks, NETS), .fallback = "{}",
	    .heading = "Whose mail it is",
	    .text = "Clients whose mail is ours without a login: it is "
	    "signed, not checked. Mail of a client that logged in is "
	    "outbound in any case." },
	{ TOP("outbound-daemons", outbound_daemons, STRINGS),
	    .fallback = "{}",
	    .text = "Services of Postfix whose mail is ours, by their "
	    "milter_macro_daemon_name, such as \"ORIGINATING\" for "
	    "submission." },
	{ TOP("relay-networks", relay_networks, NETS), .fallback = "{}",
	    .text = "Hosts that pass on other people's mail to us: a backup "
	    "MX, a list host, a forwarder. Their mail is checked and marked "
	    "and never refused, and it is not signed." },
	{ TOP("local-daemons", local_daemons, STRINGS), .fallback = "{}",
	    .text = "Mail that comes from this host itself, over "
	    "non_smtpd_milters and without a client (bounces, cron), is "
	    "signed and never refused, because a refusal would go round in "
	    "the queue. This list narrows that to cleanup services with "
	    "these names, by their milter_macro_daemon_name. Empty: all." },

	/* DNS */
	{ TOP("nameservers", nameservers, STRINGS), .fallback = "{}",
	    .heading = "DNS",
	    .text = "The resolvers to ask, as \"ADDRESS\" or "
	    "\"ADDRESS@PORT\". Empty: those of /etc/resolv.conf. Best is a "
	    "caching resolver of your own on this host." },
	{ TOP("dns-timeout", dns_timeout_ms, TIME), .fallback = "5s",
	    RANGE(100 * MS, 1 * MINUTE), .unit = MS,
	    .text = "How long one question may take." },
	{ TOP("dns-budget", dns_budget_ms, TIME), .fallback = "20s",
	    RANGE(100 * MS, 4 * MINUTE), .unit = MS,
	    .text = "How long all questions of one message may take. RFC "
	    "7208 wants at least 20s for SPF. When SPF has used it up, DKIM "
	    "and DMARC have the time of one question each." },
	{ TOP("dns-cache", dns_cache, COUNT), .fallback = "10000",
	    RANGE(0, 1000000),
	    .text = "Answers that are kept. 0 turns the cache off." },
	{ TOP("dns-min-ttl", dns_min_ttl_s, TIME), .fallback = "0",
	    RANGE(0, 1 * HOUR), .unit = S,
	    .text = "Answers are kept at least so long, whatever their TTL "
	    "says." },
	{ TOP("dns-max-ttl", dns_max_ttl_s, TIME), .fallback = "1d",
	    RANGE(0, 7 * DAY), .unit = S,
	    .text = "Answers are kept at most so long." },
	{ TOP("dns-trust-anchor", dns_trust_anchor, STRING), .fallback = "",
	    .text = "A file with the root's DNSSEC keys, such as "
	    "/usr/share/dns/root.key. With it answers are validated, and "
	    "bogus ones count as temporary errors. Empty: no validation." },
	{ TOP("dns-ask-special", dns_ask_special, BOOL), .fallback = "no",
	    .text = "Ask for names under .test and .invalid and for reserved "
	    "networks too. Only for tests: the public DNS does not have "
	    "them." },

	/* SPF */
	{ TOP("spf", spf, BOOL), .fallback = "yes", .heading = "SPF",
	    .text = "Check SPF of inbound mail (RFC 7208)." },
	{ TOP("spf-fail", spf_fail, CHOICE), .fallback = "mark",
	    CHOICE("mark|reject", mark_reject),
	    .text = "What an SPF fail means by itself. With mark it is "
	    "written into Authentication-Results and used by DMARC. With "
	    "reject the message is refused, also forwarded mail." },
	{ TOP("received-spf", received_spf, BOOL), .fallback = "no",
	    .text = "Add a Received-SPF field too." },

	/* DKIM */
	{ TOP("dkim", dkim, BOOL), .fallback = "yes",
	    .heading = "DKIM of inbound mail",
	    .text = "Verify DKIM signatures of inbound mail (RFC 6376)." },
	{ TOP("dkim-min-bits", dkim_min_bits, COUNT), .fallback = "1024",
	    RANGE(1024, 4096),
	    .text = "A signature by a smaller RSA key does not count. RFC "
	    "8301 asks for 1024 at least." },
	{ TOP("dkim-accept-sha1", dkim_accept_sha1, BOOL), .fallback = "no",
	    .text = "Let rsa-sha1 signatures count, against RFC 8301." },
	{ TOP("dkim-accept-partial", dkim_accept_partial, BOOL),
	    .fallback = "no",
	    .text = "Let signatures count that leave the end of the body "
	    "unsigned (l=). Anyone can put his own text there." },
	{ TOP("dkim-accept-expired", dkim_accept_expired, BOOL),
	    .fallback = "no",
	    .text = "Let signatures count that have expired (x=)." },

	/* DMARC */
	{ TOP("dmarc", dmarc, CHOICE), .fallback = "monitor",
	    .example = "monitor", CHOICE("off|monitor|enforce", enforcements),
	    .heading = "DMARC",
	    .text = "What DMARC does for domains without a setting of their "
	    "own. With monitor the verdict is written into the message and "
	    "the log says what would have been refused. Change it to enforce "
	    "when that log looks right. With off nothing follows from it." },
	{ TOP("dmarc-quarantine", dmarc_quarantine, CHOICE),
	    .fallback = "mark", CHOICE("mark|hold", mark_hold),
	    .text = "What the policy quarantine does. With mark the message "
	    "is passed with the verdict in it. With hold it is put into "
	    "Postfix's hold queue, where somebody must look at it." },
	{ TOP("dmarc-no-author", dmarc_no_author, CHOICE),
	    .fallback = "mark", CHOICE("mark|reject", mark_reject),
	    .text = "What happens to a message whose From field names no "
	    "author that could be checked." },
	{ TOP("dmarc-tempfail", dmarc_tempfail_s, TIME), .fallback = "4h",
	    RANGE(0, 5 * DAY), .unit = S,
	    .text = "For how long mail of one domain is deferred because its "
	    "DNS does not answer and the answer could change the verdict. "
	    "After that it is passed with a mark (X-Postern-Quarantine). 0: "
	    "it is never deferred." },
	{ TOP("split-recipients", split_recipients, CHOICE),
	    .fallback = "defer", CHOICE("defer|strictest", defer_strictest),
	    .text = "What happens when recipients of one message have "
	    "different policies. With defer the peer is asked to send it to "
	    "the others separately. With strictest the strictest policy "
	    "holds for all." },
	{ TOP("help-url", help_url, STRING), .fallback = "",
	    .text = "An https address that each refusal shows, where the "
	    "sender can read more. Empty: none." },

	/* Signing */
	{ TOP("sign-socket", sign_socket, STRING),
	    .restart = RESTART_SIGNER,
	    .fallback = "/run/postern/sign.sock",
	    .heading = "Signing outbound mail",
	    .text = "The path of the unix socket of postern-sign." },
	{ TOP("sign-timeout", sign_timeout_ms, TIME), .fallback = "5s",
	    RANGE(10 * MS, 1 * MINUTE), .unit = MS,
	    .text = "How long postern waits for the signatures of one "
	    "message." },
	{ TOP("sign-failure", sign_failure, CHOICE), .fallback = "tempfail",
	    CHOICE("tempfail|unsigned", tempfail_unsigned),
	    .text = "What happens to mail of a domain with keys that cannot "
	    "be signed. With tempfail it waits in the client's queue. With "
	    "unsigned it leaves without a signature, and receivers that "
	    "enforce DMARC may refuse it." },
	{ TOP("sign-expire", sign_expire_s, TIME), .fallback = "14d",
	    RANGE(0, 365 * DAY), .unit = S,
	    .text = "After which time a signature expires (x=), so that "
	    "nobody can send an old message again under our name. It may "
	    "not expire while the message can still wait in a queue, 5 days "
	    "as a rule: at least 6d. Two weeks also leave time for a "
	    "forwarder's queue. 0: never." },
	{ TOP("sign-header", sign_relaxed_headers, BOOL),
	    .fallback = "relaxed", .words = "simple|relaxed",
	    .text = "Canonicalisation of the header. With simple the "
	    "signature breaks when anyone folds a line anew." },
	{ TOP("sign-body", sign_relaxed_body, BOOL), .fallback = "relaxed",
	    .words = "simple|relaxed",
	    .text = "Canonicalisation of the body." },

	/* postern-sign */
	{ TOP("sign-user", sign_user, STRING),
	    .restart = RESTART_SIGNER, .fallback = "",
	    .example = "postern-sign", .heading = "The signer",
	    .text = "The user that postern-sign becomes when it is started "
	    "as root; the key files belong to it. Take another one than "
	    "postern's, which must not read them. Empty: it stays who it "
	    "is." },
	{ TOP("sign-group", sign_group, STRING),
	    .restart = RESTART_SIGNER, .fallback = "",
	    .text = "The group that postern-sign runs with. Empty: the group "
	    "of its user." },
	{ TOP("sign-socket-mode", sign_socket_mode, MODE),
	    .restart = RESTART_SIGNER,
	    .fallback = "0660", RANGE(0, 0777),
	    .text = "The file mode of the signer's socket." },
	{ TOP("sign-socket-group", sign_socket_group, STRING),
	    .restart = RESTART_SIGNER,
	    .fallback = "", .example = "postern",
	    .text = "The group of the signer's socket; postern must be in "
	    "it. Empty: the group that postern-sign runs with." },
	{ TOP("sign-clients", sign_clients, STRINGS),
	    .restart = RESTART_SIGNER,
	    .fallback = "{ \"postern\" }",
	    .text = "The users whose processes may ask for signatures. Root "
	    "and the signer's own user always may." },
	{ TOP("sign-cache", sign_cache, COUNT), .fallback = "1000",
	    RANGE(1, 100000),
	    .text = "Keys that the signer keeps ready in memory." },

#include "settings_scan.h"

	/* domain "example.org" { } */
	{ DOMAIN("dmarc", dmarc, CHOICE), .example = "enforce",
	    CHOICE("off|monitor|enforce", enforcements),
	    .text = "What DMARC does for mail to this domain. Without it the "
	    "setting outside of the section holds." },
	{ DOMAIN("virus", virus, CHOICE), .example = "strip",
	    CHOICE("strip|reject|hold|discard|monitor", virus_choices),
	    .text = "What happens to mail with a virus to this domain. "
	    "Without it the setting outside of the section holds." },
	{ DOMAIN("unscannable", unscannable, CHOICE), .example = "mark",
	    CHOICE("mark|strip|reject|hold", unscannable_choices),
	    .text = "The same for parts that cannot be scanned." },
	{ DOMAIN("sign-subdomains", sign_subdomains, BOOL), .fallback = "no",
	    .text = "Sign with the keys of this domain also for authors in "
	    "subdomains that have no keys of their own." },
	{ DOMAIN("logins", logins, STRINGS), .fallback = "{}",
	    .text = "The logins whose mail may be signed for this domain. "
	    "Empty: every login may." },
	{ DOMAIN("networks", networks, NETS), .fallback = "{}",
	    .text = "The clients of outbound-networks whose mail may be "
	    "signed for this domain. Empty: all of them may." },

	/* key "s1" { } */
	{ KEY("file", file, STRING),
	    .example = "/etc/postern/keys/example.org.key",
	    .text = "The file with the private key in PEM. Only postern-sign "
	    "opens it, and refuses it when others can read it." },
	{ KEY("algorithm", algorithm, CHOICE), .fallback = "rsa-sha256",
	    CHOICE("rsa-sha256|ed25519-sha256", algorithms),
	    .text = "What the key is for. Sign with rsa-sha256 in any case; "
	    "many receivers do not know the other yet." },

	/* trusted-forwarder "name" { } */
	{ FORWARDER("networks", networks, NETS), .fallback = "{}",
	    .example = "{ \"192.0.2.0/24\" }",
	    .text = "The addresses from which it sends." },
	{ FORWARDER("domain", domain, DOMAIN), .fallback = "",
	    .example = "list.example.net",
	    .text = "The domain (d=) of a DKIM signature that it makes and "
	    "that must verify. Give list-id or recipient with it." },
	{ FORWARDER("list-id", list_id, STRING), .fallback = "",
	    .example = "talk.list.example.net",
	    .text = "The identifier that the List-Id field must have." },
	{ FORWARDER("recipient", recipient, STRING), .fallback = "",
	    .example = "me@example.org",
	    .text = "The address of ours to which it forwards." },
};

const size_t nsettings = sizeof(settings) / sizeof(settings[0]);
