/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_sign: the DKIM-Signature field and the digest to sign (RFC 6376
 * sections 3.5 and 5, RFC 8463).
 *
 * Called by the sign stage: prepare for each key, then postern-sign signs the
 * digests, then finish.  b= is the last tag, so the field with its empty b=
 * is the beginning of the finished one.  Values are in the caller's arena.
 *
 * A field that is there more than FIELD_COPIES_MAX times is signed in its
 * last so many copies and not oversigned: no real mail has that, and verifiers
 * cut long lists.  Any thread.
 */
#include <inttypes.h>
#include <string.h>

#include "buf.h"
#include "codec.h"
#include "dkim_internal.h"

/* Lines are folded before they get longer (RFC 5322 section 2.1.1: 78). */
#define LINE_WIDTH		77
#define FIELD_COPIES_MAX	16
/* Domain, selector and lists are bounded; this holds them all. */
#define FIELD_BYTES_MAX		32768

static const struct span field_name = SPAN_LIT("DKIM-Signature");

/* What is signed; oversigned: named once more than it is there. */
static const struct {
	const char	*name;
	bool		 oversign;
} signed_fields[] = {
	{ "From", true },
	{ "To", true },
	{ "Cc", true },
	{ "Subject", true },
	{ "Date", true },
	{ "Message-ID", true },
	{ "MIME-Version", true },
	{ "Content-Type", true },
	{ "Content-Transfer-Encoding", true },
	{ "Reply-To", false },
	{ "In-Reply-To", false },
	{ "References", false },
	{ "List-Id", false },
	{ "List-Unsubscribe", false },
	{ "List-Unsubscribe-Post", false },
	{ "List-Subscribe", false },
	{ "List-Help", false },
	{ "List-Post", false },
	{ "List-Owner", false },
	{ "List-Archive", false }
};

#define SIGNED_FIELDS (sizeof(signed_fields) / sizeof(signed_fields[0]))

/* A value that is folded while it grows. */
struct folder {
	struct buf	b;
	size_t		column;
};

/* A word that must stay whole; glue: what joins it to the one before. */
static void
add_word(struct folder *f, const char *glue, const char *word)
{
	size_t n = strlen(word), g = strlen(glue);

	if (f->column + g + n > LINE_WIDTH) {
		buf_adds(&f->b, "\r\n\t");
		f->column = 8;
	} else {
		buf_adds(&f->b, glue);
		f->column += g;
	}
	buf_adds(&f->b, word);
	f->column += n;
}

/* Text that may be broken anywhere. */
static void
add_breakable(struct folder *f, const char *s)
{
	size_t n = strlen(s), room;

	while (n > 0) {
		if (f->column >= LINE_WIDTH) {
			buf_adds(&f->b, "\r\n\t");
			f->column = 8;
		}
		room = LINE_WIDTH - f->column;
		if (room > n)
			room = n;
		buf_add(&f->b, s, room);
		f->column += room;
		s += room;
		n -= room;
	}
}

static size_t
count_field(const struct field *fields, size_t n, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (dkim_field_named(&fields[i], span_of(name)))
			found++;
	return found;
}

/* How often h= names the field. */
static size_t
times_named(size_t row, const struct field *fields, size_t n)
{
	size_t count = count_field(fields, n, signed_fields[row].name);

	if (count >= FIELD_COPIES_MAX)
		return FIELD_COPIES_MAX;
	return signed_fields[row].oversign ? count + 1 : count;
}

/* The list of h=, colons between the names. */
static const char *
field_list(struct arena *a, const struct field *fields, size_t n)
{
	struct buf b;
	const char *list;

	buf_init(&b, FIELD_BYTES_MAX);
	for (size_t row = 0; row < SIGNED_FIELDS; row++) {
		for (size_t t = times_named(row, fields, n); t > 0; t--) {
			if (b.n > 0)
				buf_addc(&b, ':');
			buf_adds(&b, signed_fields[row].name);
		}
	}
	list = arena_cstr(a, buf_span(&b));
	buf_free(&b);
	return list;
}

static void
add_names(struct arena *a, struct folder *f, struct span list)
{
	struct span name;
	const char *glue = " ", *lead = "h=";

	while (span_split(&list, ':', &name)) {
		add_word(f, glue, arena_printf(a, "%s%.*s%s", lead,
		    (int)name.n, name.p, list.p == NULL ? ";" : ":"));
		glue = lead = "";
	}
}

static const char *
canon_name(enum dkim_canon c)
{
	return c == DKIM_SIMPLE ? "simple" : "relaxed";
}

static void
add_tags(struct arena *a, struct folder *f, const struct dkim_template *t)
{
	add_word(f, " ", "v=1;");
	add_word(f, " ", t->algorithm == DKIM_RSA_SHA256 ? "a=rsa-sha256;" :
	    "a=ed25519-sha256;");
	add_word(f, " ", arena_printf(a, "c=%s/%s;",
	    canon_name(t->header_canon), canon_name(t->body_canon)));
	add_word(f, " ", arena_printf(a, "d=%s;", t->domain));
	add_word(f, " ", arena_printf(a, "s=%s;", t->selector));
	add_word(f, " ", arena_printf(a, "t=%" PRId64 ";", t->signed_at));
	if (t->expires_at != 0)
		add_word(f, " ", arena_printf(a, "x=%" PRId64 ";",
		    t->expires_at));
}

/* The value up to and with "b=". */
static const char *
unsigned_value(struct arena *a, const struct dkim_template *t,
    const char *list, const unsigned char body_digest[DKIM_DIGEST_SIZE])
{
	struct folder f = { .column = field_name.n + 1 };
	char hash[BASE64_SIZE(DKIM_DIGEST_SIZE)];
	const char *value;

	buf_init(&f.b, FIELD_BYTES_MAX);
	add_tags(a, &f, t);
	add_names(a, &f, span_of(list));
	base64_encode(hash, body_digest, DKIM_DIGEST_SIZE);
	add_word(&f, " ", arena_printf(a, "bh=%s;", hash));
	add_word(&f, " ", "b=");
	value = arena_cstr(a, buf_span(&f.b));
	buf_free(&f.b);
	return value;
}

int
dkim_sign_prepare(struct arena *a, const struct dkim_template *t,
    const struct field *fields, size_t n,
    const unsigned char body_digest[DKIM_DIGEST_SIZE],
    struct dkim_prepared *out, const char **error_r)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	const char *list;
	EVP_MD_CTX *md;

	if (count_field(fields, n, "From") == 0) {
		*error_r = "the message has no From field";
		return -1;
	}
	list = field_list(a, fields, n);
	out->value = unsigned_value(a, t, list, body_digest);
	md = dkim_hash_new(EVP_sha256());
	dkim_hash_fields(a, md, t->header_canon, fields, n, NULL,
	    span_of(list));
	dkim_canon_field(t->header_canon, field_name, span_of(out->value),
	    false, dkim_put_hash, md);
	(void)dkim_hash_end(&md, digest);
	memcpy(out->digest, digest, DKIM_DIGEST_SIZE);
	*error_r = NULL;
	return 0;
}

/* The column behind the text's last line; tabs count eight. */
static size_t
last_column(const char *s)
{
	const char *line = strrchr(s, '\n');

	if (line == NULL)
		return field_name.n + 1 + strlen(s);
	return 8 + strlen(line + 2);
}

struct span
dkim_sign_finish(struct arena *a, const struct dkim_prepared *p,
    struct span signature)
{
	struct folder f = { .column = last_column(p->value) };
	char *text = arena_alloc(a, BASE64_SIZE(signature.n));
	struct span value;

	base64_encode(text, signature.p, signature.n);
	buf_init(&f.b, FIELD_BYTES_MAX);
	buf_adds(&f.b, p->value);
	add_breakable(&f, text);
	value = arena_span(a, buf_span(&f.b));
	buf_free(&f.b);
	return value;
}
