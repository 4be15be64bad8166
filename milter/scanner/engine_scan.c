/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_scan: one content, one answer.
 *
 * Called by a worker for each question, and by engine_prove().  The library
 * calls back for each file that it finds in the content; that is where our
 * own checks look at it (engine_unread.c).  A virus wins over all.  "Clean"
 * is only said when the library said so, our checks found nothing that it
 * left out, and none of its messages told of a full disk or of memory that
 * ran out: with those it calls a mail clean that it could not unpack.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

/* What is asked of the library for each kind. */
static const struct cl_scan_options options[] = {
	[SCAN_PART] = {
		.general = CL_SCAN_GENERAL_HEURISTICS,
		.parse = ~0U,
		.heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX |
		    CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE |
		    CL_SCAN_HEURISTIC_ENCRYPTED_DOC,
	},
	/* Nothing is taken apart, but signatures for mail match. */
	[SCAN_MESSAGE] = {
		.heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX,
	},
	[SCAN_MESSAGE_DEEP] = {
		.general = CL_SCAN_GENERAL_HEURISTICS,
		.parse = ~0U,
		.heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX |
		    CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE |
		    CL_SCAN_HEURISTIC_ENCRYPTED_DOC,
	},
};

/*
 * The library knows a mail by its first header; signatures of type mail match
 * nowhere else.  A mail that begins in another way gets the first of these.
 */
#define MAIL_START "Received: by postern\r\n"
static const char *const mail_starts[] = {
	"Received: ", "Return-Path: ", "From: ", "Date: ", "Message-ID: ",
	"Subject: ", "To: ", "Delivered-To: "
};

/* For each file that the library opens within the content. */
static cl_error_t
inspect(int fd, const char *type, const char **ancestors, size_t parent_size,
    const char *name, size_t size, const char *bytes, uint32_t depth,
    uint32_t attributes, void *context)
{
	(void)fd, (void)type, (void)ancestors, (void)parent_size, (void)name;
	(void)attributes;
	if (depth > 0 && bytes != NULL && context != NULL)
		engine_look(context, span_make(bytes, size), depth);
	return CL_CLEAN;
}

void
engine_callbacks(struct engine *e)
{
	cl_engine_set_clcb_file_inspection(e->library, inspect);
}

/*
 * Half of all the room there can be went to this content: it will fail again,
 * and a message is not put off for ever.
 */
static bool
needs_too_much(const struct engine *e)
{
	return e->room > 0 && engine_notes.written >= e->room / 2;
}

static void
judge(int code, const char *virname, const struct engine_seen *seen,
    struct scan_answer *a)
{
	if (code == CL_VIRUS)
		engine_name_answer(virname, a);
	else if (code != CL_CLEAN)
		engine_code_answer(code, a);
	if (a->status == SCAN_VIRUS)
		return;
	if (engine_notes.trouble[0] != '\0' && needs_too_much(seen->engine))
		engine_say(a, SCAN_NOT_SCANNED, "limit: needs more room for "
		    "temporary files than there is");
	else if (engine_notes.trouble[0] != '\0')
		engine_say(a, SCAN_FAILED, engine_notes.trouble);
	else if (a->status == SCAN_CLEAN && seen->reason[0] != '\0')
		engine_say(a, SCAN_NOT_SCANNED, seen->reason);
}

static bool
known_as_mail(struct span content)
{
	size_t n = sizeof(mail_starts) / sizeof(mail_starts[0]);

	for (size_t i = 0; i < n; i++)
		if (span_starts(content, mail_starts[i]))
			return true;
	return false;
}

/* A copy that the library takes for a mail, to be freed; NULL: no memory. */
static char *
with_start(struct span content)
{
	size_t n = sizeof(MAIL_START) - 1;
	char *copy = malloc(n + content.n);

	if (copy != NULL) {
		memcpy(copy, MAIL_START, n);
		memcpy(copy + n, content.p, content.n);
	}
	return copy;
}

static void
scan_bytes(struct engine_seen *seen, struct span content, enum scan_kind kind,
    struct scan_answer *a)
{
	struct cl_scan_options how = options[kind];
	cl_fmap_t *map = cl_fmap_open_memory(content.p, content.n);
	const char *virname = NULL;
	unsigned long scanned = 0;
	int code = CL_EMEM;

	if (map != NULL) {
		code = cl_scanmap_callback(map, NULL, &virname, &scanned,
		    seen->engine->library, &how, seen);
		cl_fmap_close(map);
	}
	judge(code, virname, seen, a);
}

static void
scan_mail(struct engine_seen *seen, struct span content, enum scan_kind kind,
    struct scan_answer *a)
{
	char *copy;

	if (known_as_mail(content)) {
		scan_bytes(seen, content, kind, a);
		return;
	}
	copy = with_start(content);
	if (copy == NULL) {
		engine_code_answer(CL_EMEM, a);
		return;
	}
	scan_bytes(seen, span_make(copy, sizeof(MAIL_START) - 1 + content.n),
	    kind, a);
	free(copy);
}

void
engine_scan(struct engine *e, struct span content, enum scan_kind kind,
    struct scan_answer *a)
{
	struct engine_seen seen = { .engine = e };

	assert(kind >= SCAN_PART && kind <= SCAN_MESSAGE_DEEP);
	memset(a, 0, sizeof(*a));
	a->status = SCAN_CLEAN;
	a->version = e->version;
	/* The library refuses an empty map; there is nothing in it. */
	if (content.n == 0)
		return;
	memset(&engine_notes, 0, sizeof(engine_notes));
	if (kind == SCAN_PART) {
		engine_look(&seen, content, 0);
		scan_bytes(&seen, content, kind, a);
	} else {
		scan_mail(&seen, content, kind, a);
	}
	memcpy(a->extensions, seen.names.text, sizeof(a->extensions));
}
