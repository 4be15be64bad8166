/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dns: a table DNS out of the input, for targets that ask questions.
 *
 * One record a line: "NAME TYPE VALUE", as tests/lib/table_dns.h has them.
 * A backslash before n, r, 0 or another byte stands for LF, CR, NUL or that
 * byte.  Lines that are no record are skipped; at most FUZZ_ROWS are read.
 * Values are bounded as the resolver's are.
 */
#ifndef POSTERN_FUZZ_DNS_H
#define POSTERN_FUZZ_DNS_H

#include "bounds.h"
#include "fuzz.h"
#include "table_dns.h"

#define FUZZ_ROWS	DNS_RECORDS_MAX

static inline struct span
fuzz_unescape(struct arena *a, struct span s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\' && i + 1 < s.n) {
			c = s.p[++i];
			c = c == 'n' ? '\n' : c == 'r' ? '\r' :
			    c == '0' ? '\0' : c;
		}
		out[n++] = c;
	}
	return span_make(out, n);
}

/* Fills the (cleared) table. */
static inline void
fuzz_dns(struct table_dns *t, struct arena *a, struct span part)
{
	struct span line, name, type, value;
	size_t rows = 0;

	table_dns_clear(t);
	while (rows < FUZZ_ROWS && span_split(&part, '\n', &line)) {
		if (!span_split(&line, ' ', &name) ||
		    !span_split(&line, ' ', &type))
			continue;
		value = fuzz_unescape(a, line);
		if (value.n > DNS_RECORD_BYTES_MAX)
			continue;
		/* Only text can hold a NUL. */
		if (!span_is(type, "TXT")) {
			if (value.n > 4 * DOMAIN_MAX)
				continue;
			value = span_of(arena_cstr(a, value));
		}
		rows += table_dns_add(t, arena_cstr(a, name),
		    arena_cstr(a, type), value) == 0;
	}
}

#endif
