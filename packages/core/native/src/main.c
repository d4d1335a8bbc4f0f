/* The supervisor: PID 1 of a sandbox. It starts, watches and kills untrusted processes on behalf of
 * whoever speaks to it over its standard streams or through a relay. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "connection.h"
#include "execution.h"
#include "protocol.h"
#include "relay.h"

static void on_signal(struct source *source, uint32_t events) {
	(void)events;
	struct signalfd_siginfo info;
	if (read(source->fd, &info, sizeof info) != sizeof info) return;
	if (info.ssi_signo != SIGCHLD) _exit(0); /* `docker stop`: the kernel ends the rest */
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid <= 0) break;
		execution_keeper_died(pid);
	}
}

static void watch_signals(void) {
	static struct source signals = {.fd = -1, .ready = on_signal};
	sigset_t watched;
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigprocmask(SIG_BLOCK, &watched, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
	loop_arm(&signals, EPOLLIN);
}

int main(int argc, char **argv) {
	if (argc == 2 && strcmp(argv[1], "relay") == 0) relay_run();
	if (argc == 2 && strcmp(argv[1], "build-id") == 0) return puts(PARACLE_BUILD_ID) < 0;
	if (getpid() != 1) {
		fputs("This is the supervisor of a Paracle sandbox; it runs as PID 1 of a container.\n", stderr);
		return 64;
	}
	/* Untrusted processes weigh less (child.c), so PID 1 would be let in at each of their writes: as a
	 * batch process it waits for its turn and takes whole pipes. Not through libc: musl has no such call. */
	syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &(struct sched_param){0});
	loop_open();
	watch_signals();
	cgroup_open();
	trusts_programs = argc == 2 && strcmp(argv[1], "guard") == 0;
	chmod(STORE_PATH, 0700); /* before any untrusted process could hold it open */
	clock_open();
	connection_listen();
	connection_open(STDIN_FILENO, STDOUT_FILENO, true);
	for (;;) {
		loop_turn(execution_deadline());
		execution_sweep();
		connection_sweep();
	}
}
