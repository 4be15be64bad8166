/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_zipdir: any bytes as a zip.
 *
 * Whatever the directory says, the answer is a reason or none, the list of
 * extensions is in the form that scanproto.c takes, and only what is a zip
 * has names.
 */
#include "fuzz.h"
#include "scanproto.h"
#include "zipdir.h"

static const struct zipdir_limits limits = { 1 << 20, 4 << 20, 100 };

/* An answer with these extensions comes through. */
static void
check_names(const struct zipdir_names *names)
{
	struct scan_answer a = { .status = SCAN_CLEAN, .version = 1 }, got;
	struct buf b;

	CHECK(names->n < sizeof(names->text));
	CHECK(strlen(names->text) == names->n);
	memcpy(a.extensions, names->text, sizeof(a.extensions));
	buf_init(&b, SCAN_PACKET_MAX);
	scanproto_put_answer(&b, &a);
	CHECK(!buf_failed(&b));
	CHECK(scanproto_get_answer(buf_span(&b), &got) == 0);
	buf_free(&b);
}

static void
check_name(struct span in)
{
	struct zipdir_names names = { .n = 0 };
	struct span word;

	while (span_split(&in, '\n', &word))
		zipdir_add_name(&names, word);
	check_names(&names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct zipdir_names names = { .n = 0 };
	struct span in = fuzz_input(p, n);
	bool zip = zipdir_is_zip(in);
	const char *reason = zipdir_check(in, &limits, &names);

	CHECK(reason == NULL || strncmp(reason, "zip: ", 5) == 0);
	CHECK(zip || reason != NULL || names.n == 0);
	check_names(&names);
	check_name(in);
	return 0;
}
