/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mime_threads: many threads parse at once, each its own buffer, and get
 * what one alone gets.
 */
#include <pthread.h>

#include "mime_fixture.h"

#define THREADS 8
#define ROUNDS 50

static const char text[] =
    "Subject: =?utf-8?q?x?=\r\nTo: a@b, c: d@e;\r\n"
    "Content-Type: multipart/mixed; boundary=A\r\n\r\n"
    "--A\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n"
    "begin 644 x.exe\r\n`\r\nend\r\n"
    "--A\r\nContent-Type: application/zip; name=\"=?koi8-r?Q?=C1.zip?=\"\r\n"
    "Content-Disposition: attachment; filename*0*=iso-8859-2''%c1;\r\n"
    " filename*1=\".zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n"
    "--A\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y\r\n"
    "Content-Type: multipart/signed; boundary=B\r\n\r\n"
    "--B\r\n\r\ny\r\n--B\r\nContent-Type: application/pgp-signature\r\n\r\n"
    "z\r\n"
    "--B--\r\n--A--\r\n";

/* Number, bits, types, names and places of all parts. */
static void
digest(char *out, size_t size)
{
	struct parsed p;
	size_t n = 0;

	parse(&p, text);
	n += (size_t)snprintf(out, size, "%x %zu", p.tree.malformed, p.tree.n);
	for (size_t i = 0; i < p.tree.n && n < size; i++) {
		const struct mime_part *m = &p.tree.part[i];

		n += (size_t)snprintf(out + n, size - n, "|%s %s %zu %zu %zu",
		    m->type, m->name, m->head, m->body, m->end);
	}
	parsed_free(&p);
}

static char expected[1024];

static void *
run(void *arg)
{
	size_t *wrong = arg;
	char got[sizeof(expected)];

	for (size_t i = 0; i < ROUNDS; i++) {
		digest(got, sizeof(got));
		if (strcmp(got, expected) != 0)
			(*wrong)++;
	}
	return NULL;
}

static void
test_threads(void **state)
{
	pthread_t thread[THREADS];
	size_t wrong[THREADS] = { 0 };

	(void)state;
	digest(expected, sizeof(expected));
	assert_memory_equal(expected, "0 8|multipart/mixed", 19);
	assert_non_null(strstr(expected, "application/zip \xc3\x81.zip"));
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, run,
		    &wrong[i]), 0);
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(wrong[i], 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, mime_group, NULL);
}
