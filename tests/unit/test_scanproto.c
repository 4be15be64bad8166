/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scanproto: questions and answers survive the way, and only good ones.
 *
 * Each packet is cut at every byte and changed in every byte: the decoders
 * must refuse, or give what a good packet could have said.  Then packets and
 * descriptors go over a real socket, the wrong ones too.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scanproto.h"
#include "wire.h"

#define NONCE 0x0123456789abcdefULL

static const struct scan_question questions[] = {
	{ SCAN_ASK_SCAN, SCAN_PART, NONCE, 0 },
	{ SCAN_ASK_SCAN, SCAN_MESSAGE, ~0ULL, 1 },
	{ SCAN_ASK_SCAN, SCAN_MESSAGE_DEEP, 0, ~0ULL },
	{ SCAN_ASK_STATUS, 0, NONCE, 0 },
};

static const struct scan_answer answers[] = {
	{ .status = SCAN_CLEAN, .nonce = NONCE, .version = 1 },
	{ .status = SCAN_CLEAN, .nonce = NONCE, .version = ~0ULL,
	    .extensions = "* exe jpg settingcontent-ms" },
	{ .status = SCAN_VIRUS, .nonce = NONCE, .version = 7,
	    .name = "Eicar-Test-Signature", .extensions = "com" },
	{ .status = SCAN_NOT_SCANNED, .nonce = 0, .version = 7,
	    .name = "encrypted archive" },
	{ .status = SCAN_FAILED, .nonce = NONCE, .name = "no space" },
	{ .status = SCAN_CLEAN, .nonce = NONCE, .version = 9,
	    .has_info = true, .info = { 4110000, 1700000000,
	    0x0102030405060708ULL, 4 } },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct buf
encoded(const struct scan_answer *a)
{
	struct buf b;

	buf_init(&b, SCAN_PACKET_MAX);
	scanproto_put_answer(&b, a);
	assert_false(buf_failed(&b));
	return b;
}

static void
assert_same(const struct scan_answer *a, const struct scan_answer *b)
{
	assert_int_equal(a->status, b->status);
	assert_true(a->nonce == b->nonce && a->version == b->version);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->extensions, b->extensions);
	assert_true(a->has_info == b->has_info);
	assert_true(a->info.signatures == b->info.signatures &&
	    a->info.built == b->info.built &&
	    a->info.loaded == b->info.loaded &&
	    a->info.workers == b->info.workers);
}

/* A good packet of n bytes: no part of it is one, nor with a byte more. */
static void
assert_only_whole(struct buf *b, int (*get)(struct span))
{
	for (size_t n = 0; n < b->n; n++) {
		char *cut = malloc(n + 1);

		assert_non_null(cut);
		memcpy(cut, b->p, n);
		assert_int_equal(get(span_make(cut, n)), -1);
		free(cut);
	}
	assert_int_equal(get(buf_span(b)), 0);
	buf_addc(b, '\0');
	assert_int_equal(get(buf_span(b)), -1);
}

static int
get_question(struct span s)
{
	struct scan_question q;

	return scanproto_get_question(s, &q);
}

static int
get_answer(struct span s)
{
	struct scan_answer a;

	return scanproto_get_answer(s, &a);
}

static void
test_questions(void **state)
{
	struct scan_question q;
	struct buf b;

	(void)state;
	buf_init(&b, SCAN_PACKET_MAX);
	for (size_t i = 0; i < COUNT(questions); i++) {
		buf_reset(&b);
		scanproto_put_question(&b, &questions[i]);
		assert_int_equal(scanproto_get_question(buf_span(&b), &q), 0);
		assert_int_equal(q.ask, questions[i].ask);
		assert_int_equal(q.kind, questions[i].kind);
		assert_true(q.nonce == questions[i].nonce);
		assert_true(q.size == questions[i].size);
		assert_only_whole(&b, get_question);
	}
	buf_free(&b);
}

static void
test_question_nonsense(void **state)
{
	/* Byte changed, to what: version, ask, kind. */
	static const struct {
		size_t at;
		char to;
	} changes[] = {
		{ 0, 1 }, { 1, 0 }, { 1, 2 }, { 2, 0 }, { 2, 3 },
		{ 3, 0 }, { 3, 4 }, { 3, (char)255 }, { 2, SCAN_ASK_STATUS },
	};
	struct buf b;

	(void)state;
	buf_init(&b, SCAN_PACKET_MAX);
	for (size_t i = 0; i < COUNT(changes); i++) {
		buf_reset(&b);
		scanproto_put_question(&b, &questions[0]);
		b.p[changes[i].at] = changes[i].to;
		assert_int_equal(get_question(buf_span(&b)), -1);
	}
	buf_free(&b);
}

static void
test_answers(void **state)
{
	struct scan_answer got;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct buf b = encoded(&answers[i]);

		assert_int_equal(scanproto_get_answer(buf_span(&b), &got), 0);
		assert_same(&got, &answers[i]);
		assert_only_whole(&b, get_answer);
		buf_free(&b);
	}
}

static void
test_longest_answer_fits(void **state)
{
	struct scan_answer a = { .status = SCAN_VIRUS, .version = 1,
	    .has_info = true }, got;
	struct buf b;

	(void)state;
	memset(a.name, 'n', sizeof(a.name));
	memset(a.extensions, 'e', sizeof(a.extensions) - 1);
	b = encoded(&a);
	assert_int_equal(scanproto_get_answer(buf_span(&b), &got), 0);
	assert_int_equal(strlen(got.name), SCAN_NAME_SIZE - 1);
	assert_string_equal(got.extensions, a.extensions);
	buf_free(&b);
}

static void
test_names_are_cleaned(void **state)
{
	static const struct {
		const char *name, *comes;
	} cases[] = {
		{ "a\nb\rc\td", "a?b?c?d" }, { "\033[2J", "?[2J" },
		{ "\x7f\x80\xff", "???" }, { "", "?" }, { " ~", " ~" },
	};
	struct scan_answer a = { .status = SCAN_VIRUS, .version = 1 }, got;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;

		strcpy(a.name, cases[i].name);
		b = encoded(&a);
		assert_int_equal(scanproto_get_answer(buf_span(&b), &got), 0);
		assert_string_equal(got.name, cases[i].comes);
		buf_free(&b);
	}
}

/* An answer with any name and extensions, however bad. */
static int
get_raw(unsigned status, uint64_t version, const char *name, size_t nname,
    const char *extensions, unsigned more)
{
	struct buf b;
	int rc;

	buf_init(&b, 4 * SCAN_PACKET_MAX);
	wire_put_u16(&b, SCANPROTO_VERSION);
	wire_put_u8(&b, (uint8_t)status);
	wire_put_u64(&b, NONCE);
	wire_put_u64(&b, version);
	wire_put_span(&b, span_make(name, nname));
	wire_put_span(&b, span_of(extensions));
	wire_put_u8(&b, (uint8_t)more);
	rc = get_answer(buf_span(&b));
	buf_free(&b);
	return rc;
}

static void
test_answer_nonsense(void **state)
{
	static const char *bad_names[] = { "a\nb", "\x01", "a\x7f", "\xc3\xa9",
	    "tab\t" };
	char long_name[SCAN_NAME_SIZE];

	(void)state;
	memset(long_name, 'x', sizeof(long_name));
	assert_int_equal(get_raw(SCAN_VIRUS, 1, "ok", 2, "", 0), 0);
	assert_int_equal(get_raw(SCAN_VIRUS, 1, "ok", 2, "", 2), -1);
	assert_int_equal(get_raw(SCAN_VIRUS, 1, "", 0, "", 0), -1);
	assert_int_equal(get_raw(SCAN_VIRUS, 1, "a\0b", 3, "", 0), -1);
	assert_int_equal(get_raw(SCAN_CLEAN, 1, "ok", 2, "", 0), -1);
	assert_int_equal(get_raw(0, 1, "ok", 2, "", 0), -1);
	assert_int_equal(get_raw(SCAN_FAILED + 1, 1, "ok", 2, "", 0), -1);
	assert_int_equal(get_raw(SCAN_CLEAN, 0, "", 0, "", 0), -1);
	assert_int_equal(get_raw(SCAN_NOT_SCANNED, 0, "ok", 2, "", 0), -1);
	assert_int_equal(get_raw(SCAN_VIRUS, 1, long_name, sizeof(long_name),
	    "", 0), -1);
	assert_int_equal(get_raw(SCAN_VIRUS, 1, long_name,
	    sizeof(long_name) - 1, "", 0), 0);
	for (size_t i = 0; i < COUNT(bad_names); i++)
		assert_int_equal(get_raw(SCAN_VIRUS, 1, bad_names[i],
		    strlen(bad_names[i]), "", 0), -1);
}

static void
test_extensions_nonsense(void **state)
{
	static const char *good[] = { "", "*", "a", "* a", "a b", "a aa", "7z",
	    "$ * zip" };
	static const char *bad[] = { " ", " a", "a ", "a  b", "b a", "a a",
	    "aa a", "A", "a.b", "a\tb", "a*", "**", "a\xff", "\x7f" };
	char long_list[SCAN_EXTENSIONS_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(get_raw(SCAN_CLEAN, 1, "", 0, good[i], 0), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(get_raw(SCAN_CLEAN, 1, "", 0, bad[i], 0), -1);
	memset(long_list, 'a', sizeof(long_list) - 1);
	long_list[sizeof(long_list) - 1] = '\0';
	assert_int_equal(get_raw(SCAN_CLEAN, 1, "", 0, long_list, 0), -1);
}

/* Each byte to each value: refused, or still something sound. */
static void
test_answer_any_byte(void **state)
{
	struct scan_answer got;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct buf b = encoded(&answers[i]);

		for (size_t at = 0; at < b.n; at++) {
			char kept = b.p[at];

			for (int v = 0; v < 256; v++) {
				b.p[at] = (char)v;
				if (scanproto_get_answer(buf_span(&b), &got))
					continue;
				assert_in_range(got.status, SCAN_CLEAN,
				    SCAN_FAILED);
				assert_true((got.name[0] == '\0') ==
				    (got.status == SCAN_CLEAN));
			}
			b.p[at] = kept;
		}
		buf_free(&b);
	}
}

static void
pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fd), 0);
}

static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static void
test_over_a_socket(void **state)
{
	struct span packet = SPAN_LIT("packet");
	int fd[2], file, got;
	struct buf b;

	(void)state;
	pair(fd);
	buf_init(&b, SCAN_PACKET_MAX);
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(scanproto_send(fd[0], packet, -1), 0);
	assert_int_equal(scanproto_send(fd[0], packet, file), 0);
	assert_int_equal(scanproto_receive(fd[1], &b, &got), 1);
	assert_true(span_eq(buf_span(&b), packet));
	assert_int_equal(got, -1);
	assert_int_equal(scanproto_receive(fd[1], &b, &got), 1);
	assert_true(span_eq(buf_span(&b), packet));
	assert_true(got != file && same_file(got, file));
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	close(got);
	close(fd[0]);
	assert_int_equal(scanproto_receive(fd[1], &b, &got), 0);
	assert_int_equal(got, -1);
	assert_int_equal(scanproto_send(fd[1], packet, -1), -1);
	assert_int_equal(errno, EPIPE);
	close(fd[1]);
	close(file);
	buf_free(&b);
}

/* Sends n bytes with nfds copies of a descriptor, as a stranger might. */
static void
send_odd(int fd, size_t n, int file, size_t nfds)
{
	static char bytes[2 * SCAN_PACKET_MAX];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))];
	struct iovec iov = { bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	memset(control, 0, sizeof(control));
	msg.msg_control = control;
	msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	for (size_t i = 0; i < nfds; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &file, sizeof(int));
	assert_int_equal(sendmsg(fd, &msg, 0), n);
}

/* The next descriptor's number: it moves when one is left open. */
static int
lowest_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static void
test_odd_packets(void **state)
{
	static const struct {
		size_t n, nfds;
		int error;
	} cases[] = {
		{ 8, 2, EBADMSG }, { 8, 4, EBADMSG }, { 8, 5, EBADMSG },
		{ 8, 16, EBADMSG }, { 0, 1, EBADMSG },
		{ SCAN_PACKET_MAX + 1, 1, EMSGSIZE },
		{ 2 * SCAN_PACKET_MAX, 1, EMSGSIZE },
		{ 2 * SCAN_PACKET_MAX, 3, EBADMSG },
		{ 101, 1, EMSGSIZE },	/* more than the buffer takes */
	};
	int fd[2], file, got, lowest;
	struct buf b;

	(void)state;
	pair(fd);
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	lowest = lowest_fd();
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_init(&b, cases[i].n == 101 ? 100 : SCAN_PACKET_MAX);
		send_odd(fd[0], cases[i].n, file, cases[i].nfds);
		assert_int_equal(scanproto_receive(fd[1], &b, &got), -1);
		assert_int_equal(errno, cases[i].error);
		assert_int_equal(got, -1);
		assert_int_equal(lowest_fd(), lowest);
		buf_free(&b);
	}
	buf_init(&b, SCAN_PACKET_MAX);
	send_odd(fd[0], SCAN_PACKET_MAX, file, 1);
	assert_int_equal(scanproto_receive(fd[1], &b, &got), 1);
	assert_int_equal(b.n, SCAN_PACKET_MAX);
	close(got);
	buf_free(&b);
	close(file);
	close(fd[0]);
	close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_question_nonsense),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_longest_answer_fits),
		cmocka_unit_test(test_names_are_cleaned),
		cmocka_unit_test(test_answer_nonsense),
		cmocka_unit_test(test_extensions_nonsense),
		cmocka_unit_test(test_answer_any_byte),
		cmocka_unit_test(test_over_a_socket),
		cmocka_unit_test(test_odd_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
