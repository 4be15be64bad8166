/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolver_zone: the names that test_resolver.c asks for, and the server
 * (tests/lib/baddns.py) that answers for them, started for this test alone.
 */
#ifndef POSTERN_RESOLVER_ZONE_H
#define POSTERN_RESOLVER_ZONE_H

#include <sys/prctl.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVER		TOP_SRCDIR "/tests/lib/baddns.py"

static char	dir[] = "/tmp/postern-resolver-XXXXXX";
static char	zone_path[64], log_path[64], address[32];
static const char *servers[] = { address };
static pid_t	server_pid;

static const char zone[] =
"{\"ttl\": 60, \"negative_ttl\": 60, \"names\": {"
"\"example.com\": {\"A\": [\"192.0.2.1\", \"192.0.2.2\"],"
" \"AAAA\": [\"2001:db8::1\"],"
" \"MX\": [[10, \"MX.Example.com\"], [0, \".\"]],"
" \"TXT\": [\"one\", [\"two \", \"strings\"], \"\"]},"
"\"1.2.0.192.in-addr.arpa\": {\"PTR\": [\"Host.Example.COM\"]},"
"\"odd.example.com\": {\"PTR\": [\"a\\\\.b\\\\032c.example.com\"]},"
"\"alias.example.com\": {\"CNAME\": [\"example.com\"]},"
"\"noalias.example.com\": {\"CNAME\": [\"nothing.example.com\"]},"
"\"a.b.empty.example.com\": {\"A\": [\"192.0.2.3\"]},"
"\"s p\\\\\\\\a\\\\\\\"\\\\200.example.com\": {\"A\": [\"192.0.2.4\"]},"
"\"loop1.example.com\": {\"CNAME\": [\"loop2.example.com\"]},"
"\"loop2.example.com\": {\"CNAME\": [\"loop1.example.com\"]},"
"\"step.example.com\": {\"CNAME\": "
" {\"nochase\": true, \"data\": [\"example.com\"]}},"
"\"zero.example.com\": {\"A\": {\"ttl\": 0, \"data\": [\"192.0.2.5\"]}},"
"\"early.example.com\": {\"A\": {\"ttl\": 0, \"delay\": 0.1,"
" \"data\": [\"192.0.2.5\"]}},"
"\"slow.example.com\": {\"A\": {\"delay\": 0.5, \"data\": [\"192.0.2.6\"]}},"
"\"slow2.example.com\": {\"A\": {\"delay\": 0.5, \"data\": [\"192.0.2.6\"]}},"
"\"lost.example.com\": {\"A\": {\"drop\": true, \"times\": 1,"
" \"data\": [\"192.0.2.6\"]}},"
"\"dead.example.com\": {\"*\": {\"drop\": true}},"
"\"refused.example.com\": {\"*\": {\"refuse\": true}},"
"\"bad.example.com\": {\"A\": {\"servfail\": true}},"
"\"cut.example.com\": {\"TXT\": {\"truncate\": true, \"data\": [\"tcp\"]}},"
"\"lie.example.com\": {\"A\": {\"lie\": true, \"data\": [\"192.0.2.66\"]}},"
"\"wrongid.example.com\": {\"A\": "
" {\"wrongid\": true, \"data\": [\"192.0.2.66\"]}},"
"\"garbage.example.com\": {\"A\": {\"garbage\": true}},"
"\"x.test\": {\"A\": [\"192.0.2.7\"]}, \"x.invalid\": {\"A\": [\"192.0.2.8\"]}"
"%s}}";

/* The zone with more entries (", \"name\": ..."), in place at once. */
static void
write_zone(const char *more)
{
	char next[80];
	FILE *f;

	snprintf(next, sizeof(next), "%s.new", zone_path);
	f = fopen(next, "w");
	assert_non_null(f);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fprintf(f, zone, more);
#pragma GCC diagnostic pop
	fclose(f);
	assert_int_equal(rename(next, zone_path), 0);
}

/* How often the server was asked this. */
static int
questions(const char *what)
{
	FILE *f = fopen(log_path, "r");
	char line[512];
	int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		n += strcmp(line + 4, what) == 0;
	}
	fclose(f);
	return n;
}

static int
start_server(void **state)
{
	int out[2], port = 0;
	FILE *f;

	(void)state;
	if (mkdtemp(dir) == NULL || pipe(out) != 0)
		return -1;
	snprintf(zone_path, sizeof(zone_path), "%s/zone", dir);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	write_zone("");
	server_pid = fork();
	if (server_pid == 0) {
		/* Not left behind by a test that crashed. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(out[1], 1);
		close(out[0]);
		execl("/usr/bin/python3", "python3", SERVER, "--zone",
		    zone_path, "--log", log_path, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	f = fdopen(out[0], "r");
	if (f == NULL || fscanf(f, "ready %d", &port) != 1) {
		printf("SKIP: %s does not run\n", SERVER);
		exit(77);
	}
	fclose(f);
	snprintf(address, sizeof(address), "127.0.0.1@%d", port);
	return 0;
}

static int
stop_server(void **state)
{
	(void)state;
	kill(server_pid, SIGTERM);
	waitpid(server_pid, NULL, 0);
	unlink(zone_path);
	unlink(log_path);
	return rmdir(dir);
}

#endif
