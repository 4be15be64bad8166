/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quarantine_export: posternctl quarantine export.
 *
 * The whole entry is opened into memory first (a memfd, as large as a message
 * may be), so that nothing goes out unless all of it is genuine.  Then the
 * content is decoded as the description says: from `offset`, by `encoding`;
 * --raw leaves it as it stood in the message.  What comes out is harmful: it
 * goes into a new file of mode 0600 or into a pipe, never to a terminal.
 */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "ctl.h"
#include "quarantine.h"
#include "transfer.h"

#define CHUNK	65536

static const struct option_spec export_options[] = {
	{ "output", 'o', "FILE", "the file to make (default: a pipe)" },
	{ "raw", 'r', NULL, "as it stood in the message, not decoded" },
	{ "secret", 0, "FILE",
	    "the secret key (default beside the public one)" },
	{ NULL, 0, NULL, NULL }
};

/* Where the content goes; its digest on the way. */
struct sink {
	int		fd;
	uint64_t	size;
	crypto_hash_sha256_state digest;
};

static int
sink_write(struct sink *s, const unsigned char *p, size_t n)
{
	ssize_t did;

	crypto_hash_sha256_update(&s->digest, p, n);
	s->size += n;
	while (n > 0) {
		did = write(s->fd, p, n);
		if (did == -1 && errno == EINTR)
			continue;
		if (did <= 0)
			return -1;
		p += did;
		n -= (size_t)did;
	}
	return 0;
}

static ssize_t
read_some(int fd, unsigned char *p, size_t n)
{
	ssize_t got;

	do {
		got = read(fd, p, n);
	} while (got == -1 && errno == EINTR);
	return got;
}

static int
copy_decoded(int from, enum transfer_encoding encoding, struct sink *s)
{
	static unsigned char in[CHUNK], out[TRANSFER_ROOM(CHUNK)];
	enum transfer_result result;
	struct transfer t;
	ssize_t n;

	transfer_begin(&t, encoding);
	while ((n = read_some(from, in, sizeof(in))) > 0)
		if (sink_write(s, out, transfer_decode(&t,
		    span_make((const char *)in, (size_t)n), out)) == -1)
			return -1;
	if (n == -1)
		return -1;
	return sink_write(s, out, transfer_end(&t, out, &result));
}

static enum transfer_encoding
encoding_of(const json_t *d, bool raw)
{
	enum transfer_encoding e =
	    transfer_named(span_of(text_of(d, "encoding")));

	return raw || e == TRANSFER_UNKNOWN ? TRANSFER_IDENTITY : e;
}

static int
copy(int from, const json_t *d, bool raw, struct sink *s)
{
	int64_t offset = raw ? 0 : number_of(d, "offset");

	crypto_hash_sha256_init(&s->digest);
	if (offset < 0 || lseek(from, (off_t)offset, SEEK_SET) == -1)
		return complain(EX_DATAERR, "the description tells a wrong "
		    "offset; take --raw");
	if (copy_decoded(from, encoding_of(d, raw), s) == -1)
		return complain(EX_IOERR, "cannot write: %s",
		    strerror(errno));
	return EX_OK;
}

/* Says what has come out, and whether it is what was scanned. */
static void
report(const struct ctl *c, const json_t *d, struct sink *s, const char *file)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char hex[2 * crypto_hash_sha256_BYTES + 1];
	const char *scanned = text_of(d, "sha256");
	bool raw = option(c, "raw") != NULL;
	json_t *j;

	crypto_hash_sha256_final(&s->digest, digest);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	if (!raw && scanned[0] != '\0' && strcmp(scanned, hex) != 0 &&
	    strcmp(text_of(d, "kind"), "whole") != 0)
		complain(EX_OK, "the SHA-256 is not that of the content that "
		    "was scanned, %.64s; take --raw to see it as it came",
		    scanned);
	if (file == NULL)
		return;
	if (option(c, "json") != NULL) {
		j = json_pack("{sssssIss}", "entry", text_of(d, "entry"),
		    "file", file, "size", (json_int_t)s->size, "sha256",
		    hex);
		ctl_json(j, true);
		json_decref(j);
	} else
		printf("%s: %llu bytes, SHA-256 %s\nIt is harmful: handle it "
		    "with care.\n", file, (unsigned long long)s->size, hex);
}

static int
open_output(const struct ctl *c, const char *file)
{
	int fd;

	if (file == NULL && option(c, "json") != NULL)
		complain(EX_USAGE, "--json needs -o FILE, since the content "
		    "goes to standard output");
	else if (file == NULL && isatty(STDOUT_FILENO))
		complain(EX_USAGE, "the content is harmful and does not go to "
		    "a terminal; say -o FILE");
	else if (file == NULL)
		return STDOUT_FILENO;
	else {
		fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
		if (fd != -1)
			return fd;
		complain(EX_CANTCREAT, "%s: %s", file, errno == EEXIST ?
		    "it is there already; name a new file" :
		    strerror(errno));
	}
	return -1;
}

static int
finish_output(int fd, const char *file, int code)
{
	if (file == NULL)
		return code;
	if (close(fd) == -1 && code == EX_OK)
		code = complain(EX_IOERR, "%s: %s", file, strerror(errno));
	if (code != EX_OK)
		unlink(file);
	return code;
}

/* Opens the entry into `memory`, then writes it out. */
static int
export(struct ctl *c, const char *folder, const json_t *d, int memory)
{
	const char *file = option(c, "output"), *secret = ctl_secret(c);
	struct sink s = { .fd = -1 };
	char *error = NULL;
	int code;

	if (secret == NULL)
		return EX_CONFIG;
	s.fd = open_output(c, file);
	if (s.fd == -1)
		return file == NULL ? EX_USAGE : EX_CANTCREAT;
	if (quarantine_export(folder, text_of(d, "entry"), secret, memory,
	    &error) == -1)
		code = complain_of(EX_DATAERR, error);
	else
		code = copy(memory, d, option(c, "raw") != NULL, &s);
	code = finish_output(s.fd, file, code);
	if (code == EX_OK)
		report(c, d, &s, file);
	return code;
}

static int
run_export(struct ctl *c)
{
	const char *folder = ctl_quarantine(c);
	json_t *list;
	int code, memory;

	if (folder == NULL)
		return EX_CONFIG;
	code = entries_named(folder, c->operand[0], &list);
	if (code != EX_OK)
		return code;
	if (json_array_size(list) > 1) {
		code = complain(EX_USAGE, "%s has %zu entries; name one, such "
		    "as %s", c->operand[0], json_array_size(list),
		    text_of(json_array_get(list, 0), "entry"));
		json_decref(list);
		return code;
	}
	memory = memfd_create("export", MFD_CLOEXEC);
	if (memory == -1)
		code = complain(EX_OSERR, "no memory for the content: %s",
		    strerror(errno));
	else {
		code = export(c, folder, json_array_get(list, 0), memory);
		close(memory);
	}
	json_decref(list);
	return code;
}

const struct command command_quarantine_export = {
	.name = "quarantine", .subcommand = "export",
	.operands = "NAME", .least = 1, .most = 1,
	.help = "Open an entry and write its content, decoded",
	.options = export_options,
	.run = run_export
};
