/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_engine: what libclamav finds through us, and what it must not hide.
 *
 * Signatures are made by tests/lib/sigdb.py, the files that scanners stumble
 * over by tests/lib/hostile_files.py, which also tells the answer wanted for
 * each.  The package clamav-testfiles is looked through where it is
 * installed.
 */
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "engine_private.h"

#define MIB (1024 * 1024)
#define FILE_MAX ((size_t)64 * MIB)
#define TESTFILES "/usr/share/clamav-testfiles"
/* POSTERN-TEST-VIRUS-ONE */
#define BASE64_ONE "UE9TVEVSTi1URVNULVZJUlVTLU9ORQ=="
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct engine_limits limits = {
	.scan_size = 400 * (uint64_t)MIB, .file_size = 100 * (uint64_t)MIB,
	.files = 10000, .depth = 17, .time_ms = 3000,
};

/* In memory where that is possible: the bombs are large. */
static char folder[40] = "/dev/shm/test-engine-XXXXXX";
static struct engine *engine;

/* A path below the test's folder; valid until the next call but three. */
static const char *
path_of(const char *name)
{
	static char paths[4][512];
	static size_t next;
	char *p = paths[next++ % COUNT(paths)];

	snprintf(p, sizeof(paths[0]), "%s/%s", folder, name);
	return p;
}

static void
run(const char *script, const char *name, const char *output)
{
	char command[1024];

	snprintf(command, sizeof(command),
	    "PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 %s/tests/lib/%s %s"
	    " > %s", TOP_SRCDIR, script, path_of(name), path_of(output));
	assert_int_equal(system(command), 0);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

static struct buf
read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char bytes[65536];
	struct buf b;
	size_t n;

	buf_init(&b, FILE_MAX);
	if (f == NULL)
		fail_msg("%s cannot be read", path);
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		buf_add(&b, bytes, n);
	fclose(f);
	assert_false(buf_failed(&b));
	return b;
}

static struct scan_answer
scan(struct span content, enum scan_kind kind)
{
	struct scan_answer a;

	engine_scan(engine, content, kind, &a);
	assert_true(a.version != 0);
	assert_true((a.name[0] == '\0') == (a.status == SCAN_CLEAN));
	return a;
}

static struct scan_answer
scan_file(const char *path)
{
	struct buf b = read_file(path);
	struct scan_answer a = scan(buf_span(&b), SCAN_PART);

	buf_free(&b);
	return a;
}

static void
test_all_testfiles(void **state)
{
	DIR *dir = opendir(TESTFILES);
	struct dirent *d;
	unsigned n = 0;
	char path[512];

	(void)state;
	if (dir == NULL) {
		print_message("clamav-testfiles is not installed\n");
		skip();
	}
	while ((d = readdir(dir)) != NULL) {
		struct scan_answer a;

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), TESTFILES "/%s", d->d_name);
		a = scan_file(path);
		if (a.status != SCAN_VIRUS ||
		    strncmp(a.name, "ClamAV-Test-File", 16) != 0)
			fail_msg("%s: %d %s", d->d_name, a.status, a.name);
		n++;
	}
	closedir(dir);
	assert_true(n >= 40);
}

static enum scan_status
status_of(const char *word)
{
	return strcmp(word, "virus") == 0 ? SCAN_VIRUS :
	    strcmp(word, "clean") == 0 ? SCAN_CLEAN : SCAN_NOT_SCANNED;
}

static void
test_hostile_files(void **state)
{
	char name[100], wanted[100], path[400];
	unsigned n = 0, bad = 0;
	FILE *list;

	(void)state;
	run("hostile_files.py", "hostile", "list");
	list = fopen(path_of("list"), "r");
	assert_non_null(list);
	while (fscanf(list, "%99[^\t]\t%99[^\n]\n", name, wanted) == 2) {
		struct scan_answer a;

		snprintf(path, sizeof(path), "%s/hostile/%s", folder, name);
		a = scan_file(path);
		if (a.status != status_of(wanted)) {
			print_error("%s: %d %s, not %s\n", name, a.status,
			    a.name, wanted);
			bad++;
		}
		n++;
	}
	fclose(list);
	assert_true(n > 40);
	assert_int_equal(bad, 0);
}

static void
test_kinds(void **state)
{
	static const struct {
		struct span content;
		enum scan_kind kind;
		enum scan_status status;
		const char *name;
	} cases[] = {
		{ { NULL, 0 }, SCAN_PART, SCAN_CLEAN, "" },
		{ SPAN_LIT("harmless"), SCAN_PART, SCAN_CLEAN, "" },
		{ SPAN_LIT("x POSTERN-TEST-VIRUS-ONE"), SCAN_PART, SCAN_VIRUS,
		    "Postern.Test.One.UNOFFICIAL" },
		{ SPAN_LIT("x POSTERN-TEST-PUA"), SCAN_PART, SCAN_VIRUS,
		    "PUA.Postern.Test.UNOFFICIAL" },
		{ SPAN_LIT("x POSTERN-TEST-HEURISTIC"), SCAN_PART, SCAN_VIRUS,
		    "Heuristics.Postern.Test.UNOFFICIAL" },
		{ SPAN_LIT("x POSTERN-TEST-EXTRA-PUA"), SCAN_PART, SCAN_CLEAN,
		    "" },
		{ SPAN_LIT("<html><b>Postern-Test-<!-- -->VIRUS-Html</b>"),
		    SCAN_PART, SCAN_VIRUS, "Postern.Test.Html.UNOFFICIAL" },
		{ SPAN_LIT("x POSTERN-TEST-VIRUS-MAIL"), SCAN_PART, SCAN_CLEAN,
		    "" },
		{ SPAN_LIT("To: a\r\n\r\nPOSTERN-TEST-VIRUS-MAIL"),
		    SCAN_MESSAGE, SCAN_VIRUS,
		    "Postern.Test.Mail.UNOFFICIAL" },
		{ SPAN_LIT("DKIM-Signature: a\r\n\r\nPOSTERN-TEST-VIRUS-MAIL"),
		    SCAN_MESSAGE, SCAN_VIRUS,
		    "Postern.Test.Mail.UNOFFICIAL" },
		{ SPAN_LIT("X-A: b\r\n\r\nPOSTERN-TEST-VIRUS-MAIL"),
		    SCAN_MESSAGE_DEEP, SCAN_VIRUS,
		    "Postern.Test.Mail.UNOFFICIAL" },
		{ SPAN_LIT("To: a\r\n\r\nPOSTERN-TEST-VIRUS-ONE"),
		    SCAN_MESSAGE, SCAN_VIRUS,
		    "Postern.Test.One.UNOFFICIAL" },
		{ SPAN_LIT("A: b\r\nMIME-Version: 1.0\r\nContent-Transfer-"
		    "Encoding: base64\r\n\r\n" BASE64_ONE "\r\n"),
		    SCAN_MESSAGE, SCAN_CLEAN, "" },
		{ SPAN_LIT("A: b\r\nMIME-Version: 1.0\r\nContent-Transfer-"
		    "Encoding: base64\r\n\r\n" BASE64_ONE "\r\n"),
		    SCAN_MESSAGE_DEEP, SCAN_VIRUS,
		    "Postern.Test.One.UNOFFICIAL" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct scan_answer a = scan(cases[i].content, cases[i].kind);

		assert_int_equal(a.status, cases[i].status);
		assert_string_equal(a.name, cases[i].name);
	}
}

static void
test_names(void **state)
{
	static const struct {
		const char *virname;
		enum scan_status status;
		const char *name;
	} cases[] = {
		{ NULL, SCAN_NOT_SCANNED, "limit: file too large" },
		{ "", SCAN_NOT_SCANNED, "limit: file too large" },
		{ "Heuristics.Limits.Exceeded.MaxFiles", SCAN_NOT_SCANNED,
		    "limit: too many files" },
		{ "Heuristics.Limits.Exceeded.MaxScanTime", SCAN_NOT_SCANNED,
		    "took too long" },
		{ "Heuristics.Limits.Exceeded", SCAN_NOT_SCANNED,
		    "limit: too much to scan" },
		{ "Heuristics.Limits.Exceeded.New", SCAN_NOT_SCANNED,
		    "limit: too much to scan" },
		{ "Heuristics.Encrypted.PDF", SCAN_NOT_SCANNED,
		    "encrypted document" },
		{ "Heuristics.Encrypted.7Zip", SCAN_NOT_SCANNED,
		    "encrypted archive" },
		{ "Heuristics.Phishing.Email.SpoofedDomain", SCAN_VIRUS,
		    "Heuristics.Phishing.Email.SpoofedDomain" },
		{ "PUA.Win.Packer", SCAN_VIRUS, "PUA.Win.Packer" },
		{ "a b\nc\xff", SCAN_VIRUS, "a_b_c_" },
	};
	struct scan_answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(&a, 0, sizeof(a));
		engine_name_answer(cases[i].virname, &a);
		assert_int_equal(a.status, cases[i].status);
		assert_string_equal(a.name, cases[i].name);
	}
}

static void
test_long_name(void **state)
{
	char name[2 * SCAN_NAME_SIZE];
	struct scan_answer a;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	engine_name_answer(name, &a);
	assert_int_equal(strlen(a.name), SCAN_NAME_SIZE - 1);
}

static void
test_codes(void **state)
{
	static const int mine[] = { CL_EMEM, CL_ETMPFILE, CL_ETMPDIR,
	    CL_EWRITE, CL_EOPEN, CL_ECREAT, CL_EACCES, CL_EMAP, CL_EDUP };
	static const int content[] = { CL_EFORMAT, CL_EPARSE, CL_EUNPACK,
	    CL_EREAD, CL_ESEEK, CL_EMAXREC, CL_EMAXSIZE, CL_ERROR, 12345 };
	struct scan_answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(mine); i++) {
		engine_code_answer(mine[i], &a);
		assert_int_equal(a.status, SCAN_FAILED);
		assert_true(a.name[0] != '\0');
	}
	for (size_t i = 0; i < COUNT(content); i++) {
		engine_code_answer(content[i], &a);
		assert_int_equal(a.status, SCAN_NOT_SCANNED);
		assert_true(a.name[0] != '\0');
	}
	engine_code_answer(CL_ETIMEOUT, &a);
	assert_int_equal(a.status, SCAN_NOT_SCANNED);
	assert_string_equal(a.name, "took too long");
}

/* In a child that cannot write a byte: the statuses of a zip and a mail. */
static int
scan_without_space(const char *path, enum scan_kind kind)
{
	const struct rlimit none = { 0, 0 };
	struct buf b = read_file(path);
	int status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		struct scan_answer a;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &none);
		engine_scan(engine, buf_span(&b), kind, &a);
		_exit(a.status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	buf_free(&b);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The library calls a mail clean that it could not unpack. */
static void
test_no_space(void **state)
{
	static const char mail[] = "From: a\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
	    "Content-Type: application/octet-stream; name=a\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n"
	    BASE64_ONE "\r\n--b--\r\n";
	const char *path = path_of("mail");

	(void)state;
	write_file(path, mail);
	assert_int_equal(scan_file(path).status, SCAN_VIRUS);
	assert_int_equal(scan_without_space(path, SCAN_PART), SCAN_FAILED);
	assert_int_equal(scan_without_space(path, SCAN_MESSAGE_DEEP),
	    SCAN_FAILED);
	if (access(TESTFILES "/clam.zip", R_OK) == 0)
		assert_int_equal(scan_without_space(TESTFILES "/clam.zip",
		    SCAN_PART), SCAN_FAILED);
}

/* What fills all the room by itself would do so again: no "later". */
static void
test_needs_too_much_room(void **state)
{
	const char *small = path_of("small");
	const char *file = path_of("hostile/member-110.zip");
	struct scan_answer a;

	(void)state;
	if (access(file, R_OK) != 0)
		run("hostile_files.py", "hostile", "list");
	assert_int_equal(mkdir(small, 0700), 0);
	if (mount("none", small, "tmpfs", 0, "size=4m") != 0) {
		print_message("may not mount here\n");
		rmdir(small);
		skip();
	}
	assert_int_equal(engine_use_tmp(engine, small), 0);
	a = scan_file(file);
	assert_int_equal(engine_use_tmp(engine, path_of("tmp")), 0);
	assert_int_equal(umount2(small, MNT_DETACH), 0);
	rmdir(small);
	assert_int_equal(a.status, SCAN_NOT_SCANNED);
	assert_non_null(strstr(a.name, "room"));
}

static void
test_tmp_is_used_and_left_empty(void **state)
{
	const char *tmp = path_of("other-tmp");
	static const char text[] = "<html>x</html>";

	(void)state;
	assert_int_equal(mkdir(tmp, 0700), 0);
	assert_int_equal(engine_use_tmp(engine, tmp), 0);
	scan(span_make(text, sizeof(text) - 1), SCAN_PART);
	assert_int_equal(rmdir(tmp), 0);
	/* Without its folder it has no space: never clean. */
	assert_int_equal(scan(span_make(text, sizeof(text) - 1),
	    SCAN_PART).status, SCAN_FAILED);
	assert_int_equal(engine_use_tmp(engine, path_of("tmp")), 0);
	assert_int_equal(scan(span_make(text, sizeof(text) - 1),
	    SCAN_PART).status, SCAN_CLEAN);
}

static void
test_info(void **state)
{
	struct scan_answer a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	engine_info(engine, &a);
	assert_int_equal(a.info.signatures, 9);
	assert_true(a.info.built > 1700000000);
	b = scan(span_of("x"), SCAN_PART);
	assert_true(a.version != 0 && a.version == b.version);
}

/* Loads the folder: NULL, and a sentence that holds `why`. */
static void
assert_refused(const char *name, const char *why)
{
	char *error = NULL;
	struct engine *e = engine_load(path_of(name), &limits, path_of("tmp"),
	    &error);

	assert_null(e);
	assert_non_null(error);
	if (strstr(error, why) == NULL)
		fail_msg("%s: %s", name, error);
	free(error);
}

static void
test_bad_folders(void **state)
{
	(void)state;
	assert_refused("missing", "no signature files");
	assert_int_equal(engine_folder_stamp(path_of("missing")), 0);
	mkdir(path_of("empty"), 0700);
	assert_refused("empty", "no signature files");
	write_file(path_of("empty/freshclam.dat"), "x");
	assert_refused("empty", "no signature files");
	mkdir(path_of("broken"), 0700);
	write_file(path_of("broken/a.ndb"), "Name:0:*:6z\n");
	assert_refused("broken", "signature folder");
	write_file(path_of("broken/a.ndb"), "Cut-Off:0:");
	assert_refused("broken", "signature folder");
	unlink(path_of("broken/a.ndb"));
	write_file(path_of("broken/a.cvd"), "ClamAV-VDB:no");
	assert_refused("broken", "signature folder");
}

/* Loads, but does not find EICAR, or finds something in a harmless text. */
static void
assert_unproved(const char *name, const char *signature, const char *why)
{
	struct engine *e;
	char *error = NULL;

	mkdir(path_of(name), 0700);
	write_file(path_of("unproved/a.ndb"), signature);
	e = engine_load(path_of(name), &limits, path_of("tmp"), &error);
	assert_non_null(e);
	assert_int_equal(engine_prove(e, &error), -1);
	assert_non_null(strstr(error, why));
	free(error);
	engine_free(&e);
	assert_null(e);
}

static void
test_prove(void **state)
{
	(void)state;
	assert_unproved("unproved", "Some-Thing:0:*:0102030405060708\n",
	    "EICAR test file is called clean");
	/* "EICAR-S" anywhere, and "harmless". */
	assert_unproved("unproved", "E:0:*:45494341522d53\n"
	    "H:0:*:6861726d6c657373\n", "harmless text is called H");
}

static void
test_stamp(void **state)
{
	uint64_t stamps[4];

	(void)state;
	mkdir(path_of("stamp"), 0700);
	write_file(path_of("stamp/a.ndb"), "one");
	stamps[0] = engine_folder_stamp(path_of("stamp"));
	write_file(path_of("stamp/tmp.abc"), "not a signature");
	assert_true(engine_folder_stamp(path_of("stamp")) == stamps[0]);
	usleep(20000);
	write_file(path_of("stamp/a.ndb"), "two");
	stamps[1] = engine_folder_stamp(path_of("stamp"));
	write_file(path_of("stamp/b.hdb"), "");
	stamps[2] = engine_folder_stamp(path_of("stamp"));
	unlink(path_of("stamp/a.ndb"));
	stamps[3] = engine_folder_stamp(path_of("stamp"));
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			assert_true(stamps[i] != stamps[j] && stamps[i] != 0);
}

/* Other limits may answer otherwise: another version. */
static void
test_version(void **state)
{
	struct engine_limits other = limits;
	struct scan_answer a, b;
	char *error = NULL;
	struct engine *e;

	(void)state;
	other.pua = true;
	e = engine_load(path_of("db"), &other, path_of("tmp"), &error);
	assert_non_null(e);
	assert_int_equal(engine_prove(e, &error), 0);
	engine_scan(e, span_of("x POSTERN-TEST-EXTRA-PUA"), SCAN_PART, &a);
	assert_string_equal(a.name, "PUA.Postern.Extra.UNOFFICIAL");
	b = scan(span_of("x"), SCAN_PART);
	assert_true(a.version != b.version);
	engine_free(&e);
}

/* A rar without its unpacker is not clean; nor is one within an archive. */
static void
test_rar(void **state)
{
	bool kept = engine->reads_rar;

	(void)state;
	engine->reads_rar = false;
	assert_int_equal(scan(span_make("Rar!\x1a\x07\x01\x00 and more", 17),
	    SCAN_PART).status, SCAN_NOT_SCANNED);
	engine->reads_rar = kept;
}

static int
set_up(void **state)
{
	char *error = NULL;

	(void)state;
	if (mkdtemp(folder) == NULL) {
		strcpy(folder, "/tmp/test-engine-XXXXXX");
		if (mkdtemp(folder) == NULL)
			return -1;
	}
	run("sigdb.py", "db", "list");
	mkdir(path_of("tmp"), 0700);
	engine = engine_load(path_of("db"), &limits, path_of("tmp"), &error);
	if (engine == NULL || engine_prove(engine, &error) != 0) {
		print_error("%s\n", error);
		return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	engine_free(&engine);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_testfiles),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_needs_too_much_room),
		cmocka_unit_test(test_tmp_is_used_and_left_empty),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_bad_folders),
		cmocka_unit_test(test_prove),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_rar),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
