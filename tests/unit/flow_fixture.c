/* SPDX-License-Identifier: BSD-2-Clause */
/* See flow_fixture.h. */
#include "flow_fixture.h"

#include <stdlib.h>
#include <string.h>

static void
no_start(void *ctx, const char *name, enum dns_type type)
{
	(void)ctx;
	(void)name;
	(void)type;
}

static const struct dns_answer *
unknown(void *ctx, struct arena *a, const char *name, enum dns_type type,
    int64_t deadline)
{
	static const struct dns_answer nothing = {
		.status = DNS_NXDOMAIN, .why = ""
	};

	(void)ctx;
	(void)a;
	(void)name;
	(void)type;
	(void)deadline;
	return &nothing;
}

struct conf *
fixture_conf(void)
{
	static const struct dns dns = { NULL, no_start, unknown };
	static struct services services;
	struct arena *a = arena_new();
	struct conf *c = arena_alloc(a, sizeof(*c));

	c->arena = a;
	c->path = c->user = c->group = c->help_url = "";
	c->authserv_id = "mx.example.org";
	c->message_size = 1024 * 1024;
	c->memory = 8 * 1024 * 1024;
	c->dns_budget_ms = 1000;
	c->dmarc = ENFORCE_ENFORCE;
	c->spf = c->dkim = true;
	c->spf_fail = c->dmarc_quarantine = c->dmarc_no_author = CHOICE_MARK;
	c->split_recipients = CHOICE_DEFER;
	c->virus = c->virus_local = CHOICE_STRIP;
	c->virus_outbound = CHOICE_REJECT;
	c->virus_signed = CHOICE_HOLD;
	c->unscannable = c->malformed = CHOICE_MARK;
	c->mime_limit = CHOICE_REJECT;
	services.dns = &dns;
	services.signer = NULL;
	if (services.patience == NULL)
		services.patience = patience_new();
	c->attached = &services;
	conf_publish(c);
	return c;
}

struct session *
fixture_session(const char *ip, unsigned port, const char *daemon)
{
	struct ipaddr addr = { .family = AF_UNSPEC };

	if (ip != NULL && ipaddr_parse(ip, &addr) < 0)
		abort();
	return session_new(&addr, port, "client.example", IPREV_PASS, daemon);
}

struct message *
fixture_message(struct session *s, const char *login,
    const char *const *fields, const char *body)
{
	struct message *m = message_begin(s, "<a@b.example>", login, false);

	for (size_t i = 0; fields != NULL && fields[i] != NULL; i++) {
		const char *colon = strchr(fields[i], ':');
		char *name = strndup(fields[i], (size_t)(colon - fields[i]));

		message_field(m, name, colon + 1);
		free(name);
	}
	if (body != NULL)
		message_body(m, body, strlen(body));
	message_end(m, "QID");
	return m;
}
