/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_conf: postern.conf, from a file in memory.
 *
 * Two files, parted by a line "%%"; the first may include() the second by the
 * number of its descriptor (1001, see FILE_MORE) and nothing else.  Either a
 * configuration comes out, or sentences, one a line, each with the file's
 * name in front.
 */
#include "config.h"

#include <sys/mman.h>

#include <unistd.h>

#include "conf.h"
#include "fuzz.h"

#define FD_MAIN		1000
#define FD_MORE		1001
#define FILE_MAIN	"/proc/self/fd/1000"
#define FILE_MORE	"1001"

static const char include[] = "include";
static const char allowed[] = "include(\"" FILE_MORE "\")";

static int
put(int fd, struct span text)
{
	return ftruncate(fd, 0) == 0 && (text.n == 0 ||
	    pwrite(fd, text.p, text.n, 0) == (ssize_t)text.n) ? 0 : -1;
}

/* No other file is opened: it could be a device. */
static bool
includes_other(struct span text, bool may)
{
	const char *at;

	while (text.n > 0 && (at = memmem(text.p, text.n, include,
	    sizeof(include) - 1)) != NULL) {
		text = span_from(text, (size_t)(at - text.p));
		if (!may || !span_starts(text, allowed))
			return true;
		text = span_from(text, sizeof(allowed) - 1);
	}
	return false;
}

static void
check_errors(const char *errors)
{
	struct span left = span_of(errors), line;

	CHECK(left.n > 0);
	while (span_split(&left, '\n', &line)) {
		CHECK(span_starts(line, "/proc/self/fd/"));
		for (size_t i = 0; i < line.n; i++)
			CHECK((unsigned char)line.p[i] >= ' ' &&
			    line.p[i] != 0x7f);
	}
}

static void
check_conf(const struct conf *c)
{
	CHECK(strcmp(c->path, FILE_MAIN) == 0);
	for (size_t i = 0; i < c->ndomains; i++) {
		const struct conf_domain *d = &c->domains[i];

		CHECK(i == 0 || strcmp(d[-1].name, d->name) < 0);
		CHECK(conf_domain_find(c, d->name) == d);
		CHECK(d->nkeys == 0 || conf_domain_signing(c, d->name) == d);
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	CHECK(dup2(memfd_create("main", MFD_CLOEXEC), FD_MAIN) == FD_MAIN);
	CHECK(dup2(memfd_create("more", MFD_CLOEXEC), FD_MORE) == FD_MORE);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span more = fuzz_input(p, n), text = fuzz_part(&more);
	char *errors = NULL;
	struct conf *c;

	if (includes_other(text, true) || includes_other(more, false))
		return -1;
	CHECK(put(FD_MAIN, text) == 0 && put(FD_MORE, more) == 0);
	c = conf_load(FILE_MAIN, &errors);
	CHECK(c != NULL || errors != NULL);
	if (errors != NULL)
		check_errors(errors);
	if (c != NULL)
		check_conf(c);
	free(errors);
	conf_free(&c);
	return 0;
}
