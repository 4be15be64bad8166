/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_library: the only file that sees libspf2.
 *
 * Each check has a library server of its own (half a microsecond) with a DNS
 * layer of ours, whose hook is the check.  The library is entered where its
 * own query functions enter it, but behind their "localhost always passes",
 * which RFC 7208 does not know.  It asks two things: get_spf for records (so
 * it never asks for type 99), lookup for addresses and MX hosts; both about
 * tokens that spf_rewrite.c wrote.
 *
 * The library ends the process when memory runs out, as the arena does.
 * What it would print is dropped.  One thread a check.
 */
#include "config.h"

#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#include <assert.h>
#include <netdb.h>
#include <string.h>

#define HAVE_NS_TYPE 1
#include <spf2/spf.h>

#include "spf_internal.h"

/* Its own count goes wrong over includes; ours decides (spf_dns.c). */
#define LIBRARY_TERMS_MAX	1000
/* Text that one rewritten record can come to. */
#define REWRITTEN_MAX		8192

/* What a term does that can match nothing (RFC 8616 section 4). */
#define NEUTRAL_RECORD		"v=spf1 ?all"

static void
add_data(SPF_dns_rr_t *rr, const void *data, size_t n)
{
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, n) != SPF_E_SUCCESS)
		return;
	memcpy(rr->rr[rr->num_rr], data, n);
	rr->num_rr++;
}

/* MX hosts go to the library as tokens, too. */
static void
add_hosts(SPF_dns_rr_t *rr, const struct spf_token *term, size_t n)
{
	struct spf_token t = *term;
	char text[SPF_TOKEN_SIZE];

	/* One more than allowed tells the library that it is too many. */
	t.kind = SPF_TOKEN_HOST;
	for (t.host = 0; t.host < n && t.host <= SPF_MX_MAX; t.host++) {
		spf_token_write(&t, text);
		add_data(rr, text, strlen(text) + 1);
	}
}

static void
add_addresses(SPF_dns_rr_t *rr, const struct dns_answer *a, size_t size)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->records[i].data.n == size)
			add_data(rr, a->records[i].data.p, size);
}

static SPF_dns_stat_t
herrno_of(const struct dns_answer *a)
{
	switch (a->status) {
	case DNS_FOUND:
		return NETDB_SUCCESS;
	case DNS_NODATA:
		return NO_DATA;
	case DNS_NXDOMAIN:
		return HOST_NOT_FOUND;
	case DNS_TEMPFAIL:
		break;
	}
	return TRY_AGAIN;
}

/* The answer as the library wants it; NULL only without memory. */
static SPF_dns_rr_t *
convert(SPF_dns_server_t *layer, const char *name, ns_type type,
    const struct dns_answer *a, const struct spf_token *t, bool by_layer)
{
	static const uint8_t yes[4] = { 127, 0, 0, 2 };
	SPF_dns_rr_t *rr;

	rr = SPF_dns_rr_new_init(layer, name, type, 0, herrno_of(a));
	if (rr == NULL || a->status != DNS_FOUND)
		return rr;
	if (by_layer)
		add_data(rr, yes, sizeof(yes));
	else if (type == ns_t_mx)
		add_hosts(rr, t, a->n);
	else
		add_addresses(rr, a, type == ns_t_aaaa ? 16 : 4);
	return rr;
}

static SPF_dns_rr_t *
no_data(SPF_dns_server_t *layer, const char *name, ns_type type)
{
	return SPF_dns_rr_new_init(layer, name, type, 0, NO_DATA);
}

/* What the library asks about: a record and a term of it, or false. */
static bool
find(const struct spf_eval *e, const char *name, struct spf_token *t)
{
	return spf_token_read(name, t) == 0 && t->record < e->nrecords &&
	    t->term < e->record[t->record]->n;
}

static SPF_dns_rr_t *
lookup(SPF_dns_server_t *layer, const char *name, ns_type type, int cache)
{
	struct spf_eval *e = layer->hook;
	const struct dns_answer *a;
	struct spf_record *r;
	struct spf_term *term;
	struct spf_token t;

	(void)cache;
	if (!find(e, name, &t))
		return no_data(layer, name, type);
	r = e->record[t.record];
	term = &r->term[t.term];
	switch (t.kind) {
	case SPF_TOKEN_TERM:
		a = spf_ask_term(e, r, term);
		return convert(layer, name, type, a, &t,
		    spf_term_by_layer(term, e->query->client.family));
	case SPF_TOKEN_HOST:
		a = spf_ask_host(e, term, t.host);
		return convert(layer, name, type, a, &t, false);
	case SPF_TOKEN_MISS:
		e->missed = true;
		break;
	case SPF_TOKEN_REST:
		break;
	}
	return no_data(layer, name, type);
}

static SPF_errcode_t
compile(struct spf_eval *e, SPF_server_t *server, SPF_response_t *response,
    const struct spf_record *r, size_t from, SPF_record_t **compiled)
{
	SPF_errcode_t code;
	struct buf text;

	buf_init(&text, REWRITTEN_MAX);
	spf_rewrite(r, from, e->query->client.family, &text);
	assert(!buf_failed(&text));
	code = SPF_record_compile(server, response, compiled, text.p);
	buf_free(&text);
	return code;
}

static SPF_errcode_t
follow(struct spf_eval *e, const struct spf_token *t, SPF_server_t *server,
    SPF_response_t *response, SPF_record_t **compiled)
{
	struct spf_record *r = e->record[t->record];
	bool skip;

	r = spf_follow(e, r, &r->term[t->term], &skip);
	if (skip)
		return SPF_record_compile(server, response, compiled,
		    NEUTRAL_RECORD);
	/* The error was noted and decides; this one only stops it. */
	return r == NULL ? SPF_E_DNS_ERROR :
	    compile(e, server, response, r, 0, compiled);
}

/* The record that an include or a redirect of the library names. */
static SPF_errcode_t
get_record(SPF_server_t *server, SPF_request_t *request,
    SPF_response_t *response, SPF_record_t **compiled)
{
	struct spf_eval *e = server->resolver->hook;
	struct spf_record *r;
	struct spf_token t;

	*compiled = NULL;
	if (!find(e, request->cur_dom, &t))
		return SPF_E_INTERNAL_ERROR;
	r = e->record[t.record];
	if (t.kind == SPF_TOKEN_TERM)
		return follow(e, &t, server, response, compiled);
	if (t.kind != SPF_TOKEN_REST)
		return SPF_E_INTERNAL_ERROR;
	if (r->top)
		e->missed = true;
	return compile(e, server, response, r, t.term, compiled);
}

int
spf_library_init(void)
{
	/* NULL drops what it has to say; errors still end the process. */
	SPF_warning_handler = NULL;
	SPF_info_handler = NULL;
	SPF_debug_handler = NULL;
	return 0;
}

static void
set_client(SPF_request_t *request, const struct ipaddr *client)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (client->family == AF_INET) {
		memcpy(&v4, client->b, sizeof(v4));
		SPF_request_set_ipv4(request, v4);
	} else {
		memcpy(&v6, client->b, sizeof(v6));
		SPF_request_set_ipv6(request, v6);
	}
}

/* Makes the server; its default explanation has macros, ours is empty. */
static SPF_server_t *
new_server(SPF_dns_server_t *layer)
{
	SPF_response_t *response = NULL;
	SPF_server_t *server = SPF_server_new_dns(layer, 0);

	if (server == NULL)
		return NULL;
	SPF_server_set_max_dns_mech(server, LIBRARY_TERMS_MAX);
	SPF_server_set_max_dns_mx(server, SPF_MX_MAX);
	SPF_server_set_explanation(server, "", &response);
	if (response != NULL)
		SPF_response_free(response);
	return server;
}

static enum spf_result
result_of(struct spf_eval *e, SPF_response_t *response)
{
	switch (SPF_response_result(response)) {
	case SPF_RESULT_PASS:
		return SPF_IS_PASS;
	case SPF_RESULT_FAIL:
		return SPF_IS_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return SPF_IS_SOFTFAIL;
	case SPF_RESULT_NEUTRAL:
		/* Nothing matched, rather than a ?mechanism. */
		if (SPF_response_reason(response) == SPF_REASON_DEFAULT)
			e->top = NULL;
		return SPF_IS_NEUTRAL;
	case SPF_RESULT_TEMPERROR:
		spf_fail(e, SPF_IS_TEMPERROR, "%s",
		    SPF_strerror(SPF_response_errcode(response)));
		return SPF_IS_TEMPERROR;
	default:
		spf_fail(e, SPF_IS_PERMERROR, "%s",
		    SPF_strerror(SPF_response_errcode(response)));
		return SPF_IS_PERMERROR;
	}
}

/* As SPF_request_query_mailfrom() does, without its free ride. */
static enum spf_result
run(struct spf_eval *e, SPF_server_t *server, SPF_request_t *request,
    SPF_response_t *response, const struct spf_record *first)
{
	SPF_record_t *compiled = NULL;
	enum spf_result result = SPF_IS_PERMERROR;

	set_client(request, &e->query->client);
	request->cur_dom = first->domain;
	if (compile(e, server, response, first, 0, &compiled) ==
	    SPF_E_SUCCESS) {
		response->spf_record_exp = compiled;
		SPF_record_interpret(compiled, request, response, 0);
		result = result_of(e, response);
	} else
		spf_fail(e, SPF_IS_PERMERROR, "libspf2 refuses the record");
	if (compiled != NULL)
		SPF_record_free(compiled);
	return e->error != SPF_NOT_CHECKED ? e->error : result;
}

enum spf_result
spf_library_run(struct spf_eval *e, struct spf_record *first)
{
	SPF_dns_server_t layer = { .lookup = lookup, .get_spf = get_record,
	    .name = "postern", .hook = e };
	enum spf_result result = SPF_IS_TEMPERROR;
	SPF_response_t *response = NULL;
	SPF_request_t *request = NULL;
	SPF_server_t *server;

	server = new_server(&layer);
	if (server != NULL)
		request = SPF_request_new(server);
	if (request != NULL)
		response = SPF_response_new(request);
	if (response != NULL)
		result = run(e, server, request, response, first);
	else
		spf_fail(e, result, "no memory for libspf2");
	if (response != NULL)
		SPF_response_free(response);
	if (request != NULL)
		SPF_request_free(request);
	if (server != NULL)
		SPF_server_free(server);
	return result;
}
