/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zipnames: the extensions of the names in a zip.
 *
 * Called by zipdir.c for each entry.  Names are cp437 or UTF-8, which agree
 * on what an extension of interest is made of; a byte that is no printable
 * ASCII becomes '?'.  What Windows drops from the end of a name (dots and
 * blanks) does not count, and a name that some programs end at a NUL counts
 * both ways.  Folders have no extension.
 */
#include "config.h"

#include <string.h>

#include "zipdir.h"

/* A longer one names no kind of file. */
#define EXTENSION_MAX	32
/* Stands for extensions that did not fit; kept free from the start. */
#define MORE		"*"
#define MORE_ROOM	2

static char
plain(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c > ' ' && c <= '~' && c != '*' ? c : '?';
}

static void	insert(struct zipdir_names *, struct span, size_t);

/* Where the word belongs: its place, and whether it stands there. */
static size_t
place_of(const struct zipdir_names *names, struct span word, bool *there_r)
{
	size_t at = 0, n;
	int order;

	*there_r = false;
	while (at < names->n) {
		const char *p = names->text + at;
		const char *end = memchr(p, ' ', names->n - at);

		n = end != NULL ? (size_t)(end - p) : names->n - at;
		order = memcmp(p, word.p, n < word.n ? n : word.n);
		*there_r = order == 0 && n == word.n;
		if (order > 0 || (order == 0 && n >= word.n))
			return at;
		at += n + 1;
	}
	return names->n;
}

void
zipdir_add_more(struct zipdir_names *names)
{
	if (names != NULL)
		insert(names, span_of(MORE), sizeof(names->text) - 1);
}

static void
insert(struct zipdir_names *names, struct span word, size_t room)
{
	bool there;
	size_t at = place_of(names, word, &there);
	size_t more = word.n + (names->n > 0);

	if (there)
		return;
	if (names->n + more > room) {
		zipdir_add_more(names);
		return;
	}
	if (at == names->n) {
		if (at > 0)
			names->text[at++] = ' ';
		memcpy(names->text + at, word.p, word.n);
	} else {
		memmove(names->text + at + word.n + 1, names->text + at,
		    names->n - at);
		memcpy(names->text + at, word.p, word.n);
		names->text[at + word.n] = ' ';
	}
	names->n += more;
	names->text[names->n] = '\0';
}

static bool
dropped(char c)
{
	return c == '.' || c == ' ';
}

static void
add_one(struct zipdir_names *names, struct span name)
{
	char word[EXTENSION_MAX];
	size_t n = 0;

	while (name.n > 0 && dropped(name.p[name.n - 1]))
		name.n--;
	while (n < name.n && name.p[name.n - 1 - n] != '.' &&
	    name.p[name.n - 1 - n] != '/' && name.p[name.n - 1 - n] != '\\')
		n++;
	if (n == 0 || n > sizeof(word) || n == name.n ||
	    name.p[name.n - 1 - n] != '.')
		return;
	for (size_t i = 0; i < n; i++)
		word[i] = plain(name.p[name.n - n + i]);
	insert(names, span_make(word, n), sizeof(names->text) - 1 - MORE_ROOM);
}

void
zipdir_add_name(struct zipdir_names *names, struct span name)
{
	long nul = span_chr(name, '\0');

	if (nul > 0)
		add_one(names, span_make(name.p, (size_t)nul));
	add_one(names, name);
}
