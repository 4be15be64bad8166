/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr_path: envelope paths, as Postfix hands them to a milter.
 *
 * Called at MAIL and RCPT.  RFC 5321 section 4.1.2, with 8-bit text (RFC 6531)
 * and quotes around parts of a local part.  Nothing is copied: the mailbox
 * points into the path.  Pure, linear; any thread.
 */
#include <string.h>

#include "addr.h"
#include "bounds.h"

/* Drops "@a,@b:" in front; false when the colon is missing. */
static bool
drop_route(struct span *s)
{
	bool literal = false;

	if (s->n == 0 || s->p[0] != '@')
		return true;
	for (size_t i = 0; i < s->n; i++) {
		if (s->p[i] == '[')
			literal = true;
		else if (s->p[i] == ']')
			literal = false;
		else if (s->p[i] == ':' && !literal) {
			*s = span_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

static bool
plain(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f &&
	    strchr("<>()[]:;,\\\"@", c) == NULL;
}

/* Length of the local part, up to "@" or the end; -1 when it is none. */
static long
local_length(struct span s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.n && (quoted || s.p[i] != '@'); i++) {
		char c = s.p[i];

		if (c == '"') {
			quoted = !quoted;
		} else if (c == '\\') {
			if (++i == s.n || (unsigned char)s.p[i] < ' ')
				return -1;
		} else if (quoted ? (unsigned char)c < ' ' || c == 0x7f :
		    !plain(c)) {
			return -1;
		}
	}
	return quoted || i == 0 ? -1 : (long)i;
}

static bool
domain_ok(struct span s)
{
	bool literal = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';

	if (literal)
		s = span_make(s.p + 1, s.n - 2);
	for (size_t i = 0; i < s.n; i++)
		if (!plain(s.p[i]) && (!literal || s.p[i] != ':'))
			return false;
	return s.n > 0;
}

int
addr_parse_path(struct span path, struct mailbox *m)
{
	long n;

	*m = (struct mailbox){ { path.p, 0 }, { path.p, 0 } };
	if (path.n > ADDRESS_MAX)
		return -1;
	if (path.n > 0 && path.p[0] == '<') {
		if (path.p[path.n - 1] != '>' || path.n < 2)
			return -1;
		path = span_make(path.p + 1, path.n - 2);
	}
	if (path.n == 0)
		return 0;
	if (!drop_route(&path))
		return -1;
	n = local_length(path);
	if (n < 0)
		return -1;
	m->local = span_make(path.p, (size_t)n);
	if (m->local.n == path.n)
		return 0;
	m->domain = span_from(path, m->local.n + 1);
	return domain_ok(m->domain) ? 0 : -1;
}
