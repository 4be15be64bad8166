/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answers: the table of DNS questions, under way and answered.
 *
 * Called by resolver.c with its lock held (but for answer_*, which any thread
 * may call).  A hash table finds a question by name and type; two lists order
 * them: those under way by their end, the kept ones by their last use.  When
 * there are too many kept ones, or they take too many bytes, the one that was
 * used longest ago goes.  The hash is keyed (SipHash-1-3), since senders
 * choose the names.
 *
 * Limits: the number of kept answers is a setting, ANSWERS_MEAN_BYTES for each
 * in the mean; DNS_INFLIGHT_MAX under way.
 */
#include <sys/random.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "resolver_internal.h"

#define EX_MEMORY 71		/* EX_OSERR of sysexits.h */

struct list {
	struct question	*first;
	struct question	*last;
	size_t		 n;
};

struct answers {
	uint64_t	  seed[2];
	struct question	**buckets;
	size_t		  mask;
	struct list	  due;		/* under way, earliest end first */
	struct list	  kept;		/* longest unused first */
	size_t		  max;
	size_t		  bytes;
};

static void *
must_alloc(size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		log_fatal(EX_MEMORY, "out of memory (%zu bytes for DNS)", n);
	return p;
}

/* Answers. */

struct answer *
answer_new(enum dns_status status, const char *why, struct span data,
    const size_t *ends, const uint16_t *prefs, size_t n)
{
	size_t head = sizeof(struct answer) + n * sizeof(struct dns_record);
	struct answer *a;
	char *block;
	size_t from = 0;

	assert(n <= DNS_RECORDS_MAX);
	/* A NUL behind each record, and the reason behind all. */
	a = must_alloc(head + data.n + n + strlen(why) + 1);
	atomic_init(&a->refs, 1);
	a->status = status;
	a->n = n;
	block = (char *)a + head;
	a->data = block;
	for (size_t i = 0; i < n; i++) {
		struct dns_record *r = &a->records[i];

		assert(ends[i] >= from && ends[i] <= data.n);
		r->data = span_make(block, ends[i] - from);
		if (r->data.n > 0)
			memcpy(block, data.p + from, r->data.n);
		r->preference = prefs != NULL ? prefs[i] : 0;
		block += r->data.n + 1;
		from = ends[i];
	}
	a->size = (size_t)(block - a->data);
	strcpy(block, why);
	a->why = block;
	return a;
}

void
answer_ref(struct answer *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
}

void
answer_unref(struct answer *a)
{
	if (a != NULL && atomic_fetch_sub(&a->refs, 1) == 1)
		free(a);
}

const struct dns_answer *
answer_copy(const struct answer *a, struct arena *arena)
{
	struct dns_answer *out = arena_alloc(arena, sizeof(*out));
	struct dns_record *records;
	char *block;

	out->status = a->status;
	out->secure = a->secure;
	if (a->status == DNS_TEMPFAIL)
		out->why = arena_strdup(arena, a->why);
	if (a->n == 0)
		return out;
	records = arena_array(arena, a->n, sizeof(*records));
	block = arena_alloc(arena, a->size);
	memcpy(block, a->data, a->size);
	for (size_t i = 0; i < a->n; i++) {
		records[i] = a->records[i];
		records[i].data.p = block + (a->records[i].data.p - a->data);
	}
	out->n = a->n;
	out->records = records;
	return out;
}

static size_t
answer_bytes(const struct answer *a)
{
	return sizeof(*a) + a->n * sizeof(struct dns_record) + a->size;
}

/* Keys. */

static uint64_t
rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static uint64_t
hash(const uint64_t seed[2], const char *p, size_t n)
{
	uint64_t v[4] = {
		seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d,
		seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573
	};
	uint64_t word;
	size_t left = n;

	for (; left >= sizeof(word); left -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
		p += sizeof(word);
	}
	word = 0;
	memcpy(&word, p, left);
	word |= (uint64_t)n << 56;
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int
answers_key(const struct answers *t, const char *name, enum dns_type type,
    struct dns_key *key)
{
	size_t n = strnlen(name, DOMAIN_SIZE + 1);
	size_t label = 0;

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n == 0 || n > DOMAIN_MAX)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char c = name[i];

		label = c == '.' ? 0 : label + 1;
		/* A dot with nothing before it, or too much. */
		if (label > LABEL_MAX ||
		    (c == '.' && (i == 0 || name[i - 1] == '.')))
			return -1;
		key->name[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	if (label == 0)
		return -1;
	key->name[n] = '\0';
	key->n = n;
	key->type = type;
	key->hash = hash(t->seed, key->name, n) + (uint64_t)type;
	return 0;
}

/* The table. */

struct answers *
answers_new(size_t max)
{
	struct answers *t = must_alloc(sizeof(*t));
	size_t want = max + DNS_INFLIGHT_MAX;
	size_t n = 1;

	if (getrandom(t->seed, sizeof(t->seed), 0) !=
	    (ssize_t)sizeof(t->seed))
		log_fatal(EX_MEMORY, "getrandom does not work");
	while (n < want)
		n *= 2;
	t->buckets = must_alloc(n * sizeof(*t->buckets));
	t->mask = n - 1;
	t->max = max;
	return t;
}

void
answers_free(struct answers **tp)
{
	struct answers *t = *tp;

	if (t == NULL)
		return;
	assert(t->due.n == 0);
	while (t->kept.first != NULL)
		answers_drop(t, t->kept.first);
	free(t->buckets);
	free(t);
	*tp = NULL;
}

static void
list_add(struct list *l, struct question *q)
{
	q->before = l->last;
	q->after = NULL;
	if (l->last != NULL)
		l->last->after = q;
	else
		l->first = q;
	l->last = q;
	l->n++;
}

static void
list_remove(struct list *l, struct question *q)
{
	if (q->before != NULL)
		q->before->after = q->after;
	else
		l->first = q->after;
	if (q->after != NULL)
		q->after->before = q->before;
	else
		l->last = q->before;
	q->before = q->after = NULL;
	l->n--;
}

struct question *
answers_find(struct answers *t, const struct dns_key *key)
{
	struct question *q = t->buckets[key->hash & t->mask];

	while (q != NULL && (q->hash != key->hash || q->type != key->type ||
	    q->n != key->n || memcmp(q->name, key->name, key->n) != 0))
		q = q->chain;
	return q;
}

static void
condition_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

struct question *
answers_begin(struct answers *t, const struct dns_key *key, int64_t until)
{
	struct question **bucket = &t->buckets[key->hash & t->mask];
	struct question *q;

	if (t->due.n >= DNS_INFLIGHT_MAX)
		return NULL;
	/* The newest ends last; its clock may have been read before. */
	if (t->due.last != NULL && t->due.last->until > until)
		until = t->due.last->until;
	q = must_alloc(sizeof(*q) + key->n + 1);
	condition_init(&q->answered);
	q->refs = 1;
	q->until = until;
	q->hash = key->hash;
	q->type = key->type;
	q->n = key->n;
	memcpy(q->name, key->name, key->n + 1);
	q->chain = *bucket;
	*bucket = q;
	q->in_table = true;
	list_add(&t->due, q);
	return q;
}

void
answers_settle(struct answers *t, struct question *q, struct answer *answer)
{
	assert(q->answer == NULL && q->in_table);
	list_remove(&t->due, q);
	q->answer = answer;
	q->until = 0;
	list_add(&t->kept, q);
	t->bytes += answer_bytes(answer);
	pthread_cond_broadcast(&q->answered);
}

void
answers_keep(struct answers *t, struct question *q, int64_t until)
{
	q->until = until;
	while (t->kept.n > t->max ||
	    t->bytes > t->max * ANSWERS_MEAN_BYTES)
		answers_drop(t, t->kept.first);
}

void
answers_drop(struct answers *t, struct question *q)
{
	struct question **at = &t->buckets[q->hash & t->mask];

	if (!q->in_table)
		return;
	assert(q->answer != NULL);
	while (*at != q)
		at = &(*at)->chain;
	*at = q->chain;
	q->in_table = false;
	list_remove(&t->kept, q);
	t->bytes -= answer_bytes(q->answer);
	question_unref(q);
}

void
answers_touch(struct answers *t, struct question *q)
{
	assert(q->answer != NULL && q->in_table);
	if (t->kept.last == q)
		return;
	list_remove(&t->kept, q);
	list_add(&t->kept, q);
}

size_t
answers_due(const struct answers *t)
{
	return t->due.n;
}

struct question *
answers_first_due(const struct answers *t)
{
	return t->due.first;
}

void
question_ref(struct question *q)
{
	q->refs++;
}

void
question_unref(struct question *q)
{
	assert(q->refs > 0);
	if (--q->refs > 0)
		return;
	answer_unref(q->answer);
	pthread_cond_destroy(&q->answered);
	free(q);
}

size_t
answers_kept(const struct answers *t, size_t *bytes_r)
{
	*bytes_r = t->bytes;
	return t->kept.n;
}
