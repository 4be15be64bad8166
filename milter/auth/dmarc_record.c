/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dmarc_record: one DMARC policy record (RFC 9989 sections 4.7, 4.8, 4.10.1),
 * and RFC 7489's as they are in the field.
 *
 * The version comes first, exactly "DMARC1"; else it is no record.  After it
 * we are lenient as section 4.8 wants: unknown tags and bad optional values
 * are ignored, names and words are case-insensitive, blanks may surround "=".
 * A tag that is there twice counts the first time (the RFC is silent).
 *
 * A policy (p, sp, np) that is none of the three words makes the record
 * "p=none" when rua names somebody to tell, else unusable.  No p: "p=none".
 *
 * pct of RFC 7489 is gone: it is ignored, but for pct=0, which its appendix
 * A.6 calls the forerunner of t=y and which owners still mean so; a t tag
 * beats it.  Pure; input is hostile; linear time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "dmarc_internal.h"

/* Report addresses kept of one record; later ones are dropped. */
#define URIS_MAX	10
/* A longer one is dropped. */
#define URI_MAX		256

enum tag {
	TAG_P, TAG_SP, TAG_NP, TAG_PSD, TAG_T, TAG_PCT, TAG_ADKIM, TAG_ASPF,
	TAG_RUA, TAG_COUNT
};

static const char *const names[TAG_COUNT] = {
	"p", "sp", "np", "psd", "t", "pct", "adkim", "aspf", "rua"
};

struct parse {
	struct dmarc_record	*rec;
	struct span		 value[TAG_COUNT];	/* p NULL: absent */
	bool			 bad_policy;
};

/* RFC 5234's printable characters; ';' has been split away. */
static bool
printable(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

static bool
split_tag(struct span tag, struct span *name, struct span *value)
{
	long eq = span_chr(tag, '=');

	if (eq < 0)
		return false;
	*name = span_trim(span_make(tag.p, (size_t)eq));
	*value = span_trim(span_from(tag, (size_t)eq + 1));
	return true;
}

static bool
version_first(struct span *left)
{
	struct span tag, name, value;

	if (!span_split(left, ';', &tag))
		return false;
	if (tag.n == 0 || (tag.p[0] != 'v' && tag.p[0] != 'V'))
		return false;
	return split_tag(tag, &name, &value) && span_caseis(name, "v") &&
	    span_is(value, "DMARC1");
}

static void
keep_tag(struct parse *parse, struct span name, struct span value)
{
	size_t i;

	for (i = 0; i < TAG_COUNT; i++) {
		if (!span_caseis(name, names[i]))
			continue;
		if (parse->value[i].p == NULL)
			parse->value[i] = value;
		return;
	}
}

/* Returns whether there was a valid policy. */
static bool
take_request(struct parse *parse, enum tag tag, enum dmarc_request *request)
{
	struct span v = parse->value[tag];

	if (v.p == NULL)
		return false;
	if (span_caseis(v, "none"))
		*request = DMARC_ASKS_NONE;
	else if (span_caseis(v, "quarantine"))
		*request = DMARC_ASKS_QUARANTINE;
	else if (span_caseis(v, "reject"))
		*request = DMARC_ASKS_REJECT;
	else {
		parse->bad_policy = true;
		return false;
	}
	return true;
}

static bool
all_zero(struct span v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if (v.p[i] != '0')
			return false;
	return v.n > 0;
}

static void
take_flags(struct parse *parse)
{
	struct dmarc_record *rec = parse->rec;
	struct span *v = parse->value;

	if (span_caseis(v[TAG_PSD], "y"))
		rec->psd = DMARC_PSD_YES;
	else if (span_caseis(v[TAG_PSD], "n"))
		rec->psd = DMARC_PSD_NO;
	rec->strict_dkim = span_caseis(v[TAG_ADKIM], "s");
	rec->strict_spf = span_caseis(v[TAG_ASPF], "s");
	if (span_caseis(v[TAG_T], "y"))
		rec->testing = true;
	else if (!span_caseis(v[TAG_T], "n"))
		rec->testing = all_zero(v[TAG_PCT]);
}

static bool
scheme_char(char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '+' || c == '-' ||
	    c == '.');
}

/* scheme ":" something (RFC 3986); a mailto needs an address. */
static bool
uri_valid(struct span uri)
{
	long colon = span_chr(uri, ':'), at, i;
	struct span rest;

	if (colon <= 0 || uri.n > URI_MAX || span_chr(uri, ' ') >= 0)
		return false;
	for (i = 0; i < colon; i++)
		if (!scheme_char(uri.p[i], i == 0))
			return false;
	rest = span_from(uri, (size_t)colon + 1);
	if (!printable(uri) || rest.n == 0)
		return false;
	if (!span_caseis(span_make(uri.p, (size_t)colon), "mailto"))
		return true;
	at = span_chr(rest, '@');
	return at > 0 && (size_t)at + 1 < rest.n;
}

static const char *
take_uris(struct arena *arena, struct span list)
{
	char out[URIS_MAX * (URI_MAX + 1)];
	struct span uri;
	size_t n = 0, kept = 0;

	while (kept < URIS_MAX && span_split(&list, ',', &uri)) {
		uri = span_trim(uri);
		if (!uri_valid(uri))
			continue;
		if (kept++ > 0)
			out[n++] = ',';
		memcpy(out + n, uri.p, uri.n);
		n += uri.n;
	}
	return n == 0 ? "" : arena_strndup(arena, out, n);
}

/* Section 4.10.1: a record that does not say clearly what it wants. */
static void
settle_policy(struct parse *parse)
{
	struct dmarc_record *rec = parse->rec;

	rec->p = DMARC_ASKS_NONE;
	(void)take_request(parse, TAG_P, &rec->p);
	rec->has_sp = take_request(parse, TAG_SP, &rec->sp);
	rec->has_np = take_request(parse, TAG_NP, &rec->np);
	if (!parse->bad_policy)
		return;
	rec->p = DMARC_ASKS_NONE;
	rec->has_sp = rec->has_np = false;
	rec->unusable = rec->rua[0] == '\0';
}

bool
dmarc_record_parse(struct arena *arena, struct span text,
    struct dmarc_record *rec)
{
	struct parse parse;
	struct span tag, name, value;

	memset(rec, 0, sizeof(*rec));
	memset(&parse, 0, sizeof(parse));
	parse.rec = rec;
	if (!version_first(&text))
		return false;
	while (span_split(&text, ';', &tag))
		if (split_tag(tag, &name, &value))
			keep_tag(&parse, name, value);
	rec->rua = take_uris(arena, parse.value[TAG_RUA]);
	take_flags(&parse);
	settle_policy(&parse);
	return true;
}
