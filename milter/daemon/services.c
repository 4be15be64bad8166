/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * services: counted parts of a configuration's services.
 *
 * Each part (resolver, signer's client) has a count of the configurations
 * that use it; the detach of the last one frees it, in whatever thread unpins
 * that configuration.
 */
#include "services.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "message.h"
#include "notice.h"
#include "notify.h"
#include "resolver.h"

/* For the life of the process, like the journal: it remembers its place. */
static struct notify *notify;

struct part {
	_Atomic unsigned	 users;
	struct resolver		*resolver;
	struct sign_client	*signer;
	struct scan_client	*scanner;
};

struct bundle {
	struct services	 services;	/* first: conf->attached points here */
	struct part	*resolver;
	struct part	*signer;
	struct part	*scanner;	/* NULL: not wanted */
	struct quarantine *quarantine;	/* of this configuration alone */
	char		*notice;
};

static struct part *
part_new(void)
{
	struct part *p = calloc(1, sizeof(*p));

	if (p == NULL)
		log_fatal(EX_OSERR, "out of memory");
	p->users = 1;
	return p;
}

static struct part *
part_share(struct part *p)
{
	atomic_fetch_add(&p->users, 1);
	return p;
}

static void
part_leave(struct part *p)
{
	if (p == NULL || atomic_fetch_sub(&p->users, 1) > 1)
		return;
	if (p->resolver != NULL)
		resolver_free(&p->resolver);
	if (p->signer != NULL)
		sign_client_free(&p->signer);
	if (p->scanner != NULL)
		scan_client_free(&p->scanner);
	free(p);
}

static void
detach(void *attached)
{
	struct bundle *b = attached;

	part_leave(b->resolver);
	part_leave(b->signer);
	part_leave(b->scanner);
	if (b->quarantine != NULL)
		quarantine_close(&b->quarantine);
	free(b->notice);
	free(b);
}

static bool
same_strings(const struct conf_strings *a, const struct conf_strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static bool
same_dns(const struct conf *a, const struct conf *b)
{
	return same_strings(&a->nameservers, &b->nameservers) &&
	    a->dns_timeout_ms == b->dns_timeout_ms &&
	    a->dns_cache == b->dns_cache &&
	    a->dns_min_ttl_s == b->dns_min_ttl_s &&
	    a->dns_max_ttl_s == b->dns_max_ttl_s &&
	    a->dns_ask_special == b->dns_ask_special &&
	    strcmp(a->dns_trust_anchor, b->dns_trust_anchor) == 0;
}

static struct part *
resolver_for(const struct conf *c, const struct conf *before, char **error_r)
{
	const struct bundle *b = before == NULL ? NULL : before->attached;
	struct part *p;

	if (b != NULL && same_dns(c, before))
		return part_share(b->resolver);
	p = part_new();
	p->resolver = resolver_new(c, error_r);
	if (p->resolver == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

static struct part *
signer_for(const struct conf *c, const struct conf *before)
{
	const struct bundle *b = before == NULL ? NULL : before->attached;
	struct part *p;

	if (b != NULL && strcmp(c->sign_socket, before->sign_socket) == 0)
		return part_share(b->signer);
	p = part_new();
	p->signer = sign_client_new(c->sign_socket);
	return p;
}

static struct part *
scanner_for(const struct conf *c, const struct conf *before)
{
	const struct bundle *b = before == NULL ? NULL : before->attached;
	struct part *p;

	if (!c->scan)
		return NULL;
	if (b != NULL && b->scanner != NULL && c->scan_time_ms ==
	    before->scan_time_ms && c->scan_cache ==
	    before->scan_cache && c->scan_timeout_ms ==
	    before->scan_timeout_ms &&
	    strcmp(c->scan_socket, before->scan_socket) == 0)
		return part_share(b->scanner);
	p = part_new();
	p->scanner = scan_client_new(c);
	return p;
}

/* Anew at each reload: the file may hold another key. */
static int
add_quarantine(struct bundle *b, const struct conf *c, char **error_r)
{
	struct quarantine_limits limits = {
		.size = c->quarantine_size, .age_s = c->quarantine_age_s
	};

	if (c->quarantine[0] == '\0')
		return 0;
	b->quarantine = quarantine_open(c->quarantine, c->quarantine_key,
	    &limits, error_r);
	b->services.quarantine = b->quarantine;
	return b->quarantine == NULL ? -1 : 0;
}

/* For the life of the process: two writers of one journal cannot be. */
static int
add_journal(struct bundle *b, const struct conf *c, char **error_r)
{
	static struct journal *journal;
	struct journal_limits limits = {
		.size = c->journal_size,
		.age_s = c->journal_age_s,
		.tempfail = c->journal_full == CHOICE_TEMPFAIL
	};

	if (journal != NULL)
		journal_limit(journal, &limits);
	else if (c->journal[0] != '\0') {
		journal = journal_open(c->journal, JOURNAL_POSTERN,
		    &limits, error_r);
		if (journal == NULL)
			return -1;
	}
	b->services.journal = journal;
	return 0;
}

/* The operator's own text, checked as a template; malloc'd. */
static int
read_notice(const char *path, char **text_r, size_t *n_r, char **error_r)
{
	char *text = calloc(1, NOTICE_TEMPLATE_MAX + 2);
	FILE *f = fopen(path, "re");
	const char *problem;

	if (text == NULL)
		log_fatal(EX_OSERR, "out of memory");
	if (f == NULL) {
		problem = strerror(errno);
	} else {
		*n_r = fread(text, 1, NOTICE_TEMPLATE_MAX + 1, f);
		fclose(f);
		problem = notice_check(span_make(text, *n_r));
	}
	*text_r = text;
	if (problem == NULL)
		return 0;
	if (asprintf(error_r, "notice-file %s: %s", path, problem) < 0)
		log_fatal(EX_OSERR, "out of memory");
	return -1;
}

int
services_check(const struct conf *c, char **error_r)
{
	char *text = NULL;
	size_t n = 0;
	int rc = 0;

	if (c->notice_file[0] != '\0')
		rc = read_notice(c->notice_file, &text, &n, error_r);
	free(text);
	return rc;
}

static int
add_notice(struct bundle *b, const struct conf *c, char **error_r)
{
	size_t n = 0;

	b->services.notice = span_of(NULL);
	if (c->notice_file[0] == '\0')
		return 0;
	if (read_notice(c->notice_file, &b->notice, &n, error_r) < 0)
		return -1;
	b->services.notice = span_make(b->notice, n);
	return 0;
}

static int
fill(struct bundle *b, const struct conf *c, const struct conf *before,
    char **error_r)
{
	b->resolver = resolver_for(c, before, error_r);
	if (b->resolver == NULL)
		return -1;
	b->signer = signer_for(c, before);
	b->scanner = scanner_for(c, before);
	if (add_notice(b, c, error_r) < 0 || add_journal(b, c, error_r) < 0 ||
	    add_quarantine(b, c, error_r) < 0 ||
	    notify_reload(&notify, c, error_r) < 0)
		return -1;
	b->services.dns = resolver_dns(b->resolver->resolver);
	b->services.signer = b->signer->signer;
	if (b->scanner != NULL)
		b->services.scanner = b->scanner->scanner;
	return 0;
}

int
services_attach(struct conf *c, const struct conf *before, char **error_r)
{
	/* For the life of the process: what it knows outlives reloads. */
	static struct patience *patience;
	struct bundle *b = calloc(1, sizeof(*b));

	if (b == NULL)
		log_fatal(EX_OSERR, "out of memory");
	if (patience == NULL)
		patience = patience_new();
	if (fill(b, c, before, error_r) < 0) {
		detach(b);
		return -1;
	}
	b->services.patience = patience;
	c->attached = b;
	c->detach = detach;
	return 0;
}

void
services_end(void)
{
	notify_free(&notify);
}
