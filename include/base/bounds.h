/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounds: every limit that is not a setting, in one place.
 *
 * A limit that an operator may want to move is a setting of postern.conf
 * (state/settings.c) and not here.  What happens past a limit is said beside
 * it: mail gets an answer, never a crash.
 */
#ifndef POSTERN_BOUNDS_H
#define POSTERN_BOUNDS_H

/* Logging: a longer line is cut. */
#define LOG_LINE_MAX		4096

/* Milter: packet size that libmilter takes; a longer one ends the session. */
#define MILTER_PACKET_MAX	(1024 * 1024)
/* Headers of one message; beyond it 552 5.3.4 (class local: passed, marked). */
#define HEADER_FIELDS_MAX	5000
#define HEADER_BYTES_MAX	(4 * 1024 * 1024)
/* Recipients kept for policies and the log; later ones are only counted. */
#define RCPT_KEPT_MAX		1000
/* Longest envelope address kept; a longer one is refused with 553 5.1.7. */
#define ADDRESS_MAX		1024
/* Edits of one message; past it tempfail (it is our bug or an attack). */
#define EDITS_MAX		12000
/* RFC 5322 section 2.1.1: longest line, without CRLF. */
#define LINE_MAX_RFC5322	998

/* Domain names (RFC 1035): presentation form without final dot, and NUL. */
#define DOMAIN_MAX		253
#define DOMAIN_SIZE		(DOMAIN_MAX + 1)
#define LABEL_MAX		63

/* DNS answers: records kept of one answer, bytes of one record. */
#define DNS_RECORDS_MAX		100
#define DNS_RECORD_BYTES_MAX	8192
/* Questions that may be under way at once; past it TEMPFAIL. */
#define DNS_INFLIGHT_MAX	2000

/* SPF (RFC 7208 section 4.6.4). */
#define SPF_TERMS_MAX		10
#define SPF_VOID_MAX		2
#define SPF_MX_MAX		10
#define SPF_PTR_MAX		10
/* A longer record is permerror: CVE-2023-42118 needs long ones. */
#define SPF_RECORD_MAX		1024
#define SPF_INCLUDE_DEPTH_MAX	10

/* DKIM: signatures looked at; later ones are counted and ignored. */
#define DKIM_SIGNATURES_MAX	8
/* Signatures that we make for one message. */
#define DKIM_KEYS_MAX		8

/* DMARC: authors' domains looked at in one message. */
#define DMARC_AUTHORS_MAX	8
/* RFC 9989 section 4.10: questions of one tree walk. */
#define DMARC_WALK_MAX		8

/* Signer: bytes of one record, questions in one record. */
#define SIGN_RECORD_MAX		8192
#define SIGN_DIGESTS_MAX	DKIM_KEYS_MAX
/* Connections that postern-sign serves at once; later ones wait. */
#define SIGN_CLIENTS_MAX	64

/*
 * MIME structure of one message; past these it is not taken apart, and the
 * policy of the setting mime-limit answers.
 */
#define MIME_PARTS_MAX		1000
#define MIME_DEPTH_MAX		50
/* Lines that begin with "--", and lines of parts' headers, counted first. */
#define MIME_DASHES_MAX		10000
#define MIME_HEADER_LINES_MAX	20000
/* Bytes kept of a file name, a media type, a charset (UTF-8, with NUL). */
#define MIME_NAME_SIZE		256
#define MIME_TYPE_SIZE		128
#define MIME_CHARSET_SIZE	64
/* Files in uuencode or yEnc found in one text part. */
#define MIME_ENCLOSED_MAX	100

/* Scanner: bytes of one packet; of a virus name or a reason, with NUL. */
#define SCAN_PACKET_MAX		2048
#define SCAN_NAME_SIZE		256
/* Distinct file name extensions told of one archive, as text with NUL. */
#define SCAN_EXTENSIONS_SIZE	512
/* Scans that one client (sender, tenant) has under way in one message. */
#define SCAN_BESIDE_MAX		2
/* Crashes and time-outs of one content until it is "not scannable". */
#define SCAN_STRIKES_MAX	3
/* Contents whose strikes are remembered. */
#define SCAN_STRUCK_MAX		4096
/* Worker processes of postern-scan. */
#define SCAN_WORKERS_MAX	256

/* Journal: bytes of one event with its newline. */
#define EVENT_MAX		196608
/* Finds of one message that its event and its log line tell. */
#define EVENT_FINDS_MAX		50
#define EVENT_RECIPIENTS_MAX	100

#endif
