/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_journal: what a reader finds in its position file and in segments, and
 * what a writer finds when it opens them.
 *
 * Three texts: the position, the first and the last segment.  The reader ends,
 * gives only events, and none twice; after a commit nothing is left.  The
 * writer mends the last segment, and its event comes last.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "bounds.h"
#include "fuzz.h"
#include "journal_internal.h"
#include "log.h"

static char folder[64];

static const char *
path_of(const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return path;
}

static void
remove_folder(void)
{
	static const char *const files[] = { "pos", "t-0000000001.jsonl",
		"t-0000000002.jsonl", "t-0000000003.jsonl", "t.lock" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(path_of(files[i]));
	rmdir(folder);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	snprintf(folder, sizeof(folder), "/dev/shm/fuzz_journal-%d",
	    (int)getpid());
	CHECK(mkdir(folder, 0700) == 0);
	CHECK(atexit(remove_folder) == 0);
	/* Each input has its lines in the log. */
	log_open("fuzz", LOG_TO_SYSLOG, 0);
	return 0;
}

static void
put(const char *file, struct span text)
{
	int fd = open(path_of(file), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	CHECK(fd != -1);
	CHECK(write(fd, text.p == NULL ? "" : text.p, text.n) ==
	    (ssize_t)text.n);
	close(fd);
}

/* Reads to the end; the number of events, and whether the last is ours. */
static size_t
read_all(size_t most, bool *ours_r)
{
	char *error, *position = strdup(path_of("pos"));
	struct journal_reader *r = journal_reader_open(folder, "t", position,
	    &error);
	bool gap = false;
	size_t n = 0;
	json_t *e;
	int rc;

	CHECK(r != NULL);
	while ((rc = journal_next(r, &e, &gap, &error)) == 1) {
		CHECK(json_is_string(json_object_get(e, "id")));
		CHECK(json_is_string(json_object_get(e, "type")));
		*ours_r = json_is_true(json_object_get(e, "ours"));
		json_decref(e);
		CHECK(++n <= most);
	}
	CHECK(rc == 0 && journal_commit(r, &error) == 0);
	journal_reader_close(&r);
	free(position);
	return n;
}

static void
write_one(void)
{
	static const struct journal_limits l = { .size = 1u << 30 };
	json_t *body = json_pack("{s:b}", "ours", 1);
	char id[EVENT_ID_SIZE], *error;
	struct journal *j = journal_open(folder, "t", &l, &error);

	CHECK(j != NULL);
	event_id(id);
	CHECK(journal_write(j, id, "test", "", body, &error) == 0);
	journal_close(&j);
	json_decref(body);
}

static void
check_position(struct span text)
{
	struct position p;

	if (position_parse(text, &p) == 0)
		CHECK(p.segment >= 1 && p.segment <= SEGMENT_NUMBER_MAX);
	else
		CHECK(p.segment == 0 && p.offset == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span rest = fuzz_input(p, n);
	struct span position = fuzz_part(&rest), first = fuzz_part(&rest);
	bool ours = false;

	check_position(position);
	put("pos", position);
	put("t-0000000001.jsonl", first);
	put("t-0000000002.jsonl", rest);
	read_all(n + 1, &ours);
	ours = false;
	CHECK(read_all(0, &ours) == 0);
	write_one();
	/* At most the second segment again, where it was cut. */
	read_all(n + 1, &ours);
	CHECK(ours);
	unlink(path_of("t-0000000003.jsonl"));
	unlink(path_of("t.lock"));
	return 0;
}
