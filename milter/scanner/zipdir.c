/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zipdir: see the header.  The format is PKWARE's APPNOTE 6.3.
 *
 * Called for each zip by engine_unread.c.  Programs find the directory from
 * the end record at the file's end; data before the zip (a program that
 * unpacks itself) moves all offsets, which is corrected as they do.  The
 * checks look for what libclamav was seen to leave out (zip64, methods,
 * encryption, size) and for what programs read in different ways: local
 * headers unlike the directory, entries on top of each other, entries outside
 * of the directory, two end records.
 *
 * One array of the entries' ranges is allocated, at most limits.files long.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "zipdir.h"

#define LOCAL_SIZE	30
#define CENTRAL_SIZE	46
#define END_SIZE	22
#define COMMENT_MAX	65535
#define LOCATOR_SIZE	20
#define END64_SIZE	56

#define LOCAL_SIGN	"PK\x03\x04"
#define CENTRAL_SIGN	"PK\x01\x02"
#define END_SIGN	"PK\x05\x06"
#define END64_SIGN	"PK\x06\x06"
#define LOCATOR_SIGN	"PK\x06\x07"

#define FLAG_ENCRYPTED	0x0001
#define FLAG_STREAMED	0x0008
#define FLAG_MASKED	0x2000		/* the directory is encrypted */

#define FULL16		0xffffU
#define FULL32		0xffffffffU
/* Extra fields: sizes in 64 bits; Info-ZIP's other name. */
#define EXTRA_ZIP64	0x0001
#define EXTRA_PATH	0x7075

struct range {
	uint64_t	start, end;
};

struct zip {
	struct span	all;
	uint64_t	base;		/* data before the zip */
	uint64_t	directory;	/* where it begins, */
	uint64_t	end;		/* and the end record */
	unsigned	count;
	uint64_t	unpacked;	/* so far */
	struct range	*ranges;
};

/* What both headers say of an entry. */
struct entry {
	unsigned	flags, method;
	uint64_t	packed, size;
	bool		zip64;		/* sizes are in an extra field */
	struct span	name, extra;
	uint64_t	offset;		/* of the local header; its data's */
};

static uint32_t
le(struct span s, size_t at, size_t n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | (unsigned char)s.p[at + n];
	return v;
}

static bool
sign_at(struct span all, uint64_t at, const char *sign)
{
	return at <= all.n && all.n - at >= 4 &&
	    memcmp(all.p + at, sign, 4) == 0;
}

static uint64_t
le64(struct span s, size_t at)
{
	return le(s, at, 4) | (uint64_t)le(s, at + 4, 4) << 32;
}

/* True when the comment of the end record ends with the file. */
static bool
end_exact(struct span all, uint64_t at)
{
	return at + END_SIZE + le(span_from(all, at), 20, 2) == all.n;
}

/*
 * The last end record, as most programs search it; *others_r: another one
 * before it whose comment would just hold it.  False when there is none.
 */
static bool
find_end(struct span all, uint64_t *at_r, bool *others_r)
{
	size_t reach = END_SIZE + COMMENT_MAX;
	struct span tail = all.n > reach ? span_from(all, all.n - reach) : all;
	bool found = false, exact = false;
	const char *p = tail.p;
	uint64_t at;

	*others_r = false;
	while (p != NULL && (p = memmem(p, (size_t)(tail.p + tail.n - p),
	    END_SIGN, 4)) != NULL) {
		at = (uint64_t)(p - all.p);
		p += 4;
		if (all.n - at < END_SIZE)
			break;
		*others_r = exact;
		exact = exact || end_exact(all, at);
		*at_r = at;
		found = true;
	}
	return found;
}

/* What the end record at `at` says, which is known to be there. */
struct end {
	uint64_t	at, size, offset;
	unsigned	count;
	bool		disks;
};

static struct end
read_end(struct span all, uint64_t at)
{
	struct span s = span_from(all, at);

	return (struct end){ at, le(s, 12, 4), le(s, 16, 4), le(s, 10, 2),
	    le(s, 4, 4) != 0 || le(s, 8, 2) != le(s, 10, 2) };
}

/* Its locator stands before the end record. */
static bool
has_zip64(const struct zip *z, uint64_t at)
{
	return at >= LOCATOR_SIZE + END64_SIZE &&
	    sign_at(z->all, at - LOCATOR_SIZE, LOCATOR_SIGN);
}

/*
 * A zip64 end record that says the same as the end record does no harm: the
 * directory ends before it.
 */
static const char *
skip_zip64(struct zip *z, const struct end *end)
{
	uint64_t at = end->at - LOCATOR_SIZE - END64_SIZE;
	struct span s = span_from(z->all, at);

	if (!sign_at(s, 0, END64_SIGN) || le64(s, 32) != end->count ||
	    le64(s, 40) != end->size || le64(s, 48) != end->offset)
		return "zip: a zip64 directory";
	z->end = at;
	return NULL;
}

/* Finds the directory: NULL, or why not. */
static const char *
find_directory(struct zip *z)
{
	const char *reason;
	uint64_t at = 0;
	struct end end;
	bool others;

	if (!find_end(z->all, &at, &others))
		return "zip: no end record";
	if (others)
		return "zip: several end records";
	end = read_end(z->all, at);
	z->end = at;
	z->count = end.count;
	if (end.count == FULL16 || end.size == FULL32 || end.offset == FULL32)
		return "zip: a zip64 directory";
	if (end.disks)
		return "zip: more than one disk";
	if (has_zip64(z, at) && (reason = skip_zip64(z, &end)) != NULL)
		return reason;
	if (end.size > z->end || end.offset > z->end - end.size)
		return "zip: directory outside of the file";
	z->directory = z->end - end.size;
	z->base = z->directory - end.offset;
	return NULL;
}

/* An end record with a directory before it, whatever it says of the rest. */
static bool
ends_as_zip(const struct zip *z)
{
	uint64_t at = 0;
	struct end end;
	bool others;

	if (!find_end(z->all, &at, &others))
		return false;
	end = read_end(z->all, at);
	if (has_zip64(z, at) || (end.disks && end_exact(z->all, at)))
		return true;
	if (end.size == 0)
		return z->all.n == END_SIZE && end.count == 0;
	return end.size <= at &&
	    sign_at(z->all, at - end.size, CENTRAL_SIGN);
}

bool
zipdir_is_zip(struct span all)
{
	struct zip z = { .all = all };

	return sign_at(all, 0, LOCAL_SIGN) ||
	    (sign_at(all, 0, "PK\x07\x08") && sign_at(all, 4, LOCAL_SIGN)) ||
	    ends_as_zip(&z);
}

/* The directory's entry at *at, which moves on; false: it does not fit. */
static bool
read_central(const struct zip *z, uint64_t *at, struct entry *e)
{
	struct span s = span_make(z->all.p + *at, z->end - *at);
	size_t name, extra, comment;

	if (s.n < CENTRAL_SIZE || !sign_at(s, 0, CENTRAL_SIGN))
		return false;
	name = le(s, 28, 2);
	extra = le(s, 30, 2);
	comment = le(s, 32, 2);
	if (s.n - CENTRAL_SIZE < name + extra + comment)
		return false;
	e->flags = le(s, 8, 2);
	e->method = le(s, 10, 2);
	e->packed = le(s, 20, 4);
	e->size = le(s, 24, 4);
	e->offset = le(s, 42, 4);
	e->name = span_make(s.p + CENTRAL_SIZE, name);
	e->extra = span_make(s.p + CENTRAL_SIZE + name, extra);
	*at += CENTRAL_SIZE + name + extra + comment;
	return true;
}

/* The next extra field: its kind and bytes. */
static bool
next_extra(struct span *left, unsigned *kind_r, struct span *field_r)
{
	size_t n;

	if (left->n < 4)
		return false;
	n = le(*left, 2, 2);
	if (n > left->n - 4)
		return false;
	*kind_r = le(*left, 0, 2);
	*field_r = span_make(left->p + 4, n);
	*left = span_from(*left, 4 + n);
	return true;
}

static uint64_t
take64(struct span *field, uint64_t instead)
{
	uint64_t v;

	if (instead != FULL32 || field->n < 8)
		return instead;
	v = le64(*field, 0);
	*field = span_from(*field, 8);
	return v;
}

/* Programs that do not know a size yet leave room for 64 bits. */
static void
local_zip64(struct entry *e)
{
	struct span left = e->extra, field;
	unsigned kind;

	e->zip64 = e->size == FULL32 || e->packed == FULL32;
	while (e->zip64 && next_extra(&left, &kind, &field)) {
		if (kind != EXTRA_ZIP64)
			continue;
		e->size = take64(&field, e->size);
		e->packed = take64(&field, e->packed);
		return;
	}
}

static bool
read_local(const struct zip *z, uint64_t at, struct entry *e)
{
	struct span s;
	size_t name, extra;

	if (at > z->directory)
		return false;
	s = span_make(z->all.p + at, z->directory - at);
	if (s.n < LOCAL_SIZE || !sign_at(s, 0, LOCAL_SIGN))
		return false;
	name = le(s, 26, 2);
	extra = le(s, 28, 2);
	if (s.n - LOCAL_SIZE < name + extra)
		return false;
	e->flags = le(s, 6, 2);
	e->method = le(s, 8, 2);
	e->packed = le(s, 18, 4);
	e->size = le(s, 22, 4);
	e->name = span_make(s.p + LOCAL_SIZE, name);
	e->extra = span_make(s.p + LOCAL_SIZE + name, extra);
	e->offset = at + LOCAL_SIZE + name + extra;
	local_zip64(e);
	return true;
}

/* Stored, imploded, deflated, deflate64, bzip2: libclamav unpacks these. */
static bool
method_read(unsigned method)
{
	return method == 0 || method == 6 || method == 8 || method == 9 ||
	    method == 12;
}

static bool
same_name(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if ((a.p[i] == '\\' ? '/' : a.p[i]) !=
		    (b.p[i] == '\\' ? '/' : b.p[i]))
			return false;
	return true;
}

/* A streamed entry's local sizes may be 0: then they stand behind it. */
static bool
same_size(const struct entry *local, uint64_t there, uint64_t here)
{
	return there == here ||
	    ((local->flags & FLAG_STREAMED) != 0 && there == 0);
}

static const char *
compare(const struct entry *e, const struct entry *local)
{
	/* libclamav takes a streamed entry's sizes from the directory. */
	if (local->zip64 && (local->flags & FLAG_STREAMED) == 0)
		return "zip: a zip64 entry";
	if (!same_name(e->name, local->name))
		return "zip: two names for one entry";
	if (e->method != local->method ||
	    ((e->flags ^ local->flags) & FLAG_ENCRYPTED) != 0 ||
	    !same_size(local, local->packed, e->packed) ||
	    !same_size(local, local->size, e->size))
		return "zip: an entry's header unlike the directory";
	return NULL;
}

static const char *
check_central(struct zip *z, const struct entry *e,
    const struct zipdir_limits *l)
{
	if ((e->flags & (FLAG_ENCRYPTED | FLAG_MASKED)) != 0)
		return "zip: an encrypted entry";
	if (e->packed == FULL32 || e->size == FULL32 || e->offset == FULL32)
		return "zip: a zip64 entry";
	if (!method_read(e->method) && (e->packed != 0 || e->size != 0))
		return "zip: an unknown method";
	z->unpacked += e->size;
	if (e->size > l->file_size || e->packed > l->file_size)
		return "zip: a file over the size limit";
	if (z->unpacked > l->scan_size)
		return "zip: too much to unpack";
	return NULL;
}

/* One entry of the directory, and its local header; fills its range. */
static const char *
check_entry(struct zip *z, const struct entry *e,
    const struct zipdir_limits *l, struct range *range)
{
	const char *reason = check_central(z, e, l);
	struct entry local;

	if (reason != NULL)
		return reason;
	range->start = z->base + e->offset;
	if (!read_local(z, range->start, &local) ||
	    e->packed > z->directory - local.offset)
		return "zip: an entry outside of the file";
	range->end = local.offset + e->packed;
	return compare(e, &local);
}

static int
by_start(const void *a, const void *b)
{
	const struct range *ra = a, *rb = b;

	if (ra->start != rb->start)
		return ra->start < rb->start ? -1 : 1;
	return ra->end < rb->end ? -1 : ra->end > rb->end;
}

/* Behind an entry: nothing, or one of the forms of a data descriptor. */
static bool
hidden_behind(const struct zip *z, uint64_t end, uint64_t next)
{
	static const unsigned gaps[] = { 0, 12, 16, 20, 24 };

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		if (end + gaps[i] < next &&
		    sign_at(z->all, end + gaps[i], LOCAL_SIGN))
			return true;
	return false;
}

/* The entries' ranges as a whole. */
static const char *
check_ranges(struct zip *z)
{
	uint64_t at = 0, next;
	unsigned i;

	for (i = 1; i < z->count; i++)
		if (z->ranges[i].start < z->ranges[i - 1].start)
			break;
	if (i < z->count)
		qsort(z->ranges, z->count, sizeof(z->ranges[0]), by_start);
	for (i = 0; i <= z->count; i++) {
		next = i < z->count ? z->ranges[i].start : z->directory;
		if (next < at)
			return "zip: overlapping entries";
		if (hidden_behind(z, at, next))
			return "zip: an entry outside of the directory";
		if (i < z->count)
			at = z->ranges[i].end;
	}
	return NULL;
}

/* Info-ZIP's other name of an entry: version, CRC and UTF-8. */
static void
add_unicode_path(struct zipdir_names *names, struct span extra)
{
	struct span field;
	unsigned kind;

	while (next_extra(&extra, &kind, &field))
		if (kind == EXTRA_PATH && field.n > 5)
			zipdir_add_name(names, span_from(field, 5));
}

static void
add_names(struct zipdir_names *names, const struct entry *e)
{
	if (names == NULL)
		return;
	zipdir_add_name(names, e->name);
	add_unicode_path(names, e->extra);
}

/*
 * All entries: the first reason, but the names of all.  Ranges are kept when
 * there is room for them.
 */
static const char *
check_entries(struct zip *z, const struct zipdir_limits *l,
    struct zipdir_names *names)
{
	const char *reason = z->ranges == NULL ? "zip: too many files" : NULL;
	uint64_t at = z->directory;
	struct entry e;

	for (unsigned i = 0; i < z->count; i++) {
		if (!read_central(z, &at, &e)) {
			zipdir_add_more(names);
			return "zip: directory damaged";
		}
		add_names(names, &e);
		if (reason == NULL)
			reason = check_entry(z, &e, l, &z->ranges[i]);
	}
	if (at != z->end) {
		zipdir_add_more(names);
		return "zip: directory damaged";
	}
	return reason != NULL ? reason : check_ranges(z);
}

const char *
zipdir_check(struct span all, const struct zipdir_limits *l,
    struct zipdir_names *names)
{
	struct zip z = { .all = all };
	const char *reason = find_directory(&z);

	if (reason != NULL) {
		zipdir_add_more(names);
		return reason;
	}
	if (z.count <= l->files) {
		z.ranges = calloc((size_t)z.count + 1, sizeof(z.ranges[0]));
		if (z.ranges == NULL)
			return "zip: no memory for its directory";
	}
	reason = check_entries(&z, l, names);
	free(z.ranges);
	return reason;
}
