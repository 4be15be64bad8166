/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_print: the table of settings as a manual page and as an example.
 *
 * settings-doc calls both at build time; postern.conf(5) and the example file
 * are never written by hand.  The example shows each default commented out
 * ("#name = value"; prose has a blank behind its "#") and, not commented out,
 * what the operator should look at first.  Pure; one thread.
 */
#include <stdio.h>
#include <string.h>

#include "conf_private.h"

#define WIDTH 76
#define WORDS_SIZE 256

static const struct {
	const char	*title;		/* of the example */
	const char	*text;
} sections[] = {
	[SECTION_DOMAIN] = { "example.org",
	    "A domain of ours: mail to it has its DMARC policy, and mail with "
	    "an author in it is signed with its keys." },
	[SECTION_KEY] = { "s1",
	    "Inside of a domain: a key to sign with. The name is the "
	    "selector; the public key is in DNS at "
	    "SELECTOR._domainkey.DOMAIN. Up to 8 keys all sign." },
	[SECTION_FORWARDER] = { "talk list",
	    "Somebody who forwards mail to us and breaks its signatures by "
	    "that, such as a mailing list. Mail that matches all that the "
	    "section names is not refused or marked because of DMARC; the log "
	    "names the section. It needs networks, or domain together "
	    "with list-id or recipient." },
};

static bool
is_quoted(const struct setting *s)
{
	return s->words == NULL && (s->type == SETTING_STRING ||
	    s->type == SETTING_DOMAIN);
}

static void
print_value(FILE *f, const struct setting *s, const char *value)
{
	fprintf(f, is_quoted(s) ? "\"%s\"" : "%s", value);
}

/* Bytes to the next blank or the end. */
static size_t
word_length(const char *p)
{
	return strcspn(p, " ");
}

/*
 * Words in lines of WIDTH behind the prefix; with `sentences` each of them on
 * lines of its own, as mdoc wants it.
 */
static void
print_text(FILE *f, const char *prefix, const char *text, bool sentences)
{
	size_t column = 0, n;
	bool ended = false;

	for (; *text != '\0'; text += n + (text[n] == ' ')) {
		n = word_length(text);
		if (column > 0 && (column + 1 + n > WIDTH ||
		    (ended && sentences))) {
			fputc('\n', f);
			column = 0;
		}
		if (column == 0)
			column = (size_t)fprintf(f, "%s%.*s", prefix, (int)n,
			    text);
		else
			column += (size_t)fprintf(f, " %.*s", (int)n, text);
		ended = n > 0 && text[n - 1] == '.';
	}
	fputc('\n', f);
}

static const char *const argument[] = {
	[SETTING_BOOL] = "Cm yes | no", [SETTING_STRING] = "Ar text",
	[SETTING_CHOICE] = "Ar word", [SETTING_COUNT] = "Ar number",
	[SETTING_SIZE] = "Ar size", [SETTING_TIME] = "Ar time",
	[SETTING_MODE] = "Ar mode", [SETTING_DOMAIN] = "Ar domain",
	[SETTING_STRINGS] = "Brq Ar text , ...",
	[SETTING_NETS] = "Brq Ar network , ..."
};

/* "a|b" as "a | b". */
static const char *
spaced(const char *words, char out[WORDS_SIZE])
{
	size_t n = 0;

	for (; *words != '\0' && n + 4 < WORDS_SIZE; words++) {
		if (*words == '|')
			out[n++] = ' ';
		out[n++] = *words;
		if (*words == '|')
			out[n++] = ' ';
	}
	out[n] = '\0';
	return out;
}

/* "postern", "postern and postern-sign", "all programs" */
static void
print_restart(FILE *f, const struct setting *s)
{
	static const struct {
		unsigned	 bit;
		const char	*program;
	} row[] = {
		{ RESTART_POSTERN, "postern" },
		{ RESTART_SIGNER, "postern-sign" },
		{ RESTART_SCANNER, "postern-scan" },
	};
	unsigned all = RESTART_POSTERN | RESTART_SIGNER | RESTART_SCANNER;
	const char *between = "A change needs a restart of ";

	if (s->restart == all) {
		fprintf(f, "%sall programs.\n", between);
		return;
	}
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (!(s->restart & row[i].bit))
			continue;
		fprintf(f, "%s%s", between, row[i].program);
		between = " and ";
	}
	if (s->restart != RESTART_NONE)
		fprintf(f, ".\n");
}

/* "From 1 to 2." and the default, for the manual. */
static void
print_limits(FILE *f, const struct setting *s)
{
	char low[32], high[32];

	if (s->type == SETTING_COUNT || s->type == SETTING_SIZE ||
	    s->type == SETTING_TIME)
		fprintf(f, "From %s to %s.\n", conf_value_format(s, s->min,
		    low), conf_value_format(s, s->max, high));
	print_restart(f, s);
	if (s->fallback == NULL)
		return;
	fputs("Default: ", f);
	print_value(f, s, s->fallback);
	fputs(".\n", f);
}

static void
print_item(FILE *f, const struct setting *s)
{
	char words[WORDS_SIZE];

	fprintf(f, ".It Ic %s No = ", s->name);
	if (s->words != NULL)
		fprintf(f, "Cm %s", spaced(s->words, words));
	else
		fputs(argument[s->type], f);
	fputc('\n', f);
	print_text(f, "", s->text, true);
	print_limits(f, s);
}

static void
print_items(FILE *f, enum setting_section section)
{
	bool open = false;

	for (size_t i = 0; i < nsettings; i++) {
		if (settings[i].section != section)
			continue;
		if (open && settings[i].heading != NULL) {
			fputs(".El\n", f);
			open = false;
		}
		if (settings[i].heading != NULL)
			fprintf(f, ".Ss %s\n", settings[i].heading);
		if (!open)
			fputs(".Bl -tag -width Ds\n", f);
		open = true;
		print_item(f, &settings[i]);
	}
	fputs(".El\n", f);
}

void
settings_print_mdoc(FILE *f)
{
	print_items(f, SECTION_TOP);
	for (int s = SECTION_DOMAIN; s <= SECTION_FORWARDER; s++) {
		fprintf(f, ".Ss Section %s\n.D1 Ic %s Qo Ar name Qc Brq ...\n",
		    section_names[s], section_names[s]);
		print_text(f, "", sections[s].text, true);
		print_items(f, (enum setting_section)s);
	}
}

/* A setting of the example; mark: "#" or ""; tabs: how deep it stands. */
static void
print_example_row(FILE *f, const struct setting *s, const char *mark,
    const char *tabs)
{
	char prefix[16], words[WORDS_SIZE];
	const char *value = s->example != NULL ? s->example : s->fallback;

	snprintf(prefix, sizeof(prefix), *tabs == '\0' ? "# " : "#%s# ", tabs);
	print_text(f, prefix, s->text, false);
	if (s->words != NULL)
		print_text(f, prefix, spaced(s->words, words), false);
	fprintf(f, "%s%s%s = ", mark, tabs, s->name);
	print_value(f, s, value);
	fputc('\n', f);
}

static void
print_example_section(FILE *f, enum setting_section section, const char *tabs)
{
	char inner[8], prefix[16];

	snprintf(inner, sizeof(inner), "%s\t", tabs);
	snprintf(prefix, sizeof(prefix), *tabs == '\0' ? "# " : "#%s# ", tabs);
	print_text(f, prefix, sections[section].text, false);
	fprintf(f, "#%s%s \"%s\" {\n", tabs, section_names[section],
	    sections[section].title);
	for (size_t i = 0; i < nsettings; i++)
		if (settings[i].section == section)
			print_example_row(f, &settings[i], "#", inner);
	if (section == SECTION_DOMAIN)
		print_example_section(f, SECTION_KEY, inner);
	fprintf(f, "#%s}\n", tabs);
}

void
settings_print_example(FILE *f)
{
	const struct setting *s;

	fputs("# postern.conf: settings of postern and postern-sign; see "
	    "postern.conf(5).\n"
	    "# A line that begins with #name shows a default. Check with: "
	    "postern -t\n", f);
	for (s = settings; s < settings + nsettings; s++) {
		if (s->section != SECTION_TOP)
			continue;
		if (s->heading != NULL)
			fprintf(f, "\n## %s\n", s->heading);
		fputc('\n', f);
		print_example_row(f, s, s->example != NULL && s->fallback !=
		    NULL ? "" : "#", "");
	}
	fputs("\n## Sections\n\n", f);
	print_example_section(f, SECTION_DOMAIN, "");
	fputc('\n', f);
	print_example_section(f, SECTION_FORWARDER, "");
}
