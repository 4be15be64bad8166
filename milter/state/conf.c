/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf: loading, sharing and asking a configuration.
 *
 * conf_load() is called by the main thread, at the start and for each reload.
 * The lock protects which configuration is the current one and the count of
 * pins of each; the current one holds a pin of its own.  The last pin that
 * goes frees the configuration.  The other functions only read.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "conf_private.h"
#include "domain.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct conf *current;

static struct conf *
conf_new(const char *path)
{
	struct arena *a = arena_new();
	struct conf *c = arena_alloc(a, sizeof(*c));

	c->arena = a;
	c->path = arena_strdup(a, path);
	return c;
}

struct conf *
conf_load(const char *path, char **errors_r)
{
	struct arena *scratch = arena_new();
	struct conf_text *t = arena_alloc(scratch, sizeof(*t));
	struct conf *c = conf_new(path);

	conf_text_read(t, scratch, path);
	if (!t->broken)
		conf_read(t, c);
	*errors_r = conf_problems(t);
	if (*errors_r != NULL)
		conf_free(&c);
	else if (t->warnings.n > 0)
		*errors_r = strdup(t->warnings.p);
	conf_text_free(t);
	arena_free(&scratch);
	return c;
}

void
conf_free(struct conf **c)
{
	struct arena *a;

	if (*c == NULL)
		return;
	assert((*c)->pins == 0);
	if ((*c)->detach != NULL)
		(*c)->detach((*c)->attached);
	a = (*c)->arena;
	*c = NULL;
	arena_free(&a);
}

/* With the lock held; the caller frees what it returns, without the lock. */
static struct conf *
unpin_locked(struct conf *c)
{
	if (c == NULL)
		return NULL;
	assert(c->pins > 0);
	return --c->pins == 0 ? c : NULL;
}

void
conf_publish(struct conf *c)
{
	struct conf *dead;

	pthread_mutex_lock(&lock);
	if (c != NULL) {
		assert(c->pins == 0);
		c->pins = 1;
	}
	dead = unpin_locked(current);
	current = c;
	pthread_mutex_unlock(&lock);
	conf_free(&dead);
}

const struct conf *
conf_pin(void)
{
	struct conf *c;

	pthread_mutex_lock(&lock);
	c = current;
	if (c != NULL)
		c->pins++;
	pthread_mutex_unlock(&lock);
	return c;
}

void
conf_unpin(const struct conf **c)
{
	/* Pinned ones are const to all but the count of their pins. */
	struct conf *own = (struct conf *)(uintptr_t)*c, *dead;

	*c = NULL;
	pthread_mutex_lock(&lock);
	dead = unpin_locked(own);
	pthread_mutex_unlock(&lock);
	conf_free(&dead);
}

static int
compare_name(const void *name, const void *domain)
{
	const struct conf_domain *d = domain;

	return strcmp(name, d->name);
}

const struct conf_domain *
conf_domain_find(const struct conf *c, const char *name)
{
	if (c->ndomains == 0)
		return NULL;
	return bsearch(name, c->domains, c->ndomains, sizeof(*c->domains),
	    compare_name);
}

const struct conf_domain *
conf_domain_signing(const struct conf *c, const char *name)
{
	const struct conf_domain *d = conf_domain_find(c, name);

	if (d != NULL && d->nkeys > 0)
		return d;
	for (name = domain_parent(name); *name != '\0';
	    name = domain_parent(name)) {
		d = conf_domain_find(c, name);
		if (d != NULL && d->nkeys > 0 && d->sign_subdomains)
			return d;
	}
	return NULL;
}
