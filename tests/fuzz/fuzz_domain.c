/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_domain: names of domains into their normal form.
 *
 * A normal form is valid, bounded, its own normal form and that of itself in
 * capitals; labels add up, and a name lies below each of its tails.
 */
#include "domain.h"
#include "fuzz.h"

static void
check_capitals(const char *name)
{
	char loud[DOMAIN_SIZE], again[DOMAIN_SIZE];
	size_t n = 0;

	for (; name[n] != '\0'; n++)
		loud[n] = name[n] >= 'a' && name[n] <= 'z' ?
		    (char)(name[n] - 'a' + 'A') : name[n];
	CHECK(domain_normalise(span_make(loud, n), again) == 0);
	CHECK(strcmp(name, again) == 0);
}

static void
check_normal(const char *name)
{
	char again[DOMAIN_SIZE];
	size_t labels = domain_labels(name);

	CHECK(strlen(name) <= DOMAIN_MAX);
	CHECK(domain_valid(name));
	CHECK(domain_normalise(span_of(name), again) == 0);
	CHECK(strcmp(name, again) == 0);
	check_capitals(name);
	CHECK(labels >= 1 && labels <= DOMAIN_MAX / 2 + 1);
	for (size_t keep = 1; keep <= labels; keep++) {
		const char *tail = domain_tail(name, keep);

		CHECK(domain_labels(tail) == keep);
		CHECK(domain_below(name, tail));
		CHECK(keep == labels || !domain_below(tail, name));
		CHECK(domain_labels(domain_parent(tail)) == keep - 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char name[DOMAIN_SIZE];
	struct span in = fuzz_input(p, n);
	struct arena *a = arena_new();

	if (domain_normalise(in, name) == 0)
		check_normal(name);
	/* A raw text is no normal form unless it is its own. */
	if (domain_valid(arena_cstr(a, in)))
		check_normal(arena_cstr(a, in));
	arena_free(&a);
	return 0;
}
