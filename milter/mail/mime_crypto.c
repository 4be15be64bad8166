/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_crypto: what an edit would break.
 *
 * Called when all parts are known.  Sealed is what stands inside of
 * multipart/signed or multipart/encrypted (RFC 1847), S/MIME in one piece
 * (RFC 8551) and PGP in text (RFC 9580 section 6); the container may go as a
 * whole.  The message itself is signed or encrypted when this is its root,
 * or the only thing in it.
 */
#include <string.h>

#include "codec.h"
#include "mime_internal.h"

/* Characters of base64 that are looked at for PGP. */
#define PEEK 8192

static enum mime_crypto
of_container(const struct mime_part *p)
{
	if (p->kind != MIME_MULTIPART)
		return MIME_PLAIN;
	if (strcmp(p->type, "multipart/signed") == 0)
		return MIME_SIGNED;
	if (strcmp(p->type, "multipart/encrypted") == 0)
		return MIME_ENCRYPTED;
	return MIME_PLAIN;
}

/* The S/MIME types that sign, or only carry certificates. */
static enum mime_crypto
of_pkcs7(struct mime_walk *w, const struct mime_part *p)
{
	struct mime_value v = { .word = "" };
	const struct field *f = NULL;
	struct span value;

	if (strcmp(p->type, "application/pkcs7-mime") != 0 &&
	    strcmp(p->type, "application/x-pkcs7-mime") != 0)
		return MIME_PLAIN;
	for (size_t i = 0; i < p->nfields && f == NULL; i++)
		if (field_is(&p->fields[i].field, "Content-Type"))
			f = &p->fields[i].field;
	if (f == NULL)
		return MIME_ENCRYPTED;
	value = field_unfold(w->arena, f->value);
	mime_gmime_type(w, arena_cstr(w->arena, value), &v);
	value = span_trim(span_of(v.smime));
	return span_caseis(value, "signed-data") ||
	    span_caseis(value, "certs-only") ? MIME_SIGNED : MIME_ENCRYPTED;
}

/* PGP in text as it stands; quoted-printable leaves these lines as they are. */
static enum mime_crypto
pgp_in(struct span text)
{
	static const char dashes[] = "-----BEGIN PGP ";
	size_t at = 0, n = sizeof(dashes) - 1;
	const char *p;

	while ((p = memmem(text.p + at, text.n - at, dashes, n)) != NULL) {
		at = (size_t)(p - text.p) + n;
		if (p > text.p && p[-1] != '\n')
			continue;
		if (span_starts(span_from(text, at), "SIGNED MESSAGE-----"))
			return MIME_SIGNED;
		if (span_starts(span_from(text, at), "MESSAGE-----"))
			return MIME_ENCRYPTED;
	}
	return MIME_PLAIN;
}

static enum mime_crypto
of_text(struct mime_walk *w, const struct mime_part *p)
{
	struct span text = mime_content(w->raw, p);
	char *out;
	long n;

	if (strncmp(p->type, "text/", 5) != 0)
		return MIME_PLAIN;
	if (p->encoding != TRANSFER_BASE64)
		return pgp_in(text);
	/* Whole groups of four, when no line end is odd. */
	if (text.n > PEEK) {
		text.n = PEEK;
		while (text.n > 0 && text.p[text.n - 1] != '\n')
			text.n--;
	}
	out = arena_alloc(w->arena, text.n + 1);
	n = base64_decode(out, text.n, text);
	return n > 0 ? pgp_in(span_make(out, (size_t)n)) : MIME_PLAIN;
}

/* What part 0 comes to when it holds only one thing. */
static size_t
only_content(const struct mime_walk *w)
{
	size_t at = 0;

	while (w->part[at].kind == MIME_MULTIPART &&
	    of_container(&w->part[at]) == MIME_PLAIN) {
		size_t children = 0;

		for (size_t i = at + 1; i < w->n; i++)
			if (w->part[i].parent == at)
				children++;
		if (children != 1)
			break;
		at++;
	}
	return at;
}

void
mime_crypto(struct mime_walk *w, enum mime_crypto *crypto_r)
{
	size_t whole = only_content(w);

	*crypto_r = MIME_PLAIN;
	for (size_t i = 0; i < w->n; i++) {
		struct mime_part *p = &w->part[i];
		enum mime_crypto c = of_container(p), own = MIME_PLAIN;

		if (p->kind == MIME_LEAF) {
			own = of_pkcs7(w, p);
			if (own == MIME_PLAIN)
				own = of_text(w, p);
		}
		p->sealed = own != MIME_PLAIN || (p->parent != MIME_NONE &&
		    (w->part[p->parent].sealed ||
		    of_container(&w->part[p->parent]) != MIME_PLAIN));
		if (i == whole)
			*crypto_r = c != MIME_PLAIN ? c : own;
	}
}
