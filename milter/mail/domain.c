/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: names of hosts and domains in one normal form.
 *
 * Called wherever a name comes in: from SMTP, header fields, signatures, DNS
 * and the configuration.  Pure functions on the caller's memory; any thread.
 * RFC 1035 (lengths), RFC 5890 to 5892 and UTS 46 (names beyond ASCII, done
 * by libidn2), RFC 8616 (such names in mail).  A-labels are kept as they
 * stand: they are asked of the DNS, not shown.
 */
#include <idn2.h>
#include <string.h>

#include "domain.h"

/* No U-label name that long becomes a domain; do not even try. */
#define U_NAME_MAX (4 * DOMAIN_MAX)

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* Lower case, without one final dot, checked. */
static int
normalise_ascii(struct span in, char out[DOMAIN_SIZE])
{
	if (in.n > 0 && in.p[in.n - 1] == '.')
		in.n--;
	if (in.n > DOMAIN_MAX || span_chr(in, '\0') >= 0)
		return -1;
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	out[in.n] = '\0';
	return domain_valid(out) ? 0 : -1;
}

static int
normalise_idn(struct span in, char out[DOMAIN_SIZE])
{
	char name[U_NAME_MAX + 1], *ascii = NULL;
	int rc;

	if (in.n > U_NAME_MAX || span_chr(in, '\0') >= 0)
		return -1;
	memcpy(name, in.p, in.n);
	name[in.n] = '\0';
	if (idn2_to_ascii_8z(name, &ascii,
	    IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return -1;
	rc = normalise_ascii(span_of(ascii), out);
	idn2_free(ascii);
	return rc;
}

int
domain_normalise(struct span in, char out[DOMAIN_SIZE])
{
	out[0] = '\0';
	if (is_ascii(in))
		return normalise_ascii(in, out);
	return normalise_idn(in, out);
}

static bool
label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_';
}

bool
domain_valid(const char *name)
{
	size_t label = 0, n;

	for (n = 0; name[n] != '\0'; n++) {
		if (n == DOMAIN_MAX)
			return false;
		if (name[n] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!label_char(name[n]) || ++label > LABEL_MAX) {
			return false;
		}
	}
	return label > 0;
}

size_t
domain_labels(const char *name)
{
	size_t count = name[0] == '\0' ? 0 : 1;

	for (; *name != '\0'; name++)
		if (*name == '.')
			count++;
	return count;
}

const char *
domain_parent(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot == NULL ? name + strlen(name) : dot + 1;
}

const char *
domain_tail(const char *name, size_t keep)
{
	size_t labels = domain_labels(name);

	while (labels-- > keep)
		name = domain_parent(name);
	return name;
}

/* An empty `above` has nothing below it: a slip must not match the world. */
bool
domain_below(const char *name, const char *above)
{
	size_t n = strlen(name), m = strlen(above);

	if (m == 0 || n < m || strcmp(name + n - m, above) != 0)
		return false;
	return n == m || name[n - m - 1] == '.';
}
