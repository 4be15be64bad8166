/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sign_client: postern's way to the signer, against the real serving code
 * in a child process, and against a signer that answers nonsense, late or not
 * at all: then there is a reason, in time.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "keys.h"
#include "serve.h"
#include "sign_client.h"
#include "signature.h"
#include "sock.h"
#include "wire.h"

#define THREADS	40
#define LATE_MS	300
#define SLACK_MS 3000	/* of a busy machine */

static char dir[] = "/tmp/test_sign_client.XXXXXX";
static char socket_path[64], key_path[64];
static EVP_PKEY *the_key;
/* Static, so that the leak checker of a child finds its copies. */
static struct sign_client *client, *crowd[3];

static int
listen_here(void)
{
	char *error = NULL;
	int fd = sock_listen_unix(socket_path, 0600, NULL, &error);

	if (fd == -1)
		fail_msg("%s", error);
	return fd;
}

static void __attribute__((noreturn))
child_serve(int listener, int until)
{
	struct keytable *t = keytable_new();
	struct keycache *c;
	struct server *s;
	const char *error;
	size_t left;

	t->cache = 10;
	keytable_add(t, "a.example", "s", key_path, SIGN_ED25519_SHA256,
	    &error);
	keytable_add(t, "b.example", "s", "/absent", SIGN_ED25519_SHA256,
	    &error);
	c = keycache_new(&t);
	s = serve_new(listener, NULL, 0, &c);
	serve_wait(s, until);
	left = serve_stop(s, 2000);
	if (left == 0)
		serve_free(&s);
	EVP_PKEY_free(the_key);
	exit(left == 0 ? 0 : 1);
}

/* The real serving code, in a child that ends when *until_r is closed. */
static pid_t
start_server(int *until_r)
{
	int listener = listen_here(), ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		close(ends[1]);
		child_serve(listener, ends[0]);
	}
	close(listener);
	close(ends[0]);
	*until_r = ends[1];
	return pid;
}

static void
stop_server(pid_t pid, int until)
{
	int status;

	close(until);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static struct sign_question
question(const char *domain)
{
	struct sign_question q = { .domain = span_of(domain),
		.selector = span_of("s"), .algorithm = SIGN_ED25519_SHA256,
		.digest = "thirty-two bytes of some digest" };

	return q;
}

static void
assert_signs(struct sign_client *c)
{
	struct sign_question q = question("a.example");
	struct sign_reply r;
	char why[SIGN_REASON_MAX] = "";

	if (sign_client_ask(c, &q, 1, &r, clock_ms() + 10000, why) == -1)
		fail_msg("%s", why);
	assert_int_equal(r.status, SIGN_OK);
	assert_true(signature_fits(the_key, q.algorithm, q.digest,
	    r.signature, r.n));
}

/* Each item has its own answer; the server may go and come between. */
static void
test_answers(void **state)
{
	struct sign_question q[3] = { question("b.example"),
		question("a.example"), question("c.example") };
	struct sign_reply r[3];
	char why[SIGN_REASON_MAX];
	uint32_t keys, readable;
	int until;
	pid_t pid = start_server(&until);

	(void)state;
	client = sign_client_new(socket_path);
	assert_signs(client);
	assert_int_equal(sign_client_ask(client, q, 3, r, clock_ms() + 10000,
	    why), 0);
	assert_int_equal(r[0].status, SIGN_BAD_KEY);
	assert_non_null(strstr(r[0].reason, "/absent"));
	assert_int_equal(r[1].status, SIGN_OK);
	assert_int_equal(r[2].status, SIGN_NO_KEY);
	assert_int_equal(sign_client_ping(client, &keys, &readable,
	    clock_ms() + 10000, why), 0);
	assert_int_equal(keys, 2);
	assert_int_equal(readable, 1);
	stop_server(pid, until);
	pid = start_server(&until);	/* the idle connection is stale */
	assert_signs(client);
	stop_server(pid, until);
	assert_int_equal(sign_client_ask(client, q, 1, r, clock_ms() + 10000,
	    why), -1);
	assert_non_null(strstr(why, "refused"));
	sign_client_free(&client);
	assert_null(client);
}

static void *
ask_often(void *arg)
{
	struct sign_client *c = arg;
	struct sign_question q = question("a.example");
	struct sign_reply r;
	char why[SIGN_REASON_MAX];

	for (int i = 0; i < 20; i++)
		if (sign_client_ask(c, &q, 1, &r, clock_ms() + 20000,
		    why) == -1 || r.status != SIGN_OK)
			return arg;
	return NULL;
}

/*
 * More connections than the signer has places: two clients leave all their
 * connections idle, a third must still get one.
 */
static void
test_crowd(void **state)
{
	pthread_t threads[2 * THREADS];
	void *failed;
	int until;
	pid_t pid = start_server(&until);

	(void)state;
	for (int i = 0; i < 3; i++)
		crowd[i] = sign_client_new(socket_path);
	for (int i = 0; i < 2 * THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often,
		    crowd[i % 2]), 0);
	for (int i = 0; i < 2 * THREADS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	for (int i = 2; i >= 0; i--)
		assert_signs(crowd[i]);
	for (int i = 0; i < 3; i++)
		sign_client_free(&crowd[i]);
	stop_server(pid, until);
}

/* All places idle, held by raw connections that nobody else will close. */
static void
test_full(void **state)
{
	int fds[SIGN_CLIENTS_MAX], until;
	pid_t pid = start_server(&until);

	(void)state;
	client = sign_client_new(socket_path);
	for (int i = 0; i < SIGN_CLIENTS_MAX; i++) {
		fds[i] = sock_connect_unix(socket_path);
		assert_true(fds[i] != -1);
	}
	assert_signs(client);
	for (int i = 0; i < SIGN_CLIENTS_MAX; i++)
		close(fds[i]);
	sign_client_free(&client);
	stop_server(pid, until);
}

/* The signer that misbehaves: what it does with one connection. */
enum fault {
	CLOSES, HANGS, HALF_HEAD, HALF_RECORD, GARBAGE, HUGE_LENGTH, WRONG_KIND,
	WRONG_NONCE, WRONG_COUNT, NO_SIGNATURE, TOO_MUCH, FAULTS
};

static void
write_raw(int fd, const char *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		_exit(1);
}

/* An answer that is right but for one thing. */
static void
misanswer(int fd, enum fault fault, uint64_t nonce, size_t n)
{
	struct sign_reply r[SIGN_DIGESTS_MAX] = { { .n = 64 }, { .n = 64 } };
	struct buf b;
	const char *error;

	buf_init(&b, SIGN_RECORD_MAX);
	signproto_put_say(&b, fault == WRONG_NONCE ? nonce + 1 : nonce, r,
	    fault == WRONG_COUNT ? n + 1 : n);
	if (fault == NO_SIGNATURE)
		b.n -= 64;
	if (fault == TOO_MUCH)
		buf_addc(&b, 'x');
	wire_write(fd, fault == WRONG_KIND ? SIGN_PONG : SIGN_SAY,
	    buf_span(&b), -1, &error);
	buf_free(&b);
}

/* Says nothing until the other end gives up. */
static void
wait_for_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	poll(&p, 1, LATE_MS + 2 * SLACK_MS);
}

static void
misbehave(int fd, enum fault fault, uint64_t nonce, size_t n)
{
	static const char head[] = "PSTN\0\2\0\1\0\0\0\50half";
	static const char huge[] = "PSTN\0\2\0\1\377\377\377\377half";

	switch (fault) {
	case CLOSES:
		break;
	case HANGS:
		wait_for_end(fd);
		break;
	case HALF_HEAD:
		write_raw(fd, head, 7);
		wait_for_end(fd);
		break;
	case HALF_RECORD:
		write_raw(fd, head, sizeof(head) - 1);
		break;
	case GARBAGE:
		write_raw(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		break;
	case HUGE_LENGTH:
		write_raw(fd, huge, sizeof(huge) - 1);
		break;
	default:
		misanswer(fd, fault, nonce, n);
	}
}

static void __attribute__((noreturn))
child_misbehave(int listener, enum fault fault)
{
	struct sign_question q[SIGN_DIGESTS_MAX];
	struct buf in;
	const char *error;
	uint64_t nonce;
	uint16_t type;
	size_t n;
	int fd = accept(listener, NULL, NULL);

	signal(SIGPIPE, SIG_IGN);
	buf_init(&in, SIGN_RECORD_MAX);
	if (fd == -1 || wire_read(fd, &type, &in, -1, &error) != 1 ||
	    signproto_get_ask(buf_span(&in), &nonce, q, &n) == -1)
		_exit(1);
	misbehave(fd, fault, nonce, n);
	_exit(0);
}

static void
check_fault(enum fault fault)
{
	struct sign_question q = question("a.example");
	struct sign_reply r;
	char why[SIGN_REASON_MAX] = "";
	int listener = listen_here(), status;
	int64_t start = clock_ms();
	pid_t pid = fork();

	if (pid == 0)
		child_misbehave(listener, fault);
	client = sign_client_new(socket_path);
	if (sign_client_ask(client, &q, 1, &r, start + LATE_MS, why) != -1)
		fail_msg("fault %d passes", (int)fault);
	if (clock_ms() - start > LATE_MS + SLACK_MS)
		fail_msg("fault %d: too late", (int)fault);
	if (strncmp(why, "postern-sign at ", 16) != 0)
		fail_msg("fault %d: reason \"%s\"", (int)fault, why);
	close(listener);
	sign_client_free(&client);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_faults(void **state)
{
	(void)state;
	for (int i = 0; i < FAULTS; i++)
		check_fault((enum fault)i);
}

/* Nobody accepts, and the queue is full: an answer at the deadline. */
static void
test_backlog(void **state)
{
	struct sign_question q = question("a.example");
	struct sign_reply r;
	char why[SIGN_REASON_MAX] = "";
	int listener = listen_here(), fds[4];
	int64_t start;

	(void)state;
	client = sign_client_new(socket_path);
	assert_int_equal(listen(listener, 1), 0);
	for (int i = 0; i < 4; i++)
		fds[i] = sock_connect_unix(socket_path);
	start = clock_ms();
	assert_int_equal(sign_client_ask(client, &q, 1, &r, start + LATE_MS,
	    why), -1);
	assert_in_range(clock_ms() - start, LATE_MS - 10, LATE_MS + SLACK_MS);
	assert_non_null(strstr(why, "busy"));
	for (int i = 0; i < 4; i++)
		if (fds[i] != -1)
			close(fds[i]);
	close(listener);
	sign_client_free(&client);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/sock", dir);
	snprintf(key_path, sizeof(key_path), "%s/key", dir);
	the_key = make_key(0);
	write_key(key_path, the_key, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(the_key);
	unlink(socket_path);
	unlink(key_path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_backlog),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
