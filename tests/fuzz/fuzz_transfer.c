/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_transfer: the decoders, the names of encodings, and quoted-printable.
 *
 * The first line is the value of a Content-Transfer-Encoding, the rest the
 * content.  Every decoder gets it whole, byte by byte and in chunks of
 * different sizes: output and result are the same, and no chunk gives more
 * than promised.  The rest as quoted-printable decodes to itself.
 */
#include "buf.h"
#include "fuzz.h"
#include "transfer.h"

/* The chunks' sizes: 0 for all at once, or below this and changing. */
static size_t
chunk_size(size_t chunks, size_t i, size_t left)
{
	size_t n = chunks == 0 ? left : 1 + i * 7 % chunks;

	return n < left ? n : left;
}

static enum transfer_result
decode(enum transfer_encoding e, struct span s, size_t chunks, struct buf *b)
{
	unsigned char last[TRANSFER_END_ROOM];
	enum transfer_result r;
	unsigned char *out = malloc(TRANSFER_ROOM(s.n));
	struct transfer t;
	size_t n;

	CHECK(out != NULL);
	transfer_begin(&t, e);
	for (size_t i = 0; s.n > 0; i++) {
		size_t take = chunk_size(chunks, i, s.n);
		unsigned char *in = malloc(take);

		CHECK(in != NULL);
		memcpy(in, s.p, take);
		n = transfer_decode(&t, span_make((char *)in, take), out);
		CHECK(n <= TRANSFER_ROOM(take));
		buf_add(b, out, n);
		free(in);
		s = span_from(s, take);
	}
	free(out);
	n = transfer_end(&t, last, &r);
	CHECK(n <= sizeof(last));
	buf_add(b, last, n);
	return r;
}

static void
check_decoder(enum transfer_encoding e, struct span s)
{
	static const size_t chunks[] = { 1, 5, 97 };
	size_t most = s.n + TRANSFER_SLACK;
	enum transfer_result r;
	struct buf whole, parts;

	buf_init(&whole, most);
	r = decode(e, s, 0, &whole);
	CHECK(!buf_failed(&whole) && r <= TRANSFER_UNDECODABLE);
	CHECK(r != TRANSFER_UNDECODABLE || whole.n == 0);
	CHECK(r == TRANSFER_UNDECODABLE || r == TRANSFER_EMPTY || whole.n > 0);
	CHECK(strlen(transfer_result_word(r)) > 0);
	buf_init(&parts, most);
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		buf_reset(&parts);
		CHECK(decode(e, s, chunks[i], &parts) == r);
		CHECK(span_eq(buf_span(&whole), buf_span(&parts)));
	}
	buf_free(&whole);
	buf_free(&parts);
}

/* The text as it was, but that each line ends in CRLF. */
static void
check_back(struct span text, struct span back)
{
	size_t at = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			CHECK(at < back.n && back.p[at++] == '\r');
		CHECK(at < back.n && back.p[at++] == text.p[i]);
	}
	CHECK(at == back.n);
}

static void
check_qp(struct span text)
{
	struct arena *a = arena_new();
	struct span qp = transfer_to_qp(a, text), left = qp, line;
	struct buf back;

	while (span_split(&left, '\n', &line)) {
		bool whole = left.p != NULL;

		CHECK(line.n <= 76 + (size_t)whole);
		CHECK(!whole || (line.n > 0 && line.p[line.n - 1] == '\r'));
		line.n -= whole;
		for (size_t i = 0; i < line.n; i++)
			CHECK(line.p[i] == '\t' || (line.p[i] >= ' ' &&
			    line.p[i] <= '~'));
		CHECK(line.n == 0 || (line.p[line.n - 1] != ' ' &&
		    line.p[line.n - 1] != '\t'));
		CHECK(!span_starts(line, ".") && !span_starts(line, "--"));
	}
	buf_init(&back, 2 * text.n + 1);
	CHECK(decode(TRANSFER_QP, qp, 0, &back) <= TRANSFER_EMPTY);
	CHECK(!buf_failed(&back));
	check_back(text, buf_span(&back));
	buf_free(&back);
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span rest = fuzz_input(p, n), name = { NULL, 0 };

	span_split(&rest, '\n', &name);
	CHECK(transfer_named(name) <= TRANSFER_UNKNOWN);
	for (int e = TRANSFER_IDENTITY; e <= TRANSFER_UNKNOWN; e++)
		check_decoder((enum transfer_encoding)e, rest);
	check_qp(rest);
	return 0;
}
