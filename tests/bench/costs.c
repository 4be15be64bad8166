/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * costs: what single steps cost, measured in C for tests/bench/scan.py.
 *
 *	costs parse			mime_parse() by size and by parts
 *	costs way SOCKET DATABASE TMP	the way to postern-scan and back
 *
 * scan.py compiles it.  "way" scans the same contents in this process and
 * through scan_client, in turns, so that other work on the machine disturbs
 * both alike.  One thread; messages are made here, nothing is asserted.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "conf.h"
#include "engine.h"
#include "log.h"
#include "mime.h"
#include "scan_client.h"

#define MIB		((size_t)1024 * 1024)
#define PARSES		7
#define SCANS		1000

static double
now(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
part_of(double *times, size_t n, size_t percent)
{
	qsort(times, n, sizeof(*times), by_size);
	return times[(n - 1) * percent / 100];
}

/* Parts. */

static void
add_part(struct buf *b, const char *boundary, size_t lines, bool encoded)
{
	buf_addf(b, "--%s\r\nContent-Type: %s\r\n%s\r\n", boundary,
	    encoded ? "application/pdf; name=\"a.pdf\"" : "text/plain",
	    encoded ? "Content-Transfer-Encoding: base64\r\n" : "");
	for (size_t i = 0; i < lines; i++)
		buf_adds(b, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa"
		    "2xtbm9wcXJzdHV2d3h5\r\n");
}

/* `parts` beside each other, `size` in all. */
static void
make_wide(struct buf *b, size_t parts, size_t size)
{
	size_t lines = size / parts / 74;

	buf_adds(b, "From: a@example.org\r\nContent-Type: multipart/mixed; "
	    "boundary=\"=_1\"\r\n\r\n");
	for (size_t i = 0; i < parts; i++)
		add_part(b, "=_1", lines, i > 0);
	buf_adds(b, "--=_1--\r\n");
}

/* One in the other. */
static void
make_deep(struct buf *b, size_t levels)
{
	buf_adds(b, "From: a@example.org\r\n");
	for (size_t i = 0; i < levels; i++)
		buf_addf(b, "Content-Type: multipart/mixed; boundary=\"<%zu>\""
		    "\r\n\r\n--<%zu>\r\n", i, i);
	buf_adds(b, "\r\nx\r\n");
	for (size_t i = levels; i-- > 0;)
		buf_addf(b, "--<%zu>--\r\n", i);
}

static void
print_parse(const char *what, struct buf *b)
{
	double times[PARSES];
	struct mime_tree t;

	for (size_t i = 0; i < PARSES; i++) {
		struct arena *a = arena_new();
		double began = now(CLOCK_THREAD_CPUTIME_ID);

		mime_parse(a, buf_span(b), &t);
		times[i] = now(CLOCK_THREAD_CPUTIME_ID) - began;
		arena_free(&a);
	}
	printf("| %s | %.1f | %zu | %.2f | %.2f | %s |\n", what,
	    (double)b->n / (double)MIB, t.n, part_of(times, PARSES, 50),
	    part_of(times, PARSES, 50) * 1e6 / (double)b->n,
	    t.limit != NULL ? t.limit : t.malformed != 0 ? "malformed" : "");
	buf_free(b);
}

static void
parse(void)
{
	static const size_t sizes[] = { 1, 5, 25 };
	static const size_t parts[] = { 10, 100, 990 };
	struct buf b;

	mime_init();
	puts("| message | MiB | parts | CPU ms | ns a byte | |\n"
	    "|---|---:|---:|---:|---:|---|");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		buf_init(&b, 100 * MIB);
		make_wide(&b, 3, sizes[i] * MIB);
		print_parse("large", &b);
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buf_init(&b, 100 * MIB);
		make_wide(&b, parts[i], 5 * MIB);
		print_parse("many parts", &b);
	}
	for (size_t n = 12; n < 50; n *= 2) {
		buf_init(&b, 100 * MIB);
		make_deep(&b, n);
		print_parse("nested", &b);
	}
}

/* The way. */

struct both {
	struct engine	*engine;
	struct scan_client *client;
	struct conf	 conf;
};

static double
here(struct both *w, struct span content)
{
	double began = now(CLOCK_MONOTONIC);
	struct scan_answer a;

	engine_scan(w->engine, content, SCAN_PART, &a);
	if (a.status != SCAN_CLEAN)
		log_fatal(1, "not clean: %s", a.name);
	return now(CLOCK_MONOTONIC) - began;
}

static double
there(struct both *w, struct span content)
{
	struct scan_item item = { .content = content,
		.encoding = TRANSFER_IDENTITY, .kind = SCAN_PART };
	struct arena *a = arena_new();
	double began = now(CLOCK_MONOTONIC), took;

	scan_client_run(w->client, a, &item, 1, "bench", clock_ms() + 10000);
	took = now(CLOCK_MONOTONIC) - began;
	if (item.status != SCAN_CLEAN)
		log_fatal(1, "not clean: %s", item.name);
	arena_free(&a);
	return took;
}

static void
print_way(struct both *w, size_t size)
{
	static double in[SCANS], out[SCANS];
	char *p = malloc(size);

	if (p == NULL)
		log_fatal(1, "out of memory");
	for (size_t i = 0; i < size; i++)
		p[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 23);
	for (size_t i = 0; i < SCANS; i++) {
		in[i] = here(w, span_make(p, size));
		out[i] = there(w, span_make(p, size));
	}
	printf("| %zu | %.3f | %.3f | %.3f | %.3f |\n", size,
	    part_of(in, SCANS, 50), part_of(out, SCANS, 50),
	    part_of(out, SCANS, 50) - part_of(in, SCANS, 50),
	    part_of(out, SCANS, 99) - part_of(in, SCANS, 99));
	free(p);
}

static void
way(char **argv)
{
	struct engine_limits limits = { 400 * MIB, 100 * MIB, 10000, 17, 10000,
	    false };
	struct both w = { .conf = { .scan_socket = argv[2],
		.scan_timeout_ms = 60000, .scan_time_ms = 10000 } };
	char *why = NULL;

	w.engine = engine_load(argv[3], &limits, argv[4], &why);
	if (w.engine == NULL || engine_prove(w.engine, &why) != 0)
		log_fatal(1, "%s", why);
	w.client = scan_client_new(&w.conf);
	puts("| bytes of text | in this process, ms | by postern-scan | added, "
	    "median | added, p99 |\n|---:|---:|---:|---:|---:|");
	print_way(&w, 64);
	print_way(&w, 4096);
	print_way(&w, 65536);
	scan_client_free(&w.client);
	engine_free(&w.engine);
}

int
main(int argc, char **argv)
{
	log_open("costs", LOG_TO_STDERR, 0);
	if (argc == 2 && strcmp(argv[1], "parse") == 0)
		parse();
	else if (argc == 5 && strcmp(argv[1], "way") == 0)
		way(argv);
	else
		log_fatal(64, "costs parse | way SOCKET DATABASE TMP");
	return 0;
}
