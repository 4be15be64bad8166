/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scanconf: see the header.  The defaults and ranges are those of the table of
 * all settings (state/settings*.c, group "The scanner"), which makes the
 * manual; a test compares the defaults.  The scanner does not judge settings
 * of other programs: `postern -t` does.  Main thread.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "ownconf.h"
#include "scanconf.h"

#define DEFAULT_CLIENT	"postern"
#define MS		INT64_C(1)
#define SECOND		(1000 * MS)
#define M		(INT64_C(1) << 20)
#define G		(INT64_C(1) << 30)

enum number_type { NUMBER_COUNT, NUMBER_SIZE, NUMBER_TIME };

/* Settings with a range, and where they go. */
struct number {
	const char	*name;
	enum number_type type;
	int64_t		 min, max;
	const char	*range;		/* for people */
	int64_t		 value;
};

enum { WORKERS, TIME, SIZE, FILE_SIZE, FILES, DEPTH, TMP_SIZE, NUMBERS };

static const struct number numbers[NUMBERS] = {
	[WORKERS] = { "scan-workers", NUMBER_COUNT, 0, SCAN_WORKERS_MAX,
	    "a number from 0 to 256", 0 },
	[TIME] = { "scan-time", NUMBER_TIME, 100 * MS, 120 * SECOND,
	    "a time from 100ms to 2m", 0 },
	[SIZE] = { "scan-size", NUMBER_SIZE, 1 * M, 2 * G,
	    "a size from 1M to 2G", 0 },
	[FILE_SIZE] = { "scan-file-size", NUMBER_SIZE, 1 * M, 2 * G,
	    "a size from 1M to 2G", 0 },
	[FILES] = { "scan-files", NUMBER_COUNT, 1, 1000000,
	    "a number from 1 to 1000000", 0 },
	[DEPTH] = { "scan-depth", NUMBER_COUNT, 1, 100,
	    "a number from 1 to 100", 0 },
	[TMP_SIZE] = { "scan-tmp-size", NUMBER_SIZE, 16 * M, 64 * G,
	    "a size from 16M to 64G", 0 },
};

static const struct conf_word words[] = {
	{ "scan-user", NULL }, { "scan-group", NULL },
	{ "scan-socket", NULL }, { "scan-socket-mode", NULL },
	{ "scan-socket-group", NULL }, { "scan-clients", NULL },
	{ "scan-database", NULL }, { "scan-workers", NULL },
	{ "scan-time", NULL }, { "scan-size", NULL },
	{ "scan-file-size", NULL }, { "scan-files", NULL },
	{ "scan-depth", NULL }, { "scan-tmp", NULL },
	{ "scan-tmp-size", NULL }, { "scan-pua", NULL },
	{ "scan-low-memory", NULL }, { "syslog-facility", NULL },
	{ NULL, NULL }
};

/* Cores and one more: a worker waits for memory or a client now and then. */
static unsigned
default_workers(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (cores < 1)
		cores = 1;
	return cores < SCAN_WORKERS_MAX ? (unsigned)cores + 1 :
	    SCAN_WORKERS_MAX;
}

static int
take_number(struct ownconf *o, struct number *n)
{
	if (n->type == NUMBER_COUNT)
		n->value = ownconf_number(o, n->name, n->max);
	else if (n->type == NUMBER_SIZE)
		n->value = ownconf_size(o, n->name, n->max);
	else
		n->value = ownconf_time(o, n->name, n->max);
	if (n->value >= n->min)		/* -1: none, or too large */
		return 0;
	ownconf_complain(o, 0, "%s wants %s", n->name, n->range);
	return -1;
}

static int
take_numbers(struct scanconf *c, struct ownconf *o)
{
	struct number n[NUMBERS];
	int rc = 0;

	memcpy(n, numbers, sizeof(n));
	for (size_t i = 0; i < NUMBERS; i++)
		rc |= take_number(o, &n[i]);
	c->workers = n[WORKERS].value > 0 ? (unsigned)n[WORKERS].value :
	    default_workers();
	c->time_ms = (unsigned)n[TIME].value;
	c->scan_size = (uint64_t)n[SIZE].value;
	c->file_size = (uint64_t)n[FILE_SIZE].value;
	c->files = (unsigned)n[FILES].value;
	c->depth = (unsigned)n[DEPTH].value;
	c->tmp_size = (uint64_t)n[TMP_SIZE].value;
	return rc;
}

static int
take_bool(struct ownconf *o, const char *name, bool *value_r)
{
	int v = ownconf_bool(o, name);

	*value_r = v == 1;
	if (v != -1)
		return 0;
	ownconf_complain(o, 0, "%s wants yes or no", name);
	return -1;
}

static int
want_absolute(struct ownconf *o, const char *name, const char *path)
{
	if (path[0] == '/')
		return 0;
	ownconf_complain(o, 0, "%s must be an absolute path", name);
	return -1;
}

static int
take_socket(struct scanconf *c, struct ownconf *o)
{
	static const char *fallback[] = { DEFAULT_CLIENT };
	int64_t mode = ownconf_mode(o, "scan-socket-mode");

	c->socket = ownconf_text(o, "scan-socket");
	if (strncmp(c->socket, "unix:", 5) == 0)
		c->socket += 5;
	c->socket_group = ownconf_text(o, "scan-socket-group");
	c->clients = ownconf_texts(o, "scan-clients", &c->nclients);
	c->clients_named = c->nclients > 0;
	if (!c->clients_named) {
		c->clients = fallback;
		c->nclients = 1;
	}
	c->socket_mode = (mode_t)mode;
	if (mode != -1)
		return want_absolute(o, "scan-socket", c->socket);
	ownconf_complain(o, 0, "scan-socket-mode wants an octal mode like "
	    "0660");
	return -1;
}

static int
take_settings(struct scanconf *c, struct ownconf *o)
{
	int rc = take_socket(c, o);

	c->user = ownconf_text(o, "scan-user");
	c->group = ownconf_text(o, "scan-group");
	c->database = ownconf_text(o, "scan-database");
	c->tmp = ownconf_text(o, "scan-tmp");
	c->facility = ownconf_facility(o);
	rc |= c->facility == -1 ? -1 : 0;
	rc |= take_numbers(c, o);
	rc |= take_bool(o, "scan-pua", &c->pua);
	rc |= take_bool(o, "scan-low-memory", &c->low_memory);
	rc |= want_absolute(o, "scan-database", c->database);
	if (c->tmp[0] != '\0')
		rc |= want_absolute(o, "scan-tmp", c->tmp);
	return rc;
}

static void
begin(struct ownconf *o, struct arena *a)
{
	static char no_list[] = "{}";	/* libconfuse wants a char * */
	cfg_opt_t opts[] = {
		CFG_STR("scan-user", "", CFGF_NONE),
		CFG_STR("scan-group", "", CFGF_NONE),
		CFG_STR("scan-socket", "/run/postern-scan/scan.sock",
		    CFGF_NONE),
		CFG_STR("scan-socket-mode", "0660", CFGF_NONE),
		CFG_STR("scan-socket-group", "", CFGF_NONE),
		CFG_STR_LIST("scan-clients", no_list, CFGF_NONE),
		CFG_STR("scan-database", "/var/lib/clamav", CFGF_NONE),
		CFG_STR("scan-workers", "0", CFGF_NONE),
		CFG_STR("scan-time", "10s", CFGF_NONE),
		CFG_STR("scan-size", "400M", CFGF_NONE),
		CFG_STR("scan-file-size", "100M", CFGF_NONE),
		CFG_STR("scan-files", "10000", CFGF_NONE),
		CFG_STR("scan-depth", "17", CFGF_NONE),
		CFG_STR("scan-tmp", "", CFGF_NONE),
		CFG_STR("scan-tmp-size", "512M", CFGF_NONE),
		CFG_STR("scan-pua", "no", CFGF_NONE),
		CFG_STR("scan-low-memory", "no", CFGF_NONE),
		CFG_STR("syslog-facility", "mail", CFGF_NONE),
		CFG_END()
	};

	ownconf_begin(o, a, opts, words);
}

struct scanconf *
scanconf_load(const char *path, char **errors_r)
{
	struct arena *a = arena_new();
	struct scanconf *c = arena_alloc(a, sizeof(*c));
	struct ownconf o;
	int rc;

	c->arena = a;
	begin(&o, a);
	rc = ownconf_read(&o, path);
	c->path = o.top;
	if (rc == 0)
		rc = take_settings(c, &o);
	*errors_r = ownconf_end(&o, rc);
	if (rc != 0)
		scanconf_free(&c);
	return c;
}

void
scanconf_free(struct scanconf **c)
{
	struct arena *a;

	if (*c == NULL)
		return;
	a = (*c)->arena;	/* the settings themselves live in it */
	*c = NULL;
	arena_free(&a);
}

static bool
same_numbers(const struct scanconf *a, const struct scanconf *b)
{
	return a->socket_mode == b->socket_mode && a->workers == b->workers &&
	    a->time_ms == b->time_ms && a->scan_size == b->scan_size &&
	    a->file_size == b->file_size && a->files == b->files &&
	    a->depth == b->depth && a->tmp_size == b->tmp_size &&
	    a->pua == b->pua && a->low_memory == b->low_memory &&
	    a->facility == b->facility && a->nclients == b->nclients;
}

bool
scanconf_same(const struct scanconf *a, const struct scanconf *b)
{
	bool same = same_numbers(a, b) &&
	    strcmp(a->socket, b->socket) == 0 &&
	    strcmp(a->socket_group, b->socket_group) == 0 &&
	    strcmp(a->user, b->user) == 0 &&
	    strcmp(a->group, b->group) == 0 &&
	    strcmp(a->database, b->database) == 0 &&
	    strcmp(a->tmp, b->tmp) == 0;
	size_t i;

	for (i = 0; same && i < a->nclients; i++)
		same = strcmp(a->clients[i], b->clients[i]) == 0;
	return same;
}
