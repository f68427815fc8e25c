/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Turns the tables of sandbox_rules.c into a seccomp program and the folders
 * into a Landlock ruleset, and puts them on this process. Must be called with
 * one thread: Landlock binds the calling thread only.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"
#include "sandbox_rules.h"

#define SANDBOX_PROGRAM_MAX 4096u /* instructions; the kernel's own limit */

struct sandbox {
	struct sock_fprog program; /* len 0: no filter */
	int ruleset;               /* Landlock's descriptor, or -1 */
};

/* ---- Landlock -------------------------------------------------------- */

/* Spelled out here: Debian 12's headers are older than the kernels. */
#define LANDLOCK_EXECUTE     (1ull << 0)
#define LANDLOCK_WRITE_FILE  (1ull << 1)
#define LANDLOCK_READ_FILE   (1ull << 2)
#define LANDLOCK_READ_DIR    (1ull << 3)
#define LANDLOCK_REMOVE_FILE (1ull << 5)
#define LANDLOCK_MAKE_REG    (1ull << 8)
#define LANDLOCK_MAKE_SOCK   (1ull << 9)
#define LANDLOCK_TRUNCATE    (1ull << 14)
#define LANDLOCK_FILE_ONLY                                             \
	(LANDLOCK_EXECUTE | LANDLOCK_WRITE_FILE | LANDLOCK_READ_FILE | \
	    LANDLOCK_TRUNCATE)

#define LANDLOCK_NET_BIND    (1ull << 0)
#define LANDLOCK_NET_CONNECT (1ull << 1)

#define LANDLOCK_SCOPE_ABSTRACT (1ull << 0)
#define LANDLOCK_SCOPE_SIGNAL   (1ull << 1)

#define LANDLOCK_VERSION_FLAG (1u << 0)
#define LANDLOCK_PATH_BENEATH 1

struct landlock_ruleset {
	uint64_t files;
	uint64_t net;    /* since ABI 4 */
	uint64_t scoped; /* since ABI 6 */
};

struct landlock_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What a ruleset of this ABI can forbid about files. */
static uint64_t
handled_files(long abi)
{
	uint64_t all = (1ull << 13) - 1;

	if (abi >= 2)
		all |= 1ull << 13; /* refer */
	if (abi >= 3)
		all |= LANDLOCK_TRUNCATE;
	if (abi >= 5)
		all |= 1ull << 15; /* ioctl on devices */
	return all;
}

static enum kith_code
allow_beneath(
    int ruleset, const char *path, uint64_t allowed, struct fault *fault)
{
	struct landlock_beneath rule = { .allowed = allowed };
	struct stat status;
	long result;

	rule.parent = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent < 0 || fstat(rule.parent, &status) != 0) {
		if (rule.parent >= 0)
			close(rule.parent);
		return fault_set_errno(fault, KITH_IO, errno,
		    "Cannot open %s for the sandbox", path);
	}
	if (!S_ISDIR(status.st_mode))
		rule.allowed &= LANDLOCK_FILE_ONLY;
	result = syscall(
	    SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0);
	close(rule.parent);
	if (result != 0)
		return fault_set_errno(fault, KITH_UNSUPPORTED, errno,
		    "Landlock refuses a rule for %s", path);
	return KITH_OK;
}

static enum kith_code
allow_files(int ruleset, Kith__Ipc__Role role, uint64_t handled,
    const char *const *folders, struct fault *fault)
{
	const uint64_t write =
	    (LANDLOCK_READ_FILE | LANDLOCK_WRITE_FILE | LANDLOCK_READ_DIR |
		LANDLOCK_REMOVE_FILE | LANDLOCK_MAKE_REG | LANDLOCK_MAKE_SOCK |
		LANDLOCK_TRUNCATE) &
	    handled;
	const uint64_t run =
	    LANDLOCK_EXECUTE | LANDLOCK_READ_FILE | LANDLOCK_READ_DIR;
	enum kith_code code = KITH_OK;

	if (role == KITH__IPC__ROLE__ROLE_PARENT) {
		code = allow_beneath(ruleset, "/", run, fault);
		if (code == KITH_OK)
			code = allow_beneath(ruleset, "/dev/null",
			    LANDLOCK_READ_FILE | LANDLOCK_WRITE_FILE, fault);
	}
	for (; code == KITH_OK && folders != NULL && *folders != NULL;
	     folders++)
		code = allow_beneath(ruleset, *folders, write, fault);
	return code;
}

static enum kith_code
prepare_landlock(struct sandbox *s, Kith__Ipc__Role role,
    const char *const *folders, struct fault *fault)
{
	struct landlock_ruleset rules = { .files = 0 };
	size_t size = sizeof(rules.files);
	long abi = syscall(
	    SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);

	if (abi < 1)
		return fault_set_errno(fault, KITH_UNSUPPORTED, errno,
		    "The sandbox needs Landlock, which this kernel does not "
		    "offer; \"sandbox = seccomp\" does without");
	rules.files = handled_files(abi);
	if (abi >= 4) {
		rules.net = LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT;
		size = offsetof(struct landlock_ruleset, scoped);
	}
	if (abi >= 6) {
		rules.scoped = LANDLOCK_SCOPE_ABSTRACT;
		/* the parent signals its children, which are inside */
		if (role != KITH__IPC__ROLE__ROLE_PARENT)
			rules.scoped |= LANDLOCK_SCOPE_SIGNAL;
		else /* systemd's notify socket may be abstract */
			rules.scoped = 0;
		size = sizeof(rules);
	}
	s->ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (s->ruleset < 0)
		return fault_set_errno(fault, KITH_UNSUPPORTED, errno,
		    "Landlock refuses a set of rules");
	return allow_files(s->ruleset, role, rules.files, folders, fault);
}

/* ---- seccomp --------------------------------------------------------- */

/* Adds a call by name; one that libseccomp does not know is passed over. */
static int
add_call(scmp_filter_ctx filter, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	int result;

	if (number == __NR_SCMP_ERROR)
		return 0;
	result = seccomp_rule_add(filter, action, number, 0);
	/* -EDOM: not on this architecture; -EACCES: it is the default */
	return result == -EDOM || result == -EACCES ? 0 : result;
}

static int
add_list(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
	int result = 0;

	for (; *names != NULL && result == 0; names++)
		result = add_call(filter, action, *names);
	return result;
}

/* Calls whose arguments decide. */
static int
add_conditions(scmp_filter_ctx filter, const struct sandbox_calls *calls)
{
	const uint32_t allow = SCMP_ACT_ALLOW;
	int result = 0;

	if (calls->map_code) {
		result |= add_call(filter, allow, "mmap");
		result |= add_call(filter, allow, "mmap2");
		result |= add_call(filter, allow, "mprotect");
	} else {
		const struct scmp_arg_cmp no_code =
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

		result |=
		    seccomp_rule_add(filter, allow, SCMP_SYS(mmap), 1, no_code);
		result |= seccomp_rule_add(
		    filter, allow, SCMP_SYS(mprotect), 1, no_code);
	}
	if (calls->processes) {
		result |= add_call(filter, allow, "clone");
		result |= add_call(filter, allow, "clone3");
		result |= add_call(filter, allow, "fork");
		result |= add_call(filter, allow, "vfork");
	} else if (calls->threads) {
		result |= seccomp_rule_add(filter, allow, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
		/* its flags are in memory, out of a filter's sight: glibc
		 * falls back to clone() */
		result |= add_call(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3");
	}
	if (calls->unix_only)
		result |= seccomp_rule_add(filter, allow, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	return result;
}

static int
add_rules(scmp_filter_ctx filter, Kith__Ipc__Role role, pid_t self)
{
	const struct sandbox_calls *calls = sandbox_calls_of(role);
	int result;
	size_t i;

	result = add_list(filter,
	    calls->files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES),
	    sandbox_file_calls);
	for (i = 0; result == 0 && calls->allowed[i] != NULL; i++)
		result = add_list(filter, SCMP_ACT_ALLOW, calls->allowed[i]);
	if (result == 0)
		result = add_conditions(filter, calls);
	/* abort() of this very process; a session's filter is made before the
	 * session is, and there abort() ends by SIGSYS instead */
	if (result == 0 && !calls->soft &&
	    role != KITH__IPC__ROLE__ROLE_SESSION)
		result =
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
			1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)self));
	return result;
}

/* The filter of process self, as code, into fd. */
static int
write_program(Kith__Ipc__Role role, pid_t self, int fd)
{
	bool soft = sandbox_calls_of(role)->soft;
	scmp_filter_ctx filter =
	    seccomp_init(soft ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
	int result = -1;

	if (filter == NULL)
		return -1;
	/* a tree instead of a list: fewer steps a call */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	result = add_rules(filter, role, self);
	if (result == 0)
		result = seccomp_export_bpf(filter, fd);
	seccomp_release(filter);
	return result;
}

static int
read_program(int fd, struct sock_fprog *program_r)
{
	struct stat status;
	size_t length;

	if (fstat(fd, &status) != 0 || status.st_size <= 0 ||
	    status.st_size >
		(off_t)(SANDBOX_PROGRAM_MAX * sizeof(struct sock_filter)))
		return -1;
	length = (size_t)status.st_size;
	program_r->filter = mem_new(1, length);
	program_r->len = (unsigned short)(length / sizeof(struct sock_filter));
	return pread(fd, program_r->filter, length, 0) == (ssize_t)length ? 0
									  : -1;
}

/* ECHILD: whoever started us ignores SIGCHLD, and nobody is told how it ended.
 * What is in the file decides then. */
static bool
has_succeeded(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return errno == ECHILD;
	}
	return status == 0;
}

/*
 * In a process of its own, because the hundreds of small pieces that libseccomp
 * makes a filter of leave the heap full of holes when they are freed. Sessions
 * are forked from it and would fill those holes, all over its pages: each took
 * 80 KiB more for that. Where no process can be had, it costs that much.
 * libseccomp 2.5 exports to a descriptor only.
 */
static int
make_program(Kith__Ipc__Role role, int fd, struct sock_fprog *program_r)
{
	const pid_t self = getpid(), pid = fork();

	if (pid == 0)
		_exit(write_program(role, self, fd) == 0 ? 0 : 1);
	if (pid < 0 ? write_program(role, self, fd) != 0 : !has_succeeded(pid))
		return -1;
	return read_program(fd, program_r);
}

static enum kith_code
prepare_seccomp(struct sandbox *s, Kith__Ipc__Role role, struct fault *fault)
{
	int fd = memfd_create("kith-seccomp", MFD_CLOEXEC);
	int result = fd < 0 ? -1 : make_program(role, fd, &s->program);

	if (fd >= 0)
		close(fd);
	if (result != 0)
		return fault_set(fault, KITH_INTERNAL,
		    "Cannot build the seccomp filter of the %s role",
		    kith__ipc__role__descriptor.values[role].name);
	return KITH_OK;
}

/* ---- both ------------------------------------------------------------ */

enum kith_code
sandbox_prepare(Kith__Ipc__Role role, enum sandbox_mode mode,
    const char *const *folders, struct sandbox **sandbox_r, struct fault *fault)
{
	struct sandbox *s = MEM_NEW(struct sandbox);
	enum kith_code code = KITH_OK;

	s->ruleset = -1;
	if (mode == SANDBOX_FULL)
		code = prepare_landlock(s, role, folders, fault);
	if (code == KITH_OK && mode != SANDBOX_OFF)
		code = prepare_seccomp(s, role, fault);
	if (code != KITH_OK) {
		sandbox_free(&s);
		return code;
	}
	*sandbox_r = s;
	return KITH_OK;
}

enum kith_code
sandbox_enter(const struct sandbox *s, struct fault *fault)
{
#ifdef KITH_SANITIZERS
	return KITH_OK;
#endif
	if (s->ruleset < 0 && s->program.len == 0)
		return KITH_OK;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fault_set_errno(fault, KITH_UNSUPPORTED, errno,
		    "The kernel refuses to set no_new_privs");
	if (s->ruleset >= 0 &&
	    syscall(SYS_landlock_restrict_self, s->ruleset, 0) != 0)
		return fault_set_errno(fault, KITH_UNSUPPORTED, errno,
		    "Landlock refuses to restrict this process");
	if (s->program.len > 0 &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &s->program) != 0)
		return fault_set_errno(fault, KITH_UNSUPPORTED, errno,
		    "The sandbox needs seccomp, which the kernel refuses");
	return KITH_OK;
}

void
sandbox_free(struct sandbox **sandbox)
{
	struct sandbox *s = *sandbox;

	if (s == NULL)
		return;
	if (s->ruleset >= 0)
		close(s->ruleset);
	free(s->program.filter);
	free(s);
	*sandbox = NULL;
}

int
sandbox_hold(struct sandbox *s, int fd)
{
	if (s->ruleset < 0)
		return fd;
	if (s->ruleset != fd && dup2(s->ruleset, fd) == fd)
		s->ruleset = fd;
	return fd + 1;
}

enum kith_code
sandbox_apply(Kith__Ipc__Role role, enum sandbox_mode mode,
    const char *const *folders, struct fault *fault)
{
	struct sandbox *s = NULL;
	enum kith_code code = sandbox_prepare(role, mode, folders, &s, fault);

	if (code == KITH_OK)
		code = sandbox_enter(s, fault);
	sandbox_free(&s);
	return code;
}
