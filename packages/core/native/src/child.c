#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files.h"
#include "filter.h"
#include "protocol.h"
#include "wire.h"

extern char **environ;

_Noreturn static void refuse(int status, uint32_t stage) {
	struct refusal refusal = {stage, (uint32_t)errno};
	write_all(status, &refusal, sizeof refusal);
	_exit(127);
}

/* A number in /proc/self/oom_score_adj: when memory is out, the untrusted processes die first and
 * the supervisor lives to say why. Written without CAP_SYS_RESOURCE it is no more than a default: a
 * program may lower its own number again. Source: __set_oom_adj() in fs/proc/base.c of the kernel. */
static void prefer_for_oom(void) {
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0) return;
	write_all(fd, "1000", 4);
	close(fd);
}

/* The lowest weight, which no untrusted process can raise again: a sandbox that is busy, be it with a
 * fork bomb, must not starve PID 1 and the keepers. It counts only among a sandbox's own processes:
 * between control groups the kernel goes by their shares. Source: sched(7). */
static void yield_to_supervisor(void) { setpriority(PRIO_PROCESS, 0, 19); }

/* Leaves the process with the untrusted uid and gid and with no capability in any set. */
static int drop_privileges(uid_t uid, gid_t gid) {
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) return -1;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return -1;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* capset(2), version 3 of its header: this process, and nothing in any set. */
	uint32_t header[2] = {0x20080522, 0}, none[6] = {0};
	if (syscall(SYS_capset, header, none) != 0) return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Prints files as the untrusted user sees them, without any program of the image. */
_Noreturn static void probe(char **paths) {
	static char text[64 * 1024]; /* mounts on an overlay of many layers take kilobytes */
	for (; *paths; paths++) {
		write_all(1, *paths, strlen(*paths) + 1);
		int fd = open(*paths, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
		if (n > 0) write_all(1, text, (size_t)n);
		write_all(1, "", 1);
		if (fd >= 0) close(fd);
	}
	_exit(0);
}

static void close_from(unsigned first) {
	if (syscall(SYS_close_range, first, ~0u, 0u) == 0) return;
	for (int fd = (int)first; fd < 4096; fd++) close(fd);
}

static void connect_stdio(const int stdio[3]) {
	int fds[3];
	for (int i = 0; i < 3; i++)
		fds[i] = stdio[i] >= 0 ? fcntl(stdio[i], F_DUPFD_CLOEXEC, 10) : open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++) dup2(fds[i], i);
}

_Noreturn void child_run(const struct command *command, const int stdio[3], int status) {
	sigset_t none;
	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	connect_stdio(stdio);
	setsid();
	if (command->flags & EXECUTE_TERMINAL) ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	umask(022);
	if (command->flags & EXECUTE_FILES) {
		close_from(3);
		files_run(command->flags & EXECUTE_PRIVILEGED ? 0 : command->uid,
		          command->flags & EXECUTE_PRIVILEGED ? 0 : command->gid);
	}
	prefer_for_oom();
	yield_to_supervisor();
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	bool trusted = command->flags & EXECUTE_PRIVILEGED;
	if (!trusted && (drop_privileges(command->uid, command->gid) != 0 || !filter_apply())) refuse(status, STAGE_IDENTITY);
	if (chdir(command->directory) != 0) refuse(status, STAGE_DIRECTORY);
	if (command->flags & EXECUTE_PROBE) {
		close_from(3);
		probe(command->argv);
	}
	environ = command->env;
	execvp(command->argv[0], command->argv);
	refuse(status, STAGE_COMMAND);
}
