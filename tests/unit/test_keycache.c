/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_keycache: keys are read once, the one unused longest goes, a bad key is
 * tried again after a while, and many threads may ask at once.
 */
#include "config.h"

#include <sys/stat.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keycache.h"
#include "keys.h"

#define KEYS 3
#define THREADS 4

static char dir[] = "/tmp/test_keycache.XXXXXX";
static char path[KEYS + 1][64];

/* d0 to d2 have keys, the file of d3 is missing; `room` keys are kept. */
static struct keycache *
new_cache(unsigned room)
{
	struct keytable *t = keytable_new();
	const char *error;
	char domain[16];

	t->cache = room;
	for (int i = 0; i <= KEYS; i++) {
		snprintf(domain, sizeof(domain), "d%d", i);
		assert_int_equal(keytable_add(t, domain, "s", path[i],
		    SIGN_ED25519_SHA256, &error), 0);
	}
	return keycache_new(&t);
}

static EVP_PKEY *
get(struct keycache *c, const char *domain, enum sign_algorithm algorithm,
    struct sign_reply *r)
{
	struct sign_question q = { .domain = span_of(domain),
		.selector = span_of("s"), .algorithm = algorithm };

	memset(r, 0, sizeof(*r));
	return keycache_get(c, &q, r);
}

static EVP_PKEY *
get_ed(struct keycache *c, const char *domain)
{
	struct sign_reply r;

	return get(c, domain, SIGN_ED25519_SHA256, &r);
}

static void
test_statuses(void **state)
{
	static const struct {
		const char *domain;
		enum sign_algorithm algorithm;
		enum sign_status status;
	} rows[] = {
		{ "d0", SIGN_ED25519_SHA256, SIGN_OK },
		{ "d0", SIGN_RSA_SHA256, SIGN_WRONG_ALGORITHM },
		{ "dx", SIGN_RSA_SHA256, SIGN_NO_KEY },
		{ "d3", SIGN_ED25519_SHA256, SIGN_BAD_KEY },
	};
	struct keycache *c = new_cache(10);
	struct sign_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		EVP_PKEY *key = get(c, rows[i].domain, rows[i].algorithm, &r);

		assert_int_equal(key != NULL, rows[i].status == SIGN_OK);
		assert_int_equal(r.status, rows[i].status);
		assert_int_equal(r.reason[0] != '\0',
		    rows[i].status != SIGN_OK);
		EVP_PKEY_free(key);
	}
	assert_int_equal(keycache_bad(c), 1);
	keycache_unpin(&c);
	assert_null(c);
}

/* With room for two, the third pushes out the one not used. */
static void
test_room(void **state)
{
	struct keycache *c = new_cache(2);
	EVP_PKEY *first = get_ed(c, "d0"), *second = get_ed(c, "d1"), *again;

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	EVP_PKEY_free(get_ed(c, "d0"));
	EVP_PKEY_free(get_ed(c, "d2"));
	again = get_ed(c, "d0");
	assert_ptr_equal(again, first);		/* kept */
	EVP_PKEY_free(again);
	again = get_ed(c, "d1");
	assert_ptr_not_equal(again, second);	/* read again */
	EVP_PKEY_free(again);
	EVP_PKEY_free(first);			/* still usable */
	EVP_PKEY_free(second);
	keycache_unpin(&c);
}

/* A bad key: not read again at once, and well again when it is there. */
static void
test_retry(void **state)
{
	struct keycache *c = new_cache(10);
	EVP_PKEY *key = make_key(0);

	(void)state;
	keycache_check(c);
	assert_int_equal(keycache_bad(c), 1);
	write_key(path[KEYS], key, NULL);
	EVP_PKEY_free(key);
	assert_null(get_ed(c, "d3"));
	usleep((KEYCACHE_RETRY_MS + 50) * 1000);
	key = get_ed(c, "d3");
	assert_non_null(key);
	EVP_PKEY_free(key);
	assert_int_equal(keycache_bad(c), 0);
	unlink(path[KEYS]);
	key = get_ed(c, "d3");		/* stays until a reload */
	assert_non_null(key);
	EVP_PKEY_free(key);
	keycache_unpin(&c);
}

static void *
ask_much(void *arg)
{
	struct keycache *c = arg;
	char domain[16];

	for (int i = 0; i < 300; i++) {
		EVP_PKEY *key;

		snprintf(domain, sizeof(domain), "d%d", i % (KEYS + 1));
		key = get_ed(c, domain);
		if ((key != NULL) != (i % (KEYS + 1) < KEYS))
			return arg;
		EVP_PKEY_free(key);
	}
	keycache_unpin(&c);
	return NULL;
}

static void
test_threads(void **state)
{
	struct keycache *c = new_cache(1);
	pthread_t threads[THREADS];
	void *failed;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_much,
		    keycache_pin(c)), 0);
	keycache_unpin(&c);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i <= KEYS; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%d.key", dir, i);
		if (i < KEYS) {
			EVP_PKEY *key = make_key(0);

			write_key(path[i], key, NULL);
			EVP_PKEY_free(key);
		}
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (int i = 0; i <= KEYS; i++)
		unlink(path[i]);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
