/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_gmime: all that asks GMime.
 *
 * It decodes parameters (RFC 2231, RFC 2047), tells what is wrong with a
 * header, and parses the whole message a second time, beside our own walk:
 * where its parts, types or ranges are others than ours, readers too may see
 * other parts, and the message is malformed.
 *
 * GMime reads the caller's buffer through a stream of ours (mime_stream.c);
 * but for text before the first and behind the last part (FACES_MAX), nothing
 * is copied.  Every object is freed before mime_parse() returns.  GMime and
 * GLib keep their own locks for types; an object belongs to one thread.  Its
 * decoding is linear (measured), and costly structures are refused before
 * (mime_limit.c, the limits of the walk).
 */
#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "mime_internal.h"
#include "mime_stream.h"

/* Names looked at in one field. */
#define NAMES_MAX 8
/* Debian 13's GMime wants to know who frees the argument: nobody. */
#if GMIME_CHECK_VERSION(3, 2, 15)
#define set_warning(options, f, arg) \
	g_mime_parser_options_set_warning_callback(options, f, arg, NULL)
#else
#define set_warning(options, f, arg) \
	g_mime_parser_options_set_warning_callback(options, f, arg)
#endif
/* Bytes before and behind the parts of multiparts: GMime copies them. */
#define FACES_MAX (1024 * 1024)

/*
 * GObject makes the tables of a class at its first use, for all threads.  Made
 * here, before there are others, nobody has to wait for them.
 */
static void
make_classes(void)
{
	static const char sample[] =
	    "From: a@b.example\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Disposition: attachment; filename*=utf-8''%C3%BC\r\n\r\n"
	    "--b\r\nContent-Type: image/png\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n"
	    "--b\r\nContent-Type: message/partial; id=x; number=1\r\n\r\n"
	    "--b\r\nContent-Type: application/pkcs7-mime\r\n\r\n"
	    "--b\r\nContent-Type: multipart/signed; boundary=s; "
	    "protocol=\"application/pgp-signature\"\r\n\r\n"
	    "--s\r\n\r\nx\r\n--s--\r\n"
	    "--b\r\nContent-Type: multipart/encrypted; boundary=e; "
	    "protocol=\"application/pgp-encrypted\"\r\n\r\n"
	    "--e\r\n\r\nx\r\n--e--\r\n"
	    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
	    "Subject: =?utf-8?q?x?=\r\n\r\nx\r\n--b--\r\n";
	struct arena *a = arena_new();
	struct mime_tree t;

	mime_parse(a, span_make(sample, sizeof(sample) - 1), &t);
	arena_free(&a);
}

void
mime_init(void)
{
	g_mime_init();
	mime_stream_init();
	make_classes();
}

static unsigned
parameter_bit(const char *item)
{
	if (item == NULL)
		return MIME_OTHER;
	if (strcasecmp(item, "boundary") == 0)
		return MIME_DUPLICATE_BOUNDARY;
	/* Usual beside filename*=; endings are compared by ourselves. */
	if (strcasecmp(item, "filename") == 0 || strcasecmp(item, "name") == 0)
		return 0;
	return MIME_OTHER;
}

static unsigned
bits_of(GMimeParserWarning code, const char *item)
{
	switch (code) {
	case GMIME_WARN_DUPLICATED_HEADER:
	case GMIME_CRIT_CONFLICTING_HEADER:
		return item != NULL && strncasecmp(item, "Content-", 8) == 0 ?
		    MIME_DUPLICATE_FIELD : 0;
	case GMIME_WARN_DUPLICATED_PARAMETER:
	case GMIME_CRIT_CONFLICTING_PARAMETER:
		return parameter_bit(item);
	case GMIME_WARN_INVALID_CONTENT_TYPE:
	case GMIME_CRIT_INVALID_HEADER_NAME:
	case GMIME_WARN_PART_WITHOUT_CONTENT:
	case GMIME_CRIT_PART_WITHOUT_HEADERS_OR_CONTENT:
		return MIME_BAD_HEADER;
	case GMIME_CRIT_MULTIPART_WITHOUT_BOUNDARY:
		return MIME_NO_BOUNDARY;
	case GMIME_WARN_TRUNCATED_MESSAGE:
	case GMIME_WARN_MALFORMED_MULTIPART:
		return MIME_TRUNCATED;
	case GMIME_WARN_MALFORMED_MESSAGE:
	case GMIME_CRIT_NESTING_OVERFLOW:
		return MIME_OTHER;
	case GMIME_WARN_UNENCODED_8BIT_HEADER:
	case GMIME_WARN_INVALID_RFC2047_HEADER_VALUE:
	case GMIME_WARN_INVALID_PARAMETER:
	case GMIME_WARN_INVALID_ADDRESS_LIST:
		break;
	}
	return 0;
}

static void
on_warning(gint64 at, GMimeParserWarning code, const gchar *item,
    gpointer data)
{
	struct mime_walk *w = data;

	(void)at;
	w->malformed |= bits_of(code, item);
}

void
mime_gmime_begin(struct mime_walk *w)
{
	w->options = g_mime_parser_options_new();
	set_warning(w->options, on_warning, w);
}

void
mime_gmime_end(struct mime_walk *w)
{
	g_mime_parser_options_free(w->options);
	w->options = NULL;
}

/* The values of that name; those of RFC 2231 first. */
static void
take_names(struct mime_walk *w, GMimeParamList *list, const char *name,
    struct mime_value *v)
{
	int n = g_mime_param_list_length(list);
	size_t best = NAMES_MAX;

	for (int i = 0; i < n; i++) {
		GMimeParam *p = g_mime_param_list_get_parameter_at(list, i);
		struct span s;

		if (strcasecmp(g_mime_param_get_name(p), name) != 0)
			continue;
		if (v->nnames == NAMES_MAX) {
			w->malformed |= MIME_OTHER;
			return;
		}
		if (v->names == NULL)
			v->names = arena_array(w->arena, NAMES_MAX, sizeof(s));
		s = span_of(arena_strdup(w->arena, g_mime_param_get_value(p)));
		v->names[v->nnames++] = s;
		if (g_mime_param_get_encoding_method(p) ==
		    GMIME_PARAM_ENCODING_METHOD_RFC2231 && best == NAMES_MAX)
			best = v->nnames - 1;
	}
	if (best < NAMES_MAX) {
		struct span s = v->names[0];

		v->names[0] = v->names[best];
		v->names[best] = s;
	}
}

static const char *
copy(struct arena *a, const char *s)
{
	return s == NULL ? NULL : arena_strdup(a, s);
}

/* An encoded NUL would hide the ending of a name: shown as a '?'. */
static void
replace_nul(struct mime_walk *w, char *value)
{
	while ((value = strstr(value, "%00")) != NULL) {
		memcpy(value, "%3F", 3);
		w->malformed |= MIME_OTHER;
	}
}

void
mime_gmime_type(struct mime_walk *w, char *value, struct mime_value *v)
{
	GMimeContentType *t;
	char *word;

	replace_nul(w, value);
	t = g_mime_content_type_parse(w->options, value);
	word = g_mime_content_type_get_mime_type(t);
	v->word = copy(w->arena, word);
	v->charset = copy(w->arena,
	    g_mime_content_type_get_parameter(t, "charset"));
	v->boundary = copy(w->arena,
	    g_mime_content_type_get_parameter(t, "boundary"));
	v->smime = copy(w->arena,
	    g_mime_content_type_get_parameter(t, "smime-type"));
	take_names(w, g_mime_content_type_get_parameters(t), "name", v);
	g_free(word);
	g_object_unref(t);
}

void
mime_gmime_disposition(struct mime_walk *w, char *value,
    struct mime_value *v)
{
	GMimeContentDisposition *d;
	size_t word = strcspn(value, ";=");

	replace_nul(w, value);
	if (value[word] == '=') {
		/* "filename=x" without a word: others take it. */
		w->malformed |= MIME_OTHER;
		value = arena_printf(w->arena, "attachment; %s", value);
	}
	d = g_mime_content_disposition_parse(w->options, value);
	v->word = copy(w->arena, g_mime_content_disposition_get_disposition(d));
	take_names(w, g_mime_content_disposition_get_parameters(d),
	    "filename", v);
	g_object_unref(d);
}

const char *
mime_gmime_utf8(struct arena *a, struct span s, const char *charset)
{
	char *out;
	const char *result = NULL;
	size_t n = strspn(charset,
	    "abcdefghijklmnopqrstuvwxyz0123456789-_");

	/* iconv() takes more than names: "//", and paths. */
	if (n == 0 || charset[n] != '\0')
		return NULL;
	out = g_convert(s.p, (gssize)s.n, "UTF-8", charset, NULL, NULL, NULL);
	if (out != NULL)
		result = arena_strdup(a, out);
	g_free(out);
	return result;
}

/* The next part that GMime can know of; MIME_NONE behind the last. */
static size_t
next_part(const struct mime_walk *w, size_t *i)
{
	while (*i < w->n && w->part[*i].kind == MIME_ENCLOSED)
		(*i)++;
	return *i < w->n ? (*i)++ : MIME_NONE;
}

static bool
same_type(const struct mime_part *p, GMimeObject *o)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);
	char *word = t == NULL ? NULL : g_mime_content_type_get_mime_type(t);
	bool same = word != NULL &&
	    strncasecmp(word, p->type, MIME_TYPE_SIZE - 1) == 0;

	g_free(word);
	return same;
}

/* Only line ends, at most one, between these two places in either order. */
static bool
near(struct span raw, size_t a, size_t b)
{
	size_t low = a < b ? a : b, high = a < b ? b : a;

	if (high > raw.n || high - low > 2)
		return false;
	return span_trim(span_make(raw.p + low, high - low)).n == 0;
}

/*
 * GMime takes the line end that belongs to a boundary for as long as that of
 * the boundary itself, and is wrong where they differ.
 */
static bool
same_range(const struct mime_walk *w, const struct mime_part *p, GMimePart *o)
{
	GMimeDataWrapper *content = g_mime_part_get_content(o);
	GMimeStream *s = content == NULL ? NULL :
	    g_mime_data_wrapper_get_stream(content);

	if (s == NULL || s->bound_start == s->bound_end)
		return near(w->raw, p->body, p->end);
	return s->bound_start == (gint64)p->body && s->bound_end >= 0 &&
	    near(w->raw, (size_t)s->bound_end, p->end);
}

/*
 * True when this object and all below it are our next parts.  Our depth is
 * limited, and a child must be deeper than its parent, so this ends.
 */
static bool
same(const struct mime_walk *w, size_t *i, size_t depth, GMimeObject *o)
{
	size_t k = next_part(w, i);
	const struct mime_part *p;
	GMimeMessage *m;
	int n;

	if (o == NULL || k == MIME_NONE || w->part[k].depth != depth)
		return false;
	p = &w->part[k];
	if (!same_type(p, o))
		return false;
	if (GMIME_IS_MESSAGE_PART(o)) {
		m = g_mime_message_part_get_message(GMIME_MESSAGE_PART(o));
		/* GMime makes none of an empty one. */
		if (m == NULL)
			return p->body == p->end &&
			    next_part(w, i) != MIME_NONE;
		return p->kind == MIME_MESSAGE &&
		    same(w, i, depth + 1, g_mime_message_get_mime_part(m));
	}
	if (!GMIME_IS_MULTIPART(o))
		return p->kind == MIME_LEAF && GMIME_IS_PART(o) &&
		    same_range(w, p, GMIME_PART(o));
	n = g_mime_multipart_get_count(GMIME_MULTIPART(o));
	if ((n > 0) != (p->kind == MIME_MULTIPART))
		return false;
	for (int c = 0; c < n; c++)
		if (!same(w, i, depth + 1, g_mime_multipart_get_part(
		    GMIME_MULTIPART(o), c)))
			return false;
	return true;
}

static void
compare(struct mime_walk *w)
{
	GMimeStream *s = mime_stream_new(w->raw);
	GMimeParser *parser = g_mime_parser_new_with_stream(s);
	GMimeMessage *m = g_mime_parser_construct_message(parser, w->options);
	size_t i = 0;

	if (m == NULL || !same(w, &i, 0, g_mime_message_get_mime_part(m)) ||
	    next_part(w, &i) != MIME_NONE)
		w->malformed |= MIME_OTHER;
	if (m != NULL)
		g_object_unref(m);
	g_object_unref(parser);
	g_object_unref(s);
}

/* Bytes of multiparts that are in no part of theirs, nesting aside. */
static size_t
faces(const struct mime_walk *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct mime_part *p = &w->part[i];

		if (strncmp(p->type, "multipart/", 10) == 0)
			n += p->end - p->body;
		if (i > 0 && w->part[p->parent].kind == MIME_MULTIPART)
			n -= p->end - p->head;
	}
	return n;
}

void
mime_gmime_compare(struct mime_walk *w)
{
	if (faces(w) > FACES_MAX) {
		w->malformed |= MIME_OTHER;
		return;
	}
	compare(w);
}
