/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_addr: address lists and envelope paths.
 *
 * Whatever the text, there are no more mailboxes than asked for, a smaller
 * maximum gives the first of them, and names of a list without fault hold no
 * blanks.
 */
#include "addr.h"
#include "fuzz.h"

static void
check_mailbox(const struct mailbox *m, size_t n, bool malformed)
{
	CHECK(m->local.n + m->domain.n <= n);
	(void)fuzz_touch(m->local);
	(void)fuzz_touch(m->domain);
	if (malformed)
		return;
	CHECK(m->domain.n > 0);
	if (m->domain.p[0] == '[')
		return;
	for (size_t i = 0; i < m->domain.n; i++)
		CHECK((unsigned char)m->domain.p[i] > ' ');
}

static void
check_list(struct arena *a, struct span text)
{
	struct mailboxes all, one;

	addr_parse_list(a, text, 8, &all);
	addr_parse_list(a, text, 1, &one);
	CHECK(all.n <= 8 && one.n <= 1);
	CHECK(one.n == (all.n > 0 ? 1 : 0));
	CHECK(one.truncated == (all.n > 1));
	for (size_t i = 0; i < all.n; i++)
		check_mailbox(&all.m[i], text.n, all.malformed);
	if (one.n > 0) {
		CHECK(span_eq(one.m[0].local, all.m[0].local));
		CHECK(span_eq(one.m[0].domain, all.m[0].domain));
	}
}

static void
check_path(struct span text)
{
	struct mailbox m;

	if (addr_parse_path(text, &m) != 0)
		return;
	CHECK(fuzz_within(m.local, text) && fuzz_within(m.domain, text));
	(void)fuzz_touch(m.local);
	(void)fuzz_touch(m.domain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena *a = arena_new();

	check_list(a, fuzz_input(p, n));
	check_path(fuzz_input(p, n));
	arena_free(&a);
	return 0;
}
