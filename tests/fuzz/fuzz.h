/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz: what the fuzz targets share.
 *
 * A target is one function that libFuzzer calls with bytes.  It runs a parser
 * over them and checks what must hold for any input; a check that fails
 * aborts, and libFuzzer keeps the input.  The bytes are a heap block of just
 * their size, so that a read past the end is seen.
 *
 * Where a target needs more than one text, lines with "%%" alone part them.
 */
#ifndef POSTERN_FUZZ_H
#define POSTERN_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "span.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int	LLVMFuzzerInitialize(int *, char ***);

#define CHECK(cond) do {						\
	if (!(cond))							\
		fuzz_fail(#cond, __FILE__, __LINE__);			\
} while (0)

_Noreturn static inline void
fuzz_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

static inline struct span
fuzz_input(const uint8_t *p, size_t n)
{
	return span_make((const char *)p, n);
}

/* The text before the next line "%%", off the front of *rest. */
static inline struct span
fuzz_part(struct span *rest)
{
	struct span line, left = *rest, part = *rest;

	while (span_split(&left, '\n', &line)) {
		if (!span_is(line, "%%"))
			continue;
		part.n = (size_t)(line.p - part.p);
		*rest = left;
		return part;
	}
	*rest = span_make(NULL, 0);
	return part;
}

/* The next line of a part as a C string ("" behind the last one). */
static inline const char *
fuzz_line(struct arena *a, struct span *part)
{
	struct span line;

	return span_split(part, '\n', &line) ? arena_cstr(a, line) : "";
}

/* True when every byte of s is in one block from `in`. */
static inline bool
fuzz_within(struct span s, struct span in)
{
	return s.n == 0 || (s.p >= in.p && s.n <= in.n &&
	    (size_t)(s.p - in.p) <= in.n - s.n);
}

/* Reads every byte, for the sanitizer. */
static inline unsigned
fuzz_touch(struct span s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

/* A header field's value as we may write it: controls only in folds. */
static inline void
fuzz_check_value(struct span v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (c == '\r') {
			CHECK(i + 2 < v.n && v.p[i + 1] == '\n');
			CHECK(v.p[i + 2] == ' ' || v.p[i + 2] == '\t');
			i += 2;
			continue;
		}
		CHECK((c >= ' ' && c != 0x7f) || c == '\t');
	}
}

#endif
