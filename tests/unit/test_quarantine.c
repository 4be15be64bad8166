/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_quarantine: what is put comes out again, and only whole, for the right
 * key, under its own name; names, descriptions, key files.
 */
#include "config.h"

#include "quarantine_fixture.h"

static void
test_round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1,
		2 * CHUNK, 3 * CHUNK - 1, BIG };
	struct quarantine *q = open_it(MANY, 0);
	struct quarantine_stats stats, again;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_export(put_ok(q, span_make(big, sizes[i])),
		    span_make(big, sizes[i]));
	quarantine_stats(q, &stats);
	assert_int_equal(stats.entries, sizeof(sizes) / sizeof(sizes[0]));
	assert_true(stats.bytes > BIG);
	quarantine_close(&q);
	assert_null(q);
	q = open_it(MANY, 0);		/* the sum is found again */
	quarantine_stats(q, &again);
	assert_int_equal(again.entries, stats.entries);
	assert_int_equal(again.bytes, stats.bytes);
	quarantine_close(&q);
}

/* Many pieces of odd sizes, some empty, are one content. */
static void
test_pieces(void **state)
{
	struct quarantine *q = open_it(MANY, 0);
	struct span pieces[40];
	size_t at = 0;
	char ref[QUARANTINE_REF_SIZE], name[QUARANTINE_NAME_SIZE];
	json_t *d = json_object();
	char *error = NULL;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		size_t n = i % 3 == 0 ? 0 : i * i * 137;

		pieces[i] = span_make(n == 0 ? NULL : big + at, n);
		at += n;
	}
	assert_true(at > 2 * CHUNK);
	quarantine_ref(ref);
	assert_int_equal(quarantine_put(q, ref, 9999999, pieces, 40, d,
	    &error), 0);
	snprintf(name, sizeof(name), "%s-9999999", ref);
	assert_export(name, span_make(big, at));
	assert_int_equal(quarantine_put(q, ref, 0, NULL, 0, d, &error), 0);
	snprintf(name, sizeof(name), "%s-0", ref);
	assert_export(name, span_make(big, 0));
	/* The same entry again is refused, and the first one stays. */
	assert_int_equal(quarantine_put(q, ref, 0, pieces, 40, d, &error),
	    -1);
	free(error);
	assert_export(name, span_make(big, 0));
	json_decref(d);
	quarantine_close(&q);
}

static void
test_description(void **state)
{
	struct quarantine *q = open_it(MANY, 0);
	char name[QUARANTINE_NAME_SIZE];
	json_t *all, *d;
	struct stat st;
	char path[128];

	(void)state;
	clock_set_wall(1795254072);
	strcpy(name, put_ok(q, span_of("infected")));
	all = list();
	assert_int_equal(json_array_size(all), 1);
	d = json_array_get(all, 0);
	assert_string_equal(json_string_value(json_object_get(d, "virus")),
	    "Eicar");
	assert_string_equal(json_string_value(json_object_get(d, "entry")),
	    name);
	name[QUARANTINE_REF_SIZE - 1] = '\0';
	assert_string_equal(json_string_value(json_object_get(d,
	    "reference")), name);
	assert_memory_equal(name, "20261121T", 9);
	assert_int_equal(json_integer_value(json_object_get(d, "number")), 1);
	assert_int_equal(json_integer_value(json_object_get(d, "size")), 8);
	assert_int_equal(json_integer_value(json_object_get(d, "v")), 1);
	assert_int_equal(json_integer_value(json_object_get(d, "kept")),
	    1795254072);
	assert_int_equal(strlen(json_string_value(json_object_get(d, "key"))),
	    16);
	json_decref(all);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(path, sizeof(path), "%s/%s-1.json", folder, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(path, sizeof(path), "%s/%s-1.sealed", folder, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	quarantine_close(&q);
}

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		bool ref, entry;
	} cases[] = {
		{ "20261121T094112-4f0c9a1b2d3e4f50", true, false },
		{ "20261121T094112-4f0c9a1b2d3e4f50-0", false, true },
		{ "20261121T094112-4f0c9a1b2d3e4f50-1234567", false, true },
		{ "20261121T094112-4f0c9a1b2d3e4f50-12345678", false, false },
		{ "20261121T094112-4f0c9a1b2d3e4f50-01", false, false },
		{ "20261121T094112-4f0c9a1b2d3e4f50-", false, false },
		{ "20261121T094112-4f0c9a1b2d3e4f50-1x", false, false },
		{ "20261121T094112-4F0C9A1B2D3E4F50", false, false },
		{ "20261121T094112-4f0c9a1b2d3e4f5", false, false },
		{ "20261121T09411a-4f0c9a1b2d3e4f50", false, false },
		{ "20261121T094112-4f0c9a1b2d3e4f5/", false, false },
		{ "../../../../../etc/passwd-------", false, false },
		{ "", false, false }, { ".", false, false },
		{ "20261121T094112-4f0c9a1b2d3e4f50-1/../x", false, false },
	};
	char ref[QUARANTINE_REF_SIZE], *error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(quarantine_ref_valid(cases[i].name),
		    cases[i].ref);
		assert_int_equal(quarantine_name_valid(cases[i].name),
		    cases[i].entry);
		if (cases[i].entry)
			continue;
		assert_int_equal(quarantine_delete(dir, cases[i].name,
		    &error), -1);
		free(error);
		assert_no_export(cases[i].name, "not the name");
	}
	quarantine_ref(ref);
	assert_true(quarantine_ref_valid(ref));
}

static void
flip(const char *name, off_t at)
{
	char path[128], c;
	int fd;

	path_of(path, name, ".sealed");
	fd = open(path, O_RDWR);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

/* One bit anywhere: no export; and none of the damaged bytes comes out. */
static void
test_tampered(void **state)
{
	static const off_t at[] = { 0, 7, 8, 50, 87, 88, 111, HEAD, HEAD + 1,
		HEAD + CHUNK + 17 - 1, HEAD + CHUNK + 17,
		HEAD + 2 * (CHUNK + 17) + 99 };
	struct quarantine *q = open_it(MANY, 0);
	struct span content = span_make(big, 2 * CHUNK + 100);
	const char *name = put_ok(q, content);

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		flip(name, at[i]);
		assert_no_export(name, i < 2 ? "not sealed" : i < 5 ?
		    "secret key" : "damaged");
		flip(name, at[i]);
	}
	assert_export(name, content);
	quarantine_close(&q);
}

/* Cut anywhere (also between chunks), or longer than it was. */
static void
test_length(void **state)
{
	static const off_t sizes[] = { 2 * (CHUNK + 17) + HEAD,
		CHUNK + 17 + HEAD, HEAD + 17, HEAD + 1, HEAD, HEAD - 1, 8, 7,
		0 };
	struct quarantine *q = open_it(MANY, 0);
	const char *name = put_ok(q, span_make(big, 2 * CHUNK + 100));
	char path[128];
	int fd;

	(void)state;
	path_of(path, name, ".sealed");
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	/* It is behind the last chunk, which is a short one. */
	assert_no_export(name, "damaged");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(truncate(path, sizes[i]), 0);
		assert_no_export(name, sizes[i] < 8 ? "not sealed" :
		    sizes[i] == HEAD + 17 || sizes[i] == HEAD + 1 ?
		    "damaged" : "cut short");
	}
	/* The last chunk is full, so that more can stand behind it. */
	name = put_ok(q, span_make(big, CHUNK));
	path_of(path, name, ".sealed");
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_no_export(name, "goes on");
	quarantine_close(&q);
}

static void
test_swapped(void **state)
{
	enum { FULL = CHUNK + 17 };
	struct quarantine *q = open_it(MANY, 0);
	char one[QUARANTINE_NAME_SIZE], two[QUARANTINE_NAME_SIZE];
	char *a = malloc(FULL), *b = malloc(FULL), from[128], to[128];
	int fd;

	(void)state;
	strcpy(one, put_ok(q, span_make(big, 3 * CHUNK)));
	path_of(from, one, ".sealed");
	fd = open(from, O_RDWR);
	assert_int_equal(pread(fd, a, FULL, HEAD), FULL);
	assert_int_equal(pread(fd, b, FULL, HEAD + FULL), FULL);
	assert_int_equal(pwrite(fd, b, FULL, HEAD), FULL);
	assert_int_equal(pwrite(fd, a, FULL, HEAD + FULL), FULL);
	assert_no_export(one, "damaged");
	assert_int_equal(pwrite(fd, a, FULL, HEAD), FULL);
	assert_int_equal(pwrite(fd, b, FULL, HEAD + FULL), FULL);
	close(fd);
	assert_export(one, span_make(big, 3 * CHUNK));
	/* Under the name of another entry it does not open either. */
	strcpy(two, put_ok(q, span_of("two")));
	path_of(to, two, ".sealed");
	assert_int_equal(rename(from, to), 0);
	assert_no_export(two, "another entry");
	free(a);
	free(b);
	quarantine_close(&q);
}

/* Which files are taken as keys; of what kind; what is said of others. */
static void
test_key_files(void **state)
{
#define HEX64 "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
	static const struct {
		const char *text, *why;
		mode_t mode;
	} cases[] = {
		{ HEX64 "\n", "secret key is not", 0600 },
		{ "# comment\n\n" HEX64 " \r\n#\n", "secret key is not", 0400 },
		{ HEX64 "\n", "chmod 600", 0640 },
		{ HEX64 "\n", "chmod 600", 0604 },
		{ HEX64 "\n", "chmod 600", 0620 },
		{ HEX64 "\n" HEX64 "\n", "holds no key", 0600 },
		{ HEX64 "0\n", "holds no key", 0600 },
		{ HEX64 "00\n", "holds no key", 0600 },
		{ "x" HEX64 "\n", "holds no key", 0600 },
		{ "g" "5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c"
		    "1e1617420\n", "holds no key", 0600 },
		{ "", "holds no key", 0600 },
	};
	struct quarantine *q = open_it(MANY, 0);
	const char *name = put_ok(q, span_of("x"));
	char path[128], json[128], *error, *rest;
	size_t n;

	(void)state;
	snprintf(path, sizeof(path), "%s/other", dir);
	path_of(json, name, ".json");
	write_file(json, "{}", 0600);	/* tells of no key */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(path, cases[i].text, cases[i].mode);
		rest = export_with(path, name, &n, &error);
		assert_null(rest);
		if (strstr(error, cases[i].why) == NULL)
			fail_msg("%zu: %s", i, error);
		free(error);
	}
	assert_null(export_with("/tmp", name, &n, &error));
	assert_non_null(strstr(error, "regular"));
	free(error);
	unlink(path);
	quarantine_close(&q);
}

static void
test_wrong_key(void **state)
{
	struct quarantine *q = open_it(MANY, 0);
	const char *name = put_ok(q, span_of("x"));
	char p2[128], s2[128], *error;
	size_t n;

	(void)state;
	snprintf(p2, sizeof(p2), "%s/2.pub", dir);
	snprintf(s2, sizeof(s2), "%s/2.key", dir);
	assert_int_equal(quarantine_keys(p2, s2, &error), 0);
	assert_null(export_with(s2, name, &n, &error));
	assert_non_null(strstr(error, "was sealed for the key"));
	free(error);
	assert_null(export_with(public, name, &n, &error));
	assert_non_null(strstr(error, "chmod 600"));
	free(error);
	quarantine_close(&q);
}

static void
test_keys(void **state)
{
	char p[128], s[128], *error;
	struct stat st;

	(void)state;
	assert_int_equal(stat(public, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(quarantine_keys(public, secret, &error), -1);
	assert_non_null(strstr(error, "there already"));
	free(error);
	snprintf(p, sizeof(p), "%s/3.pub", dir);
	snprintf(s, sizeof(s), "%s/3.key", dir);
	/* One of them is there: the other one is not made. */
	assert_int_equal(quarantine_keys(p, secret, &error), -1);
	free(error);
	assert_int_equal(access(p, F_OK), -1);
	assert_int_equal(quarantine_keys(public, s, &error), -1);
	free(error);
	assert_int_equal(access(s, F_OK), -1);
	snprintf(p, sizeof(p), "%s/none/3.pub", dir);
	assert_int_equal(quarantine_keys(p, s, &error), -1);
	free(error);
	assert_int_equal(access(s, F_OK), -1);
}

static void
test_open_refuses(void **state)
{
	static const struct quarantine_limits limits = { MANY, 0 };
	char path[128], *error;

	(void)state;
	assert_null(quarantine_open(folder, "/nonexistent", &limits, &error));
	assert_non_null(strstr(error, "quarantine init"));
	free(error);
	snprintf(path, sizeof(path), "%s/zero", dir);
	write_file(path, "00000000000000000000000000000000"
	    "00000000000000000000000000000000\n", 0644);
	assert_null(quarantine_open(folder, path, &limits, &error));
	assert_non_null(strstr(error, "cannot be used"));
	free(error);
	assert_int_equal(chmod(path, 0666), 0);
	assert_null(quarantine_open(folder, path, &limits, &error));
	assert_non_null(strstr(error, "chmod 644"));
	free(error);
	unlink(path);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(chmod(folder, 0750), 0);
	assert_null(quarantine_open(folder, public, &limits, &error));
	assert_non_null(strstr(error, "chmod 700"));
	free(error);
	assert_null(quarantine_open("/nonexistent/q", public, &limits,
	    &error));
	free(error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_pieces),
		TEST(test_description),
		TEST(test_names),
		TEST(test_tampered),
		TEST(test_length),
		TEST(test_swapped),
		TEST(test_key_files),
		TEST(test_wrong_key),
		TEST(test_keys),
		TEST(test_open_refuses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
