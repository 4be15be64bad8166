/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdnotify: see the header.  One datagram a message; what cannot be sent is
 * lost, as with sd_notify(): the service manager has its own timeouts.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "sdnotify.h"

static int sdnotify_fd = -1;

void
sdnotify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t n;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(sun.sun_path))
		return;
	strcpy(sun.sun_path, path);
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(path));
	if (path[0] == '@')
		sun.sun_path[0] = '\0';	/* an abstract name */
	sdnotify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sdnotify_fd == -1 ||
	    connect(sdnotify_fd, (struct sockaddr *)&sun, n) == -1)
		log_warn("cannot reach the service manager at %s: %m", path);
}

static void
say(const char *text)
{
	if (sdnotify_fd != -1)
		(void)send(sdnotify_fd, text, strlen(text), MSG_NOSIGNAL);
}

void
sdnotify_ready(void)
{
	say("READY=1");
}

void
sdnotify_reloading(void)
{
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    clock_ms() * 1000);
	say(text);
}

void
sdnotify_stopping(void)
{
	say("STOPPING=1");
}
