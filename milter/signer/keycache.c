/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keycache: see the header.
 *
 * A slot for each key of the table, at the same index, so that the table's
 * hash finds both.  Loaded slots are in a list, the one used last in front.
 * One mutex for all; it is not held while a file is read and parsed (OpenSSL
 * 3.0 takes 1 ms for that, and a disk may hang): the slot is marked, and who
 * wants the same key waits for the condition.  EVP_PKEY counts itself, so a
 * key may leave the cache while a thread still signs with it.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "clock.h"
#include "keycache.h"
#include "keyfile.h"
#include "log.h"

/* With more bad keys than this only their number is logged. */
#define BAD_LOGGED_MAX 100

struct slot {
	EVP_PKEY *key;		/* in the list when not NULL */
	char	*reason;	/* of the last failure, or NULL */
	int64_t	 retry_at;	/* not tried again before */
	uint32_t newer, older;	/* index + 1, or 0 */
	bool	 loading;
	bool	 weak_said;
};

struct keycache {
	struct keytable	*table;
	pthread_mutex_t	 lock;		/* all below */
	pthread_cond_t	 loaded;	/* a slot is no longer loading */
	struct slot	*slots;
	uint32_t	 newest, oldest;
	size_t		 nloaded;
	size_t		 nbad;
	unsigned	 pins;
};

struct keycache *
keycache_new(struct keytable **t)
{
	struct keycache *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->slots = calloc((*t)->nkeys + 1, sizeof(*c->slots));
	if (c == NULL || c->slots == NULL)
		log_panic("out of memory for %zu keys", (*t)->nkeys);
	c->table = *t;
	*t = NULL;
	c->pins = 1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->loaded, NULL);
	return c;
}

struct keycache *
keycache_pin(struct keycache *c)
{
	pthread_mutex_lock(&c->lock);
	c->pins++;
	pthread_mutex_unlock(&c->lock);
	return c;
}

static void
destroy(struct keycache *c)
{
	size_t i;

	for (i = 0; i < c->table->nkeys; i++) {
		EVP_PKEY_free(c->slots[i].key);
		free(c->slots[i].reason);
	}
	free(c->slots);
	keytable_free(&c->table);
	pthread_cond_destroy(&c->loaded);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void
keycache_unpin(struct keycache **p)
{
	struct keycache *c = *p;
	unsigned left;

	*p = NULL;
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	assert(c->pins > 0);
	left = --c->pins;
	pthread_mutex_unlock(&c->lock);
	if (left == 0)
		destroy(c);
}

const struct keytable *
keycache_table(const struct keycache *c)
{
	return c->table;
}

/* Takes slot i out of the list.  The lock is held, as in all below. */
static void
list_remove(struct keycache *c, uint32_t i)
{
	struct slot *s = &c->slots[i];

	if (s->newer != 0)
		c->slots[s->newer - 1].older = s->older;
	else
		c->newest = s->older;
	if (s->older != 0)
		c->slots[s->older - 1].newer = s->newer;
	else
		c->oldest = s->newer;
	s->newer = s->older = 0;
}

static void
list_add(struct keycache *c, uint32_t i)
{
	struct slot *s = &c->slots[i];

	s->newer = 0;
	s->older = c->newest;
	if (c->newest != 0)
		c->slots[c->newest - 1].newer = i + 1;
	else
		c->oldest = i + 1;
	c->newest = i + 1;
}

static void
evict(struct keycache *c)
{
	while (c->nloaded > c->table->cache) {
		uint32_t i = c->oldest - 1;

		list_remove(c, i);
		EVP_PKEY_free(c->slots[i].key);
		c->slots[i].key = NULL;
		c->nloaded--;
	}
}

static void
set_bad(struct keycache *c, uint32_t i, const char *why)
{
	const struct key_entry *k = &c->table->keys[i];
	struct slot *s = &c->slots[i];

	s->retry_at = clock_ms() + KEYCACHE_RETRY_MS;
	if (s->reason == NULL)
		c->nbad++;
	if (s->reason != NULL && strcmp(s->reason, why) == 0)
		return;
	if (c->nbad <= BAD_LOGGED_MAX)
		log_warn("key %.*s._domainkey.%.*s: %s", (int)k->selector.n,
		    k->selector.p, (int)k->domain.n, k->domain.p, why);
	free(s->reason);
	s->reason = strdup(why);
	if (s->reason == NULL)
		log_panic("out of memory");
}

static void
set_good(struct keycache *c, uint32_t i, EVP_PKEY *key, int bits)
{
	const struct key_entry *k = &c->table->keys[i];
	struct slot *s = &c->slots[i];

	if (s->reason != NULL) {
		free(s->reason);
		s->reason = NULL;
		c->nbad--;
	}
	if (k->algorithm == SIGN_RSA_SHA256 && bits < KEYFILE_RSA_BITS_GOOD &&
	    !s->weak_said) {
		log_warn("key file %s has only %d bits; make one of 2048",
		    k->file, bits);
		s->weak_said = true;
	}
	s->key = key;
	list_add(c, i);
	c->nloaded++;
	evict(c);
}

/* Reads the key of slot i, without the lock meanwhile. */
static void
load(struct keycache *c, uint32_t i)
{
	const struct key_entry *k = &c->table->keys[i];
	char why[SIGN_REASON_MAX];
	EVP_PKEY *key = NULL;
	int bits, rc;

	c->slots[i].loading = true;
	pthread_mutex_unlock(&c->lock);
	rc = keyfile_load(k->file, k->algorithm, &key, &bits, why);
	pthread_mutex_lock(&c->lock);
	c->slots[i].loading = false;
	if (rc == -1)
		set_bad(c, i, why);
	else
		set_good(c, i, key, bits);
	pthread_cond_broadcast(&c->loaded);
}

/* The key of slot i with a count for the caller, or NULL. */
static EVP_PKEY *
take(struct keycache *c, uint32_t i)
{
	struct slot *s = &c->slots[i];

	while (s->loading)
		pthread_cond_wait(&c->loaded, &c->lock);
	if (s->key == NULL && (s->reason == NULL || clock_ms() >= s->retry_at))
		load(c, i);
	if (s->key == NULL)
		return NULL;
	if (c->newest != i + 1) {
		list_remove(c, i);
		list_add(c, i);
	}
	EVP_PKEY_up_ref(s->key);
	return s->key;
}

static EVP_PKEY *
refuse(struct sign_reply *r, enum sign_status status, const char *reason)
{
	r->status = status;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	return NULL;
}

EVP_PKEY *
keycache_get(struct keycache *c, const struct sign_question *q,
    struct sign_reply *r)
{
	long i = keytable_find(c->table, q->domain, q->selector);
	EVP_PKEY *key;

	if (i == -1)
		return refuse(r, SIGN_NO_KEY,
		    "postern-sign has no key of this domain and selector");
	if (c->table->keys[i].algorithm != q->algorithm)
		return refuse(r, SIGN_WRONG_ALGORITHM,
		    "postern-sign has another algorithm for this key");
	pthread_mutex_lock(&c->lock);
	key = take(c, (uint32_t)i);
	if (key == NULL)
		refuse(r, SIGN_BAD_KEY, c->slots[i].reason != NULL ?
		    c->slots[i].reason : "the key was dropped; try again");
	pthread_mutex_unlock(&c->lock);
	return key;
}

static void
look_at(struct keycache *c, uint32_t i)
{
	char why[SIGN_REASON_MAX];

	pthread_mutex_lock(&c->lock);
	if (i < c->table->cache)
		EVP_PKEY_free(take(c, i));
	else if (keyfile_probe(c->table->keys[i].file, why) == -1)
		set_bad(c, i, why);
	pthread_mutex_unlock(&c->lock);
}

void
keycache_check(struct keycache *c)
{
	size_t i;

	for (i = 0; i < c->table->nkeys; i++)
		look_at(c, (uint32_t)i);
}

size_t
keycache_bad(struct keycache *c)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	n = c->nbad;
	pthread_mutex_unlock(&c->lock);
	return n;
}
