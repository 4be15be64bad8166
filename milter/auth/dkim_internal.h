/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim_internal: what the files behind dkim_verify.h and dkim_sign.h share.
 *
 * Canonicalisation and hashing (dkim_canon.c, dkim_hash.c), tag lists and
 * DKIM-Signature fields (dkim_tags.c, dkim_field.c), key records (dkim_key.c)
 * and the two ways to check a signature: libopendkim (dkim_library.c) and our
 * own for what that library cannot read (dkim_own.c).  Results are in the
 * caller's arena.  Nothing here keeps state; any thread.
 */
#ifndef POSTERN_DKIM_INTERNAL_H
#define POSTERN_DKIM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "arena.h"
#include "dkim_sign.h"
#include "dkim_verify.h"
#include "dns.h"
#include "header.h"
#include "bounds.h"
#include "span.h"

/* DKIM-Signature fields that are read at all; later ones are ignored. */
#define DKIM_FIELDS_READ_MAX	64
/* A longer DKIM-Signature field is malformed (the library fails at 64 KiB). */
#define DKIM_FIELD_MAX		16384
/* Tags in one list; the library's cost is quadratic in them. */
#define DKIM_TAGS_MAX		48
/* Names in h=, and bytes (the library cuts the list at 4 KiB). */
#define DKIM_NAMES_MAX		300
#define DKIM_NAMES_BYTES_MAX	4000
/* The library reads behind the end of longer or broken i= values. */
#define DKIM_IDENTITY_MAX	250
/* Text of a key record that fits into the library's buffer, with its NUL. */
#define DKIM_KEY_TEXT_SIZE	1024
/* Seconds by which clocks may differ: for x=, and for t= in the future. */
#define DKIM_EXPIRY_DRIFT	300
#define DKIM_FUTURE_DRIFT	3600

/* Canonical bytes go to a function. */
typedef void dkim_put(void *ctx, const char *p, size_t n);

/* Short pieces are gathered, so that a digest gets long ones. */
struct dkim_gather {
	dkim_put	*put;
	void		*ctx;
	size_t		 used;
	char		 buf[4096];
};

/* A body on its way through canonicalisation (RFC 6376 section 3.4). */
struct dkim_canon_body {
	enum dkim_canon	 canon;
	uint64_t	 total;		/* canonical bytes so far */
	uint64_t	 crlfs;		/* line ends held back */
	bool		 blank;		/* white space held back (relaxed) */
	bool		 cr;		/* a CR held back at a chunk's end */
	struct dkim_gather out;
};

void	dkim_canon_body_init(struct dkim_canon_body *, enum dkim_canon,
	    dkim_put *, void *ctx);
void	dkim_canon_body_add(struct dkim_canon_body *, struct span);
void	dkim_canon_body_end(struct dkim_canon_body *);
/* Canonical length of a whole body. */
uint64_t	dkim_canon_body_length(enum dkim_canon, struct span);
/* One field; crlf: with its line end. */
void	dkim_canon_field(enum dkim_canon, struct span name, struct span value,
	    bool crlf, dkim_put *, void *ctx);

/* A dkim_put into an EVP_MD_CTX. */
void	dkim_put_hash(void *ctx, const char *p, size_t n);
/* A started digest; never NULL (out of memory ends the process). */
EVP_MD_CTX *dkim_hash_new(const EVP_MD *);
/* Gives the digest and frees the context. */
unsigned	dkim_hash_end(EVP_MD_CTX **,
	    unsigned char out[EVP_MAX_MD_SIZE]);
/* True when the field has this name, blanks before its colon aside. */
bool	dkim_field_named(const struct field *, struct span name);
/*
 * The fields that a colon-separated list names, bottom up (section 5.4.2), in
 * the order of the list.  Names that find no field are skipped.  self: the
 * signature that is checked, which no list means (section 3.5), or NULL.
 */
void	dkim_hash_fields(struct arena *, EVP_MD_CTX *, enum dkim_canon,
	    const struct field *, size_t n, const struct field *self,
	    struct span names);

/* tag=value lists (section 3.2). */
struct dkim_tag {
	struct span	name;
	struct span	value;		/* trimmed, inner folds kept */
};

struct dkim_tags {
	struct dkim_tag	tag[DKIM_TAGS_MAX];
	size_t		n;
	bool		eight_bit;	/* some value has 8-bit bytes */
};

/* 0, or -1 with *error_r (a literal); the tags before the error are there. */
int	dkim_tags_parse(struct span, struct dkim_tags *, const char **error_r);
/* The value; absent when there is no such tag. */
struct span	dkim_tag(const struct dkim_tags *, const char *name);
/* The value without any white space, "" when absent. */
const char *dkim_tag_text(struct arena *, const struct dkim_tags *,
	    const char *name);
/* True when a colon-separated list without blanks has this word. */
bool	dkim_list_has(struct span list, const char *word);

struct dkim_key {
	const char	*text;		/* a clean record for the library */
	struct span	 der;		/* SubjectPublicKeyInfo, or 32 bytes */
};

/* One DKIM-Signature field that we look at. */
struct dkim_sig {
	struct dkim_signature	*out;	/* result NONE: may still pass */
	const struct field	*field;
	const char	*key_name;	/* selector._domainkey.domain */
	struct span	 names;		/* h= without white space */
	const char	*body_hash;	/* bh= without white space */
	struct span	 signature;	/* b= decoded */
	enum dkim_canon	 header_canon;
	enum dkim_canon	 body_canon;
	bool		 sha1;
	bool		 ed25519;
	bool		 own;		/* not for the library */
	int64_t		 signed_at;	/* t=, or -1 */
	int64_t		 expires_at;	/* x=, or -1 */
	int64_t		 length;	/* l=, or -1 */
	struct dkim_key	 key;
	int		 rank;		/* lower ones are looked at first */
};

/* Reads a field; what is wrong with it is in sig->out. */
void	dkim_field_read(struct arena *, const struct field *,
	    struct dkim_sig *);
/* Sets a result and its reason. */
void	dkim_sig_result(struct dkim_sig *, enum dkim_result,
	    const char *reason);

/* Chooses the key record and prepares it, or sets the result. */
void	dkim_key_read(struct arena *, const struct dns_answer *,
	    struct dkim_sig *);

/* Check signatures whose result is still NONE; all get one. */
struct dkim_check {
	struct arena			*arena;
	const struct dns		*dns;
	const struct dkim_message	*message;
	const char			*id;
	int64_t				 deadline;
	struct dkim_sig			*sig;
	size_t				 n;
};

/* Asks for the keys of these signatures. */
void	dkim_fetch_keys(struct dkim_check *, bool own);
int	dkim_library_init(void);
void	dkim_library_check(struct dkim_check *);
void	dkim_own_check(struct dkim_check *);

#endif
