/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_watch: when the signatures are loaded again, as a story in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watch.h"

#define S 1000
#define FAIL 1u		/* a load began and failed */
#define GOOD 2u		/* a load began and is in use */
#define HUP  4u

struct look {
	int64_t	 now;
	uint64_t stamp;
	bool	 serving, due;
	unsigned then;
};

static void
tell(const struct look *looks, size_t n)
{
	struct watch w;

	watch_begin(&w, looks[0].stamp, 0);
	watch_trying(&w, looks[0].stamp);
	for (size_t i = 0; i < n; i++) {
		const struct look *l = &looks[i];

		if (watch_due(&w, l->stamp, l->now, l->serving) != l->due)
			fail_msg("look %zu at %lld", i, (long long)l->now);
		if (l->then & (FAIL | GOOD))
			watch_trying(&w, l->stamp);
		if (l->then & FAIL)
			watch_failed(&w, l->now);
		if (l->then & HUP)
			watch_force(&w);
	}
}

#define TELL(looks) tell(looks, sizeof(looks) / sizeof(*(looks)))

static void
test_change(void **state)
{
	static const struct look looks[] = {
		{ 0, 1, true, false, 0 },
		{ 900 * S, 1, true, false, 0 },
		{ 901 * S, 2, true, false, 0 },
		{ 903 * S, 2, true, false, 0 },
		{ 904 * S, 2, true, true, GOOD },	/* 3 s quiet */
		{ 905 * S, 2, true, false, 0 },
		{ 999 * S, 2, true, false, 0 },
		/* There and back again is no change. */
		{ 1000 * S, 3, true, false, 0 },
		{ 1001 * S, 2, true, false, 0 },
		{ 1009 * S, 2, true, false, 0 },
	};

	(void)state;
	TELL(looks);
}

static void
test_copy_that_takes_long(void **state)
{
	static const struct look looks[] = {
		{ 0, 1, true, false, 0 },
		{ 1 * S, 2, true, false, 0 },
		{ 2 * S, 3, true, false, 0 },
		{ 4 * S, 4, true, false, 0 },
		{ 6 * S, 5, true, false, 0 },
		{ 8 * S, 5, true, false, 0 },
		{ 9 * S, 5, true, true, GOOD },
	};

	(void)state;
	TELL(looks);
}

static void
test_failure(void **state)
{
	static const struct look looks[] = {
		{ 0, 1, true, false, 0 },
		{ 10 * S, 2, true, false, 0 },
		{ 13 * S, 2, true, true, FAIL },
		{ 14 * S, 2, true, false, 0 },
		{ 612 * S, 2, true, false, 0 },
		{ 613 * S, 2, true, true, FAIL },	/* 10 minutes on */
		{ 614 * S, 3, true, false, 0 },
		{ 617 * S, 3, true, true, GOOD },	/* mended */
		{ 9999 * S, 3, true, false, 0 },
	};

	(void)state;
	TELL(looks);
}

static void
test_nothing_serves(void **state)
{
	static const struct look looks[] = {
		{ 0, 1, false, false, FAIL },
		{ 59 * S, 1, false, false, 0 },
		{ 60 * S, 1, false, true, FAIL },
		{ 61 * S, 1, true, false, 0 },
		{ 121 * S, 1, false, true, GOOD },
		{ 999 * S, 1, false, false, 0 },
	};

	(void)state;
	TELL(looks);
}

static void
test_forced(void **state)
{
	static const struct look looks[] = {
		{ 0, 1, true, false, HUP },
		{ 0, 1, true, true, 0 },
		{ 1 * S, 1, true, true, GOOD },
		{ 2 * S, 1, true, false, 0 },
	};

	(void)state;
	TELL(looks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_copy_that_takes_long),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_nothing_serves),
		cmocka_unit_test(test_forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
