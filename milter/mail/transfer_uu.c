/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer_uu: uuencode, from its "begin" line to its "end" (POSIX uuencode).
 *
 * Called by transfer.c; the state is the caller's, one line is held.  A line
 * is a character for its length and four characters for three bytes.  As
 * readers do: any character counts by its low six bits (one that should not
 * be there is counted as foreign), and blanks lost at the end of a line are
 * zeros.  So that two bytes never become 63 for long, padding is paid for by
 * the bytes read, up to TRANSFER_CREDIT_MAX ahead; past it something is
 * missing.  A line of length zero ends the data, a blank one may.
 */
#include "transfer_internal.h"

enum { BEFORE, DATA, ZERO, AFTER };

static unsigned
value(unsigned char c)
{
	return (c - ' ') & 0x3fU;
}

/* "begin", blanks, the mode in octal digits. */
static bool
is_begin(struct span line)
{
	size_t i = 5, digits = 0;

	if (!span_starts(line, "begin ") && !span_starts(line, "begin\t"))
		return false;
	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	for (; i < line.n && line.p[i] >= '0' && line.p[i] <= '7'; i++)
		digits++;
	return digits > 0 && (i == line.n || line.p[i] == ' ' ||
	    line.p[i] == '\t');
}

/* One character of the line; a lost one is a blank. */
static unsigned
digit(struct transfer *t, struct span line, size_t i)
{
	unsigned char c = i < line.n ? (unsigned char)line.p[i] : ' ';

	if (c < ' ' || c > '`')
		t->foreign++;
	return value(c);
}

/* Writes n bytes at most, of the length that the line tells. */
static size_t
data(struct transfer *t, struct span line, size_t n, unsigned char *out)
{
	size_t digits = (n + 2) / 3 * 4, at = 0;
	uint32_t bits;

	/* Some put a sum behind the data: one character. */
	if (line.n > digits + 2)
		t->foreign += line.n - digits - 2;
	for (size_t i = 0; i < digits; i += 4) {
		bits = digit(t, line, i + 1) << 18;
		bits |= digit(t, line, i + 2) << 12;
		bits |= digit(t, line, i + 3) << 6;
		bits |= digit(t, line, i + 4);
		for (int shift = 16; shift >= 0 && at < n; shift -= 8)
			out[at++] = (unsigned char)(bits >> shift);
	}
	return at;
}

/* How much of n bytes is paid for. */
static size_t
pay(struct transfer *t, size_t n)
{
	t->credit += t->line + 1;
	if (t->credit > TRANSFER_CREDIT_MAX)
		t->credit = TRANSFER_CREDIT_MAX;
	if (n > t->credit) {
		t->cut = true;
		n = t->credit;
	}
	t->credit -= n;
	return n;
}

static size_t
data_line(struct transfer *t, struct span line, unsigned char *out)
{
	size_t n;

	t->ended = true;
	if (line.n == 0)
		return 0;
	if (span_is(line, "end")) {
		t->state = AFTER;
		return 0;
	}
	n = digit(t, line, 0);
	if (n == 0) {
		t->state = ZERO;
		t->foreign += t->line > 2 ? t->line - 2 : 0;
		return 0;
	}
	t->ended = false;
	return data(t, line, pay(t, n), out);
}

/* The line that is held, now that it is whole. */
static size_t
whole_line(struct transfer *t, unsigned char *out)
{
	struct span line = transfer_line(t);
	bool foreign = false;
	size_t n = 0;

	if (t->state == DATA) {
		n = data_line(t, line, out);
	} else if (t->state == BEFORE && is_begin(line)) {
		t->begun = true;
		t->state = DATA;
	} else if (t->state == ZERO && span_is(line, "end")) {
		t->state = AFTER;
	} else {
		foreign = true;
	}
	transfer_drop_line(t, foreign);
	return n;
}

size_t
transfer_uu(struct transfer *t, struct span in, unsigned char *out)
{
	size_t n = 0;
	long end;

	while ((end = span_chr(in, '\n')) >= 0) {
		transfer_keep(t, span_make(in.p, (size_t)end));
		n += whole_line(t, out + n);
		in = span_from(in, (size_t)end + 1);
	}
	transfer_keep(t, in);
	return n;
}

size_t
transfer_uu_end(struct transfer *t, unsigned char *out)
{
	size_t n = t->line > 0 ? whole_line(t, out) : 0;

	if (t->begun && !t->ended)
		t->cut = true;
	return n;
}
