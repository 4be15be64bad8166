/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_id: ids of events: 26 characters that sort by time.
 *
 * 48 bits of milliseconds since 1970 and 80 random bits in the 32 characters
 * of Crockford (digits and capitals without I, L, O and U).  Within one
 * process each id is greater than the one before, whatever the clock does:
 * where the time has not moved on, the number as a whole goes up by one.
 * Called by who writes an event, any thread; one lock.
 */
#include <sys/random.h>

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "journal.h"
#include "log.h"

#define ID_BYTES	16
#define TIME_BYTES	6

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The last id and the process that made it, under the lock. */
static unsigned char last[ID_BYTES];
static pid_t maker;

static void
add_one(unsigned char id[ID_BYTES])
{
	for (size_t i = ID_BYTES; i-- > 0;)
		if (++id[i] != 0)
			return;
}

static void
fresh(unsigned char id[ID_BYTES], int64_t ms)
{
	for (size_t i = TIME_BYTES; i-- > 0; ms /= 256)
		id[i] = (unsigned char)(ms % 256);
	if (getrandom(id + TIME_BYTES, ID_BYTES - TIME_BYTES, 0) !=
	    ID_BYTES - TIME_BYTES)
		log_panic("getrandom: no random bytes");
	/* Leaves room to count up. */
	id[TIME_BYTES] &= 0x7f;
}

static void
next(unsigned char id[ID_BYTES])
{
	int64_t ms = clock_wall_ms();
	pid_t self = getpid();

	fresh(id, ms > 0 ? ms : 0);
	pthread_mutex_lock(&lock);
	if (maker == self && memcmp(id, last, TIME_BYTES) <= 0) {
		memcpy(id, last, ID_BYTES);
		add_one(id);
	}
	memcpy(last, id, ID_BYTES);
	maker = self;
	pthread_mutex_unlock(&lock);
}

void
event_id(char id[EVENT_ID_SIZE])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char bytes[ID_BYTES];
	unsigned bits = 0, have = 2;
	size_t out = 0;

	/* 26 characters have 130 bits: two more than an id. */
	next(bytes);
	for (size_t i = 0; i < ID_BYTES; i++) {
		bits = (bits << 8 | bytes[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			id[out++] = digits[bits >> (have - 5) & 31];
	}
	id[out] = '\0';
}
