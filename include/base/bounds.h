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

#endif
