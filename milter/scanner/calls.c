/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls: the system calls that loaders and workers may use.
 *
 * Worker: a list of what is allowed, tried with all of libclamav's formats;
 * anything else kills the process.  A few that libc may try and can do without
 * get an error.  Neither file descriptors nor memory can become code: no exec,
 * no mapping that can be executed.  Signals go to itself only, and nobody may
 * be told by one of input (F_SETOWN and F_SETSIG of fcntl would be a kill()).
 *
 * Loader: libclamav's loading uses many calls, and it forks; so only what no
 * reader of signatures needs is taken away.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <seccomp.h>

#include "log.h"
#include "sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const int worker_allowed[] = {
	/* memory, time, ending */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(geteuid), SCMP_SYS(getuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* threads: the library's image decoders make some */
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sigaltstack),
	SCMP_SYS(membarrier),
	/* descriptors */
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(pwrite64), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(_llseek), SCMP_SYS(dup), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(fstat), SCMP_SYS(fstat64),
	SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(stat64), SCMP_SYS(lstat64),
	SCMP_SYS(statx),
	/* the listening socket and a connection of it */
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(recvmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(getsockopt),
	/* temporary files; Landlock says where, if there is one */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
	SCMP_SYS(rmdir), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(getdents64), SCMP_SYS(ftruncate),
	SCMP_SYS(ftruncate64), SCMP_SYS(umask), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2)
};

/* What fcntl() may do.  The flags of the listening socket are all workers'. */
static const int worker_fcntl[] = {
	F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GET_SEALS
};

/*
 * Calls that libc or libclamav may try and can do without: they get an error.
 * Landlock knows no chmod(): it could open the socket's folder to all.
 */
static const struct call {
	int	call, error;
} worker_denied[] = {
	{ SCMP_SYS(ioctl), ENOTTY }, { SCMP_SYS(prctl), EPERM },
	{ SCMP_SYS(prlimit64), EPERM }, { SCMP_SYS(sysinfo), EPERM },
	{ SCMP_SYS(uname), EPERM }, { SCMP_SYS(readlink), EACCES },
	{ SCMP_SYS(chmod), EPERM }, { SCMP_SYS(fchmod), EPERM },
	{ SCMP_SYS(fchmodat), EPERM }, { SCMP_SYS(chown), EPERM },
	{ SCMP_SYS(fchown), EPERM }, { SCMP_SYS(lchown), EPERM },
	{ SCMP_SYS(fchownat), EPERM }, { SCMP_SYS(utime), EPERM },
	{ SCMP_SYS(utimes), EPERM }, { SCMP_SYS(utimensat), EPERM },
	{ SCMP_SYS(readlinkat), EACCES }, { SCMP_SYS(sched_yield), 0 },
	{ SCMP_SYS(sched_getaffinity), EPERM }, { SCMP_SYS(clone3), ENOSYS }
};

/* No program, no look into others, no change of the system. */
static const int loader_killed[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
	SCMP_SYS(setns), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(bind),
	SCMP_SYS(listen)
};

static int
add_fcntl(scmp_filter_ctx f, int call)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), call, 1,
	    SCMP_A1_32(SCMP_CMP_EQ, F_SETFL));

	for (size_t i = 0; i < COUNT(worker_fcntl); i++)
		rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1,
		    SCMP_A1_32(SCMP_CMP_EQ, (scmp_datum_t)worker_fcntl[i]));
	return rc;
}

/* The filter's own processes only; memory not to execute. */
static int
add_conditions(scmp_filter_ctx f)
{
	int rc = add_fcntl(f, SCMP_SYS(fcntl)) |
	    add_fcntl(f, SCMP_SYS(fcntl64));

	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* Threads only.  clone3() hides its flags: libc does without. */
	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return rc;
}

static int
fill_worker(scmp_filter_ctx f)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < COUNT(worker_allowed); i++)
		rc |= seccomp_rule_add(f, SCMP_ACT_ALLOW, worker_allowed[i],
		    0);
	for (i = 0; i < COUNT(worker_denied); i++)
		rc |= seccomp_rule_add(f,
		    SCMP_ACT_ERRNO((unsigned)worker_denied[i].error),
		    worker_denied[i].call, 0);
	rc |= add_conditions(f);
	return rc;
}

/* Unix sockets are for the log; there is nothing to do with others. */
static int
fill_loader(scmp_filter_ctx f)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < COUNT(loader_killed); i++)
		rc |= seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS,
		    loader_killed[i], 0);
	rc |= seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	return rc;
}

/* Takes the filter; rc: of filling it. */
static bool
load(scmp_filter_ctx f, int rc, const char *whose)
{
	if (rc == 0)
		rc = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH,
		    SCMP_ACT_KILL_PROCESS);
	/* A tree instead of a row of tests; older libraries keep the row. */
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	if (rc != 0)
		log_warn("no system call filter for %s: error %d; is seccomp "
		    "allowed here?", whose, -rc);
	return rc == 0;
}

bool
calls_filter_worker(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);

	return f != NULL && load(f, fill_worker(f), "a worker");
}

bool
calls_filter_loader(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	return f != NULL && load(f, fill_loader(f), "a loader");
}
