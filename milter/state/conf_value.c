/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_value: one value of a setting, from its text.
 *
 * Each type has a parser that gives a number, a text or a network, or a
 * sentence that says what to write instead.  conf_read.c checks each value
 * where libconfuse meets it, and stores it when the whole file is right.
 * Pure functions over the caller's arena.
 */
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf_private.h"
#include "domain.h"
#include "ipnet.h"

/* Bytes of a value that a message shows. */
#define SHOWN 60

struct value {
	int64_t		number;
	const char	*text;
	struct ipnet	net;
	char		domain[DOMAIN_SIZE];
};

struct unit {
	const char	*suffix;
	int64_t		 factor;
};

/* Largest first: conf_value_format takes the first that divides. */
static const struct unit time_units[] = {
	{ "w", INT64_C(604800000) }, { "d", 86400000 }, { "h", 3600000 },
	{ "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 }
};
static const struct unit size_units[] = {
	{ "G", 1 << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 }, { "", 1 },
	{ NULL, 0 }
};

_Static_assert(sizeof(enum conf_choice) == sizeof(int) &&
    sizeof(enum enforcement) == sizeof(int), "choices are stored as int");

static int
wrong(char why[CONF_WHY_MAX], const struct setting *s, const char *value,
    const char *what)
{
	snprintf(why, CONF_WHY_MAX, "'%s' must be %s, not \"%.*s\"", s->name,
	    what, SHOWN, value);
	return -1;
}

/* The place of a word in "a|b|c", or -1. */
static int
word_index(const char *words, const char *value)
{
	struct span left = span_of(words), word;

	for (int i = 0; span_split(&left, '|', &word); i++)
		if (span_is(word, value))
			return i;
	return -1;
}

/* "a|b|c" as "a, b or c". */
static const char *
words_list(const char *words, char out[CONF_WHY_MAX / 2])
{
	struct span left = span_of(words), word;
	size_t n = 0, size = CONF_WHY_MAX / 2;

	out[0] = '\0';
	while (span_split(&left, '|', &word) && n < size)
		n += (size_t)snprintf(out + n, size - n, "%s%.*s",
		    n == 0 ? "" : left.n > 0 ? ", " : " or ", (int)word.n,
		    word.p);
	return out;
}

static int
parse_words(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	char list[CONF_WHY_MAX / 2];
	int i = word_index(s->words, value);

	if (i == -1)
		return wrong(why, s, value, words_list(s->words, list));
	v->number = s->values != NULL ? s->values[i] : i;
	v->text = value;
	return 0;
}

static int
parse_bool(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	static const char *const words[] = { "no", "yes", "off", "on", "false",
	    "true" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			v->number = i % 2;
			return 0;
		}
	return wrong(why, s, value, "yes or no");
}

static int
parse_string(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	if (s->words != NULL)
		return parse_words(s, value, v, why);
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return wrong(why, s, value,
			    "text without control characters");
	if (s->type == SETTING_STRINGS && *value == '\0') {
		snprintf(why, CONF_WHY_MAX, "'%s' has an empty value \"\" in "
		    "its list; for an empty list write: %s = {}", s->name,
		    s->name);
		return -1;
	}
	v->text = value;
	return 0;
}

/* Digits at the front; the number of them, 0 when it is too large too. */
static size_t
digits(const char *value, int64_t *number)
{
	size_t n = 0;

	*number = 0;
	for (; isdigit((unsigned char)value[n]); n++) {
		if (n == 15)
			return 0;
		*number = *number * 10 + (value[n] - '0');
	}
	return n;
}

static const struct unit *
find_unit(const struct unit *units, const char *suffix)
{
	for (; units->suffix != NULL; units++)
		if (strcmp(units->suffix, suffix) == 0)
			return units;
	return NULL;
}

static const struct unit *
units_of(const struct setting *s)
{
	static const struct unit none[] = { { "", 1 }, { NULL, 0 } };

	return s->type == SETTING_TIME ? time_units :
	    s->type == SETTING_SIZE ? size_units : none;
}

const char *
conf_value_format(const struct setting *s, int64_t number, char out[32])
{
	const struct unit *u = units_of(s);

	while (number % u->factor != 0)
		u++;
	/* Days and seconds read better than 2w and 1m. */
	if (s->type == SETTING_TIME && u->factor == time_units[0].factor)
		u++;
	if (number == 0)
		snprintf(out, 32, "0");
	else
		snprintf(out, 32, "%" PRId64 "%s", number / u->factor,
		    u->suffix);
	return out;
}

static int
check_range(const struct setting *s, const char *value, int64_t number,
    char why[CONF_WHY_MAX])
{
	char low[32], high[32];

	if (number >= s->min && number <= s->max)
		return 0;
	snprintf(why, CONF_WHY_MAX, "'%s' must be from %s to %s, not \"%.*s\"",
	    s->name, conf_value_format(s, s->min, low),
	    conf_value_format(s, s->max, high), SHOWN, value);
	return -1;
}

static int
parse_time(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	const struct unit *u;
	size_t n = digits(value, &v->number);

	if (n > 0 && value[n] == '\0' && v->number == 0)
		return check_range(s, value, 0, why);
	if (n > 0 && value[n] == '\0') {
		snprintf(why, CONF_WHY_MAX, "'%s' needs a unit: write %.*ss "
		    "for seconds (or ms, m, h, d, w)", s->name, SHOWN, value);
		return -1;
	}
	if (n == 0 || (u = find_unit(time_units, value + n)) == NULL ||
	    v->number > INT64_MAX / u->factor)
		return wrong(why, s, value,
		    "a time such as 30s (units ms, s, m, h, d, w)");
	v->number *= u->factor;
	if (check_range(s, value, v->number, why) == -1)
		return -1;
	if (v->number % s->unit != 0)
		return wrong(why, s, value, "whole seconds");
	v->number /= s->unit;
	return 0;
}

static int
parse_number(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	const struct unit *u;
	size_t n = digits(value, &v->number);

	if (n == 0 || (u = find_unit(units_of(s), value + n)) == NULL ||
	    v->number > INT64_MAX / u->factor)
		return wrong(why, s, value, s->type == SETTING_SIZE ?
		    "a size in bytes such as 64M (units K, M, G)" :
		    "a whole number");
	v->number *= u->factor;
	return check_range(s, value, v->number, why);
}

static int
parse_mode(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	size_t n = strlen(value);

	v->number = 0;
	if (n != 4 || value[0] != '0' || strspn(value, "01234567") != n)
		return wrong(why, s, value, "a mode in octal such as 0660");
	for (; *value != '\0'; value++)
		v->number = v->number * 8 + (*value - '0');
	return 0;
}

static int
parse_domain(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	v->text = v->domain;
	v->domain[0] = '\0';
	if (*value == '\0' && s->fallback != NULL && *s->fallback == '\0')
		return 0;
	if (domain_normalise(span_of(value), v->domain) == -1)
		return wrong(why, s, value,
		    "a domain name such as mail.example.org");
	return 0;
}

static int
parse_net(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	const char *error = NULL;

	if (ipnet_parse(value, &v->net, &error) == 0)
		return 0;
	snprintf(why, CONF_WHY_MAX, "'%s' has \"%.*s\": %s; write an address "
	    "or a network such as 192.0.2.0/24", s->name, SHOWN, value, error);
	return -1;
}

static int
parse(const struct setting *s, const char *value, struct value *v,
    char why[CONF_WHY_MAX])
{
	switch (s->type) {
	case SETTING_BOOL:
		return s->words != NULL ? parse_words(s, value, v, why) :
		    parse_bool(s, value, v, why);
	case SETTING_CHOICE:
		return parse_words(s, value, v, why);
	case SETTING_STRING:
	case SETTING_STRINGS:
		return parse_string(s, value, v, why);
	case SETTING_COUNT:
	case SETTING_SIZE:
		return parse_number(s, value, v, why);
	case SETTING_TIME:
		return parse_time(s, value, v, why);
	case SETTING_MODE:
		return parse_mode(s, value, v, why);
	case SETTING_DOMAIN:
		return parse_domain(s, value, v, why);
	case SETTING_NETS:
		return parse_net(s, value, v, why);
	}
	return -1;
}

int
conf_value_check(const struct setting *s, const char *value,
    char why[CONF_WHY_MAX])
{
	struct value v;

	return parse(s, value, &v, why);
}

static void
set_scalar(struct arena *a, const struct setting *s, char *member,
    const struct value *v)
{
	switch (s->type) {
	case SETTING_BOOL:
		*(bool *)member = v->number != 0;
		break;
	case SETTING_STRING:
	case SETTING_DOMAIN:
		*(const char **)(void *)member = arena_strdup(a, v->text);
		break;
	case SETTING_CHOICE:
		memcpy(member, &(int){ (int)v->number }, sizeof(int));
		break;
	case SETTING_COUNT:
	case SETTING_TIME:
		*(unsigned *)(void *)member = (unsigned)v->number;
		break;
	case SETTING_SIZE:
		*(uint64_t *)(void *)member = (uint64_t)v->number;
		break;
	case SETTING_MODE:
		*(mode_t *)(void *)member = (mode_t)v->number;
		break;
	case SETTING_STRINGS:
	case SETTING_NETS:
		assert(0);
	}
}

void
conf_value_set(struct arena *a, const struct setting *s, void *base,
    const char *const *values, size_t n)
{
	char why[CONF_WHY_MAX], *member = (char *)base + s->offset;
	struct conf_strings *strings = (void *)member;
	struct conf_nets *nets = (void *)member;
	struct value v;

	if (s->type == SETTING_STRINGS) {
		strings->v = arena_array(a, n, sizeof(*strings->v));
		strings->n = n;
	} else if (s->type == SETTING_NETS) {
		nets->v = arena_array(a, n, sizeof(*nets->v));
		nets->n = n;
	}
	for (size_t i = 0; i < n; i++) {
		memset(&v, 0, sizeof(v));
		if (s->type == SETTING_NETS) {
			parse(s, values[i], &v, why);
			nets->v[i] = v.net;
		} else if (s->type == SETTING_STRINGS) {
			strings->v[i] = arena_strdup(a, values[i]);
		} else if (parse(s, values[i], &v, why) == 0 ||
		    (s->fallback != NULL &&
		    parse(s, s->fallback, &v, why) == 0)) {
			set_scalar(a, s, member, &v);
		}
	}
}
