/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine_prove: a loaded engine finds what it must, or does not serve.
 *
 * Called by the loader before it forks.  EICAR by itself and in a stored zip
 * must be found, and a harmless text must be clean.  These scans also warm
 * the library up (time zone, tables).  Whether it can unpack rar depends on a
 * package that is not always there: EICAR in a stored rar tells.
 *
 * EICAR's text is put together here, so that virus scanners leave this
 * program and its source alone.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "engine_private.h"

#define EICAR_SIZE	68
/* CRC-32 of these 68 bytes. */
#define EICAR_CRC	0x6851cf3cU
#define NAME		"test.com"
#define ROOM		512

static void
put_le(struct buf *b, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addc(b, i < sizeof(v) ? (char)(v >> 8 * i) : '\0');
}

static void
put_eicar(struct buf *b)
{
	buf_adds(b, "X5O!P%@AP[4\\PZX54(P^)7CC)7}");
	buf_adds(b, "$EICAR-STANDARD-");
	buf_adds(b, "ANTIVIRUS-TEST-");
	buf_adds(b, "FILE!$H+H*");
}

static void
put_harmless(struct buf *b)
{
	buf_adds(b, "This text is harmless. It must be called clean.\n");
}

/* Version to sizes and name's length: what both headers of an entry have. */
static void
put_entry(struct buf *b)
{
	put_le(b, 10, 2);		/* version needed */
	put_le(b, 0, 2);		/* flags */
	put_le(b, 0, 2);		/* stored */
	put_le(b, 0x58210000, 4);	/* time, date */
	put_le(b, EICAR_CRC, 4);
	put_le(b, EICAR_SIZE, 4);
	put_le(b, EICAR_SIZE, 4);
	put_le(b, sizeof(NAME) - 1, 2);
	put_le(b, 0, 2);		/* extra */
}

static void
put_zip(struct buf *b)
{
	size_t directory, size;

	buf_adds(b, "PK\x03\x04");
	put_entry(b);
	buf_adds(b, NAME);
	put_eicar(b);
	directory = b->n;
	buf_adds(b, "PK\x01\x02");
	put_le(b, 20, 2);		/* made by */
	put_entry(b);
	put_le(b, 0, 14);		/* comment, disk, attributes, offset */
	buf_adds(b, NAME);
	size = b->n - directory;
	buf_adds(b, "PK\x05\x06");
	put_le(b, 0, 4);		/* disks */
	put_le(b, 1, 2);
	put_le(b, 1, 2);
	put_le(b, (uint32_t)size, 4);
	put_le(b, (uint32_t)directory, 4);
	put_le(b, 0, 2);
}

/* CRC-32 (ISO 3309), bit by bit: a few bytes, once. */
static uint32_t
crc32_of(const char *p, size_t n)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320U : 0);
	}
	return ~crc;
}

/* A rar 4 block's head: its CRC is of the bytes behind it. */
static void
put_rar_block(struct buf *b, struct span head)
{
	put_le(b, crc32_of(head.p, head.n) & 0xffff, 2);
	buf_addspan(b, head);
}

static void
put_rar(struct buf *b)
{
	struct buf head;

	buf_init(&head, ROOM);
	buf_add(b, "Rar!\x1a\x07\x00", 7);
	buf_addc(&head, 0x73);			/* archive */
	put_le(&head, 0, 2);
	put_le(&head, 13, 2);
	put_le(&head, 0, 6);
	put_rar_block(b, buf_span(&head));
	buf_reset(&head);
	buf_addc(&head, 0x74);			/* file */
	put_le(&head, 0x8000, 2);
	put_le(&head, 32 + sizeof(NAME) - 1, 2);
	put_le(&head, EICAR_SIZE, 4);
	put_le(&head, EICAR_SIZE, 4);
	buf_addc(&head, 0);			/* made on DOS */
	put_le(&head, EICAR_CRC, 4);
	put_le(&head, 0x58210000, 4);
	buf_addc(&head, 20);
	buf_addc(&head, 0x30);			/* stored */
	put_le(&head, sizeof(NAME) - 1, 2);
	put_le(&head, 0x20, 4);
	buf_adds(&head, NAME);
	put_rar_block(b, buf_span(&head));
	buf_free(&head);
	put_eicar(b);
	buf_add(b, "\xc4\x3d\x7b\x00\x40\x07\x00", 7);
}

static const struct proof {
	const char	*what;
	void		(*put)(struct buf *);
	enum scan_status must;
} proofs[] = {
	{ "the EICAR test file", put_eicar, SCAN_VIRUS },
	{ "the EICAR test file in a zip", put_zip, SCAN_VIRUS },
	{ "a harmless text", put_harmless, SCAN_CLEAN },
};

static void
try(struct engine *e, const struct proof *p, struct scan_answer *a)
{
	struct buf b;

	buf_init(&b, ROOM);
	p->put(&b);
	engine_scan(e, buf_span(&b), SCAN_PART, a);
	buf_free(&b);
}

int
engine_prove(struct engine *e, char **error_r)
{
	static const struct proof rar = { "rar", put_rar, SCAN_VIRUS };
	struct scan_answer a;

	*error_r = NULL;
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
		try(e, &proofs[i], &a);
		if (a.status == proofs[i].must)
			continue;
		if (asprintf(error_r, "the signatures fail: %s is called %s",
		    proofs[i].what, a.status == SCAN_CLEAN ? "clean" :
		    a.name) == -1)
			*error_r = NULL;
		return -1;
	}
	try(e, &rar, &a);
	e->reads_rar = a.status == SCAN_VIRUS;
	return 0;
}
