/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: the product on one screen.  NULL-terminated; order matters.
 */
#ifndef POSTERN_STAGE_TABLE_H
#define POSTERN_STAGE_TABLE_H

#include "stage.h"

extern const struct stage *const stage_table[];

extern const struct stage stage_authors;	/* who wrote it */
extern const struct stage stage_spf_start;	/* AT_MAIL: questions go out */
extern const struct stage stage_route;		/* AT_RCPT: whose policy */
extern const struct stage stage_spf;
extern const struct stage stage_dkim;
extern const struct stage stage_dmarc;
extern const struct stage stage_forged;	/* results that claim to be ours go */
extern const struct stage stage_authres;	/* ours are written */
extern const struct stage stage_domain;		/* ours, and may he use it? */
extern const struct stage stage_dkim_own;	/* signed by us already? */
extern const struct stage stage_parts;		/* MIME parts */
extern const struct stage stage_scan;		/* viruses? */
extern const struct stage stage_strip;		/* what comes of finds */
extern const struct stage stage_size;		/* grown too large? */
extern const struct stage stage_record;	/* quarantine and journal */
extern const struct stage stage_conform;	/* no long lines */
extern const struct stage stage_sign;

#endif
