/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_clean: the sanitisers.
 *
 * What comes out holds no control character, no bidirectional control and
 * nothing that is not UTF-8 (not even that, where only ASCII may stand), is
 * bounded, and cannot leave the quotes or the comment that it stands in.
 */
#include "clean.h"
#include "fuzz.h"

/* Quotes and backslashes can double the longest text. */
#define OUT_MAX	(2 * 512 + 8)

/* Of the first bytes of UTF-8: how many follow. */
static size_t
more_bytes(unsigned char c)
{
	CHECK(c < 0x80 || (c >= 0xc2 && c < 0xf5));
	return c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

static void
check_char(uint32_t c)
{
	CHECK(c >= 0x20 && (c < 0x7f || c > 0x9f));
	CHECK(c != 0x061c && c != 0x200e && c != 0x200f);
	CHECK(c < 0x2028 || c > 0x202e);
	CHECK(c < 0x2066 || c > 0x2069);
	CHECK(c < 0xd800 || c > 0xdfff);
	CHECK(c <= 0x10ffff);
}

static void
check_text(const char *s, bool utf8)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;

	CHECK(strlen(s) <= OUT_MAX);
	while (*p != '\0') {
		size_t more = more_bytes(*p);

		CHECK(utf8 || more == 0);
		c = more == 0 ? *p : *p & (0x3fU >> more);
		for (p++; more > 0; more--, p++) {
			CHECK((*p & 0xc0) == 0x80);
			c = c << 6 | (*p & 0x3f);
		}
		check_char(c);
	}
}

/* In quotes as a whole, or without any. */
static void
check_quotes(const char *s, const char *bare)
{
	size_t n = strlen(s);

	if (s[0] != '"') {
		CHECK(strpbrk(s, bare) == NULL);
		return;
	}
	CHECK(n >= 2);
	for (size_t i = 1; i < n - 1; i++) {
		CHECK(s[i] != '"');
		if (s[i] == '\\')
			CHECK(++i < n - 1);
	}
	CHECK(s[n - 1] == '"');
}

static void
check(struct arena *a, struct span in, bool utf8)
{
	const char *s = clean_reply(a, in, utf8);

	check_text(s, utf8);
	CHECK(strlen(s) <= CLEAN_REPLY_MAX);
	s = clean_authres(a, in, utf8);
	check_text(s, utf8);
	CHECK(s[0] != '\0');
	check_quotes(s, "\"\\ ;()<>,@");
	s = clean_comment(a, in, utf8);
	check_text(s, utf8);
	CHECK(strpbrk(s, "()\\") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = fuzz_input(p, n);
	struct arena *a = arena_new();
	const char *s = clean_log(a, in);

	check_text(s, true);
	CHECK(s[0] != '\0');
	check_quotes(s, "\"\\ =");
	check(a, in, false);
	check(a, in, true);
	arena_free(&a);
	return 0;
}
