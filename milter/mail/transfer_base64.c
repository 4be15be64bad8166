/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer_base64: base64 as mail readers take it (RFC 2045 section 6.8).
 *
 * Called by transfer.c; the state is the caller's.  Every attachment comes
 * through here, so whole groups of four digits go a fast way, one table
 * look-up a byte.  Line ends and all that is not as it should be go a byte at
 * a time.  White space does not count, foreign bytes are skipped and counted.
 * Padding ends a group, not the text: blocks put one behind the other are
 * decoded as one.  Padding may be missing.  Some readers skip a "=" that is
 * not at the end like any foreign byte: TRANSFER_BASE64_LOOSE.
 */
#include "transfer_internal.h"

/* What a byte is: a digit and its value, or one of these, or foreign (0). */
#define DIGIT	0x40
#define VALUE	0x3f
#define WHITE	0x80
#define PAD	0x81
#define D(value) (DIGIT | (value))

static const unsigned char kind[256] = {
	['A'] = D(0), ['B'] = D(1), ['C'] = D(2), ['D'] = D(3),
	['E'] = D(4), ['F'] = D(5), ['G'] = D(6), ['H'] = D(7),
	['I'] = D(8), ['J'] = D(9), ['K'] = D(10), ['L'] = D(11),
	['M'] = D(12), ['N'] = D(13), ['O'] = D(14), ['P'] = D(15),
	['Q'] = D(16), ['R'] = D(17), ['S'] = D(18), ['T'] = D(19),
	['U'] = D(20), ['V'] = D(21), ['W'] = D(22), ['X'] = D(23),
	['Y'] = D(24), ['Z'] = D(25), ['a'] = D(26), ['b'] = D(27),
	['c'] = D(28), ['d'] = D(29), ['e'] = D(30), ['f'] = D(31),
	['g'] = D(32), ['h'] = D(33), ['i'] = D(34), ['j'] = D(35),
	['k'] = D(36), ['l'] = D(37), ['m'] = D(38), ['n'] = D(39),
	['o'] = D(40), ['p'] = D(41), ['q'] = D(42), ['r'] = D(43),
	['s'] = D(44), ['t'] = D(45), ['u'] = D(46), ['v'] = D(47),
	['w'] = D(48), ['x'] = D(49), ['y'] = D(50), ['z'] = D(51),
	['0'] = D(52), ['1'] = D(53), ['2'] = D(54), ['3'] = D(55),
	['4'] = D(56), ['5'] = D(57), ['6'] = D(58), ['7'] = D(59),
	['8'] = D(60), ['9'] = D(61), ['+'] = D(62), ['/'] = D(63),
	[' '] = WHITE, ['\t'] = WHITE, ['\r'] = WHITE, ['\n'] = WHITE,
	['='] = PAD,
};

/* Whole groups from *in on; returns the end of the output. */
static unsigned char *
groups(const unsigned char **in, const unsigned char *end, unsigned char *o)
{
	const unsigned char *p = *in;

	for (; end - p >= 4; p += 4, o += 3) {
		uint32_t a = kind[p[0]], b = kind[p[1]];
		uint32_t c = kind[p[2]], d = kind[p[3]], v;

		if ((a & b & c & d & DIGIT) == 0)
			break;
		v = ((a & VALUE) << 18) | ((b & VALUE) << 12) |
		    ((c & VALUE) << 6) | (d & VALUE);
		o[0] = (unsigned char)(v >> 16);
		o[1] = (unsigned char)(v >> 8);
		o[2] = (unsigned char)v;
	}
	*in = p;
	return o;
}

/* What a group that is not full stands for. */
static unsigned char *
flush(struct transfer *t, unsigned char *o)
{
	if (t->have == 2) {
		*o++ = (unsigned char)(t->bits >> 4);
	} else if (t->have == 3) {
		*o++ = (unsigned char)(t->bits >> 10);
		*o++ = (unsigned char)(t->bits >> 2);
	}
	t->have = 0;
	t->bits = 0;
	return o;
}

static unsigned char *
pad(struct transfer *t, unsigned char *o)
{
	if (t->have == 0) {
		if (t->pads == 0)
			t->foreign++;
		else
			t->pads--;
		return o;
	}
	/* One digit alone is less than a byte: it is skipped with its "=". */
	if (t->have == 1)
		t->foreign += 2;
	t->pads = t->have == 2 ? 1 : 0;
	return flush(t, o);
}

static unsigned char *
one(struct transfer *t, unsigned char c, unsigned char *o)
{
	unsigned k = kind[c];

	if (k == PAD && t->encoding == TRANSFER_BASE64)
		return pad(t, o);
	if ((k & DIGIT) == 0) {
		t->foreign += k != WHITE;
		return o;
	}
	t->pads = 0;
	t->bits = t->bits << 6 | (k & VALUE);
	if (++t->have < 4)
		return o;
	*o++ = (unsigned char)(t->bits >> 16);
	*o++ = (unsigned char)(t->bits >> 8);
	*o++ = (unsigned char)t->bits;
	return flush(t, o);
}

size_t
transfer_base64(struct transfer *t, struct span in, unsigned char *out)
{
	const unsigned char *p = (const unsigned char *)in.p, *end = p + in.n;
	unsigned char *o = out, *before;

	while (p < end) {
		if (t->have == 0) {
			before = o;
			o = groups(&p, end, o);
			if (o != before)
				t->pads = 0;
		}
		if (p < end)
			o = one(t, *p++, o);
	}
	return (size_t)(o - out);
}

size_t
transfer_base64_end(struct transfer *t, unsigned char *out)
{
	t->cut = t->have == 1;
	return (size_t)(flush(t, out) - out);
}
