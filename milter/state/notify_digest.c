/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify_digest: events as text, and the mail that carries it (RFC 5322,
 * RFC 2045, RFC 3834).
 *
 * Called by notify_batch.c and notify.c.  An event's values come from the
 * network: each is cleaned and cut, and characters are replaced without which
 * a link is none and a test file (EICAR) is no longer found, so that a digest
 * is only text.  Results in the arena; keeps nothing.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clean.h"
#include "clock.h"
#include "date.h"
#include "notify_internal.h"
#include "transfer.h"

/* Bytes of a value: names and texts; addresses; words of ours. */
#define NAME_BYTES	120
#define ADDRESS_BYTES	254
#define WORD_BYTES	32
/* Of one event: recipients and finds told; the others are counted. */
#define RCPT_TOLD	5
#define FINDS_TOLD	20
/* Bytes of one event's text, and of a whole mail. */
#define ENTRY_MAX	16384
#define MAIL_MAX	(8u * 1024 * 1024)
/* The end of 9999. */
#define TIME_MAX	253402300799

struct span
digest_member(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_string(v) ? span_make(json_string_value(v),
	    json_string_length(v)) : span_make("", 0);
}

/* Moves a place back to the begin of a UTF-8 character. */
static size_t
boundary(struct span s, size_t at)
{
	for (int i = 0; i < 3 && at > 0 && at < s.n; i++, at--)
		if (((unsigned char)s.p[at] & 0xc0) != 0x80)
			break;
	return at;
}

/* The begin and the end: a file name's end says what it is. */
static struct span
cut(struct arena *a, struct span s, size_t max)
{
	size_t head, tail;

	if (s.n <= max)
		return s;
	head = boundary(s, max * 2 / 3);
	tail = boundary(s, s.n - (max / 3 - 6));
	return span_of(arena_printf(a, "%s...%s",
	    arena_cstr(a, span_make(s.p, head)),
	    arena_cstr(a, span_from(s, tail))));
}

const char *
digest_value(struct arena *a, struct span s, size_t max)
{
	struct span clean = clean_text(a, cut(a, s, max), max, true);
	char *out = arena_cstr(a, clean);

	for (char *p = out; *p != '\0'; p++)
		if (strchr("\\^{}$`<>", *p) != NULL ||
		    strncmp(p, "://", 3) == 0)
			*p = '_';
	return out;
}

static const char *
value(struct arena *a, const json_t *o, const char *key, size_t max)
{
	return digest_value(a, digest_member(o, key), max);
}

static const char *
time_text(struct arena *a, int64_t ms)
{
	int64_t s = ms / 1000;
	time_t t = (time_t)(s < 0 ? 0 : s > TIME_MAX ? TIME_MAX : s);
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	return arena_strdup(a, text);
}

static int64_t
integer(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* "   Label:  value", left out when there is none. */
static void
put_line(struct buf *b, const char *label, const char *text)
{
	if (*text != '\0')
		buf_addf(b, "   %-12s%s\n", label, text);
}

static void
put_recipients(struct buf *b, struct arena *a, const json_t *event)
{
	const json_t *to = json_object_get(event, "to");
	int64_t all = integer(event, "nrcpt");
	size_t n = json_array_size(to);

	if (all < (int64_t)n)
		all = (int64_t)n;
	if (n > RCPT_TOLD)
		n = RCPT_TOLD;
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(to, i);

		buf_addf(b, "   %-12s<%s>\n", i == 0 ? "To:" : "",
		    digest_value(a, span_make(json_string_value(v),
		    json_string_length(v)), ADDRESS_BYTES));
	}
	if (all > (int64_t)n)
		buf_addf(b, "   %-12sand %lld more recipients\n", "",
		    (long long)(all - (int64_t)n));
}

/* virus Eicar-Test-Signature in "a.zip" (application/zip, 184 bytes): strip */
static void
put_find(struct buf *b, struct arena *a, const json_t *find, bool first)
{
	const char *file = value(a, find, "file", NAME_BYTES);
	const char *type = value(a, find, "type", NAME_BYTES);

	buf_addf(b, "   %-12s%s %s", first ? "Found:" : "",
	    value(a, find, "kind", WORD_BYTES),
	    value(a, find, "name", NAME_BYTES));
	if (*file != '\0')
		buf_addf(b, " in \"%s\"", file);
	if (*type != '\0')
		buf_addf(b, " (%s, %lld bytes)", type,
		    (long long)integer(find, "size"));
	buf_addf(b, ": %s\n", value(a, find, "action", WORD_BYTES));
	if (digest_member(find, "sha256").n > 0)
		buf_addf(b, "   %-12sSHA-256 %s\n", "",
		    value(a, find, "sha256", NAME_BYTES));
}

static void
put_finds(struct buf *b, struct arena *a, const json_t *event)
{
	const json_t *finds = json_object_get(event, "finds");
	size_t n = json_array_size(finds);

	for (size_t i = 0; i < n && i < FINDS_TOLD; i++)
		put_find(b, a, json_array_get(finds, i), i == 0);
	if (n > FINDS_TOLD)
		buf_addf(b, "   %-12sand %zu more\n", "", n - FINDS_TOLD);
}

static const char *
sender(struct arena *a, const json_t *event)
{
	return arena_printf(a, "<%s>", value(a, event, "from",
	    ADDRESS_BYTES));
}

/* Without its angle brackets, which could not stand there. */
static const char *
message_id(struct arena *a, const json_t *event)
{
	struct span s = span_trim(digest_member(event, "msgid"));

	if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = span_make(s.p + 1, s.n - 2);
	return digest_value(a, s, NAME_BYTES);
}

struct span
digest_entry(struct arena *a, const json_t *event, size_t number)
{
	struct span s;
	struct buf b;

	buf_init(&b, ENTRY_MAX);
	buf_addf(&b, "\n%zu. %s, %s: %s\n", number,
	    time_text(a, integer(event, "time")),
	    value(a, event, "class", WORD_BYTES),
	    value(a, event, "action", WORD_BYTES));
	put_line(&b, "From:", sender(a, event));
	put_recipients(&b, a, event);
	put_line(&b, "Subject:", value(a, event, "subject", NAME_BYTES));
	put_line(&b, "Message-ID:", message_id(a, event));
	put_line(&b, "Queue id:", value(a, event, "qid", WORD_BYTES));
	put_line(&b, "Client:", value(a, event, "client", NAME_BYTES));
	put_finds(&b, a, event);
	put_line(&b, "Not scanned:", value(a, event, "unchecked",
	    NAME_BYTES));
	put_line(&b, "Reference:", value(a, event, "reference", NAME_BYTES));
	s = arena_span(a, buf_span(&b));
	buf_free(&b);
	return s;
}

struct span
digest_short(struct arena *a, const json_t *event)
{
	bool held = span_is(digest_member(event, "action"), "hold");
	struct span s;
	struct buf b;

	buf_init(&b, ENTRY_MAX);
	buf_addf(&b, "\n%s: %s\n", time_text(a, integer(event, "time")),
	    held ? "held back" : "not delivered");
	put_line(&b, "From:", sender(a, event));
	put_line(&b, "Subject:", value(a, event, "subject", NAME_BYTES));
	put_line(&b, "Reference:", value(a, event, "reference", NAME_BYTES));
	s = arena_span(a, buf_span(&b));
	buf_free(&b);
	return s;
}

/* --- the mail ---------------------------------------------------------- */

static void
put_operator_text(struct buf *b, struct arena *a,
    const struct notify_settings *s, const struct notify_group *g, bool gap)
{
	buf_addf(b, "postern on %s found this in %zu message%s", s->host,
	    g->listed + g->more, g->listed + g->more == 1 ? "" : "s");
	if (*g->key != '\0')
		buf_addf(b, " of tenant %s", digest_value(a,
		    span_of(g->key), NAME_BYTES));
	buf_addf(b, ",\nfrom %s to %s:\n", time_text(a, g->first),
	    time_text(a, g->last));
	buf_addspan(b, buf_span(&g->text));
	if (g->more > 0)
		buf_addf(b, "\nAnd %zu more, which had no room here; they "
		    "are in the journal, %s.\n", g->more, s->folder);
	if (gap)
		buf_adds(b, "\nEvents before these may be missing: the "
		    "journal was full, or its files were\nremoved, before "
		    "they were read.\n");
}

static void
put_recipient_text(struct buf *b, const struct notify_settings *s,
    const struct notify_group *g)
{
	buf_addf(b, "The virus check of %s stopped mail that was sent to "
	    "you:\n", s->host);
	buf_addspan(b, buf_span(&g->text));
	if (g->more > 0)
		buf_addf(b, "\nAnd %zu more.\n", g->more);
	if (*s->contact != '\0')
		buf_addf(b, "\nWho can help, with the reference: %s\n",
		    s->contact);
}

static struct span
body_of(struct arena *a, const struct notify_settings *s,
    const struct notify_group *g, bool gap)
{
	struct span text;
	struct buf b;

	buf_init(&b, MAIL_MAX);
	if (g->recipient)
		put_recipient_text(&b, s, g);
	else
		put_operator_text(&b, a, s, g, gap);
	text = transfer_to_qp(a, buf_span(&b));
	buf_free(&b);
	return text;
}

static const char *
subject_of(struct arena *a, const struct notify_group *g)
{
	const char *tenant = arena_cstr(a, clean_text(a,
	    span_of(digest_value(a, span_of(g->key), NAME_BYTES)),
	    NAME_BYTES, false));

	if (g->recipient)
		return "A message for you was stopped by the virus check";
	return arena_printf(a, "postern: finds in %zu message%s%s%s",
	    g->listed + g->more, g->listed + g->more == 1 ? "" : "s",
	    *tenant != '\0' ? " of tenant " : "", tenant);
}

static const char *
header_of(struct arena *a, const struct notify_settings *s,
    const struct notify_group *g)
{
	char id[EVENT_ID_SIZE];

	event_id(id);
	return arena_printf(a, "From: %s\nTo: %s\nSubject: %s\nDate: %s\n"
	    "Message-ID: <%s@%s>\nAuto-Submitted: auto-generated\n"
	    "X-Postern-Notice: 1\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=UTF-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n", s->from,
	    g->recipient ? g->key : s->to, subject_of(a, g),
	    date_rfc5322(a, clock_wall()), id, s->host);
}

struct span
digest_mail(struct arena *a, const struct notify_settings *s,
    const struct notify_group *g, bool gap)
{
	struct span body = body_of(a, s, g, gap), line, mail;
	struct buf b;

	buf_init(&b, MAIL_MAX);
	buf_adds(&b, header_of(a, s, g));
	/* sendmail takes lines that end in LF. */
	while (body.n > 0 && span_split(&body, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		buf_addspan(&b, line);
		buf_addc(&b, '\n');
	}
	mail = arena_span(a, buf_span(&b));
	buf_free(&b);
	return mail;
}
