/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage domain: which of our domains signs this message, and may this client
 * use it?
 *
 * All authors' domains must be ours and open to the client; the first signs.
 * (RFC 5322 wants a Sender with several authors; mail readers show the first.)
 */
#include "table.h"

#include <string.h>

static bool
login_listed(const struct conf_strings *list, const char *login)
{
	for (size_t i = 0; i < list->n; i++)
		if (login[0] != '\0' && strcmp(list->v[i], login) == 0)
			return true;
	return false;
}

/* No list: everybody whose mail is outbound may use the domain. */
static bool
may_use(const struct message *m, const struct conf_domain *d)
{
	if (d->logins.n == 0 && d->networks.n == 0)
		return true;
	return login_listed(&d->logins, m->login) ||
	    ipnets_have(d->networks.v, d->networks.n, &m->session->client);
}

static void
run(struct message *m)
{
	const struct dmarc_authors *a = &m->facts.authors;
	const struct conf_domain *first = NULL;

	if (a->n == 0) {
		m->facts.domain_reason = "no author's domain in From";
		return;
	}
	if (a->malformed || a->truncated) {
		m->facts.domain_reason = "From cannot be read";
		return;
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct conf_domain *d = conf_domain_signing(
		    m->session->conf, a->domain[i]);

		if (d == NULL) {
			m->facts.domain_reason = arena_printf(m->arena,
			    "%s is not ours", a->domain[i]);
			return;
		}
		if (!may_use(m, d)) {
			m->facts.domain_reason = arena_printf(m->arena,
			    "this client may not use %s", a->domain[i]);
			return;
		}
		if (first == NULL)
			first = d;
	}
	m->facts.domain = first;
}

const struct stage stage_domain = {
	.name = "domain",
	.point = AT_END,
	.classes = CLASS_OUTBOUND | CLASS_LOCAL,
	.needs = FACT_AUTHORS,
	.gives = FACT_DOMAIN,
	.run = run
};
