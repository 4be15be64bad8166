/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf_record: the grammar of SPF records (RFC 7208 sections 4.5, 4.6, 5, 6
 * and 12).
 *
 * spf_dns.c parses each record that it fetches, whole, before anything of it
 * is evaluated: a fault anywhere is permerror.  What cannot matter is left
 * out of the result: exp and unknown modifiers, mechanisms behind `all`, and
 * redirect where there is an `all`; redirect comes last wherever it stood.
 *
 * Hostile bytes, linear time; records over SPF_RECORD_MAX are refused.  Pure
 * functions over the caller's arena, any thread.
 */
#include <arpa/inet.h>

#include <string.h>

#include "clean.h"
#include "spf_internal.h"

#define VERSION	"v=spf1"
/* A fault's text names the term, up to this many bytes. */
#define FAULT_TERM_MAX	80
/* The longest text of an address. */
#define ADDRESS_TEXT_MAX	45

struct parser {
	struct arena		*arena;
	struct spf_record	*record;
	struct spf_term		 redirect;
	bool			 has_redirect;
	bool			 has_exp;
	bool			 has_all;
	const char		*fault;		/* a literal */
};

bool
spf_record_is(struct span text)
{
	size_t n = strlen(VERSION);

	return text.n >= n && span_caseis(span_make(text.p, n), VERSION) &&
	    (text.n == n || text.p[n] == ' ');
}

static bool
wrong(struct parser *ps, const char *fault)
{
	ps->fault = fault;
	return false;
}

/* Digits without a leading zero, at most max. */
static bool
read_bits(struct span s, unsigned max, unsigned *bits)
{
	unsigned v = 0;

	if (s.n == 0 || s.n > 3 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		v = v * 10 + (unsigned)(s.p[i] - '0');
	*bits = v;
	return v <= max;
}

/* Takes "/digits" off the end; absent (p == NULL) when there is none. */
static struct span
take_slash(struct span *s)
{
	size_t i = s->n;
	struct span digits = { NULL, 0 };

	while (i > 0 && s->p[i - 1] >= '0' && s->p[i - 1] <= '9')
		i--;
	if (i == 0 || i == s->n || s->p[i - 1] != '/')
		return digits;
	digits = span_make(s->p + i, s->n - i);
	s->n = i - 1;
	return digits;
}

/* dual-cidr-length at the end of *s: /4, //6 or /4//6. */
static bool
read_dual(struct parser *ps, struct span *s, struct spf_term *t)
{
	struct span digits = take_slash(s);

	t->bits4 = 32;
	t->bits6 = 128;
	if (digits.p != NULL && s->n > 0 && s->p[s->n - 1] == '/') {
		s->n--;
		if (!read_bits(digits, 128, &t->bits6))
			return wrong(ps, "bad IPv6 prefix length");
		digits = take_slash(s);
	}
	if (digits.p != NULL && !read_bits(digits, 32, &t->bits4))
		return wrong(ps, "bad IPv4 prefix length");
	return true;
}

/* [":" domain-spec]; `value` is what follows the name. */
static bool
read_spec(struct parser *ps, struct span value, bool required,
    struct spf_term *t)
{
	if (value.n == 0)
		return required ? wrong(ps, "a domain is missing") : true;
	if (value.p[0] != ':')
		return wrong(ps, "unexpected text behind the name");
	t->spec = span_from(value, 1);
	return spf_domain_spec(t->spec) ? true : wrong(ps, "bad domain");
}

static bool
parse_spec(struct parser *ps, struct span value, struct spf_term *t)
{
	return read_spec(ps, value, t->kind != SPF_TERM_PTR, t);
}

static bool
parse_host(struct parser *ps, struct span value, struct spf_term *t)
{
	return read_dual(ps, &value, t) && read_spec(ps, value, false, t);
}

static bool
parse_address(struct parser *ps, struct span value, struct spf_term *t)
{
	bool six = t->kind == SPF_TERM_IP6;
	unsigned max = six ? 128 : 32;
	char text[ADDRESS_TEXT_MAX + 1];
	struct span digits = take_slash(&value);

	t->net.addr.family = six ? AF_INET6 : AF_INET;
	t->net.bits = max;
	if (value.n < 2 || value.p[0] != ':')
		return wrong(ps, "an address is missing");
	value = span_from(value, 1);
	if (digits.p != NULL && !read_bits(digits, max, &t->net.bits))
		return wrong(ps, "bad prefix length");
	if (value.n > ADDRESS_TEXT_MAX || memchr(value.p, 0, value.n) != NULL)
		return wrong(ps, "bad address");
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	/* Not ipaddr_parse(): ip6:::ffff:1.2.3.4 must stay what it is. */
	if (inet_pton(t->net.addr.family, text, t->net.addr.b) != 1)
		return wrong(ps, "bad address");
	return true;
}

static bool
parse_all(struct parser *ps, struct span value, struct spf_term *t)
{
	(void)t;
	return value.n == 0 ? true : wrong(ps, "unexpected text behind all");
}

static const struct mechanism {
	const char	*name;
	enum spf_kind	 kind;
	bool		 (*parse)(struct parser *, struct span,
			    struct spf_term *);
} mechanisms[] = {
	{ "a",		SPF_TERM_A,		parse_host },
	{ "all",	SPF_TERM_ALL,		parse_all },
	{ "exists",	SPF_TERM_EXISTS,	parse_spec },
	{ "include",	SPF_TERM_INCLUDE,	parse_spec },
	{ "ip4",	SPF_TERM_IP4,		parse_address },
	{ "ip6",	SPF_TERM_IP6,		parse_address },
	{ "mx",		SPF_TERM_MX,		parse_host },
	{ "ptr",	SPF_TERM_PTR,		parse_spec }
};

#define NMECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

/* Length of a name at the start of s: a letter, then letters, ... */
static size_t
name_length(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			continue;
		if (i == 0 || c == '\0' || (!(c >= '0' && c <= '9') &&
		    strchr("-_.", c) == NULL))
			break;
	}
	return i;
}

static bool
parse_mechanism(struct parser *ps, struct span s, struct spf_term *t)
{
	struct span name = span_make(s.p, name_length(s));
	struct spf_record *r = ps->record;

	for (size_t i = 0; i < NMECHANISMS; i++) {
		const struct mechanism *m = &mechanisms[i];

		if (!span_caseis(name, m->name))
			continue;
		t->kind = m->kind;
		if (!m->parse(ps, span_from(s, name.n), t))
			return false;
		if (!ps->has_all)
			r->term[r->n++] = *t;
		ps->has_all = ps->has_all || t->kind == SPF_TERM_ALL;
		return true;
	}
	return wrong(ps, "unknown mechanism");
}

static bool
parse_modifier(struct parser *ps, struct span name, struct span value,
    struct spf_term *t)
{
	bool redirect = span_caseis(name, "redirect");
	bool *seen = redirect ? &ps->has_redirect : &ps->has_exp;

	if (!redirect && !span_caseis(name, "exp"))
		return spf_macro_string(value) ? true :
		    wrong(ps, "bad macro or character in a modifier");
	if (*seen)
		return wrong(ps, "the modifier stands there twice");
	*seen = true;
	if (!spf_domain_spec(value))
		return wrong(ps, "bad domain");
	if (redirect) {
		t->kind = SPF_TERM_REDIRECT;
		t->spec = value;
		ps->redirect = *t;
	}
	return true;
}

static bool
parse_term(struct parser *ps, struct span s)
{
	struct spf_term t = { .qualifier = '+', .text = s };
	size_t n = name_length(s);

	if (n > 0 && n < s.n && s.p[n] == '=')
		return parse_modifier(ps, span_make(s.p, n),
		    span_from(s, n + 1), &t);
	if (s.p[0] != '\0' && strchr("+-~?", s.p[0]) != NULL) {
		t.qualifier = s.p[0];
		s = span_from(s, 1);
	}
	return parse_mechanism(ps, s, &t);
}

/* Terms that the text can have at most: words of it. */
static size_t
count_words(struct span s)
{
	size_t n = 1;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == ' ';
	return n;
}

static int
report(struct parser *ps, struct span term, const char **error_r)
{
	if (term.n > FAULT_TERM_MAX)
		term.n = FAULT_TERM_MAX;
	*error_r = arena_printf(ps->arena, "%s in %s", ps->fault,
	    clean_log(ps->arena, term));
	return -1;
}

int
spf_record_parse(struct arena *arena, struct span text,
    struct spf_record *record, const char **error_r)
{
	struct parser ps = { .arena = arena, .record = record };
	struct span word;

	if (text.n > SPF_RECORD_MAX) {
		*error_r = "the record is too long";
		return -1;
	}
	text = span_from(text, strlen(VERSION));
	/* One more for redirect. */
	record->term = arena_array(arena, count_words(text) + 1,
	    sizeof(*record->term));
	record->n = 0;
	while (span_split(&text, ' ', &word))
		if (word.n > 0 && !parse_term(&ps, word))
			return report(&ps, word, error_r);
	if (ps.has_redirect && !ps.has_all)
		record->term[record->n++] = ps.redirect;
	return 0;
}
