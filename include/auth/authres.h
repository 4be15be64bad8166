/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * authres: Authentication-Results fields (RFC 8601).
 *
 * Writing: a small builder that knows quoting and folding.  Reading: only who
 * a field claims to be from, which is all that removing forged ones needs.
 * Pure functions; any thread.
 */
#ifndef POSTERN_AUTHRES_H
#define POSTERN_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "span.h"

struct authres;

/* Starts a field's value for this authserv-id (in normal form). */
struct authres *authres_new(struct arena *, const char *authserv_id,
	    bool utf8);
/*
 * Adds "; method=result".  reason: NULL, or becomes reason="...".
 * comment: NULL, or becomes (comment) behind the result.
 */
void	authres_result(struct authres *, const char *method,
	    const char *result, const char *comment, const char *reason);
/* Adds " ptype.property=value" to the result added last; cleans the value. */
void	authres_property(struct authres *, const char *ptype,
	    const char *property, struct span value);
/* The same with a comment behind: policy.dmarc=reject (p=reject). */
void	authres_comment(struct authres *, const char *comment);
/*
 * The value, with its leading blank, folded with CRLF so that lines stay
 * under 78 where words allow; "none" (section 2.2) when nothing was added.
 */
struct span	authres_value(struct authres *);

/*
 * True when the field's value claims this authserv-id (case folded, comments
 * and folds skipped, quoted or not, with or without version), or when it
 * cannot be told: a field that hides its name must not stay.
 */
bool	authres_claims(struct span value, const char *authserv_id);

#endif
