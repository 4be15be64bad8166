/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc_authors: whose policies a message is held against (RFC 9989 sections
 * 5.3.1 and 11.5).
 *
 * Every From field is read, each of its mailboxes, members of groups too, so
 * that a second field or a second author cannot hide the one that the reader
 * will see.  U-labels become A-labels (RFC 8616).  What does not give a
 * domain (no "@", a literal, an encoded word, rubbish) sets `malformed`; what
 * to do then is the caller's policy.  Pure; input is hostile; linear time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "addr.h"
#include "dmarc.h"
#include "domain.h"

/* Mailboxes looked at in one From field; past it the list is truncated. */
#define MAILBOXES_MAX	256

static bool
have(const struct dmarc_authors *a, const char *domain)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (strcmp(a->domain[i], domain) == 0)
			return true;
	return false;
}

static void
add(struct arena *arena, struct dmarc_authors *a, struct span domain)
{
	char name[DOMAIN_SIZE];

	if (domain.n == 0 || domain_normalise(domain, name) == -1) {
		a->malformed = true;
		return;
	}
	if (have(a, name))
		return;
	if (a->n == DMARC_AUTHORS_MAX) {
		a->truncated = true;
		return;
	}
	a->domain[a->n++] = arena_strdup(arena, name);
}

static void
read_from(struct arena *arena, struct dmarc_authors *a, struct span value)
{
	struct mailboxes list;
	size_t i;

	addr_parse_list(arena, value, MAILBOXES_MAX, &list);
	if (list.malformed)
		a->malformed = true;
	if (list.truncated)
		a->truncated = true;
	for (i = 0; i < list.n; i++)
		add(arena, a, list.m[i].domain);
}

void
dmarc_authors(struct arena *arena, const struct field *fields, size_t n,
    struct dmarc_authors *a)
{
	size_t i;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < n; i++) {
		if (!field_is(&fields[i], "From"))
			continue;
		a->from_fields++;
		/* Past the limit only the fields are counted. */
		if (!a->truncated)
			read_from(arena, a, fields[i].value);
	}
}
