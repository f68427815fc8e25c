/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which system calls each role may make. Data only. A call stands here because
 * a role was seen to need it (or glibc of the other Debian release does); what
 * is not here kills. tests/unit/test_sandbox.c tries both sides of each table.
 */
#include "sandbox_rules.h"

#include <stddef.h>

#define CALLS static const char *const

/* Every process: memory, time, waiting, and messages on open descriptors. */
CALLS calls_common[] = { "read", "readv", "write", "writev", "close", "recvmsg",
	"sendmsg", "recvfrom", "sendto", "shutdown", "fcntl", "fcntl64", "poll",
	"ppoll", "ppoll_time64", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "brk", "munmap", "mremap", "madvise",
	"futex", "futex_time64", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "nanosleep",
	"gettimeofday", "time", "getrandom", "getpid", "gettid", "exit",
	"exit_group", "rt_sigreturn", "rt_sigprocmask", "rt_sigaction",
	"sigreturn", "sigaltstack", "restart_syscall", "sched_yield",
	"getsockopt", "fstat", "fstat64", "lseek", "_llseek",
	/* libevent asks whether it runs setuid */
	"geteuid", "geteuid32", "getuid", "getuid32", "getegid", "getegid32",
	"getgid", "getgid32",
	/* and keeps a pipe for signals */
	"pipe2", NULL };

/* The only doors to more confinement; they give nothing. */
CALLS calls_confine[] = { "prctl", "seccomp", "landlock_create_ruleset",
	"landlock_add_rule", "landlock_restrict_self", NULL };

CALLS calls_database[] = { "pread64", "pwrite64", "ftruncate", "ftruncate64",
	"fsync", "fdatasync", "flock", "fallocate", "fchmod", "fchown",
	"fchown32", "unlink", "unlinkat", "rename", "renameat", "renameat2",
	"getcwd", "getdents64", "statfs", "statfs64", "fstatfs", "fstatfs64",
	"sysinfo", "uname", "msync", "utimensat", "setitimer",
	"sched_getaffinity", "linkat", "sync_file_range", "sync_file_range2",
	"fadvise64", "fadvise64_64", NULL };

/* The control socket is accepted from, its clients asked who they are. */
CALLS calls_control[] = { "accept4", "accept", NULL };

CALLS calls_threads[] = { "set_robust_list", "rseq", "sched_getaffinity",
	"eventfd2", "getcpu", "get_mempolicy", "sysinfo", NULL };

CALLS calls_listener[] = { "accept4", "accept", "socketpair", "getpeername",
	"setsockopt", "wait4", "waitid", "set_robust_list", "rseq",
	"set_tid_address", "getppid", "close_range", "dup2", "dup3", NULL };

/* What starting a program costs, before its own sandbox closes again. */
CALLS calls_parent[] = { "execve", "execveat", "wait4", "waitid", "kill",
	"tgkill", "setpgid", "getpgid", "getppid", "getpgrp", "setsid",
	"socketpair", "getsockname", "getpeername", "setsockopt", "chmod",
	"fchmodat", "umask", "dup", "dup2", "dup3", "pipe", "pipe2", "eventfd2",
	"signalfd4", "timerfd_create", "timerfd_settime", "arch_prctl",
	"set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrlimit",
	"ugetrlimit", "close_range", "pread64", "ioctl", "memfd_create",
	"getresuid", "getresgid", "getgroups", "capget", "mlock", "munlock",
	"rt_sigtimedwait", "rt_sigpending", "rt_sigsuspend", "membarrier",
	"get_mempolicy", "sched_getparam", "sched_getscheduler", "getrusage",
	"times", "getcpu", "link", "linkat", "mkdir", "mkdirat", NULL };

const char *const sandbox_file_calls[] = { "open", "openat", "openat2", "creat",
	"stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64",
	"statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
	"ioctl", NULL };

static const struct sandbox_calls roles[] = {
	[KITH__IPC__ROLE__ROLE_PARENT] = {
		.allowed = { calls_common, calls_confine, calls_database,
		    calls_control, calls_parent },
		.files = true,
		.map_code = true,
		.processes = true,
		.unix_only = true,
		.soft = true,
	},
	[KITH__IPC__ROLE__ROLE_HUB] = {
		.allowed = { calls_common, calls_database, calls_control },
		.files = true,
	},
	[KITH__IPC__ROLE__ROLE_AUTH] = {
		.allowed = { calls_common, calls_threads },
		.threads = true,
	},
	[KITH__IPC__ROLE__ROLE_LISTENER] = {
		.allowed = { calls_common, calls_confine, calls_listener },
		.processes = true,
	},
	[KITH__IPC__ROLE__ROLE_SESSION] = {
		.allowed = { calls_common },
	},
};

const struct sandbox_calls *
sandbox_calls_of(Kith__Ipc__Role role)
{
	return &roles[role];
}
