/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan_fixture: a fake scanner and a client of it, for each test anew.
 */
#ifndef POSTERN_SCAN_FIXTURE_H
#define POSTERN_SCAN_FIXTURE_H

#include "scan_client.h"
#include "scan_fake.h"

#define IN_TIME_MS	20000	/* of a busy machine */
#define LATE_MS		400	/* scan-timeout */
#define SLACK_MS	5000

extern struct fake *fake;
extern struct scan_client *client;
extern char socket_path[64];

/* For the group, and for each test. */
int	scan_set_up(void **state);
int	scan_tear_down(void **state);
int	scan_begin(void **state);
int	scan_end(void **state);

struct scan_client *new_client(unsigned cache);
/* A part that stands as it is. */
struct scan_item item_of(const char *text);
/* Fails the test when it takes much longer than ms. */
void	run(struct scan_item *, size_t n, int ms);
/* One part, with all the time. */
struct scan_item scan(const char *text);
/* How many the fake has scanned. */
unsigned	scans(void);

#endif
