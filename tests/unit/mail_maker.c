/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mail_maker: messages of any structure, made from a number.
 *
 * Entities are written from the outside to the inside straight into the
 * buffer; `parts` bounds their number and DEPTH_MAX their depth.
 */
#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "mail_maker.h"

#define DEPTH_MAX	6
#define PARTS_MAX	40
#define FIELDS_MAX	12
#define FIELD_SIZE	240
#define COUNT(a)	(unsigned)(sizeof(a) / sizeof((a)[0]))

/* splitmix64. */
uint64_t
maker_random(struct maker *m)
{
	uint64_t z = m->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned
maker_pick(struct maker *m, unsigned n)
{
	return (unsigned)(maker_random(m) % n);
}

bool
maker_chance(struct maker *m, unsigned percent)
{
	return maker_pick(m, 100) < percent;
}

#define ONE_OF(m, list) ((list)[maker_pick((m), COUNT(list))])

/* The fields of one header, in any order. */
struct head {
	char		text[FIELDS_MAX][FIELD_SIZE];
	unsigned	n;
};

static void
field(struct head *h, const char *a, const char *b, const char *c)
{
	if (h->n == FIELDS_MAX)
		return;
	snprintf(h->text[h->n++], FIELD_SIZE, "%s%s%s\r\n", a, b, c);
}

static void
write_head(struct maker *m, struct head *h)
{
	for (unsigned i = h->n; i > 0; i--) {
		unsigned k = maker_pick(m, i);

		buf_adds(m->out, h->text[k]);
		if (k != i - 1)
			memcpy(h->text[k], h->text[i - 1], FIELD_SIZE);
	}
	h->n = 0;
}

static const char *const words[] = {
	"", "-", "--", "--b", "--b1", "--b1--x", "-- ", ".", "From here", "=",
	"one", "two words", "Content-Type: text/html", "X: y", " lead", "t\t ",
	"gr\xc3\xbc\xc3\x9f", "\xe4\xf6\xfc", "beginning", "=3D", "=ybeg",
	"------=_x", "\x01\x7f", "end", "<html><img src=\"cid:a@b\"></html>"
};

static void
text(struct maker *m, unsigned lines)
{
	for (unsigned i = 0; i < lines; i++) {
		buf_adds(m->out, ONE_OF(m, words));
		if (maker_chance(m, 1))
			for (unsigned k = 0; k < 400; k++)
				buf_adds(m->out, "long");
		if (i + 1 < lines || maker_chance(m, 60))
			buf_adds(m->out, maker_chance(m, 2) ? "\n" : "\r\n");
	}
}

static void
base64(struct maker *m)
{
	char raw[57], line[BASE64_SIZE(57)];
	unsigned lines = maker_pick(m, 6);

	for (unsigned i = 0; i < lines; i++) {
		for (size_t k = 0; k < sizeof(raw); k++)
			raw[k] = (char)maker_random(m);
		base64_encode(line, raw, 1 + maker_pick(m, sizeof(raw)));
		if (maker_chance(m, 3))
			line[strlen(line) - 1] = '\0';
		buf_adds(m->out, line);
		if (maker_chance(m, 3))
			buf_adds(m->out, "!\xff*");
		if (i + 1 < lines || maker_chance(m, 50))
			buf_adds(m->out, "\r\n");
	}
}

static void
enclosed(struct maker *m)
{
	static const char *const files[] = {
		"begin 644 a.exe\r\n#86)C\r\n`\r\nend",
		"begin 600 b c.txt\r\n#86)C\r\n#86)C\r\n \r\nend",
		"=ybegin line=128 size=3 name=c.bin\r\n\x8b\x8c\x8d\r\n"
		"=yend size=3",
	};

	text(m, maker_pick(m, 3));
	for (unsigned n = 1 + maker_pick(m, 3); n > 0; n--) {
		if (m->out->n > 0 && m->out->p[m->out->n - 1] != '\n')
			buf_adds(m->out, "\r\n");
		buf_adds(m->out, ONE_OF(m, files));
		if (n > 1 || maker_chance(m, 60))
			buf_adds(m->out, "\r\n");
		if (n > 1 && maker_chance(m, 50))
			text(m, 1 + maker_pick(m, 3));
	}
}

static void
common_fields(struct maker *m, struct head *h)
{
	static const char *const some[] = {
		"X-A: 1", "X-B: folded\r\n\tvalue", "Content-ID: <a@b>",
		"Content-Description: a thing", "Content-Location: http://x/",
		"content-md5: Q2hlY2sgSW50ZWdyaXR5IQ==", "Content-Foo : bar",
		"Content-Language: en", "X-Empty:", "no-blank:x",
		"Content-Type: a/b", "Content-Transfer-Encoding: 8bit"
	};

	while (maker_chance(m, 40))
		field(h, some[maker_pick(m, COUNT(some) -
		    (maker_chance(m, 90) ? 2 : 0))], "", "");
}

static void
name_fields(struct maker *m, struct head *h)
{
	static const char *const names[] = {
		"filename=\"a.exe\"", "filename=b.txt",
		"filename*=utf-8''%c3%a4.doc", "filename=\"--b1\"",
		"filename*0=\"long\";\r\n filename*1=\"er.js\"",
		"filename=\"=?utf-8?Q?gr=C3=BC=C3=9F.pdf?=\"",
		"filename=\"unclosed", "filename=", "x=y"
	};

	if (maker_chance(m, 50))
		field(h, "Content-Disposition: ", maker_chance(m, 50) ?
		    "attachment; " : "inline;\r\n ", ONE_OF(m, names));
}

static void
leaf(struct maker *m, struct head *h, bool headless)
{
	static const char *const types[] = {
		"text/plain", "TEXT/HTML; charset=iso-8859-1",
		"application/octet-stream; name=\"c.bin\"", "image/png",
		"text/plain;\r\n\tcharset=\"utf-8\"", "application/zip",
		"nonsense", "text/plain; charset=", "message/delivery-status",
		"application/pkcs7-mime; smime-type=enveloped-data",
		"multipart/mixed", "message/rfc822", "text/calendar (c)"
	};
	static const char *const encodings[] = {
		"base64", "quoted-printable", "BASE64", "7bit", "8bit",
		"binary", "x-uuencode", "x-unknown", "base64 (c)"
	};
	unsigned e = maker_pick(m, COUNT(encodings));
	bool encoded = maker_chance(m, 60);

	if (headless) {
		encoded = false;
	} else {
		if (maker_chance(m, 85))
			field(h, "Content-Type: ", types[maker_pick(m,
			    COUNT(types) - (maker_chance(m, 90) ? 4 : 0))],
			    "");
		if (encoded)
			field(h, "Content-Transfer-Encoding: ", encodings[e],
			    "");
		name_fields(m, h);
		common_fields(m, h);
		write_head(m, h);
	}
	if (maker_chance(m, 2))
		return;			/* no empty line */
	buf_adds(m->out, "\r\n");
	if (maker_chance(m, 8))
		return;			/* no content */
	if (encoded && strncmp(encodings[e], "base64", 6) == 0)
		base64(m);
	else if (maker_chance(m, 15))
		enclosed(m);
	else
		text(m, maker_pick(m, 12));
}

static void
new_boundary(struct maker *m, char *b, size_t size)
{
	static const char *const forms[] = {
		"b%u", "----=_NextPart_%u", "=_%u'()+_,-./:=?", "a b%u",
		"b%u0123456789012345678901234567890123456789012345678901234567",
		"--%u--", "%u"
	};
	unsigned form = maker_pick(m, COUNT(forms));
	/* The same once more, now and then. */
	unsigned n = maker_chance(m, 4) ? m->boundaries : ++m->boundaries;
	const char *p = strchr(forms[form], '%');

	snprintf(b, size, "%.*s%u%s", (int)(p - forms[form]), forms[form], n,
	    p + 2);
}

static void	entity(struct maker *, struct head *, unsigned, bool);

static void
message(struct maker *m, unsigned depth)
{
	struct head h = { .n = 0 };

	if (maker_chance(m, 80))
		field(&h, "From: ", "a@example.org", "");
	if (maker_chance(m, 80))
		field(&h, "MIME-Version: ", "1.0", "");
	field(&h, "Subject: ", ONE_OF(m, words), "");
	entity(m, &h, depth, false);
}

static void
embedded(struct maker *m, struct head *h, unsigned depth, bool headless)
{
	if (!headless) {
		field(h, "Content-Type: ", maker_chance(m, 90) ?
		    "message/rfc822" : "message/global", "");
		if (maker_chance(m, 20))
			field(h, "Content-Transfer-Encoding: ", "8bit", "");
		name_fields(m, h);
		common_fields(m, h);
		write_head(m, h);
	}
	buf_adds(m->out, "\r\n");
	if (!maker_chance(m, 3))
		message(m, depth + 1);
}

static void
multipart(struct maker *m, struct head *h, unsigned depth)
{
	static const char *const types[] = {
		"mixed", "alternative", "related", "digest", "report",
		"Mixed", "signed", "encrypted"
	};
	const char *type = types[maker_pick(m, COUNT(types) -
	    (maker_chance(m, 80) ? 2 : 0))];
	unsigned n = maker_chance(m, 3) ? 0 : 1 + maker_pick(m, 4);
	char b[100], value[200];

	new_boundary(m, b, sizeof(b));
	snprintf(value, sizeof(value), "%s;%sboundary=\"%s\"", type,
	    maker_chance(m, 30) ? "\r\n\t" : " ", b);
	field(h, "Content-Type: multipart/", value, "");
	common_fields(m, h);
	write_head(m, h);
	buf_adds(m->out, "\r\n");
	if (maker_chance(m, 50))
		text(m, 1 + maker_pick(m, 2));
	for (unsigned i = 0; i < n; i++) {
		struct head child = { .n = 0 };

		if (m->out->p[m->out->n - 1] != '\n' || maker_chance(m, 90))
			buf_adds(m->out, "\r\n");
		buf_addf(m->out, "--%s%s\r\n", b, maker_chance(m, 5) ? " " :
		    "");
		if (maker_chance(m, 1))
			continue;	/* not even an empty line */
		entity(m, &child, depth + 1, strcmp(type, "digest") == 0);
	}
	if (maker_chance(m, 4))
		return;			/* not closed */
	buf_addf(m->out, "\r\n--%s--%s", b, maker_chance(m, 90) ? "\r\n" : "");
	if (m->out->p[m->out->n - 1] == '\n' && maker_chance(m, 20))
		text(m, 1 + maker_pick(m, 2));
}

static void
entity(struct maker *m, struct head *h, unsigned depth, bool digest)
{
	unsigned kind = maker_pick(m, 100);

	if (m->parts > 0)
		m->parts--;
	if (depth >= DEPTH_MAX || m->parts == 0)
		leaf(m, h, false);
	else if (kind < (depth == 0 ? 70U : 25U))
		multipart(m, h, depth);
	else if (kind < (depth == 0 ? 75U : 40U))
		embedded(m, h, depth, digest && maker_chance(m, 60));
	else
		leaf(m, h, h->n == 0 && maker_chance(m, 10));
}

void
maker_message(struct maker *m, uint64_t seed, struct buf *out)
{
	*m = (struct maker){ .state = seed, .out = out, .parts = PARTS_MAX };
	message(m, 0);
}
