/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_wire: frames over a socket pair, and all that can be wrong with them.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "clock.h"
#include "wire.h"

#define HEAD(type, version, length) \
	"PSTN\0" type "\0" version "\0\0" length
#define BIG (4 * 1024 * 1024)

static int fds[2];

static int
setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static int
teardown(void **state)
{
	(void)state;
	close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	return 0;
}

static void
test_round(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 60000 };
	char *text = calloc(1, 60000);
	const char *error = NULL;
	struct buf in;
	uint16_t type;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 60000);
	buf_init(&in, 60000);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int64_t soon = clock_ms() + 5000;

		/* Both kinds of descriptor. */
		assert_int_equal(fcntl(fds[0], F_SETFL,
		    i % 2 ? O_NONBLOCK : 0), 0);
		assert_int_equal(wire_write(fds[0], (uint16_t)(i + 300),
		    span_make(text, sizes[i]), i % 2 ? soon : -1, &error), 0);
		assert_int_equal(wire_read(fds[1], &type, &in, soon, &error),
		    1);
		assert_int_equal(type, i + 300);
		assert_int_equal(in.n, sizes[i]);
		assert_true(span_eq(buf_span(&in),
		    span_make(text, sizes[i])));
	}
	buf_free(&in);
	free(text);
}

/* The other end sends these bytes and closes. */
static void
test_bad_frames(void **state)
{
	static const struct {
		struct span bytes;
		int rc;
		const char *error;
	} cases[] = {
		{ SPAN_LIT(""), 0, NULL },
		{ SPAN_LIT("PSTN"), -1, "closed in the middle of a head" },
		{ SPAN_LIT("PSTX\0\1\0\1\0\0\0\0"), -1,
		    "the peer speaks another protocol" },
		{ SPAN_LIT("GET / HTTP/1.0\r\n"), -1,
		    "the peer speaks another protocol" },
		{ SPAN_LIT(HEAD("\1", "\2", "\0\0")), -1,
		    "the peer is of another version" },
		{ SPAN_LIT(HEAD("\1", "\1", "\0\3") "ab"), -1,
		    "closed in the middle of a record" },
		{ SPAN_LIT(HEAD("\1", "\1", "\0\12") "0123456789"), -1,
		    "the record is too long" },
		{ SPAN_LIT("PSTN\0\1\0\1\377\377\377\377"), -1,
		    "the record is too long" },
		{ SPAN_LIT(HEAD("\1", "\1", "\0\2") "ab"), 1, NULL },
	};
	uint16_t type;
	struct buf in;

	buf_init(&in, 9);
	teardown(state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *error = NULL;

		setup(state);
		assert_int_equal(write(fds[1], cases[i].bytes.p,
		    cases[i].bytes.n), cases[i].bytes.n);
		close(fds[1]);
		fds[1] = -1;
		assert_int_equal(wire_read(fds[0], &type, &in,
		    clock_ms() + 5000, &error), cases[i].rc);
		if (cases[i].error != NULL)
			assert_string_equal(error, cases[i].error);
		teardown(state);
	}
	setup(state);
	buf_free(&in);
}

static void
test_deadline(void **state)
{
	const char *error = NULL;
	char *text = calloc(1, BIG);
	int64_t start = clock_ms();
	uint16_t type;
	struct buf in;

	(void)state;
	assert_non_null(text);
	buf_init(&in, 100);
	assert_int_equal(write(fds[1], "PST", 3), 3);
	assert_int_equal(wire_read(fds[0], &type, &in, start + 50, &error),
	    -1);
	assert_string_equal(error, "timed out");
	/* Nobody reads: the socket's buffer fills. */
	assert_int_equal(wire_write(fds[0], 1, span_make(text, BIG),
	    start + 100, &error), -1);
	assert_string_equal(error, "timed out");
	assert_in_range(clock_ms() - start, 99, 5000);
	buf_free(&in);
	free(text);
}

static void
test_no_sigpipe(void **state)
{
	const char *error = NULL;
	struct span s = SPAN_LIT("x");

	(void)state;
	close(fds[1]);
	fds[1] = -1;
	assert_int_equal(wire_write(fds[0], 1, s, -1, &error), -1);
	assert_string_equal(error, "the connection broke");
}

static void
test_numbers(void **state)
{
	struct span text = SPAN_LIT("t\0t");
	struct wire_in in;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	wire_put_u8(&b, 0xfe);
	wire_put_u16(&b, 0xfedc);
	wire_put_u32(&b, 0xfedcba98U);
	wire_put_u64(&b, 0xfedcba9876543210ULL);
	wire_put_span(&b, text);
	assert_memory_equal(b.p, "\xfe\xfe\xdc\xfe\xdc\xba\x98", 7);
	in = (struct wire_in){ buf_span(&b), false };
	assert_int_equal(wire_u8(&in), 0xfe);
	assert_int_equal(wire_u16(&in), 0xfedc);
	assert_int_equal(wire_u32(&in), 0xfedcba98U);
	assert_true(wire_u64(&in) == 0xfedcba9876543210ULL);
	assert_false(wire_ok(&in));
	assert_true(span_eq(wire_span(&in), text));
	assert_true(wire_ok(&in));
	assert_int_equal(wire_u8(&in), 0);
	assert_false(wire_ok(&in));
	buf_free(&b);
}

static void
test_short_is_sticky(void **state)
{
	struct wire_in in = { SPAN_LIT("\0\5abc"), false };

	(void)state;
	assert_null(wire_span(&in).p);
	assert_true(in.bad);
	assert_int_equal(wire_u8(&in), 0);
	assert_false(wire_ok(&in));
}

static void
test_span_limit(void **state)
{
	char *text = calloc(1, 65536);
	struct buf b;

	(void)state;
	assert_non_null(text);
	buf_init(&b, 200000);
	wire_put_span(&b, span_make(text, 65535));
	assert_false(buf_failed(&b));
	wire_put_span(&b, span_make(text, 65536));
	assert_true(buf_failed(&b));
	buf_free(&b);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_frames, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_no_sigpipe, setup,
		    teardown),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_short_is_sticky),
		cmocka_unit_test(test_span_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
