/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keytable: the keys by domain and selector, as a hash table that grows.
 *
 * Names are ASCII only: postern asks with A-labels (xn--...), and the signer
 * links no IDN library, so a section title with 8-bit characters is an error
 * that says so.  Comparison is after ASCII lower-casing, without final dot.
 * The names come from the operator's file, so nobody can choose them to make
 * long chains; a question from outside only looks up.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "keytable.h"
#include "bounds.h"
#include "log.h"

#define FIRST_SIZE 64

struct keytable *
keytable_new(void)
{
	struct arena *a = arena_new();
	struct keytable *t = arena_alloc(a, sizeof(*t));

	t->arena = a;
	return t;
}

void
keytable_free(struct keytable **t)
{
	struct arena *a;

	if (*t == NULL)
		return;
	free((*t)->keys);
	free((*t)->buckets);
	a = (*t)->arena;	/* the table itself lives in it */
	*t = NULL;
	arena_free(&a);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* FNV-1a, with a byte between the two names that neither can hold. */
static uint32_t
hash_names(struct span domain, struct span selector)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < domain.n; i++)
		h = (h ^ (unsigned char)lower(domain.p[i])) * 16777619u;
	h = (h ^ 0xffu) * 16777619u;
	for (i = 0; i < selector.n; i++)
		h = (h ^ (unsigned char)lower(selector.p[i])) * 16777619u;
	return h;
}

long
keytable_find(const struct keytable *t, struct span domain,
    struct span selector)
{
	uint32_t at;

	if (t->nbuckets == 0)
		return -1;
	at = t->buckets[hash_names(domain, selector) & (t->nbuckets - 1)];
	for (; at != 0; at = t->keys[at - 1].next)
		if (span_caseeq(t->keys[at - 1].domain, domain) &&
		    span_caseeq(t->keys[at - 1].selector, selector))
			return (long)at - 1;
	return -1;
}

static void
link_key(struct keytable *t, size_t i)
{
	struct key_entry *k = &t->keys[i];
	uint32_t *bucket = &t->buckets[hash_names(k->domain, k->selector) &
	    (t->nbuckets - 1)];

	k->next = *bucket;
	*bucket = (uint32_t)i + 1;
}

static void
grow(struct keytable *t)
{
	size_t i, size = t->size == 0 ? FIRST_SIZE : t->size * 2;
	struct key_entry *keys = reallocarray(t->keys, size, sizeof(*keys));

	free(t->buckets);
	t->buckets = calloc(size, sizeof(*t->buckets));
	if (keys == NULL || t->buckets == NULL)
		log_panic("out of memory for %zu keys", size);
	t->keys = keys;
	t->size = t->nbuckets = size;
	for (i = 0; i < t->nkeys; i++)
		link_key(t, i);
}

/* Letters, digits, '-', '_' in labels of 1 to 63, at most 253 in all. */
static bool
name_ok(const char *s, const char **error_r)
{
	size_t label = 0;
	const char *p;

	*error_r = "is not a domain name";
	for (p = s; *p != '\0'; p++) {
		char c = lower(*p);

		if ((unsigned char)c >= 0x80) {
			*error_r = "has 8-bit characters; postern-sign wants "
			    "the A-label form (xn--...), as idn2(1) prints it";
			return false;
		}
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_') {
			if (++label > LABEL_MAX)
				return false;
		} else
			return false;
	}
	return label > 0 && p - s <= DOMAIN_MAX;
}

/* A copy in lower case without final dot, or the absent span. */
static struct span
normal_name(struct keytable *t, const char *name, const char **error_r)
{
	struct span none = { NULL, 0 };
	size_t i, n = strlen(name);
	char *copy;

	if (n > 1 && name[n - 1] == '.')
		n--;
	copy = arena_strndup(t->arena, name, n);
	if (!name_ok(copy, error_r))
		return none;
	for (i = 0; i < n; i++)
		copy[i] = lower(copy[i]);
	return span_make(copy, n);
}

int
keytable_add(struct keytable *t, const char *domain, const char *selector,
    const char *file, enum sign_algorithm algorithm, const char **error_r)
{
	struct key_entry k = { .algorithm = algorithm };

	k.domain = normal_name(t, domain, error_r);
	if (k.domain.p != NULL)
		k.selector = normal_name(t, selector, error_r);
	if (k.selector.p == NULL)
		return -1;
	if (t->nkeys == KEYTABLE_MAX) {
		*error_r = "is one key too many";
		return -1;
	}
	if (keytable_find(t, k.domain, k.selector) != -1) {
		*error_r = "is there twice; remove one of them";
		return -1;
	}
	if (t->nkeys == t->size)
		grow(t);
	k.file = arena_strdup(t->arena, file);
	t->keys[t->nkeys] = k;
	link_key(t, t->nkeys++);
	return 0;
}
