/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_conf_errors: each kind of wrong configuration gives the exact sentence
 * with its file and line, and several of them at once.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf.h"

#define ID "authserv-id = mx.example.org\n"

static char dir[] = "/tmp/test_conf_errors.XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL || chdir(dir) == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink("t.conf");
	unlink("i.conf");
	return chdir("/") == -1 || rmdir(dir) == -1 ? -1 : 0;
}

static void
put(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static struct conf *
load(const char *text, char **errors)
{
	put("t.conf", text, strlen(text));
	return conf_load("t.conf", errors);
}

struct wrong {
	const char	*text;
	const char	*errors;
};

static const struct wrong structure[] = {
	{ ID "\ndomain \"a.org\" {\n dmarc = off\n",
	  "t.conf:3: the section that begins here is not closed; add \"}\"" },
	{ ID "socket-peers = { \"::1\",\n\"::2\"\ngrace = 1s\n",
	  "t.conf:2: the list that begins here is not closed; add \"}\" "
	  "behind its last value" },
	{ ID "socket-peers = {\n",
	  "t.conf:2: the list that begins here is not closed; add \"}\"" },
	{ ID "# {\n/* { \" */ log = \"{\" }\n",
	  "t.conf:3: nothing is open that this \"}\" could close; "
	  "take it out" },
	{ ID "log = \"syslog\nuser = \"x\"\n",
	  "t.conf:2: a string begins on this line and does not end on it; "
	  "add the closing \"" },
	{ ID "log = 'syslog\n",
	  "t.conf:2: a string begins on this line and does not end on it; "
	  "add the closing '" },
	{ ID "/* x\n\nlog = stderr\n",
	  "t.conf:2: the comment that begins here has no end; add */" },
	{ ID "domain *.example.org { }\n",
	  "t.conf:2: '*' cannot stand here; put the value in double quotes" },
	{ ID "debug\001 = yes\n",
	  "t.conf:2: a control character (0x01) stands here; take it out" },
	{ ID "debug yes\n",
	  "t.conf:2: 'debug' needs an equal sign; write: debug = VALUE" },
	{ ID "debug =\n",
	  "t.conf:2: the file ends behind 'debug'; write: debug = VALUE" },
	{ ID "debug yes\ngrace = 1s\n",
	  "t.conf:2: 'debug' needs an equal sign; write: debug = VALUE" },
	{ ID "debug = { yes }\n",
	  "t.conf:2: '{' is not expected here; a setting is NAME = VALUE, a "
	  "list { \"A\", \"B\" } with commas, and text with blanks needs "
	  "double quotes" },
	{ ID "socket-users = { a b }\n",
	  "t.conf:2: 'b' is not expected here; a setting is NAME = VALUE, a "
	  "list { \"A\", \"B\" } with commas, and text with blanks needs "
	  "double quotes" },
	{ ID "grace = 5 parsecs\n",
	  "t.conf:2: no such setting 'parsecs'; postern.conf(5) lists them" },
	{ ID "grace += 1s\n",
	  "t.conf:2: 'grace' takes one value; write = instead of +=" },
	{ ID "domain { dmarc = off }\n",
	  "t.conf:2: section 'domain' needs a name; write: domain \"NAME\" "
	  "{ ... }" },
	{ ID "{ { { { { { { { { { { { { { { {",
	  "t.conf:2: more than 15 braces are open here; is a \"}\" missing "
	  "above?" },
};

static const struct wrong names[] = {
	{ ID "wrokers = 3\n",
	  "t.conf:2: no such setting 'wrokers'; did you mean 'workers'?" },
	{ ID "message_size = 3\n",
	  "t.conf:2: no such setting 'message_size'; did you mean "
	  "'message-size'?" },
	{ ID "quux = 3\nblah \"x\" { y = 1 }\ndebug = maybe\n",
	  "t.conf:2: no such setting 'quux'; postern.conf(5) lists them\n"
	  "t.conf:3: no such setting 'blah'; postern.conf(5) lists them\n"
	  "t.conf:4: 'debug' must be yes or no, not \"maybe\"" },
	{ ID "doamin \"a.org\" {\n\tkey s1 { file = /x }\n}\nx = {}\n"
	  "workers = x y = 1",
	  "t.conf:2: no such setting 'doamin'; did you mean 'domain'?\n"
	  "t.conf:5: no such setting 'x'; postern.conf(5) lists them\n"
	  "t.conf:6: 'workers' must be a whole number, not \"x\"\n"
	  "t.conf:6: no such setting 'y'; postern.conf(5) lists them" },
	{ ID ".line = 3\n",
	  "t.conf:2: no such setting '.line'; postern.conf(5) lists them" },
	{ ID "domain|dmarc = off\n",
	  "t.conf:2: no such setting 'domain|dmarc'; postern.conf(5) lists "
	  "them" },
	{ ID "file = /x\n",
	  "t.conf:2: 'file' cannot stand outside of sections; it belongs in "
	  "section key" },
	{ ID "networks = {}\n",
	  "t.conf:2: 'networks' cannot stand outside of sections; it belongs "
	  "in section domain or in section trusted-forwarder" },
	{ ID "domain a.org {\n grace = 1s\n}\n",
	  "t.conf:3: 'grace' cannot stand in section domain; it belongs "
	  "outside of sections (is a \"}\" missing above?)" },
	{ ID "domain a.org {\ndomain b.org { }\n}\n",
	  "t.conf:3: 'domain' cannot stand in section domain; it belongs "
	  "outside of sections or in section trusted-forwarder (is a \"}\" "
	  "missing above?)" },
	{ ID "domain = a.org\n",
	  "t.conf:2: 'domain' is a section; write: domain \"NAME\" { ... }" },
	{ ID "grace = 1s\n/*\n*/\ngrace = 2s\n",
	  "t.conf:5: 'grace' is set already at t.conf:2; take one out (only "
	  "an include()d file may override)" },
	{ ID "domain a.org { dmarc = off }\ndomain \"A.ORG.\" { }\n",
	  "t.conf:3: domain \"a.org\" is here a second time; the first is at "
	  "t.conf:2; make one of them" },
	{ ID "domain \"b\303\274cher.example\" { }\n"
	  "domain xn--bcher-kva.example { }\n",
	  "t.conf:3: domain \"xn--bcher-kva.example\" is here a second time; "
	  "the first is at t.conf:2; make one of them" },
	{ ID "domain a.org {\nkey s1 { file = /a }\nkey S1 { file = /b }\n}\n",
	  "t.conf:4: key \"s1\" is here a second time; the first is at "
	  "t.conf:3; make one of them" },
	{ ID "trusted-forwarder f { networks = ::1 }\n"
	  "trusted-forwarder f { networks = ::1 }\n",
	  "t.conf:3: trusted-forwarder \"f\" is here a second time; the "
	  "first is at t.conf:2; make one of them" },
};

static const struct wrong values[] = {
	{ ID "debug = maybe\n",
	  "t.conf:2: 'debug' must be yes or no, not \"maybe\"" },
	{ ID "spf-fail = hold\n",
	  "t.conf:2: 'spf-fail' must be mark or reject, not \"hold\"" },
	{ ID "dmarc = on\n",
	  "t.conf:2: 'dmarc' must be off, monitor or enforce, not \"on\"" },
	{ ID "sign-body = strict\n",
	  "t.conf:2: 'sign-body' must be simple or relaxed, not \"strict\"" },
	{ ID "workers = 0\n",
	  "t.conf:2: 'workers' must be from 1 to 1024, not \"0\"" },
	{ ID "workers = 32K\n",
	  "t.conf:2: 'workers' must be a whole number, not \"32K\"" },
	{ ID "workers = 99999999999999999999\n",
	  "t.conf:2: 'workers' must be a whole number, not "
	  "\"99999999999999999999\"" },
	{ ID "message-size = 25MB\n",
	  "t.conf:2: 'message-size' must be a size in bytes such as 64M "
	  "(units K, M, G), not \"25MB\"" },
	{ ID "message-size = 99K\n",
	  "t.conf:2: 'message-size' must be from 100K to 2G, not \"99K\"" },
	{ ID "grace = 30\n",
	  "t.conf:2: 'grace' needs a unit: write 30s for seconds (or ms, m, "
	  "h, d, w)" },
	{ ID "grace = 1.5m\n",
	  "t.conf:2: 'grace' must be a time such as 30s (units ms, s, m, h, "
	  "d, w), not \"1.5m\"" },
	{ ID "grace = 500ms\n",
	  "t.conf:2: 'grace' must be whole seconds, not \"500ms\"" },
	{ ID "grace = 1h\n",
	  "t.conf:2: 'grace' must be from 0 to 10m, not \"1h\"" },
	{ ID "grace = 999999999999999w\n",
	  "t.conf:2: 'grace' must be a time such as 30s (units ms, s, m, h, "
	  "d, w), not \"999999999999999w\"" },
	{ ID "socket-mode = rw\n",
	  "t.conf:2: 'socket-mode' must be a mode in octal such as 0660, not "
	  "\"rw\"" },
	{ "authserv-id = \"a b\"\n",
	  "t.conf:1: 'authserv-id' must be a domain name such as "
	  "mail.example.org, not \"a b\"" },
	{ ID "outbound-networks = { 10.0.0.0/8, x }\n",
	  "t.conf:2: 'outbound-networks' has \"x\": is no IP address; "
	  "write an address or a network such as 192.0.2.0/24" },
	{ ID "socket-users = { \"\" }\n",
	  "t.conf:2: 'socket-users' has an empty value \"\" in its list; for "
	  "an empty list write: socket-users = {}" },
	{ ID "user = \"a\\nb\"\n",
	  "t.conf:2: 'user' must be text without control characters, not "
	  "\"a?b\"" },
	{ ID "domain \"a b\" { }\n",
	  "t.conf:2: \"a b\" is not a domain name; write one such as domain "
	  "\"example.org\"" },
	{ ID "domain a.org {\n\n key \"a b\" { file = /x }\n}\n",
	  "t.conf:4: \"a b\" is not a selector; write labels of letters, "
	  "digits and hyphens, such as key \"s1\"" },
};

static const struct wrong crossed[] = {
	{ ID "socket = /run/x\n",
	  "t.conf:2: 'socket' must be \"unix:/PATH\", \"inet:192.0.2.1:PORT\" "
	  "or \"inet:[2001:db8::1]:PORT\", not \"/run/x\"" },
	{ ID "socket = inet:::1:25\n",
	  "t.conf:2: 'socket' must be \"unix:/PATH\", \"inet:192.0.2.1:PORT\" "
	  "or \"inet:[2001:db8::1]:PORT\", not \"inet:::1:25\"" },
	{ ID "socket = inet:127.0.0.1:8891\n",
	  "t.conf:2: an inet socket needs the list of those that may connect "
	  "to it; write: socket-peers = { \"192.0.2.1\" }" },
	{ ID "socket = unix:x\n",
	  "t.conf:2: 'socket' needs a full path that begins with /, not "
	  "\"x\"" },
	{ ID "nameservers = { 127.0.0.1:53 }\n",
	  "t.conf:2: 'nameservers' has \"127.0.0.1:53\"; write an address, or "
	  "an address with a port such as \"127.0.0.1@5353\"" },
	{ ID "dns-budget = 1s\n",
	  "t.conf:2: 'dns-timeout' (5000ms) is above 'dns-budget' (1000ms); "
	  "one question cannot take longer than all of them" },
	{ ID "dns-max-ttl = 1m\ndns-min-ttl = 2m\n",
	  "t.conf:3: 'dns-min-ttl' (120s) is above 'dns-max-ttl' (60s)" },
	{ ID "message-size = 100M\nmemory = 50M\n",
	  "t.conf:2: 'message-size' (104857600 bytes) is above 'memory' "
	  "(52428800 bytes); no such message could be taken" },
	{ ID "help-url = \"javascript:x\"\n",
	  "t.conf:2: 'help-url' must begin with https:// and be at most 200 "
	  "ASCII characters without blanks, not \"javascript:x\"" },
	{ ID "sign-expire = 5d\n",
	  "t.conf:2: 'sign-expire' must be 0 or at least 6d: a signature may "
	  "not expire while the message waits in a queue" },
	{ ID "\ndomain a.org { key s1 { } }\n",
	  "t.conf:3: key \"s1\" needs its file; write: file = "
	  "\"/etc/postern/keys/a.org.s1.key\"" },
	{ ID "domain a.org { key s1 { file = x.key } }\n",
	  "t.conf:2: key \"s1\": 'file' needs a full path that begins with /, "
	  "not \"x.key\"" },
	{ ID "domain a.org {\n sign-subdomains = yes\n}\n",
	  "t.conf:2: domain \"a.org\" has sign-subdomains but no key; add: "
	  "key \"s1\" { file = \"/PATH\" }" },
	{ ID "trusted-forwarder f { domain = a.org }\n",
	  "t.conf:2: trusted-forwarder \"f\" would trust too much; give it "
	  "networks, or domain together with list-id or recipient" },
	{ ID "trusted-forwarder f { networks = ::1 list-id = \"<a>\" }\n",
	  "t.conf:2: trusted-forwarder \"f\": write 'list-id' without blanks "
	  "and without < and >" },
};

static void
expect(const struct wrong *w, size_t n)
{
	struct conf *c;
	char *errors;

	for (size_t i = 0; i < n; i++) {
		c = load(w[i].text, &errors);
		if (c != NULL)
			fail_msg("accepted:\n%s", w[i].text);
		assert_non_null(errors);
		assert_string_equal(errors, w[i].errors);
		free(errors);
	}
}

#define EXPECT(name) static void \
test_##name(void **state) \
{ \
	(void)state; \
	expect(name, sizeof(name) / sizeof(name[0])); \
}
EXPECT(structure)
EXPECT(names)
EXPECT(values)
EXPECT(crossed)

static void
test_files(void **state)
{
	char *errors;

	(void)state;
	assert_null(conf_load("none.conf", &errors));
	assert_string_equal(errors,
	    "none.conf: cannot be read: No such file or directory");
	free(errors);
	assert_null(load(ID "\ninclude(\"none.conf\")\n", &errors));
	assert_string_equal(errors, "t.conf:3: none.conf cannot be read: "
	    "No such file or directory");
	free(errors);
	assert_null(load(ID "include(none.conf)\n", &errors));
	assert_string_equal(errors, "t.conf:2: include needs a file: "
	    "include(\"/etc/postern/more.conf\")");
	free(errors);
	assert_null(load("include(\"t.conf\")\n", &errors));
	assert_string_equal(errors, "t.conf:1: files include each other more "
	    "than 10 deep; does one include itself?");
	free(errors);
	put("t.conf", "debug\0 = yes", 12);
	assert_null(conf_load("t.conf", &errors));
	assert_string_equal(errors, "t.conf:1: a control character (0x00) "
	    "stands here; take it out");
	free(errors);
}

static void
expect_included(const char *main_text, const char *included,
    const char *wanted)
{
	struct conf *c;
	char *errors;

	put("i.conf", included, strlen(included));
	c = load(main_text, &errors);
	assert_null(c);
	assert_string_equal(errors, wanted);
	free(errors);
}

static void
test_include_errors(void **state)
{
	(void)state;
	expect_included("/* one\n * two */ " ID "include(\"i.conf\")\n"
	    "debug = x\n", "\n# c\nlog = x",
	    "i.conf:3: 'log' must be syslog or stderr, not \"x\"\n"
	    "t.conf:4: 'debug' must be yes or no, not \"x\"");
	expect_included(ID "include(\"i.conf\")\n",
	    "log = stderr\nlog = syslog",
	    "i.conf:2: 'log' is set already at i.conf:1; take one out (only "
	    "an include()d file may override)");
	/* Only what comes from the included file may override. */
	expect_included(ID "include(\"i.conf\")\nlog = stderr\n",
	    "log = syslog\n",
	    "t.conf:3: 'log' is set already at i.conf:1; take one out (only "
	    "an include()d file may override)");
	expect_included(ID "include(\"i.conf\")\n}\n", "domain a.org {\n",
	    "i.conf:1: the section that begins here is not closed; add \"}\"");
	expect_included(ID "domain a.org {\ninclude(\"i.conf\")\n", "\n}\n",
	    "i.conf:2: nothing is open that this \"}\" could close; "
	    "take it out");
}

static void
test_many(void **state)
{
	char text[4096] = ID, *errors, *p;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "nonsense = 1\n");
	assert_null(load(text, &errors));
	for (p = errors; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	assert_int_equal(n, 40);
	assert_non_null(strstr(errors, "\nt.conf: and 60 more"));
	free(errors);
}

static void
test_keys_max(void **state)
{
	char text[1024] = ID "domain a.org {\n", *errors;

	(void)state;
	for (int i = 0; i <= 8; i++)
		sprintf(text + strlen(text), "key s%d { file = /k }\n", i);
	strcat(text, "}\n");
	assert_null(load(text, &errors));
	assert_string_equal(errors, "t.conf:2: domain \"a.org\" has 9 keys; a "
	    "message is signed with at most 8, so take some out");
	free(errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_crossed),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_include_errors),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_keys_max),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
