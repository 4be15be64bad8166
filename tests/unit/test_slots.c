/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_slots: the time of a scan as the loader sees it, and that a worker
 * cannot reach the slots of others.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "slots.h"

static const struct {
	int64_t	began, now, limit, left;
} rows[] = {
	{ 0, 1000, 100, -1 },		/* idle */
	{ 1000, 1000, 100, 100 },
	{ 1000, 1001, 100, 99 },
	{ 1000, 1099, 100, 1 },
	{ 1000, 1100, 100, 0 },
	{ 1000, 9999, 100, 0 },
	/* lies */
	{ 2000, 1000, 100, 100 },
	{ INT64_MAX, 1000, 100, 100 },
	{ -1, 1000, 100, 0 },
	{ INT64_MIN, 1000, 100, 0 },
};

static void
test_left(void **state)
{
	struct slot s = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		atomic_store(&s.began, rows[i].began);
		if (slot_left(&s, rows[i].now, rows[i].limit) != rows[i].left)
			fail_msg("row %zu", i);
	}
}

#define N 5

/* Writes its own slot and reads another: by its exit code or its death. */
static void __attribute__((noreturn))
child(struct slots *s, size_t mine, size_t other)
{
	struct slot *own = slots_at(s, mine), *not_own = slots_at(s, other);
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGSEGV, SIG_DFL);
	slots_keep(s, mine);
	atomic_store(&own->served, (uint32_t)mine + 1);
	_exit(atomic_load(&not_own->served) == mine + 1 ? 0 : 1);
}

static int
end_of(struct slots *s, size_t mine, size_t other)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(s, mine, other);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_keep(void **state)
{
	struct slots *s = slots_new(N);

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < N; i++)
		for (size_t other = 0; other < N; other++) {
			int status = end_of(s, i, other);

			if (i == other)
				assert_int_equal(status, 0);
			else
				assert_int_equal(WTERMSIG(status), SIGSEGV);
		}
	/* What the children wrote is seen here, each in its place. */
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(atomic_load(&slots_at(s, i)->served), i + 1);
		slots_clear(s, i);
		assert_int_equal(atomic_load(&slots_at(s, i)->served), 0);
	}
	slots_free(&s);
	assert_null(s);
	slots_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
