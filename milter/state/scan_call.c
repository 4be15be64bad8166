/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_call: the items of one scan_client_run().
 *
 * Called by scan_client.c in the caller's thread.  A call has SCAN_BESIDE_MAX
 * places; an item is decoded when a place is free, and keeps it until there is
 * an answer, so that there are never more memfds than places.
 *
 * An item that another is asking for (another call, or this one: the same
 * content twice) is put aside, and waited for only when no place is in use.
 * So no call ever waits for another while it owns a question itself, and no
 * two can wait for each other.  If nothing came of it, the item is asked for
 * in the next round.
 *
 * Limits: the deadline; SCAN_TRIES connections for each item, which is bounded
 * anyway by its strikes.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bounds.h"
#include "clock.h"
#include "scan_internal.h"

/* Connections that end without an answer, until the item has failed. */
#define SCAN_TRIES	2
/* The scanner's queue is full: how long to wait between tries. */
#define PAUSE_FIRST	1
#define PAUSE_LAST	50
/* How often to look whether a worker has taken a question; whose turn it is. */
#define LOOK_MS		100

static const char struck_out[] =
    "not scannable: the scanner failed on it %d times";

enum phase {
	FREE,
	READY,			/* decoded; wants a turn */
	PAUSED,			/* has a turn; the scanner's queue is full */
	ASKED
};

struct place {
	enum phase	 phase;
	struct scan_item *item;
	struct scan_content content;
	struct scan_key	 key;
	struct scan_entry *entry;	/* ours to settle; NULL: not yet */
	struct scan_link link;
	unsigned	 tries;
	int		 pause;
	int64_t		 again;		/* PAUSED: until then */
	int64_t		 taken;		/* a worker has it since; 0: not yet */
};

struct call {
	struct scan_client *c;
	struct arena	*arena;
	struct scan_reader reader;
	const char	*who;
	int64_t		 deadline;
	struct place	 places[SCAN_BESIDE_MAX];
	/* items of this round, and those put aside with their entries */
	struct scan_item **todo;
	size_t		 ntodo, next;
	struct scan_item **aside;
	struct scan_entry **entries;
	size_t		 naside;
};

/* Results. */

static void
put_failed(struct call *k, struct scan_item *item, const char *why)
{
	item->status = SCAN_FAILED;
	item->name = arena_strdup(k->arena, why);
	item->extensions = "";
	k->c->failed++;
}

static void
put_answer(struct call *k, struct scan_item *item,
    const struct scan_answer *a, bool cached)
{
	if (a->status == SCAN_FAILED) {
		put_failed(k, item, a->name);
		return;
	}
	item->status = a->status;
	item->name = a->name[0] == '\0' ? "" :
	    arena_strdup(k->arena, a->name);
	item->extensions = a->extensions[0] == '\0' ? "" :
	    arena_strdup(k->arena, a->extensions);
	item->cached = cached;
}

static void
put_struck_out(struct call *k, struct scan_item *item)
{
	item->status = SCAN_NOT_SCANNED;
	item->name = arena_printf(k->arena, struck_out, SCAN_STRIKES_MAX);
	item->cached = true;
}

/* Places. */

/* Lets all go that a place holds, but for its item. */
static void
vacate(struct call *k, struct place *p, const struct scan_answer *a)
{
	scan_link_close(&p->link);
	scan_content_close(&p->content);
	if (p->entry != NULL) {
		scan_cache_settle(k->c->cache, &p->entry, a);
		scan_turns_give(k->c->turns, k->who);
	}
	p->phase = FREE;
}

/* No answer, for a reason that holds for all who wait for this content. */
static void
fail_place(struct call *k, struct place *p, const char *why)
{
	struct scan_answer a = { .status = SCAN_FAILED };

	snprintf(a.name, sizeof(a.name), "%s", why);
	put_failed(k, p->item, why);
	vacate(k, p, &a);
}

static void
strike_out(struct call *k, struct place *p)
{
	put_struck_out(k, p->item);
	/* Who waits sees the strikes. */
	vacate(k, p, NULL);
}

/* True when it was the last one. */
static bool
strike(struct call *k, struct place *p)
{
	if (scan_strikes_add(k->c->strikes, p->item->sha256) <
	    SCAN_STRIKES_MAX)
		return false;
	strike_out(k, p);
	return true;
}

static void	ask(struct call *, struct place *);

static void
pause_place(struct place *p)
{
	p->phase = PAUSED;
	p->again = clock_ms() + p->pause;
	if (p->pause < PAUSE_LAST)
		p->pause *= 2;
}

static void
away(struct call *k, struct place *p, const char *why)
{
	scan_health_lost(k->c->health, why);
	fail_place(k, p, why);
}

/* It ended without an answer: once more, or that was it. */
static void
ended(struct call *k, struct place *p, bool was_scanned, const char *why)
{
	if (was_scanned && strike(k, p))
		return;
	if (p->tries < SCAN_TRIES)
		ask(k, p);
	else
		fail_place(k, p, why);
}

static void
ask(struct call *k, struct place *p)
{
	char why[SCAN_WHY_SIZE];

	p->taken = 0;
	switch (scan_link_open(&p->link, k->c->path, SCAN_ASK_SCAN,
	    p->item->kind, p->content.fd, p->content.size, why)) {
	case SCAN_LINK_OK:
		p->phase = ASKED;
		p->tries++;
		k->c->sent++;
		break;
	case SCAN_LINK_BUSY:
		pause_place(p);
		break;
	case SCAN_LINK_UNREAD:
		p->tries++;
		ended(k, p, false, why);
		break;
	case SCAN_LINK_AWAY:
		away(k, p, why);
		break;
	default:
		fail_place(k, p, why);
		break;
	}
}

static void
answered(struct call *k, struct place *p, struct scan_answer *a)
{
	bool doubt;

	scan_health_heard(k->c->health);
	if (a->status != SCAN_FAILED)
		scan_strikes_clear(k->c->strikes, p->item->sha256);
	put_answer(k, p->item, a, false);
	vacate(k, p, a);
	scan_cache_version(k->c->cache, &doubt);
	if (doubt)
		scan_health_hurry(k->c->health);
}

static void
receive(struct call *k, struct place *p)
{
	char why[SCAN_WHY_SIZE];
	struct scan_answer a;

	switch (scan_link_receive(&p->link, &a, why)) {
	case SCAN_LINK_OK:
		answered(k, p, &a);
		break;
	case SCAN_LINK_PENDING:
		break;
	case SCAN_LINK_ENDED:
		ended(k, p, true, why);
		break;
	case SCAN_LINK_UNREAD:
		ended(k, p, false, why);
		break;
	default:
		scan_health_hurry(k->c->health);
		fail_place(k, p, why);
		break;
	}
}

/* The deadline has come. */
static void
expire(struct call *k, struct place *p)
{
	char why[SCAN_WHY_SIZE];

	if (p->phase == ASKED && p->taken != 0 &&
	    clock_ms() - p->taken >= k->c->fair_ms &&
	    !scan_health_away(k->c->health, why) && strike(k, p))
		return;
	put_failed(k, p->item, "late");
	vacate(k, p, NULL);
}

/* Items. */

static void
put_aside(struct call *k, struct scan_item *item, struct scan_entry *entry)
{
	k->aside[k->naside] = item;
	k->entries[k->naside++] = entry;
}

/*
 * True when the place's item needs no question of ours.  With `claim`, what
 * does need one has its entry.
 */
static bool
known(struct call *k, struct place *p, bool claim)
{
	struct scan_entry *entry;
	struct scan_answer a;

	if (scan_strikes_out(k->c->strikes, p->item->sha256)) {
		put_struck_out(k, p->item);
		return true;
	}
	switch (scan_cache_find(k->c->cache, &p->key, claim, &a, &entry)) {
	case SCAN_FOUND_VERDICT:
		k->c->hits++;
		put_answer(k, p->item, &a, true);
		return true;
	case SCAN_FOUND_DUE:
		put_aside(k, p->item, entry);
		return true;
	default:
		p->entry = entry;
		return false;
	}
}

/* With a turn and nobody else asking: asks. */
static void
take_turn(struct call *k, struct place *p, int64_t deadline)
{
	if (!scan_turns_take(k->c->turns, k->who,
	    scan_health_turns(k->c->health), deadline))
		return;
	if (known(k, p, true)) {
		scan_turns_give(k->c->turns, k->who);
		vacate(k, p, NULL);
		return;
	}
	p->pause = PAUSE_FIRST;
	ask(k, p);
}

/* Decodes an item into a free place, and asks if it must and may. */
static void
begin(struct call *k, struct place *p, struct scan_item *item)
{
	char why[SCAN_WHY_SIZE];

	*p = (struct place){ .item = item, .link = { .fd = -1 },
		.content = { .fd = -1 } };
	if (scan_health_away(k->c->health, why) ||
	    scan_content_read(&k->reader, &p->content, item->content,
	    item->encoding, why) == -1) {
		put_failed(k, item, why);
		return;
	}
	memcpy(item->sha256, p->content.sha256, SCAN_SHA256_SIZE);
	memcpy(p->key.sha256, p->content.sha256, SCAN_SHA256_SIZE);
	p->key.kind = item->kind;
	item->size = p->content.size;
	item->decoded = p->content.decoded;
	if (known(k, p, false)) {
		scan_content_close(&p->content);
	} else if (scan_content_seal(&p->content, why) == -1) {
		put_failed(k, item, why);
	} else {
		p->phase = READY;
		take_turn(k, p, 0);
	}
}

/* Rounds. */

static bool
late(const struct call *k)
{
	return clock_left(k->deadline) == 0;
}

/* Fills the free places; the number of places in use. */
static size_t
fill(struct call *k)
{
	size_t used = 0;

	for (size_t i = 0; i < SCAN_BESIDE_MAX; i++) {
		struct place *p = &k->places[i];

		while (p->phase == FREE && k->next < k->ntodo && !late(k))
			begin(k, p, k->todo[k->next++]);
		if (p->phase != FREE)
			used++;
	}
	return used;
}

static struct place *
first_of(struct call *k, enum phase phase)
{
	for (size_t i = 0; i < SCAN_BESIDE_MAX; i++)
		if (k->places[i].phase == phase)
			return &k->places[i];
	return NULL;
}

/* How long to poll: to the next thing to do in a place. */
static int
poll_time(const struct call *k)
{
	int left = clock_left(k->deadline);

	for (size_t i = 0; i < SCAN_BESIDE_MAX; i++) {
		const struct place *p = &k->places[i];
		int until = left;

		if (p->phase == PAUSED)
			until = clock_left(p->again);
		else if (p->phase == READY ||
		    (p->phase == ASKED && p->taken == 0))
			until = LOOK_MS;
		if (until < left)
			left = until;
	}
	return left;
}

static void
serve(struct call *k, struct place *p, bool readable)
{
	if (p->phase == ASKED && readable)
		receive(k, p);
	else if (p->phase == ASKED && p->taken == 0 &&
	    scan_link_taken(&p->link))
		p->taken = clock_ms();
	else if (p->phase == PAUSED && clock_left(p->again) == 0)
		ask(k, p);
	else if (p->phase == READY)
		take_turn(k, p, 0);
}

/* Waits until something can be done, and does it. */
static void
step(struct call *k)
{
	struct pollfd fds[SCAN_BESIDE_MAX];

	if (first_of(k, ASKED) == NULL && first_of(k, PAUSED) == NULL) {
		take_turn(k, first_of(k, READY), k->deadline);
		return;
	}
	for (size_t i = 0; i < SCAN_BESIDE_MAX; i++) {
		fds[i].fd = k->places[i].phase == ASKED ?
		    k->places[i].link.fd : -1;
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	poll(fds, SCAN_BESIDE_MAX, poll_time(k));
	for (size_t i = 0; i < SCAN_BESIDE_MAX; i++)
		serve(k, &k->places[i], fds[i].revents != 0);
}

/* Asks for all items to do, until the deadline. */
static void
ask_round(struct call *k)
{
	while (fill(k) > 0 && !late(k))
		step(k);
	for (size_t i = 0; i < SCAN_BESIDE_MAX; i++)
		if (k->places[i].phase != FREE)
			expire(k, &k->places[i]);
	while (k->next < k->ntodo)
		put_failed(k, k->todo[k->next++], "late");
}

/* Waits for those put aside; what nobody answered is to do again. */
static void
join_round(struct call *k)
{
	struct scan_answer a;

	k->ntodo = k->next = 0;
	for (size_t i = 0; i < k->naside; i++) {
		struct scan_item *item = k->aside[i];
		int rc = scan_cache_wait(k->c->cache, &k->entries[i],
		    k->deadline, &a);

		if (rc == -1) {
			put_failed(k, item, "late");
		} else if (rc == 0) {
			k->todo[k->ntodo++] = item;
		} else {
			k->c->joined++;
			put_answer(k, item, &a, true);
		}
	}
	k->naside = 0;
}

void
scan_call(struct scan_client *c, struct arena *a, struct scan_item *items,
    size_t n, const char *who, int64_t deadline)
{
	struct call k = { .c = c, .arena = a, .who = who,
		.deadline = deadline };

	k.todo = arena_array(a, n, sizeof(struct scan_item *));
	k.aside = arena_array(a, n, sizeof(struct scan_item *));
	k.entries = arena_array(a, n, sizeof(struct scan_entry *));
	for (size_t i = 0; i < n; i++)
		k.todo[i] = &items[i];
	k.ntodo = n;
	scan_reader_init(&k.reader, c->md);
	do {
		ask_round(&k);
		join_round(&k);
	} while (k.ntodo > 0);
	scan_reader_free(&k.reader);
}
