/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_probe: asks the scanner for its status, then has EICAR and a harmless
 * text scanned, on the way that mail's contents go.
 *
 * Called by scan_health.c, by one thread at a time.  Owns two sealed memfds
 * and the descriptor that ends a probe early.  EICAR is put together at run
 * time, so that neither this file nor the program holds it.
 */
#include "config.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "scan_internal.h"

#define EX_MEMORY	71	/* EX_OSERR of sysexits.h */
/* The scanner's queue is full: wait as long between tries. */
#define BUSY_MS		50

static const char harmless_text[] =
    "This text does no harm. postern asks whether it is clean.\r\n";

/* The test file of eicar.org, 68 bytes, never whole in the program. */
static const char *const eicar_pieces[] = {
	"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTI",
	"VIRUS-TEST-FILE!$H+H*"
};

static void
make_texts(struct scan_probe *p, const EVP_MD *md)
{
	struct scan_reader r;
	char text[80], why[SCAN_WHY_SIZE] = "";
	int rc;

	snprintf(text, sizeof(text), "%s%s%s", eicar_pieces[0],
	    eicar_pieces[1], eicar_pieces[2]);
	scan_reader_init(&r, md);
	rc = scan_content_read(&r, &p->eicar, span_of(text),
	    TRANSFER_IDENTITY, why);
	if (rc == 0)
		rc = scan_content_seal(&p->eicar, why);
	if (rc == 0)
		rc = scan_content_read(&r, &p->harmless,
		    span_of(harmless_text), TRANSFER_IDENTITY, why);
	if (rc == 0)
		rc = scan_content_seal(&p->harmless, why);
	scan_reader_free(&r);
	if (rc == -1)
		log_fatal(EX_MEMORY, "%s", why);
}

/* Until something is there to read; false: at the deadline, or to stop. */
static bool
wait_readable(const struct scan_probe *p, int fd, int64_t deadline)
{
	struct pollfd fds[2] = {
		{ .fd = p->stop_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN }
	};
	int left;

	while ((left = clock_left(deadline)) > 0) {
		if (poll(fds, 2, left) == -1 && errno != EINTR)
			return false;
		if (fds[0].revents != 0)
			return false;
		if (fds[1].revents != 0)
			return true;
	}
	return false;
}

/* Asks once; PENDING at the deadline. */
static enum scan_link_state
ask_once(struct scan_probe *p, enum scan_ask ask,
    const struct scan_content *content, struct scan_answer *a,
    int64_t deadline, char why[SCAN_WHY_SIZE])
{
	enum scan_link_state state;
	struct scan_link l;

	while ((state = scan_link_open(&l, p->path, ask, SCAN_PART,
	    content != NULL ? content->fd : -1,
	    content != NULL ? content->size : 0, why)) == SCAN_LINK_BUSY) {
		int left = clock_left(deadline);

		if (left == 0 || wait_readable(p, -1, clock_ms() +
		    (left < BUSY_MS ? left : BUSY_MS)))
			return SCAN_LINK_PENDING;
	}
	if (state != SCAN_LINK_OK)
		return state;
	do {
		if (!wait_readable(p, l.fd, deadline)) {
			scan_link_close(&l);
			return SCAN_LINK_PENDING;
		}
		state = scan_link_receive(&l, a, why);
	} while (state == SCAN_LINK_PENDING);
	return state;
}

/* What to do about it. */
const char *
scan_probe_advice(enum scan_link_state state)
{
	switch (state) {
	case SCAN_LINK_AWAY:
		return "start postern-scan, or mend scan-socket and who may "
		    "use it (scan-socket-mode, scan-socket-group)";
	case SCAN_LINK_UNREAD:
		return "name postern's user in scan-clients, and look at the "
		    "log of postern-scan";
	case SCAN_LINK_FAULT:
		return "raise the limits of memory and open files of postern";
	case SCAN_LINK_NONSENSE:
		return "run postern and postern-scan of the same release";
	default:
		return "look at the log of postern-scan, and restart it";
	}
}

/* One question of a probe; a worker may end just then: once more. */
static bool
ask(struct scan_probe *p, enum scan_ask what,
    const struct scan_content *content, struct scan_answer *a,
    int64_t deadline, struct scan_finding *f)
{
	enum scan_link_state state;

	state = ask_once(p, what, content, a, deadline, f->why);
	if (state == SCAN_LINK_ENDED || state == SCAN_LINK_UNREAD)
		state = ask_once(p, what, content, a, deadline, f->why);
	f->advice = scan_probe_advice(state);
	f->silent = state == SCAN_LINK_PENDING;
	if (f->silent)
		snprintf(f->why, sizeof(f->why), "postern-scan does not "
		    "answer at %.120s in time", p->path);
	return state == SCAN_LINK_OK;
}

static bool
differs(struct scan_finding *f, const char *what, const struct scan_answer *a,
    const char *advice)
{
	snprintf(f->why, sizeof(f->why), "postern-scan %s%s%.180s", what,
	    a->name[0] != '\0' ? ": " : "", a->name);
	f->advice = advice;
	return false;
}

bool
scan_probe(struct scan_probe *p, int64_t deadline, struct scan_finding *f)
{
	static const char look[] = "look at the log of postern-scan";
	struct scan_answer a;

	if (!ask(p, SCAN_ASK_STATUS, NULL, &a, deadline, f))
		return false;
	if (a.status != SCAN_CLEAN)
		return differs(f, "is not ready", &a, look);
	f->version = a.version;
	f->info = a.info;
	if (!ask(p, SCAN_ASK_SCAN, &p->eicar, &a, deadline, f))
		return false;
	if (a.status == SCAN_FAILED)
		return differs(f, "cannot scan", &a, look);
	if (a.status != SCAN_VIRUS)
		return differs(f, "does not find the test virus EICAR", &a,
		    "its signatures are not complete: look at scan-database "
		    "and at what keeps it up to date");
	if (!ask(p, SCAN_ASK_SCAN, &p->harmless, &a, deadline, f))
		return false;
	if (a.status != SCAN_CLEAN)
		return differs(f, "does not pass a harmless text", &a,
		    "a signature of its own in scan-database fits all; "
		    "remove it");
	return true;
}

void
scan_probe_init(struct scan_probe *p, const char *path, const EVP_MD *md)
{
	p->path = path;
	p->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->stop_fd == -1)
		log_fatal(EX_MEMORY, "eventfd: %m");
	make_texts(p, md);
}

void
scan_probe_stop(struct scan_probe *p)
{
	eventfd_write(p->stop_fd, 1);
}

void
scan_probe_free(struct scan_probe *p)
{
	scan_content_close(&p->eicar);
	scan_content_close(&p->harmless);
	close(p->stop_fd);
}
