/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_settings: the table is whole, and what is made from it is right: each
 * row has a text and a default that parses, no two rows share a member, every
 * setting is in the manual, and the example file says the defaults.
 */
#include "config.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf.h"
#include "settings.h"

#define ID "authserv-id = mx.example.org\n"

static bool
scalar(const struct setting *s)
{
	return s->type != SETTING_STRINGS && s->type != SETTING_NETS;
}

static void
test_rows(void **state)
{
	const struct setting *s, *o;
	const char *end;

	(void)state;
	for (s = settings; s < settings + nsettings; s++) {
		assert_non_null(s->name);
		assert_int_equal(strspn(s->name,
		    "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(s->name));
		assert_true(strlen(s->name) <= 32);
		assert_non_null(s->text);
		end = s->text + strlen(s->text) - 1;
		if (!isupper((unsigned char)*s->text) || *end != '.')
			fail_msg("%s: \"%s\" is no sentence", s->name, s->text);
		if (s->type == SETTING_TIME)
			assert_true(s->unit > 0 && s->max / s->unit <=
			    UINT32_MAX);
		if (s->type == SETTING_COUNT)
			assert_true(s->max <= UINT32_MAX);
		assert_true(s->min <= s->max);
		assert_true(s->type != SETTING_CHOICE || (s->words != NULL &&
		    s->values != NULL));
		assert_true(s->fallback != NULL || s->example != NULL);
		assert_true(scalar(s) || s->fallback[0] == '{');
		for (o = settings; o < s; o++)
			if (o->section == s->section && (o->offset ==
			    s->offset || strcmp(o->name, s->name) == 0))
				fail_msg("%s and %s are one", o->name, s->name);
	}
}

/* What the two settings' structs say, compared by the row's type. */
static void
same(const struct setting *s, const struct conf *a, const struct conf *b)
{
	static const size_t sizes[] = {
		[SETTING_BOOL] = sizeof(bool), [SETTING_CHOICE] = sizeof(int),
		[SETTING_COUNT] = sizeof(unsigned),
		[SETTING_SIZE] = sizeof(uint64_t),
		[SETTING_TIME] = sizeof(unsigned),
		[SETTING_MODE] = sizeof(mode_t)
	};
	const char *x = (const char *)a + s->offset;
	const char *y = (const char *)b + s->offset;

	if (s->type == SETTING_STRING || s->type == SETTING_DOMAIN) {
		assert_string_equal(*(const char *const *)(const void *)x,
		    *(const char *const *)(const void *)y);
	} else if (s->type == SETTING_STRINGS) {
		const struct conf_strings *v = (const void *)x;
		const struct conf_strings *w = (const void *)y;

		assert_int_equal(v->n, w->n);
		for (size_t i = 0; i < v->n; i++)
			assert_string_equal(v->v[i], w->v[i]);
	} else if (s->type == SETTING_NETS) {
		assert_int_equal(((const struct conf_nets *)(const void *)x)->n,
		    ((const struct conf_nets *)(const void *)y)->n);
	} else if (memcmp(x, y, sizes[s->type]) != 0) {
		fail_msg("%s differs from its default", s->name);
	}
}

static struct conf *
load(const char *text, size_t n)
{
	char path[] = "/tmp/test_settings.XXXXXX", *errors;
	int fd = mkstemp(path);
	struct conf *c;

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
	c = conf_load(path, &errors);
	unlink(path);
	if (c == NULL)
		fail_msg("%s", errors);
	free(errors);
	return c;
}

static char *
printed(void (*print)(FILE *), size_t *n)
{
	char *text;
	FILE *f = open_memstream(&text, n);

	assert_non_null(f);
	print(f);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* "#name" becomes "name"; prose has a blank there, headings a second #. */
static void
uncomment(char *text)
{
	for (char *p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (*p == '#' && (islower((unsigned char)p[1]) || p[1] == '}' ||
		    p[1] == '\t'))
			*p = ' ';
	}
}

static void
check_example(bool all)
{
	struct conf *defaults = load(ID, strlen(ID)), *c;
	size_t n;
	char *text = printed(settings_print_example, &n);

	if (all)
		uncomment(text);
	c = load(text, n);
	for (const struct setting *s = settings; s < settings + nsettings; s++)
		if (s->section == SECTION_TOP && s->fallback != NULL &&
		    (s->example == NULL ||
		    strcmp(s->example, s->fallback) == 0))
			same(s, defaults, c);
	assert_string_equal(c->user, "postern");
	assert_string_equal(c->sign_user, "postern-sign");
	assert_int_equal(c->dmarc, ENFORCE_MONITOR);
	assert_int_equal(c->ndomains, all ? 1 : 0);
	assert_int_equal(c->nforwarders, all ? 1 : 0);
	if (all) {
		assert_string_equal(c->authserv_id, "mail.example.org");
		assert_string_equal(c->domains[0].name, "example.org");
		assert_int_equal(c->domains[0].nkeys, 1);
		assert_string_equal(c->forwarders[0].recipient,
		    "me@example.org");
	}
	free(text);
	conf_free(&c);
	conf_free(&defaults);
}

static void
test_example(void **state)
{
	(void)state;
	check_example(false);
	check_example(true);
}

static void
test_manual(void **state)
{
	char item[80], *text;
	size_t n;

	(void)state;
	text = printed(settings_print_mdoc, &n);
	for (size_t i = 0; i < nsettings; i++) {
		snprintf(item, sizeof(item), "\n.It Ic %s No = ",
		    settings[i].name);
		assert_non_null(strstr(text, item));
	}
	assert_null(strstr(text, "\n\n"));
	assert_null(strchr(text, '\\'));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
