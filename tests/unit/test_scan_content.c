/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_scan_content: what is in the memfd is what was hashed, it is sealed,
 * and a content that is only looked up costs no memfd.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>

#include <cmocka.h>

#include "codec.h"
#include "scan_internal.h"

#define MOST	(3 * SCAN_CHUNK + 1)
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static struct scan_reader reader;
static EVP_MD *md;
static unsigned char *bytes;
static char *text;

static int
set_up(void **state)
{
	(void)state;
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
	scan_reader_init(&reader, md);
	bytes = malloc(MOST);
	text = malloc(BASE64_SIZE(MOST));
	for (size_t i = 0; i < MOST; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scan_reader_free(&reader);
	EVP_MD_free(md);
	free(bytes);
	free(text);
	return 0;
}

/* The content, sealed, is the first n of the bytes. */
static void
check_sealed(struct scan_content *c, size_t n)
{
	unsigned char sha256[SCAN_SHA256_SIZE];
	char why[SCAN_WHY_SIZE] = "";
	struct stat st;
	void *map;

	assert_int_equal(scan_content_seal(c, why), 0);
	assert_int_equal(c->size, n);
	assert_int_equal(fcntl(c->fd, F_GET_SEALS), SEALS);
	assert_int_equal(fcntl(c->fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(c->fd, &st), 0);
	assert_int_equal(st.st_size, n);
	assert_int_equal(write(c->fd, "x", 1), -1);
	assert_int_equal(ftruncate(c->fd, 0), n == 0 ? 0 : -1);
	EVP_Digest(bytes, n, sha256, NULL, md, NULL);
	assert_memory_equal(c->sha256, sha256, SCAN_SHA256_SIZE);
	if (n > 0) {
		map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, c->fd, 0);
		assert_true(map != MAP_FAILED);
		assert_memory_equal(map, bytes, n);
		munmap(map, n);
	}
	scan_content_close(c);
	assert_int_equal(c->fd, -1);
}

static void
test_sizes(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, SCAN_CHUNK / 4 * 3,
		SCAN_CHUNK / 4 * 3 + 1, SCAN_CHUNK, 100000, MOST };
	struct scan_content c;
	char why[SCAN_WHY_SIZE] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];
		struct span s = span_make(text, base64_encode(text, bytes, n));

		assert_int_equal(scan_content_read(&reader, &c,
		    span_make((char *)bytes, n), TRANSFER_IDENTITY, why), 0);
		assert_int_equal(c.fd, -1);
		check_sealed(&c, n);
		assert_int_equal(scan_content_read(&reader, &c, s,
		    TRANSFER_BASE64, why), 0);
		assert_true((c.fd == -1) == (s.n <= SCAN_CHUNK));
		assert_int_equal(c.decoded, n > 0 ? TRANSFER_OK :
		    TRANSFER_EMPTY);
		check_sealed(&c, n);
	}
}

/* What cannot be decoded is there as it stands, small or large. */
static void
test_undecodable(void **state)
{
	struct scan_content c;
	char why[SCAN_WHY_SIZE] = "";

	(void)state;
	for (size_t n = 10; n <= MOST; n *= 10) {
		assert_int_equal(scan_content_read(&reader, &c,
		    span_make((char *)bytes, n), TRANSFER_UU, why), 0);
		assert_int_equal(c.decoded, TRANSFER_UNDECODABLE);
		check_sealed(&c, n);
	}
}

/* No room for it: a reason, and nothing stays open. */
static void
test_no_room(void **state)
{
	struct rlimit old, small;
	struct scan_content c;
	char why[SCAN_WHY_SIZE] = "";
	size_t n = base64_encode(text, bytes, MOST);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(scan_content_read(&reader, &c, span_make(text, n),
	    TRANSFER_BASE64, why), -1);
	assert_non_null(strstr(why, "File too large"));
	assert_int_equal(c.fd, -1);
	assert_int_equal(scan_content_read(&reader, &c,
	    span_make((char *)bytes, MOST), TRANSFER_IDENTITY, why), 0);
	why[0] = '\0';
	assert_int_equal(scan_content_seal(&c, why), -1);
	assert_non_null(strstr(why, "File too large"));
	assert_int_equal(c.fd, -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_undecodable),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
