/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec: hexadecimal and base64 (RFC 4648 sections 4 and 8).
 *
 * Called by the DKIM code (tags b=, bh=, p=), the signer and the log.  All
 * work on the caller's memory and keep nothing; any thread; linear time.
 * The decoder takes what DKIM tags have in the field: folded lines and lost
 * padding.  Bits left over in the last byte are not looked at.
 */
#include <limits.h>
#include <stdint.h>

#include "codec.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_encode(char *out, const void *in, size_t n)
{
	const unsigned char *p = in;
	char *o = out;
	uint32_t v;

	for (; n >= 3; n -= 3, p += 3) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = alphabet[v >> 6 & 63];
		*o++ = alphabet[v & 63];
	}
	if (n > 0) {
		v = (uint32_t)p[0] << 16;
		if (n == 2)
			v |= (uint32_t)p[1] << 8;
		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = '=';
		if (n == 2)
			o[-1] = alphabet[v >> 6 & 63];
		*o++ = '=';
	}
	*o = '\0';
	return (size_t)(o - out);
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

long
base64_decode(void *out, size_t max, struct span in)
{
	unsigned char *o = out;
	size_t n = 0, digits = 0, padding = 0;
	uint32_t v = 0;
	int d;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (c == '=') {
			padding++;
			continue;
		}
		d = base64_value(c);
		if (d < 0 || padding > 0)
			return -1;
		v = v << 6 | (uint32_t)d;
		if (digits++ % 4 == 0)
			continue;
		/* Each digit but the first of four completes a byte. */
		if (n == max || n == LONG_MAX)
			return -1;
		o[n++] = (unsigned char)(v >> (6 - 2 * ((digits - 1) % 4)));
	}
	if (digits % 4 == 1 || padding > (4 - digits % 4) % 4)
		return -1;
	return (long)n;
}

void
hex_encode(char *out, const void *in, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *p = in;

	for (size_t i = 0; i < n; i++) {
		*out++ = digit[p[i] >> 4];
		*out++ = digit[p[i] & 15];
	}
	*out = '\0';
}
