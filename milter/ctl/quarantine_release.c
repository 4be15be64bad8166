/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_release: posternctl quarantine release.
 *
 * For messages that Postfix holds.  Shows what Postfix's queue, the quarantine
 * and, when that knows nothing, the journal say about the message, asks, and
 * passes the queue id to postsuper -H.  Short queue ids come again: what was
 * found before the message in the queue arrived is of another one.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl.h"
#include "journal.h"
#include "quarantine.h"

#define POSTSUPER	"/usr/sbin/postsuper"
#define POSTQUEUE	"/usr/sbin/postqueue"
/* Shorter or longer is no queue id; "ALL" would release everything. */
#define QID_MIN		5
#define QID_MAX		32
/* Clocks of Postfix and postern, in seconds. */
#define CLOCK_SLACK	60
/* Found things and recipients that are shown. */
#define SHOWN_MAX	20

static const struct option_spec release_options[] = {
	{ "config-directory", 0, "DIR", "of Postfix (as postsuper -c)" },
	{ "postsuper", 0, "PATH", "the command (default " POSTSUPER ")" },
	{ "postqueue", 0, "PATH", "the command (default " POSTQUEUE ")" },
	{ NULL, 0, NULL, NULL }
};

/* What is known of one message. */
struct held {
	const char	*wanted;	/* what was typed */
	bool		 by_ref;
	const char	*qid;		/* NULL: not known yet */
	int64_t		 arrived;	/* 0: not known */
	json_t		*queue;		/* postqueue's object, or NULL */
	json_t		*known;		/* descriptions and events */
	struct arena	*arena;
};

static bool
is_queue_id(const char *s)
{
	size_t n = strlen(s);

	if (n < QID_MIN || n > QID_MAX)
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s))
			return false;
	return true;
}

static bool
matches(const struct held *h, const json_t *d)
{
	if (h->by_ref)
		return strncmp(text_of(d, "reference"), h->wanted,
		    QUARANTINE_REF_SIZE - 1) == 0;
	return strcmp(text_of(d, "qid"), h->wanted) == 0;
}

static int
note(const json_t *d, void *arg)
{
	struct held *h = arg;
	const char *qid = text_of(d, "qid");

	if (!matches(h, d))
		return 0;
	if (h->qid == NULL && is_queue_id(qid))
		h->qid = arena_strdup(h->arena, qid);
	return json_array_append(h->known, (json_t *)(uintptr_t)d);
}

static int
ask_journal(const struct conf *conf, struct held *h)
{
	char *error = NULL;
	struct journal_reader *r = journal_reader_open(conf->journal,
	    "postern", NULL, &error);
	json_t *e;
	bool gap;
	int got = -1;

	if (r != NULL)
		while ((got = journal_next(r, &e, &gap, &error)) == 1) {
			if (strcmp(text_of(e, "type"), "virus") == 0)
				note(e, h);
			json_decref(e);
		}
	journal_reader_close(&r);
	return got == -1 ? complain_of(EX_NOINPUT, error) : EX_OK;
}

/* The quarantine first: the journal may be long. */
static int
ask_postern(struct ctl *c, struct held *h)
{
	const struct conf *conf = ctl_conf(c);
	char *error = NULL;

	if (conf == NULL)
		return EX_CONFIG;
	if (conf->quarantine[0] != '\0' &&
	    quarantine_each(conf->quarantine, note, h, &error) == -1)
		complain_of(EX_NOINPUT, error);
	if (json_array_size(h->known) == 0 && conf->journal[0] != '\0')
		ask_journal(conf, h);
	return EX_OK;
}

/* Seconds since 1970 of a description or an event. */
static int64_t
time_of(const json_t *d)
{
	return json_object_get(d, "kept") != NULL ? number_of(d, "kept") :
	    number_of(d, "time") / 1000;
}

/* What is of an older message with the same queue id goes. */
static void
drop_older(struct held *h)
{
	size_t i = 0;

	while (h->arrived > 0 && i < json_array_size(h->known))
		if (time_of(json_array_get(h->known, i)) <
		    h->arrived - CLOCK_SLACK)
			json_array_remove(h->known, i);
		else
			i++;
}

static int
find_message(struct ctl *c, struct held *h, enum queue_state *state_r,
    const struct mail_queue *q)
{
	bool was_known;

	h->by_ref = quarantine_ref_valid(h->wanted) ||
	    quarantine_name_valid(h->wanted);
	if (!h->by_ref && !is_queue_id(h->wanted))
		return complain(EX_USAGE, "\"%.80s\" is neither a queue id of "
		    "Postfix nor a reference", h->wanted);
	if (ask_postern(c, h) != EX_OK)
		return EX_CONFIG;
	was_known = json_array_size(h->known) > 0;
	if (!h->by_ref)
		h->qid = h->wanted;
	else if (!was_known)
		return complain(EX_NOINPUT, "neither quarantine nor journal "
		    "know the reference %s", h->wanted);
	else if (h->qid == NULL)
		return complain(EX_NOINPUT, "no queue id is known for the "
		    "reference %s", h->wanted);
	*state_r = queue_look(q, h->qid, &h->queue);
	h->arrived = h->queue == NULL ? 0 : number_of(h->queue,
	    "arrival_time");
	drop_older(h);
	if (h->by_ref && json_array_size(h->known) == 0)
		return complain(EX_NOINPUT, "the message with the reference "
		    "%s has left the queue: its queue id %s is another "
		    "message's now", h->wanted, h->qid);
	return EX_OK;
}

static int
check_state(const struct held *h, enum queue_state state)
{
	if (state == QUEUE_ABSENT)
		return complain(EX_NOINPUT, "Postfix has no message %s: it "
		    "was released or deleted, or the id is wrong", h->qid);
	if (state == QUEUE_OTHER)
		return complain(EX_DATAERR, "message %s is not held: it is "
		    "in Postfix's queue \"%.20s\"", h->qid,
		    text_of(h->queue, "queue_name"));
	if (state == QUEUE_UNKNOWN && json_array_size(h->known) == 0)
		return complain(EX_NOINPUT, "message %s is not known to "
		    "postern, and Postfix cannot be asked", h->qid);
	return EX_OK;
}

static void
print_line(struct held *h, const char *what, const char *text)
{
	if (text[0] != '\0')
		printf("%-11s %s\n", what, shown(h->arena, text));
}

static void
print_find(struct held *h, const json_t *f)
{
	const char *file = text_of(f, "file");

	if (text_of(f, "name")[0] != '\0')
		printf("%-11s %s%s%s\n", "found", shown(h->arena,
		    text_of(f, "name")), file[0] != '\0' ? " in " : "",
		    shown(h->arena, file));
}

static void
print_found(struct held *h)
{
	const char *reference = "";
	json_t *d, *f;
	size_t i, k;

	json_array_foreach(h->known, i, d) {
		if (i >= SHOWN_MAX)
			break;
		if (strcmp(reference, text_of(d, "reference")) != 0) {
			reference = text_of(d, "reference");
			print_line(h, "reference", reference);
			print_line(h, "subject", text_of(d, "subject"));
		}
		print_find(h, d);	/* a description has one */
		json_array_foreach(json_object_get(d, "finds"), k, f)
			if (k < SHOWN_MAX)
				print_find(h, f);
	}
	if (json_array_size(h->known) == 0)
		print_line(h, "found", "nothing that postern still knows of");
}

/* From the queue, or as the quarantine has it. */
static void
print_envelope(struct held *h)
{
	const json_t *first = json_array_get(h->known, 0), *to, *one;
	const char *address;

	to = h->queue != NULL ? json_object_get(h->queue, "recipients") :
	    json_object_get(first, "to");
	print_line(h, "sender", h->queue != NULL ?
	    text_of(h->queue, "sender") : text_of(first, "from"));
	for (size_t i = 0; i < json_array_size(to) && i < SHOWN_MAX; i++) {
		one = json_array_get(to, i);
		address = json_string_value(one);
		print_line(h, i == 0 ? "recipients" : "", address != NULL ?
		    address : text_of(one, "address"));
	}
	if (json_array_size(to) > SHOWN_MAX)
		printf("%-11s and %zu more\n", "",
		    json_array_size(to) - SHOWN_MAX);
}

static void
print_held(struct held *h)
{
	print_line(h, "queue id", h->qid);
	if (h->arrived > 0)
		print_line(h, "arrived", shown_time(h->arena, h->arrived));
	print_envelope(h);
	print_found(h);
	if (h->queue == NULL)
		print_line(h, "note", "Postfix could not be asked whether it "
		    "is held");
}

static int
release(struct ctl *c, struct held *h, const struct mail_queue *q)
{
	json_t *j;
	int code;

	if (option(c, "json") == NULL)
		print_held(h);
	code = confirm(c, "Release this message to its recipients?");
	if (code != EX_OK)
		return code;
	code = queue_release(q, h->qid);
	if (code != 0)
		return code == -1 ? EX_UNAVAILABLE : complain(EX_UNAVAILABLE,
		    "%s failed with code %d: message %s is still held",
		    q->postsuper, code, h->qid);
	if (option(c, "json") != NULL) {
		j = json_pack("{sssOsO?}", "released", h->qid, "known",
		    h->known, "queue", h->queue);
		ctl_json(j, true);
		json_decref(j);
	} else
		printf("message %s is released\n", h->qid);
	return EX_OK;
}

static int
run_release(struct ctl *c)
{
	struct mail_queue q = { .config = option(c, "config-directory"),
		.postsuper = option(c, "postsuper"),
		.postqueue = option(c, "postqueue") };
	struct held h = { .wanted = c->operand[0], .known = json_array(),
		.arena = c->arena };
	enum queue_state state = QUEUE_UNKNOWN;
	int code;

	if (q.postsuper == NULL)
		q.postsuper = POSTSUPER;
	if (q.postqueue == NULL)
		q.postqueue = POSTQUEUE;
	code = find_message(c, &h, &state, &q);
	if (code == EX_OK)
		code = check_state(&h, state);
	if (code == EX_OK)
		code = release(c, &h, &q);
	json_decref(h.known);
	json_decref(h.queue);
	return code;
}

const struct command command_quarantine_release = {
	.name = "quarantine", .subcommand = "release",
	.operands = "QUEUEID|REFERENCE", .least = 1, .most = 1,
	.help = "Let Postfix deliver a message that it holds",
	.options = release_options,
	.run = run_release
};
