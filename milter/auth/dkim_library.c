/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_library: signatures checked by libopendkim.
 *
 * One DKIM_LIB for all threads, set up before they start; a handle is made for
 * each message and freed here.  The library never resolves anything: its key
 * look-up is answered with the records that dkim_key.c has prepared, while
 * the body was hashed (its own resolver shares one state between threads).
 *
 * What it gets is chosen so that its traps are out of reach: only signatures
 * that dkim_field.c could read, only fields that some h= names (no NUL in
 * them), a body that ends in CRLF, and one field more than any h= can name,
 * because it writes one pointer behind its array when all fields are signed.
 * Its clock checks are opened wide; times, key sizes and l= are judged by
 * dkim_verify.c.
 */
#include "config.h"		/* the library's header wants u_char */

#include <sys/types.h>

#include <string.h>

#include <opendkim/dkim.h>

#include "buf.h"
#include "dkim_internal.h"

/*
 * The library compares t= and x= with the real clock and this drift.  A
 * larger one than a signature's t= would overflow: 2001 is early enough.
 */
#define LIBRARY_DRIFT	1000000000ULL
/* We look at key sizes ourselves. */
#define LIBRARY_KEYBITS	1U

/* No h= can name a field with a blank inside its name. */
static const char spare_field[] = "Not signed:";

static DKIM_LIB *lib;

/* The message in hand, for the library's callback. */
struct job {
	struct dkim_check	*check;
	DKIM			*dkim;
	DKIM_SIGINFO		**info;
	struct dkim_sig		*sig[DKIM_SIGNATURES_MAX]; /* as info */
	int			 n;
};

/* The library takes bytes that it does not change as not const. */
static unsigned char *
unconst(const char *p)
{
	return (unsigned char *)(uintptr_t)p;
}

static DKIM_CBSTAT
key_lookup(DKIM *dkim, DKIM_SIGINFO *info, unsigned char *buf, size_t size)
{
	struct job *j = dkim_get_user_context(dkim);
	const char *text = NULL;

	for (int i = 0; j != NULL && i < j->n; i++)
		if (j->info[i] == info)
			text = j->sig[i]->key.text;
	if (text == NULL || strlen(text) >= size)
		return DKIM_CBSTAT_NOTFOUND;
	memcpy(buf, text, strlen(text) + 1);
	return DKIM_CBSTAT_CONTINUE;
}

int
dkim_library_init(void)
{
	unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC |
	    DKIM_LIBFLAGS_BADSIGHANDLES;
	unsigned bits = LIBRARY_KEYBITS;
	uint64_t drift = LIBRARY_DRIFT;

	if (lib != NULL)
		return 0;
	if ((lib = dkim_init(NULL, NULL)) == NULL)
		return -1;
	if (dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags,
	    sizeof(flags)) == DKIM_STAT_OK &&
	    dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &bits,
	    sizeof(bits)) == DKIM_STAT_OK &&
	    dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift,
	    sizeof(drift)) == DKIM_STAT_OK &&
	    dkim_set_key_lookup(lib, key_lookup) == DKIM_STAT_OK)
		return 0;
	dkim_close(lib);
	lib = NULL;
	return -1;
}

/* The signature that this field is, when it is for the library. */
static struct dkim_sig *
signature_of(struct dkim_check *c, const struct field *f)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->sig[i].field == f && !c->sig[i].own &&
		    c->sig[i].out->result == DKIM_RESULT_NONE)
			return &c->sig[i];
	return NULL;
}

static bool
list_names(struct span list, const struct field *f)
{
	struct span name;

	while (span_split(&list, ':', &name))
		if (dkim_field_named(f, name))
			return true;
	return false;
}

static bool
anybody_signs(struct dkim_check *c, const struct field *f)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->sig[i].out->result == DKIM_RESULT_NONE &&
		    !c->sig[i].own && list_names(c->sig[i].names, f))
			return true;
	return false;
}

/* Gives the library one field. */
static void
feed_field(struct job *j, struct buf *b, const struct field *f)
{
	buf_reset(b);
	buf_addspan(b, f->name);
	buf_addc(b, ':');
	buf_addspan(b, f->value);
	if (!buf_failed(b))
		(void)dkim_header(j->dkim, unconst(b->p), b->n);
}

static void
feed_header(struct job *j)
{
	const struct dkim_message *m = j->check->message;
	struct dkim_sig *s;
	struct buf b;

	buf_init(&b, HEADER_BYTES_MAX);
	buf_adds(&b, spare_field);
	(void)dkim_header(j->dkim, unconst(b.p), b.n);
	for (size_t i = 0; i < m->nfields; i++) {
		s = signature_of(j->check, &m->fields[i]);
		if (s != NULL)
			j->sig[j->n++] = s;
		if (s != NULL || anybody_signs(j->check, &m->fields[i]))
			feed_field(j, &b, &m->fields[i]);
	}
	buf_free(&b);
}

static bool
feed_body(struct job *j)
{
	struct span body = j->check->message->body;
	bool ended = body.n >= 2 &&
	    memcmp(body.p + body.n - 2, "\r\n", 2) == 0;

	if (body.n == 0)
		return true;
	if (dkim_body(j->dkim, unconst(body.p), body.n) != DKIM_STAT_OK)
		return false;
	/* Sections 3.4.3 and 3.4.4; the library would refuse the message. */
	return ended || dkim_body(j->dkim, unconst("\r\n"), 2) ==
	    DKIM_STAT_OK;
}

/* What the library found wrong in the field itself. */
static enum dkim_result
field_result(int error)
{
	switch (error) {
	case DKIM_SIGERROR_DOMAIN:
	case DKIM_SIGERROR_SUBDOMAIN:
	case DKIM_SIGERROR_NOKEY:
	case DKIM_SIGERROR_DNSSYNTAX:
	case DKIM_SIGERROR_KEYDECODE:
	case DKIM_SIGERROR_KEYREVOKED:
		return DKIM_RESULT_PERMERROR;
	case DKIM_SIGERROR_EXPIRED:
	case DKIM_SIGERROR_FUTURE:
	case DKIM_SIGERROR_KEYTOOSMALL:
		return DKIM_RESULT_POLICY;
	case DKIM_SIGERROR_TOOLARGE_L:
	case DKIM_SIGERROR_BADSIG:
		return DKIM_RESULT_FAIL;
	case DKIM_SIGERROR_UNKNOWN:
		return DKIM_RESULT_TEMPERROR;
	default:
		return DKIM_RESULT_NEUTRAL;
	}
}

static const char *
error_words(DKIM_SIGINFO *info, int error)
{
	const char *words;

	switch (error) {
	case DKIM_SIGERROR_BADSIG:
		return dkim_sig_getbh(info) == DKIM_SIGBH_MISMATCH ?
		    "the body hash does not match" :
		    "the signature does not match";
	case DKIM_SIGERROR_TOOLARGE_L:
		return "the body is shorter than l=";
	case DKIM_SIGERROR_KEYDECODE:
		return "the key cannot be used";
	case DKIM_SIGERROR_UNKNOWN:
		return "the signature could not be checked";
	default:
		words = dkim_sig_geterrorstr(error);
		return words == NULL ? "the signature is malformed" : words;
	}
}

static void
take_result(struct dkim_sig *s, DKIM_SIGINFO *info)
{
	int error = dkim_sig_geterror(info);

	if (s->out->result != DKIM_RESULT_NONE)
		return;
	if (error == DKIM_SIGERROR_OK && DKIM_SIG_CHECK(info))
		dkim_sig_result(s, DKIM_RESULT_PASS, "");
	else if (error == DKIM_SIGERROR_OK)
		dkim_sig_result(s, DKIM_RESULT_FAIL,
		    "the signature does not match");
	else
		dkim_sig_result(s, field_result(error),
		    error_words(info, error));
}

/* From the list of signatures to the results; false: library trouble. */
static bool
run(struct job *j)
{
	int n = 0;

	if (dkim_eoh(j->dkim) != DKIM_STAT_OK ||
	    dkim_getsiglist(j->dkim, &j->info, &n) != DKIM_STAT_OK ||
	    n != j->n)
		return false;
	if (!feed_body(j))
		return false;
	dkim_fetch_keys(j->check, false);
	for (int i = 0; i < n; i++)
		if (j->sig[i]->out->result != DKIM_RESULT_NONE)
			dkim_sig_ignore(j->info[i]);
	/* Its answer is about one of them; we ask for each. */
	(void)dkim_eom(j->dkim, NULL);
	for (int i = 0; i < n; i++)
		take_result(j->sig[i], j->info[i]);
	return true;
}

static bool
wanted(const struct dkim_check *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->sig[i].out->result == DKIM_RESULT_NONE &&
		    !c->sig[i].own)
			return true;
	return false;
}

void
dkim_library_check(struct dkim_check *c)
{
	struct job j = { .check = c };
	DKIM_STAT stat;

	if (!wanted(c))
		return;
	if (lib != NULL)
		j.dkim = dkim_verify(lib, (const unsigned char *)c->id, NULL,
		    &stat);
	if (j.dkim != NULL) {
		(void)dkim_set_user_context(j.dkim, &j);
		feed_header(&j);
		(void)run(&j);
		(void)dkim_free(j.dkim);
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->sig[i].out->result == DKIM_RESULT_NONE &&
		    !c->sig[i].own)
			dkim_sig_result(&c->sig[i], DKIM_RESULT_TEMPERROR,
			    "the signature could not be checked");
}
