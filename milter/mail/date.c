/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: see the header.  strftime() would take the names from the locale.
 */
#include <time.h>

#include "date.h"

const char *
date_rfc5322(struct arena *a, int64_t wall)
{
	static const char day[][4] =
	    { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char month[][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)wall;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		return "Thu, 01 Jan 1970 00:00:00 +0000";
	return arena_printf(a, "%s, %02d %s %d %02d:%02d:%02d +0000",
	    day[tm.tm_wday], tm.tm_mday, month[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
}
