/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_authres: Authentication-Results, read and written.
 *
 * The first line is an authserv-id, the rest a field's value, and the words
 * of a field that we write.  What we write is one clean field that claims our
 * id and no other.
 */
#include "authres.h"
#include "domain.h"
#include "fuzz.h"

static const char other_id[] = "other.example";

static void
check_written(struct arena *a, const char *id, struct span text, bool utf8)
{
	struct authres *r = authres_new(a, id, utf8);
	struct span line, value;
	unsigned turn = 0;

	while (turn < 64 && span_split(&text, '\n', &line)) {
		const char *s = arena_cstr(a, line);

		switch (turn++ % 4) {
		case 0:
			authres_result(r, "dkim", "fail", s, s);
			break;
		case 1:
			authres_property(r, "header", "d", line);
			break;
		case 2:
			authres_comment(r, s);
			break;
		default:
			authres_result(r, "spf", "pass", NULL, s);
		}
	}
	value = authres_value(r);
	CHECK(value.n > 0 && value.p[0] == ' ');
	fuzz_check_value(value);
	CHECK(authres_claims(value, id));
	CHECK(strcmp(id, other_id) == 0 || !authres_claims(value, other_id));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char id[DOMAIN_SIZE];
	struct span rest = fuzz_input(p, n), line;
	struct arena *a = arena_new();

	if (!span_split(&rest, '\n', &line))
		line = rest;
	/* Without a name that it could claim, a field is never ours to keep. */
	CHECK(authres_claims(span_make("", 0), other_id));
	if (domain_normalise(line, id) == 0) {
		(void)authres_claims(rest, id);
		check_written(a, id, rest, false);
		check_written(a, id, rest, true);
	}
	(void)authres_claims(fuzz_input(p, n), other_id);
	arena_free(&a);
	return 0;
}
