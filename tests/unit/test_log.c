/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_log: one clean line for each call, and how the process ends.
 *
 * Each case runs in a child whose standard error is a pipe.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "bounds.h"
#include "log.h"

static char got[4 * LOG_LINE_MAX];

/* Runs f in a child; what it wrote is in `got`. Returns the wait status. */
static int
run(void (*f)(void))
{
	size_t n = 0;
	ssize_t more;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);	/* cmocka catches it */
		log_open("test", LOG_TO_STDERR, LOG_MAIL);
		f();
		_exit(0);
	}
	close(fds[1]);
	while ((more = read(fds[0], got + n, sizeof(got) - 1 - n)) > 0)
		n += (size_t)more;
	got[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
say_plain(void)
{
	errno = ENOENT;
	log_info("id=%s", "x");
	log_warn("cannot: %m");
	log_debug("not seen");
	log_set_debug(true);
	log_debug("seen");
	_exit(errno == ENOENT ? 0 : 1);
}

static void
test_plain(void **state)
{
	(void)state;
	assert_int_equal(run(say_plain), 0);
	assert_string_equal(got, "test: id=x\n"
	    "test: warning: cannot: No such file or directory\n"
	    "test: debug: seen\n");
}

static void
say_forged(void)
{
	log_info("a\r\nb\tc\x1b[2J\x7f d\xc2\x85" "e \xc3\xa4");
}

static void
test_forged(void **state)
{
	(void)state;
	run(say_forged);
	assert_string_equal(got, "test: a??b?c?[2J? d??e \xc3\xa4\n");
}

static void
say_long(void)
{
	char text[2 * LOG_LINE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	log_info("%s", text);
	log_info("x%s", text);
}

static void
test_long(void **state)
{
	char *line, *rest = got;
	int lines = 0;

	(void)state;
	run(say_long);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		size_t n = strlen(line);

		lines++;
		assert_in_range(n, LOG_LINE_MAX - 2, LOG_LINE_MAX + 3);
		assert_string_equal(line + n - 3, "...");
		assert_int_not_equal((unsigned char)line[n - 4], 0xc3);
	}
	assert_int_equal(lines, 3);
}

static void
say_fatal(void)
{
	log_fatal(78, "no %s", "way");
}

static void
say_panic(void)
{
	log_panic("bug");
}

static void
test_ends(void **state)
{
	int status;

	(void)state;
	status = run(say_fatal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 78);
	assert_string_equal(got, "test: fatal: no way\n");
	status = run(say_panic);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(got, "test: panic: bug\n");
}

static void
test_facility(void **state)
{
	(void)state;
	assert_int_equal(log_facility("mail"), LOG_MAIL);
	assert_int_equal(log_facility("local7"), LOG_LOCAL7);
	assert_int_equal(log_facility("local8"), -1);
	assert_int_equal(log_facility(""), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_facility),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
