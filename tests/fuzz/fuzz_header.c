/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_header: unfolding and folding of one field, "NAME:VALUE".
 *
 * Unfolded text has no line end.  A folded field has no line that is too
 * long, keeps every byte that is not white space, in order, has no more lines
 * of blanks than before, and is not folded a second time.
 */
#include "bounds.h"
#include "fuzz.h"
#include "header.h"

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The same text, white space aside. */
static bool
same_text(struct span a, struct span b)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a.n && is_white(a.p[i]))
			i++;
		while (j < b.n && is_white(b.p[j]))
			j++;
		if (i == a.n || j == b.n)
			return i == a.n && j == b.n;
		if (a.p[i++] != b.p[j++])
			return false;
	}
}

static bool
all_blank(struct span line)
{
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] != ' ' && line.p[i] != '\t')
			return false;
	return true;
}

/* The longest line with the name, and the number of lines of blanks. */
static size_t
measure(struct span value, size_t head, size_t *blank_r)
{
	struct span line;
	size_t longest = 0, n;

	*blank_r = 0;
	while (span_split(&value, '\n', &line)) {
		n = line.n;
		if (n > 0 && value.p != NULL && line.p[n - 1] == '\r')
			n--;
		if (head + n > longest)
			longest = head + n;
		if (head == 0 && all_blank(span_make(line.p, n)))
			(*blank_r)++;
		head = 0;
	}
	return longest;
}

/* A CR alone: what stands around it can become its LF. */
static bool
has_stray(struct span value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' && (i + 1 == value.n ||
		    value.p[i + 1] != '\n'))
			return true;
	return false;
}

static void
check_unfold(struct arena *a, struct span value)
{
	struct span u = field_unfold(a, value);

	CHECK(span_chr(u, '\r') < 0 && span_chr(u, '\n') < 0);
	CHECK(span_trim(u).n == u.n);
	CHECK(u.p[u.n] == '\0');
	CHECK(same_text(u, value));
}

static void
check_fold(struct arena *a, struct span name, struct span value)
{
	size_t blank, blank_before, before;
	struct span folded, again;

	before = measure(value, name.n + 1, &blank_before);
	if (!field_fold(a, name, value, &folded)) {
		CHECK(before <= LINE_MAX_RFC5322 || value.n == 0);
		return;
	}
	CHECK(before > LINE_MAX_RFC5322);
	CHECK(measure(folded, name.n + 1, &blank) <= LINE_MAX_RFC5322);
	CHECK(blank <= blank_before || has_stray(value));
	CHECK(same_text(value, folded));
	CHECK(!field_fold(a, name, folded, &again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = fuzz_input(p, n), name, value;
	struct arena *a = arena_new();
	long colon = span_chr(in, ':');

	name = span_make(in.p, colon < 0 ? 0 : (size_t)colon);
	value = span_from(in, (size_t)(colon + 1));
	(void)field_name_valid(name);
	check_unfold(a, value);
	/* libmilter's and Postfix's names are far shorter. */
	if (name.n < LINE_MAX_RFC5322 / 2)
		check_fold(a, name, value);
	arena_free(&a);
	return 0;
}
