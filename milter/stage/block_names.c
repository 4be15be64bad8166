/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block_names: see the header.
 */
#include "block_names.h"

#include <string.h>
#include <strings.h>

#include "bounds.h"

bool
block_names_ending(const struct conf *c, const char *ending, size_t n)
{
	for (size_t i = 0; i < c->block_names.n; i++)
		if (strlen(c->block_names.v[i]) == n &&
		    strncasecmp(c->block_names.v[i], ending, n) == 0)
			return true;
	return false;
}

/* U+FF01 to U+FF5E stand for ! to ~; 0: it is none of them. */
static char
full_width(const unsigned char *p)
{
	if (p[0] != 0xef || (p[1] != 0xbc && p[1] != 0xbd) || p[2] < 0x80)
		return 0;
	return (char)(p[1] == 0xbc ? p[2] - 0x80 + ' ' : p[2] - 0x80 + '`');
}

/* The name in ASCII; other characters are left out. */
static size_t
plain(char out[MIME_NAME_SIZE], const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t n = 0;

	while (*p != '\0' && n + 1 < MIME_NAME_SIZE) {
		char wide = full_width(p);

		if (wide != 0)
			out[n++] = wide;
		else if (*p < 0x80)
			out[n++] = (char)*p;
		p += wide != 0 ? 3 : 1;
	}
	out[n] = '\0';
	return n;
}

static bool
is_ending_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* The ending of the first n bytes. */
static bool
ends_blocked(const struct conf *c, const char *name, size_t n)
{
	size_t from, len = 0;

	while (n > 0 && !is_ending_byte(name[n - 1]))
		n--;
	for (from = n; from > 0 && name[from - 1] != '.'; from--)
		;
	while (from > 0 && from + len < n && is_ending_byte(name[from + len]))
		len++;
	return len > 0 && block_names_ending(c, name + from, len);
}

bool
block_names_have(const struct conf *c, const char *name)
{
	char ascii[MIME_NAME_SIZE];
	size_t n = plain(ascii, name);

	if (ends_blocked(c, ascii, n))
		return true;
	for (size_t i = 0; i < n; i++)
		if (strchr(":?;", ascii[i]) != NULL &&
		    ends_blocked(c, ascii, i))
			return true;
	return false;
}
