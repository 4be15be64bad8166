/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_field: reading one DKIM-Signature field (RFC 6376 section 3.5, with
 * U-labels as RFC 8616 section 4 allows them).
 *
 * Called by dkim_verify.c for each field before anything is asked or hashed.
 * What does not parse here is neutral with the reason and never reaches
 * libopendkim, which reads behind the end of some broken i= values, takes an
 * empty l= for zero, and whose cost grows with the square of names and tags.
 *
 * Names in the result are in normal form; all else is as given.  Limits: see
 * dkim_internal.h.
 */
#include <string.h>
#include <strings.h>

#include "codec.h"
#include "dkim_internal.h"
#include "domain.h"

/* More digits are no time and no length that we believe (RFC 6376: 12). */
#define NUMBER_DIGITS_MAX 15

void
dkim_sig_result(struct dkim_sig *s, enum dkim_result result,
    const char *reason)
{
	s->out->result = result;
	s->out->reason = reason;
}

/* A decimal number; -1 when the tag is absent, -2 when it is no number. */
static int64_t
number(const char *s)
{
	int64_t n = 0;
	size_t digits = strlen(s);

	if (digits == 0 || digits > NUMBER_DIGITS_MAX)
		return -2;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -2;
		n = n * 10 + (*s - '0');
	}
	return n;
}

static int64_t
number_tag(struct arena *a, const struct dkim_tags *t, const char *name)
{
	if (dkim_tag(t, name).p == NULL)
		return -1;
	return number(dkim_tag_text(a, t, name));
}

/* v= and a= */
static const char *
read_algorithm(struct dkim_sig *s, const char *version)
{
	const char *alg = s->out->algorithm;

	if (strcmp(version, "1") != 0)
		return "v= is not 1";
	if (strcmp(alg, "rsa-sha1") == 0)
		s->sha1 = true;
	else if (strcmp(alg, "ed25519-sha256") == 0)
		s->ed25519 = true;
	else if (strcmp(alg, "rsa-sha256") != 0)
		return "a= names no known algorithm";
	return NULL;
}

static bool
canon_word(struct span w, enum dkim_canon *out)
{
	*out = span_is(w, "relaxed") ? DKIM_RELAXED : DKIM_SIMPLE;
	return span_is(w, "relaxed") || span_is(w, "simple");
}

/* c=, "header/body"; simple is the default for each. */
static const char *
read_canon(struct dkim_sig *s, struct span c)
{
	struct span header;

	if (c.n == 0)
		return NULL;
	(void)span_split(&c, '/', &header);
	if (!canon_word(header, &s->header_canon))
		return "c= names no known canonicalization";
	if (c.p != NULL && !canon_word(c, &s->body_canon))
		return "c= names no known canonicalization";
	return NULL;
}

/* h= must name From (section 5.4). */
static const char *
read_names(struct dkim_sig *s, const char *h)
{
	struct span list = span_of(h), name;
	size_t n = 0;

	if (list.n == 0)
		return "h= is missing";
	if (list.n > DKIM_NAMES_BYTES_MAX)
		return "h= is too long";
	s->names = list;
	while (span_split(&list, ':', &name))
		n++;
	if (n > DKIM_NAMES_MAX)
		return "h= names too many fields";
	if (!dkim_list_has(s->names, "from"))
		return "From is not signed";
	/* The library would look at DKIM-Signature fields that we hide. */
	if (dkim_list_has(s->names, "dkim-signature"))
		s->own = true;
	return NULL;
}

/* bh= and b= */
static const char *
read_hashes(struct arena *a, struct dkim_sig *s, const char *b)
{
	size_t n = strlen(b);
	unsigned char *sig = arena_alloc(a, n + 1);
	long len = base64_decode(sig, n, span_of(b));

	if (s->body_hash[0] == '\0')
		return "bh= is missing";
	if (n == 0)
		return "b= is missing";
	if (len <= 0)
		return "b= is no base64";
	s->signature = span_make((const char *)sig, (size_t)len);
	return NULL;
}

/* l=, t= and x= */
static const char *
read_numbers(struct arena *a, struct dkim_sig *s, const struct dkim_tags *t)
{
	int64_t signed_at = number_tag(a, t, "t");

	s->signed_at = signed_at;
	s->length = number_tag(a, t, "l");
	s->expires_at = number_tag(a, t, "x");
	if (s->length == -2)
		return "l= is no number";
	if (signed_at == -2)
		return "t= is no number";
	if (s->expires_at == -2)
		return "x= is no number";
	if (s->expires_at >= 0 && signed_at >= s->expires_at)
		return "x= is not later than t=";
	return NULL;
}

/* Every '=' of i= must begin a quoted-printable byte (section 2.11). */
static bool
identity_escapes(const char *s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		if (*s != '=')
			continue;
		if (s[1] == '\0' || strchr(hex, s[1]) == NULL ||
		    s[2] == '\0' || strchr(hex, s[2]) == NULL)
			return false;
	}
	return true;
}

/* i= must lie in d= or below (section 3.5); that is the signer's fault. */
static const char *
read_identity(struct dkim_sig *s)
{
	const char *i = s->out->identity, *at = strrchr(i, '@');
	char domain[DOMAIN_SIZE];

	if (i[0] == '\0')
		return NULL;
	if (strlen(i) > DKIM_IDENTITY_MAX)
		return "i= is too long";
	if (at == NULL || !identity_escapes(i))
		return "i= is malformed";
	if (domain_normalise(span_of(at + 1), domain) != 0 ||
	    !domain_below(domain, s->out->domain))
		dkim_sig_result(s, DKIM_RESULT_PERMERROR,
		    "i= is not in the domain of d=");
	return NULL;
}

/* d= and s=, and the name of the key's record from both. */
static const char *
read_domain(struct arena *a, struct dkim_sig *s, const struct dkim_tags *t)
{
	const char *d = dkim_tag_text(a, t, "d");
	const char *sel = dkim_tag_text(a, t, "s");
	char domain[DOMAIN_SIZE], selector[DOMAIN_SIZE], name[DOMAIN_SIZE];

	if (d[0] == '\0')
		return "d= is missing";
	if (domain_normalise(span_of(d), domain) != 0)
		return "d= is no domain name";
	s->out->domain = arena_strdup(a, domain);
	if (sel[0] == '\0')
		return "s= is missing";
	if (domain_normalise(span_of(sel), selector) != 0)
		return "s= is no selector";
	/* As given where it can be read, else as A-labels. */
	s->out->selector = strcasecmp(sel, selector) == 0 ? sel :
	    arena_strdup(a, selector);
	s->key_name = arena_printf(a, "%s._domainkey.%s", selector, domain);
	if (domain_normalise(span_of(s->key_name), name) != 0)
		return "the key's name is too long";
	return NULL;
}

/* What is in a list that parsed; NULL, or what is wrong. */
static const char *
read_tags(struct arena *a, struct dkim_sig *s, const struct dkim_tags *t)
{
	const char *wrong;

	if ((wrong = read_algorithm(s, dkim_tag_text(a, t, "v"))) != NULL)
		return wrong;
	wrong = read_canon(s, span_of(dkim_tag_text(a, t, "c")));
	if (wrong != NULL)
		return wrong;
	if ((wrong = read_names(s, dkim_tag_text(a, t, "h"))) != NULL)
		return wrong;
	if ((wrong = read_numbers(a, s, t)) != NULL)
		return wrong;
	wrong = read_hashes(a, s, dkim_tag_text(a, t, "b"));
	if (wrong != NULL)
		return wrong;
	return read_identity(s);
}

void
dkim_field_read(struct arena *a, const struct field *f, struct dkim_sig *s)
{
	struct dkim_tags t;
	const char *wrong, *broken, *b;

	*s->out = (struct dkim_signature){ .domain = "", .selector = "",
	    .algorithm = "", .identity = "", .b = "", .reason = "" };
	s->field = f;
	s->length = s->signed_at = s->expires_at = -1;
	if (f->value.n > DKIM_FIELD_MAX) {
		dkim_sig_result(s, DKIM_RESULT_NEUTRAL,
		    "the field is too long");
		return;
	}
	/* Also a list that broke off may tell whose it is. */
	(void)dkim_tags_parse(f->value, &t, &broken);
	b = dkim_tag_text(a, &t, "b");
	s->out->b = arena_printf(a, "%.8s", b);
	s->out->algorithm = dkim_tag_text(a, &t, "a");
	s->out->identity = dkim_tag_text(a, &t, "i");
	s->body_hash = dkim_tag_text(a, &t, "bh");
	s->own = t.eight_bit;
	wrong = read_domain(a, s, &t);
	if (broken != NULL)
		wrong = broken;
	if (wrong == NULL)
		wrong = read_tags(a, s, &t);
	if (wrong != NULL)
		dkim_sig_result(s, DKIM_RESULT_NEUTRAL, wrong);
}
