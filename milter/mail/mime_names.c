/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_names: media types, charsets and file names, made safe to show.
 *
 * Called for each part.  A file name comes from a stranger and goes into
 * notices, logs and the operator's terminal: it is valid UTF-8 without path,
 * without control characters and without those that turn the direction of
 * text (they make "exe.txt" out of "txt.exe").  Its ending stays its own also
 * where it is cut.  Results are in the arena; linear.
 */
#include <string.h>
#include <strings.h>

#include <glib.h>

#include "buf.h"
#include "mime_internal.h"

#define CUT "..."

/* Lower-case printable ASCII of at most size - 1 bytes; NULL gives "". */
const char *
mime_word(struct arena *a, const char *text, size_t size)
{
	size_t n = text == NULL ? 0 : strnlen(text, size - 1);
	char *out = arena_alloc(a, n + 1);

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			out[i] = (char)(c - 'A' + 'a');
		else
			out[i] = c > ' ' && c <= '~' ? c : '?';
	}
	return out;
}

/* Controls, and what is not seen but moves the text around it. */
static bool
is_hidden(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	    c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

/* The last component; separators behind it do not count. */
static struct span
without_path(struct span s)
{
	while (s.n > 0 && (s.p[s.n - 1] == '/' || s.p[s.n - 1] == '\\'))
		s.n--;
	for (size_t i = s.n; i-- > 0;)
		if (s.p[i] == '/' || s.p[i] == '\\')
			return span_from(s, i + 1);
	return s;
}

static bool
is_follower(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Cut in the middle, between characters, so that the ending stays. */
static const char *
shorten(struct arena *a, struct span s)
{
	size_t room = MIME_NAME_SIZE - 1 - strlen(CUT);
	size_t head = room / 2, tail = s.n - (room - head);

	if (s.n < MIME_NAME_SIZE)
		return arena_cstr(a, s);
	while (head > 0 && is_follower(s.p[head]))
		head--;
	while (tail < s.n && is_follower(s.p[tail]))
		tail++;
	return arena_printf(a, "%.*s" CUT "%.*s", (int)head, s.p,
	    (int)(s.n - tail), s.p + tail);
}

static void
add_clean(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n;) {
		gunichar c = g_utf8_get_char_validated(s.p + i,
		    (gssize)(s.n - i));
		size_t n = 1;

		if (c == 0 || c == (gunichar)-1 || c == (gunichar)-2) {
			buf_addc(b, '?');
		} else {
			n = (size_t)g_unichar_to_utf8(c, NULL);
			if (is_hidden(c))
				buf_addc(b, '?');
			else
				buf_add(b, s.p + i, n);
		}
		i += n;
	}
}

/*
 * 8-bit text is UTF-8, else in the part's charset, else ISO 8859-1, in which
 * everything is text.
 */
const char *
mime_name(struct arena *a, struct span s, const char *charset)
{
	const char *text = NULL;
	struct buf b;

	if (!g_utf8_validate(s.p == NULL ? "" : s.p, (gssize)s.n, NULL)) {
		text = mime_gmime_utf8(a, s, charset);
		if (text == NULL)
			text = mime_gmime_utf8(a, s, "iso-8859-1");
		if (text != NULL)
			s = span_of(text);
	}
	s = without_path(s);
	buf_init(&b, s.n + 1);
	add_clean(&b, s);
	text = shorten(a, buf_span(&b));
	buf_free(&b);
	return text;
}

static struct span
ending(struct span s)
{
	for (size_t i = s.n; i-- > 0;)
		if (s.p[i] == '.')
			return span_from(s, i + 1);
	return span_make(s.p, 0);
}

bool
mime_same_ending(struct span a, struct span b)
{
	return span_caseeq(ending(a), ending(b));
}
