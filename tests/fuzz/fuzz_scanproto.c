/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_scanproto: what postern and postern-scan read of each other.
 *
 * The input is read as a question and as an answer.  What is taken must be
 * what its own encoding says: the same bytes.
 */
#include "fuzz.h"
#include "scanproto.h"

static void
check_question(struct span in)
{
	struct scan_question q;
	struct buf b;

	if (scanproto_get_question(in, &q) != 0)
		return;
	buf_init(&b, SCAN_PACKET_MAX);
	scanproto_put_question(&b, &q);
	CHECK(!buf_failed(&b) && span_eq(buf_span(&b), in));
	buf_free(&b);
}

static void
check_answer(struct span in)
{
	struct scan_answer a;
	struct buf b;

	if (scanproto_get_answer(in, &a) != 0)
		return;
	CHECK(a.status >= SCAN_CLEAN && a.status <= SCAN_FAILED);
	CHECK(strnlen(a.name, sizeof(a.name)) < sizeof(a.name));
	CHECK((a.name[0] == '\0') == (a.status == SCAN_CLEAN));
	CHECK(strnlen(a.extensions, sizeof(a.extensions)) <
	    sizeof(a.extensions));
	for (const char *p = a.name; *p != '\0'; p++)
		CHECK(*p >= ' ' && *p <= '~');
	buf_init(&b, SCAN_PACKET_MAX);
	scanproto_put_answer(&b, &a);
	CHECK(!buf_failed(&b) && span_eq(buf_span(&b), in));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = fuzz_input(p, n);

	check_question(in);
	check_answer(in);
	return 0;
}
