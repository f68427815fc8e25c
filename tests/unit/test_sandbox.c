/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each role's sandbox from the inside: a child applies it and then tries one
 * system call. What a role needs must work, what it must not do must be
 * refused, by death or by an error, as the table says.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox.h"
#include "under_valgrind.h"

#define EXIT_UNSUPPORTED 200
#define EXIT_SETUP       201
#define PROBE_LIMIT_S    20

/* Made before the sandbox closes, so that only the call itself is tried. */
static struct {
	char inside[64];  /* a folder that the role is given, if any */
	char outside[64]; /* one that it is not given */
	int unix_socket;
	int inet_socket;
	int listening;
	int pipe[2];
	void *page;
} world;

/* ---- probes: 0, or errno ---------------------------------------------- */

static int
said(long result)
{
	return result < 0 ? errno : 0;
}

static int
open_in(const char *folder, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", folder);
	return said(open(path, flags, 0600));
}

static int
read_passwd(void)
{
	return said(open("/etc/passwd", O_RDONLY));
}

static int
stat_passwd(void)
{
	struct stat status;

	return said(stat("/etc/passwd", &status));
}

static int
write_inside(void)
{
	return open_in(world.inside, O_CREAT | O_RDWR);
}

static int
write_outside(void)
{
	return open_in(world.outside, O_CREAT | O_RDWR);
}

static int
read_outside(void)
{
	return open_in(world.outside, O_RDONLY);
}

static int
remove_outside(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", world.outside);
	return said(unlink(path));
}

static int
use_database(void)
{
	char path[128], other[128];
	int fd;

	snprintf(path, sizeof(path), "%s/database", world.inside);
	snprintf(other, sizeof(other), "%s/renamed", world.inside);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 ||
	    pwrite(fd, "x", 1, 4096) != 1 || fdatasync(fd) != 0 ||
	    ftruncate(fd, 1) != 0 ||
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
		MAP_FAILED ||
	    rename(path, other) != 0)
		return errno;
	return said(unlink(other));
}

static int
socket_inet(void)
{
	return said(socket(AF_INET, SOCK_STREAM, 0));
}

static int
socket_unix(void)
{
	return said(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
socket_netlink(void)
{
	return said(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
connect_inet(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	return said(connect(
	    world.inet_socket, (const struct sockaddr *)&to, sizeof(to)));
}

static int
bind_inet(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	return said(
	    bind(world.inet_socket, (const struct sockaddr *)&to, sizeof(to)));
}

static int
accept_one(void)
{
	int result = said(accept4(world.listening, NULL, NULL, SOCK_CLOEXEC));

	return result == EAGAIN ? 0 : result;
}

static int
make_pair(void)
{
	int pair[2];

	return said(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
}

static int
run_program(void)
{
	char *const arguments[] = { (char *)"true", NULL };

	execve("/bin/true", arguments, environ);
	return errno;
}

static int
fork_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return 0;
}

static void *
nothing(void *argument)
{
	return argument;
}

static int
start_thread(void)
{
	pthread_t thread;
	int result = pthread_create(&thread, NULL, nothing, NULL);

	return result != 0 ? result : pthread_join(thread, NULL);
}

static int
trace_parent(void)
{
	return said(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int
read_parent(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &world, 1 };

	return said(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

static int
signal_parent(void)
{
	return said(kill(getppid(), 0));
}

static int
signal_by_thread(void)
{
	return said(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int
make_executable(void)
{
	return said(mprotect(world.page, 4096, PROT_READ | PROT_EXEC));
}

static int
map_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? errno : 0;
}

static int
mount_something(void)
{
	return said(mount("none", world.outside, "tmpfs", 0, NULL));
}

static int
new_namespace(void)
{
	return said(unshare(CLONE_NEWUSER));
}

static int
become_another(void)
{
	return said(setresuid(65534, 65534, 65534));
}

static int
change_mode(void)
{
	return said(chmod(world.outside, 0777));
}

static int
load_bpf(void)
{
	return said(syscall(SYS_bpf, 0, NULL, 0));
}

static int
use_io_uring(void)
{
	return said(syscall(SYS_io_uring_setup, 1, NULL));
}

static int
use_keys(void)
{
	return said(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int
raise_limits(void)
{
	struct rlimit limit = { 1, 1 };

	return said(setrlimit(RLIMIT_NOFILE, &limit));
}

/* What every role does all the time. */
static int
live(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct timespec now;
	char byte = 'x', drawn[16];
	int base = epoll_create1(EPOLL_CLOEXEC);
	void *memory = malloc(4u << 20);

	if (memory == NULL || base < 0 ||
	    epoll_ctl(base, EPOLL_CTL_ADD, world.pipe[0], &event) != 0 ||
	    write(world.pipe[1], &byte, 1) != 1 ||
	    epoll_wait(base, &event, 1, 1000) != 1 ||
	    read(world.pipe[0], &byte, 1) != 1 ||
	    getrandom(drawn, sizeof(drawn), 0) != sizeof(drawn) ||
	    clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return errno != 0 ? errno : EIO;
	free(memory);
	close(base);
	return 0;
}

/* ---- what each role may ----------------------------------------------- */

enum verdict {
	OK,   /* works */
	NO,   /* refused by an error, and the process lives */
	DIES, /* killed by SIGSYS */
};

struct probe {
	const char *name;
	int (*run)(void);
	enum verdict parent, hub, auth, listener, session;
};

/* clang-format off */
static const struct probe probes[] = {
	/*                                    parent hub   auth  listener session */
	{ "lives", live,                      OK,   OK,   OK,   OK,   OK },
	{ "reads /etc/passwd", read_passwd,   OK,   NO,   NO,   NO,   NO },
	{ "looks at /etc/passwd", stat_passwd, OK,  OK,   NO,   NO,   NO },
	{ "writes in its folder", write_inside, OK, OK,   NO,   NO,   NO },
	{ "uses a database", use_database,    OK,   OK,   NO,   NO,   NO },
	{ "writes elsewhere", write_outside,  NO,   NO,   NO,   NO,   NO },
	{ "reads elsewhere", read_outside,    OK,   NO,   NO,   NO,   NO },
	{ "removes elsewhere", remove_outside, NO,  NO,   DIES, DIES, DIES },
	{ "changes a mode", change_mode,      OK,   DIES, DIES, DIES, DIES },
	{ "opens a TCP socket", socket_inet,  NO,   DIES, DIES, DIES, DIES },
	{ "opens a unix socket", socket_unix, OK,   DIES, DIES, DIES, DIES },
	{ "opens netlink", socket_netlink,    NO,   DIES, DIES, DIES, DIES },
	{ "connects", connect_inet,           NO,   DIES, DIES, DIES, DIES },
	{ "binds", bind_inet,                 NO,   DIES, DIES, DIES, DIES },
	{ "accepts", accept_one,              OK,   OK,   DIES, OK,   DIES },
	{ "makes a pair", make_pair,          OK,   DIES, DIES, OK,   DIES },
	{ "runs a program", run_program,      OK,   DIES, DIES, DIES, DIES },
	{ "forks", fork_child,                OK,   DIES, DIES, OK,   DIES },
	{ "starts a thread", start_thread,    OK,   DIES, OK,   OK,   DIES },
	{ "traces", trace_parent,             NO,   DIES, DIES, DIES, DIES },
	{ "reads another's memory", read_parent, NO, DIES, DIES, DIES, DIES },
	{ "signals", signal_parent,           OK,   DIES, DIES, DIES, DIES },
	{ "signals a thread", signal_by_thread, OK, DIES, DIES, DIES, DIES },
	{ "makes code", make_executable,      OK,   DIES, DIES, DIES, DIES },
	{ "maps code", map_executable,        OK,   DIES, DIES, DIES, DIES },
	{ "mounts", mount_something,          NO,   DIES, DIES, DIES, DIES },
	{ "leaves its namespace", new_namespace, NO, DIES, DIES, DIES, DIES },
	{ "becomes another", become_another,  NO,   DIES, DIES, DIES, DIES },
	{ "loads a BPF program", load_bpf,    NO,   DIES, DIES, DIES, DIES },
	{ "uses io_uring", use_io_uring,      NO,   DIES, DIES, DIES, DIES },
	{ "uses keyrings", use_keys,          NO,   DIES, DIES, DIES, DIES },
	{ "changes its limits", raise_limits, OK,   DIES, DIES, DIES, DIES },
};
/* clang-format on */

/* ---- running one ------------------------------------------------------ */

/* The child's exit status, as waitpid() tells it. */
static int
try_probe(
    Kith__Ipc__Role role, enum sandbox_mode mode, const struct probe *probe)
{
	const char *folders[] = { world.inside, NULL };
	bool has_folder = role == KITH__IPC__ROLE__ROLE_PARENT ||
	    role == KITH__IPC__ROLE__ROLE_HUB;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct fault fault;
		enum kith_code code;

		alarm(PROBE_LIMIT_S);
		code = sandbox_apply(
		    role, mode, has_folder ? folders : NULL, &fault);
		if (code != KITH_OK)
			_exit(code == KITH_UNSUPPORTED ? EXIT_UNSUPPORTED
						       : EXIT_SETUP);
		errno = 0;
		_exit(probe->run());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static enum verdict
verdict_of(int status)
{
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return DIES;
	}
	assert_int_not_equal(WEXITSTATUS(status), EXIT_SETUP);
	return WEXITSTATUS(status) == 0 ? OK : NO;
}

static void
try_role(Kith__Ipc__Role role, size_t offset)
{
	static const char *const words[] = { "works", "is refused", "dies" };
	size_t i;

	for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		const struct probe *p = &probes[i];
		enum verdict expected, seen;
		int status = try_probe(role, SANDBOX_FULL, p);

		if (WIFEXITED(status) &&
		    WEXITSTATUS(status) == EXIT_UNSUPPORTED)
			skip(); /* no Landlock here */
		memcpy(&expected, (const char *)p + offset, sizeof(expected));
		seen = verdict_of(status);
		if (seen != expected)
			fail_msg("\"%s\" %s (status %d), expected: %s", p->name,
			    words[seen],
			    WIFEXITED(status) ? WEXITSTATUS(status) : -1,
			    words[expected]);
	}
}

static void
test_parent(void **state)
{
	try_role(KITH__IPC__ROLE__ROLE_PARENT, offsetof(struct probe, parent));
}

static void
test_hub(void **state)
{
	try_role(KITH__IPC__ROLE__ROLE_HUB, offsetof(struct probe, hub));
}

static void
test_auth(void **state)
{
	try_role(KITH__IPC__ROLE__ROLE_AUTH, offsetof(struct probe, auth));
}

static void
test_listener(void **state)
{
	try_role(
	    KITH__IPC__ROLE__ROLE_LISTENER, offsetof(struct probe, listener));
}

static void
test_session(void **state)
{
	try_role(
	    KITH__IPC__ROLE__ROLE_SESSION, offsetof(struct probe, session));
}

/* Without Landlock seccomp still holds, and "off" holds nothing. */
static void
test_modes(void **state)
{
	const struct probe opens = { .name = "", .run = socket_inet };
	int status =
	    try_probe(KITH__IPC__ROLE__ROLE_SESSION, SANDBOX_SECCOMP, &opens);

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_UNSUPPORTED)
		skip();
	assert_int_equal(verdict_of(status), DIES);
	status = try_probe(KITH__IPC__ROLE__ROLE_SESSION, SANDBOX_OFF, &opens);
	assert_int_equal(verdict_of(status), OK);
}

/* A listener's child adds the session's rules to its own. */
static void
test_session_in_listener(void **state)
{
	struct sandbox *sandbox = NULL;
	struct fault fault;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (sandbox_prepare(KITH__IPC__ROLE__ROLE_SESSION, SANDBOX_FULL,
			NULL, &sandbox, &fault) != KITH_OK ||
		    sandbox_apply(KITH__IPC__ROLE__ROLE_LISTENER, SANDBOX_FULL,
			NULL, &fault) != KITH_OK)
			_exit(EXIT_UNSUPPORTED);
		pid = fork();
		if (pid == 0) {
			if (sandbox_enter(sandbox, &fault) != KITH_OK)
				_exit(EXIT_SETUP);
			if (live() != 0)
				_exit(1);
			_exit(make_pair());
		}
		if (waitpid(pid, &status, 0) != pid)
			_exit(2);
		_exit(
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == EXIT_UNSUPPORTED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_every_role_is_prepared(void **state)
{
	int role;

	for (role = 0; role < (int)KITH__IPC__ROLE__ROLE_SESSION + 1; role++) {
		struct sandbox *sandbox = NULL;
		struct fault fault;

		assert_int_equal(sandbox_prepare((Kith__Ipc__Role)role,
				     SANDBOX_SECCOMP, NULL, &sandbox, &fault),
		    KITH_OK);
		assert_non_null(sandbox);
		sandbox_free(&sandbox);
		assert_null(sandbox);
	}
}

/* ---- the world -------------------------------------------------------- */

static int
set_up(void **state)
{
	const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	char path[128];
	int fd;

	snprintf(
	    world.inside, sizeof(world.inside), "%.32s/kith-in-XXXXXX", base);
	snprintf(world.outside, sizeof(world.outside), "%.32s/kith-out-XXXXXX",
	    base);
	if (mkdtemp(world.inside) == NULL || mkdtemp(world.outside) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", world.outside);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	world.unix_socket = socket(AF_UNIX, SOCK_STREAM, 0);
	world.inet_socket = socket(AF_INET, SOCK_STREAM, 0);
	world.listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	world.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || world.listening < 0 || listen(world.listening, 1) != 0 ||
	    pipe(world.pipe) != 0 || world.page == MAP_FAILED)
		return -1;
	close(fd);
	return 0;
}

static int
tear_down(void **state)
{
	const char *const names[] = { "file", "database", "renamed" };
	char path[128];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", world.inside, names[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s", world.outside, names[i]);
		unlink(path);
	}
	rmdir(world.inside);
	return rmdir(world.outside);
}

int
main(void)
{
	const struct CMUnitTest prepares[] = {
		cmocka_unit_test(test_every_role_is_prepared),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_role_is_prepared),
		cmocka_unit_test(test_parent),
		cmocka_unit_test(test_hub),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_session_in_listener),
	};

#ifdef KITH_SANITIZERS
	/* their runtimes need what no role may do: no sandbox is entered */
	(void)tests;
	(void)set_up;
	(void)tear_down;
	return cmocka_run_group_tests(prepares, NULL, NULL);
#else
	(void)prepares;
	/*
	 * Valgrind 3.19 does not know seccomp() and the landlock calls, so that the
	 * sandbox finds them missing. And if it did: between any two calls of the
	 * program it asks for things of its own (executable memory for translated
	 * code; gettid, tgkill and rt_sigtimedwait for signals; files for reports),
	 * and a filter does not know who asks. Nothing can live in a sandbox there;
	 * how one is built is judged by the build with sanitizers.
	 */
	if (under_valgrind()) {
		printf("1..0 # SKIP valgrind does not know seccomp()\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
#endif
}
