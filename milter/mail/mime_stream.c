/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_stream: the message as GMime gets to read it.
 *
 * A read-only GMimeStream over the caller's buffer, without a copy of it.
 * The values of all fields but those that make up the structure are read as
 * blanks: GMime parses addresses by recursion without a limit, so that
 * "To: a:a:a:..." of a megabyte overflows the stack, and it parses them
 * wherever it sees a header, which may be where we do not see one.
 * So this goes for each line of the message that looks like a field, with its
 * folds.  Offsets and line ends stay.
 *
 * GMime reads from the start to the end once; any other read fails.
 */
#include <string.h>

#include <gmime/gmime.h>

#include "mime_internal.h"
#include "mime_stream.h"

struct mime_stream {
	GMimeStream	stream;		/* first: GObject's inheritance */
	struct span	raw;
	size_t		at;		/* bytes read so far */
	size_t		line;		/* next line to look at */
	size_t		from, to;	/* blanks, before `line` */
};

static GType stream_type;

/* What GMime must see: the rest is not needed for the structure. */
static bool
is_structure(struct span name)
{
	static const char *const names[] = {
		"Content-Type", "Content-Transfer-Encoding",
		"Content-Disposition"
	};

	name = span_trim(name);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_caseis(name, names[i]))
			return true;
	return false;
}

/* Decides about the line at s->line, and steps behind it or its field. */
static void
next_line(struct mime_stream *s)
{
	struct span raw = s->raw, line;
	struct mime_line l = mime_line_at(raw, s->line, raw.n);
	size_t colon;

	line = span_make(raw.p + l.at, l.text - l.at);
	s->line = s->from = s->to = l.next;
	if (span_starts(line, "--") || !mime_field_line(line))
		return;
	colon = (size_t)((const char *)memchr(line.p, ':', line.n) - line.p);
	if (is_structure(span_make(line.p, colon)))
		return;
	while (l.next < raw.n && (raw.p[l.next] == ' ' ||
	    raw.p[l.next] == '\t'))
		l = mime_line_at(raw, l.next, raw.n);
	s->from = (size_t)(line.p - raw.p) + colon + 1;
	s->line = s->to = l.next;
}

static void
blank(char *out, struct span in, const char *end)
{
	for (size_t i = 0; i < in.n; i++) {
		const char *p = in.p + i;

		if (*p != '\n' && !(*p == '\r' && p + 1 < end &&
		    p[1] == '\n'))
			out[i] = ' ';
	}
}

static ssize_t
stream_read(GMimeStream *stream, char *out, size_t n)
{
	struct mime_stream *s = (struct mime_stream *)stream;
	size_t end, from, to;

	if (stream->position < 0 || (size_t)stream->position != s->at)
		return -1;
	end = s->raw.n - s->at < n ? s->raw.n : s->at + n;
	memcpy(out, s->raw.p + s->at, end - s->at);
	while (s->at < end) {
		if (s->at >= s->line)
			next_line(s);
		from = s->from > s->at ? s->from : s->at;
		to = s->to < end ? s->to : end;
		if (from < to)
			blank(out + (from - (size_t)stream->position),
			    span_make(s->raw.p + from, to - from),
			    s->raw.p + s->raw.n);
		s->at = s->line < end ? s->line : end;
	}
	n = s->at - (size_t)stream->position;
	stream->position = (gint64)s->at;
	return (ssize_t)n;
}

static gint64
stream_length(GMimeStream *stream)
{
	return (gint64)((struct mime_stream *)stream)->raw.n -
	    stream->bound_start;
}

static gboolean
stream_eos(GMimeStream *stream)
{
	return stream->position >=
	    (gint64)((struct mime_stream *)stream)->raw.n;
}

static gint64
stream_tell(GMimeStream *stream)
{
	return stream->position;
}

static gint64
stream_seek(GMimeStream *stream, gint64 at, GMimeSeekWhence whence)
{
	if (whence == GMIME_STREAM_SEEK_CUR)
		at += stream->position;
	else if (whence == GMIME_STREAM_SEEK_END)
		at += (gint64)((struct mime_stream *)stream)->raw.n;
	return at < 0 ? -1 : (stream->position = at);
}

static ssize_t
stream_write(GMimeStream *stream, const char *p, size_t n)
{
	(void)stream;
	(void)p;
	(void)n;
	return -1;
}

static int
stream_nothing(GMimeStream *stream)
{
	(void)stream;
	return 0;
}

/* What GMime keeps of a part's content: only its bounds are asked for. */
static GMimeStream *
stream_substream(GMimeStream *stream, gint64 start, gint64 end)
{
	struct mime_stream *s = g_object_new(stream_type, NULL);

	s->raw = ((struct mime_stream *)stream)->raw;
	g_mime_stream_construct(&s->stream, start, end);
	return &s->stream;
}

static void
class_init(gpointer class, gpointer data)
{
	GMimeStreamClass *c = class;

	(void)data;
	c->read = stream_read;
	c->write = stream_write;
	c->flush = stream_nothing;
	c->close = stream_nothing;
	c->reset = stream_nothing;
	c->eos = stream_eos;
	c->seek = stream_seek;
	c->tell = stream_tell;
	c->length = stream_length;
	c->substream = stream_substream;
}

void
mime_stream_init(void)
{
	if (stream_type == 0)
		stream_type = g_type_register_static_simple(GMIME_TYPE_STREAM,
		    "PosternMimeStream", sizeof(GMimeStreamClass), class_init,
		    sizeof(struct mime_stream), NULL, 0);
}

GMimeStream *
mime_stream_new(struct span raw)
{
	struct mime_stream *s = g_object_new(stream_type, NULL);

	s->raw = raw;
	g_mime_stream_construct(&s->stream, 0, -1);
	return &s->stream;
}
