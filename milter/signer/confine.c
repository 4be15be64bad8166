/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine: see the header.
 *
 * Memory: mlockall() where RLIMIT_MEMLOCK is (or can be made) unlimited; a
 * finite limit would make malloc fail later, so then only the secure heap is
 * locked.  No core files, not dumpable, so not traceable by the same user.
 * Landlock (where the kernel has it): nothing but reading in the directories
 * of the key files and of the configuration.  Seccomp: a list of what is
 * allowed; the rest kills the process, except that some harmless calls of libc
 * (a new connection of syslog(3) is one) get an error.
 *
 * A sanitizer build (POSTERN_SANITIZER) leaves out what its runtime needs, and
 * says so.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <seccomp.h>

#include "confine.h"
#include "keydirs.h"
#include "log.h"

#ifdef POSTERN_SANITIZER
static const char *const sanitizer = POSTERN_SANITIZER;
#else
static const char *const sanitizer = NULL;
#endif

/* Secure heap: numbers of one RSA-4096 key, and room for texts being read. */
#define HEAP_KEY	2048
#define HEAP_REST	(1024 * 1024)
#define HEAP_MIN	32

/* Makes the limit of locked memory infinite if we may; returns what it is. */
static rlim_t
raise_memlock(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &r) == 0)
		return RLIM_INFINITY;
	if (getrlimit(RLIMIT_MEMLOCK, &r) == -1)
		return 0;
	r.rlim_cur = r.rlim_max;
	return setrlimit(RLIMIT_MEMLOCK, &r) == 0 ? r.rlim_cur : 0;
}

static void
lock_heap(const struct keytable *t, rlim_t limit)
{
	size_t want = (size_t)t->cache * HEAP_KEY + HEAP_REST, size = 1;

	while (size < want)
		size *= 2;
	if (size > limit) {
		log_info("memory is not locked: the limit is %llu KiB, the "
		    "keys may need %zu (LimitMEMLOCK= in the unit)",
		    (unsigned long long)limit / 1024, size / 1024);
		return;
	}
	if (CRYPTO_secure_malloc_init(size, HEAP_MIN) == 1)
		log_info("only the keys' numbers are locked in memory, "
		    "not all of the process (LimitMEMLOCK= in the unit)");
	else
		log_info("memory is not locked: mlock is not allowed here");
}

void
confine_memory(const struct keytable *t)
{
	rlim_t limit;

	if (sanitizer != NULL) {
		log_info("built with the sanitizers %s: memory is not locked, "
		    "tracing is possible, there is no system call filter",
		    sanitizer);
		return;
	}
	limit = raise_memlock();
	if (limit == RLIM_INFINITY &&
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
		return;
	lock_heap(t, limit);
}

/* System calls that are allowed with any arguments. */
static const int calls_allowed[] = {
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(brk),
	SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(close), SCMP_SYS(eventfd2),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(fcntl), SCMP_SYS(fstat),
	SCMP_SYS(fstat64), SCMP_SYS(futex), SCMP_SYS(getegid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpeername),
	SCMP_SYS(getpid), SCMP_SYS(getrandom), SCMP_SYS(getsockopt),
	SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(getuid),
	SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(madvise),
	SCMP_SYS(membarrier), SCMP_SYS(mremap), SCMP_SYS(munmap),
	SCMP_SYS(nanosleep), SCMP_SYS(newfstatat), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(pread64), SCMP_SYS(read),
	SCMP_SYS(readv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
	SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(set_robust_list),
	SCMP_SYS(shutdown), SCMP_SYS(sigaltstack), SCMP_SYS(stat),
	SCMP_SYS(statx), SCMP_SYS(time), SCMP_SYS(write), SCMP_SYS(writev)
};

/* Calls that libc may try and can do without: they get an error. */
static const struct {
	int	call, error;
} calls_denied[] = {
	{ SCMP_SYS(access), EACCES }, { SCMP_SYS(clone3), ENOSYS },
	{ SCMP_SYS(connect), EACCES }, { SCMP_SYS(faccessat), EACCES },
	{ SCMP_SYS(faccessat2), EACCES }, { SCMP_SYS(ioctl), ENOTTY },
	{ SCMP_SYS(lstat), EACCES }, { SCMP_SYS(open), EACCES },
	{ SCMP_SYS(prctl), EPERM }, { SCMP_SYS(prlimit64), EPERM },
	{ SCMP_SYS(readlink), EACCES }, { SCMP_SYS(readlinkat), EACCES },
	{ SCMP_SYS(socket), EACCES }, { SCMP_SYS(sysinfo), EPERM },
	{ SCMP_SYS(uname), EPERM }
};

/* Files to read only; memory not to execute; threads, no processes. */
static int
add_conditions(scmp_filter_ctx f)
{
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
	int rc = 0;

	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return rc;
}

static int
fill_filter(scmp_filter_ctx f)
{
	size_t i;
	int rc = 0;

	rc |= seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	for (i = 0; i < sizeof(calls_allowed) / sizeof(*calls_allowed); i++)
		rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, calls_allowed[i], 0);
	for (i = 0; i < sizeof(calls_denied) / sizeof(*calls_denied); i++)
		rc |= seccomp_rule_add(f,
		    SCMP_ACT_ERRNO((unsigned)calls_denied[i].error),
		    calls_denied[i].call, 0);
	rc |= add_conditions(f);
	/* A tree instead of a row of tests; older libraries keep the row. */
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return rc;
}

/* Returns true when the filter is in place. */
static bool
filter_calls(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (f == NULL)
		return false;
	rc = fill_filter(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	if (rc != 0)
		log_warn("no system call filter: %s; is seccomp allowed here?",
		    strerror(-rc));
	return rc == 0;
}

unsigned
confine_process(const struct keytable *t)
{
	struct rlimit none = { 0, 0 };
	bool files, calls;

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		log_warn("cannot forbid core files: %m");
	if (sanitizer == NULL && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warn("cannot forbid tracing: %m");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		log_warn("cannot give up new rights for good: %m");
	files = sanitizer == NULL && keydirs_confine(t) == 0;
	calls = sanitizer == NULL && filter_calls();
	log_info("confined: system call filter %s, file access %s",
	    calls ? "on" : "off", files ? "to keys and configuration only" :
	    "by owner and mode only (no Landlock here)");
	return (calls ? CONFINED_CALLS : 0) | (files ? CONFINED_FILES : 0);
}
