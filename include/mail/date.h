/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: a time as mail writes it (RFC 5322 section 3.3), always in UTC.
 */
#ifndef POSTERN_DATE_H
#define POSTERN_DATE_H

#include <stdint.h>

#include "arena.h"

/* "Sat, 21 Nov 2026 10:00:00 +0000", from seconds since 1970. */
const char *date_rfc5322(struct arena *, int64_t wall);

#endif
