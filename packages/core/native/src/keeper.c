#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "protocol.h"
#include "tree.h"
#include "wire.h"

/* How long SIGKILL may take before what is left is reported: a process in an uninterruptible call
 * of the kernel dies only when that returns. */
enum { SURVIVOR_MS = 5000, RESCAN_MS = 20, SURVIVOR_RESCAN_MS = 1000 };
/* How long stopping a tree may take before it is killed, or frozen as far as that goes. */
enum { KILL_STOP_MS = 100, FREEZE_STOP_MS = 5000, FREEZE_ORDERED_MS = 1000 };

static struct {
	int control, children;
	int status; /* what the child says before it becomes the program; -1: it has become it */
	pid_t leader;
	bool keep, killed, frozen, finished;
	int64_t deadline; /* when TERM turns into KILL; -1: no end was ordered */
} keeper;

static void report(struct report *r) {
	struct rusage usage;
	getrusage(RUSAGE_CHILDREN, &usage);
	r->user_us = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec;
	r->system_us = (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
	r->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	if (send(keeper.control, r, sizeof *r, MSG_NOSIGNAL) < 0) _exit(0);
}

/* Nothing is good news. A refused child is killed, for another process of the same user may have stopped it,
 * and is gone when that is told: it still holds all that PID 1 had open, terminals among it. */
static void hear_start(void) {
	struct refusal refusal;
	if (keeper.status < 0) return;
	bool refused = read_all(keeper.status, &refusal, sizeof refusal);
	close(keeper.status);
	keeper.status = -1;
	if (!refused) return report(&(struct report){.type = REPORT_STARTED, .pid = (uint32_t)keeper.leader});
	if (waitpid(keeper.leader, NULL, WNOHANG) == 0 && kill(keeper.leader, SIGKILL) == 0) waitpid(keeper.leader, NULL, 0);
	report(&(struct report){.type = REPORT_REFUSED, .refusal = refusal});
	_exit(0);
}

/* Collects the dead; false once there is no child left. */
static bool collect(void) {
	int status, leader_status = 0;
	bool leader_ended = false;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid != keeper.leader) continue;
		hear_start();
		keeper.leader = 0;
		leader_ended = true;
		leader_status = status;
	}
	if (leader_ended)
		report(&(struct report){.type = REPORT_LEADER, .wait_status = (uint32_t)leader_status,
		                        .killed = keeper.killed, .survivors = pid == 0});
	return pid == 0;
}

static void finish(uint32_t survivors) {
	if (keeper.finished) return;
	keeper.finished = true;
	report(&(struct report){.type = REPORT_FINISHED, .survivors = survivors});
}

static uint32_t count_living(void) {
	struct process *p;
	uint32_t living = 0;
	size_t count = tree_scan(&p);
	for (size_t i = 0; i < count; i++) living += !p[i].dead;
	return living;
}

/* Ends the whole tree. Rounds, because a process may have been out of reach in one of them. */
static void kill_tree(void) {
	int64_t end = loop_now_ms() + SURVIVOR_MS;
	keeper.killed = true;
	while (collect()) {
		int rescan = keeper.finished ? SURVIVOR_RESCAN_MS : RESCAN_MS;
		tree_stop(KILL_STOP_MS, 0);
		tree_kill();
		struct pollfd child = {.fd = keeper.children, .events = POLLIN};
		struct signalfd_siginfo info;
		for (int64_t round = loop_now_ms() + rescan; collect() && loop_now_ms() < round;)
			if (poll(&child, 1, rescan) > 0 && read(keeper.children, &info, sizeof info) < 0) break;
		if (loop_now_ms() >= end) finish(count_living());
	}
	finish(0);
	_exit(0);
}

static void obey(const struct order *order) {
	switch (order->type) {
	case KEEPER_SIGNAL:
		if (keeper.frozen && order->signal == SIGCONT) break; /* what stands still, stands still */
		if (order->tree) tree_signal((int)order->signal);
		else if (keeper.leader > 0) kill(keeper.leader, (int)order->signal);
		break;
	case KEEPER_KILL:
		if (keeper.deadline >= 0 && keeper.deadline <= loop_now_ms() + order->grace_ms) break;
		keeper.deadline = loop_now_ms() + order->grace_ms;
		if (order->grace_ms == 0) break;
		tree_signal(SIGTERM);
		if (!keeper.frozen) tree_signal(SIGCONT); /* a stopped process sees TERM only when it goes on */
		break;
	case KEEPER_FREEZE:
		if (!keeper.frozen) tree_stop(FREEZE_STOP_MS, FREEZE_ORDERED_MS);
		keeper.frozen = true;
		report(&(struct report){.type = REPORT_FROZEN});
		break;
	case KEEPER_THAW:
		if (keeper.frozen) tree_continue();
		keeper.frozen = false;
		report(&(struct report){.type = REPORT_THAWED});
		break;
	}
}

_Noreturn static void watch(void) {
	struct pollfd fds[3] = {{.fd = keeper.control, .events = POLLIN}, {.fd = keeper.children, .events = POLLIN}};
	for (;;) {
		fds[2] = (struct pollfd){.fd = keeper.status, .events = POLLIN};
		bool alive = collect();
		if (!alive) {
			finish(0);
			_exit(0);
		}
		/* Without an order to end, the leader's own end ends what it left behind. */
		if (keeper.leader == 0 && keeper.deadline < 0 && !keeper.keep) kill_tree();
		int64_t left = keeper.deadline < 0 ? -1 : keeper.deadline - loop_now_ms();
		if (keeper.deadline >= 0 && left <= 0) kill_tree();
		if (poll(fds, 3, (int)left) < 0) continue;
		if (fds[2].revents) hear_start();
		struct signalfd_siginfo info;
		if (fds[1].revents && read(keeper.children, &info, sizeof info) < 0) continue;
		struct order order;
		if (!fds[0].revents) continue;
		if (recv(keeper.control, &order, sizeof order, 0) != sizeof order) kill_tree();
		obey(&order);
	}
}

/* Nothing of PID 1's connections may stay open here. */
static void close_all_but(int control, int status) {
	int high = fcntl(status, F_DUPFD, 5); /* out of the way of the other's place */
	keeper.control = dup2(control, 3);
	keeper.status = dup2(high, 4);
	if (syscall(SYS_close_range, 5u, ~0u, 0u) != 0)
		for (int fd = 5; fd < 4096; fd++) close(fd);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++) dup2(null, fd);
	close(null);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	fcntl(4, F_SETFD, FD_CLOEXEC);
}

_Noreturn void keeper_run(const struct command *command, const int stdio[3], int control) {
	int status[2];
	sigset_t child;
	/* PID 1's patience is not for whoever must end a fork bomb, nor for the command. */
	syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &(struct sched_param){0});
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	keeper.control = control;
	keeper.deadline = -1;
	keeper.keep = command->flags & EXECUTE_KEEP;
	keeper.leader = pipe2(status, O_CLOEXEC) == 0 ? fork() : -1;
	if (keeper.leader < 0) {
		report(&(struct report){.type = REPORT_REFUSED, .refusal = {STAGE_LIMIT, (uint32_t)errno}});
		_exit(0);
	}
	if (keeper.leader == 0) child_run(command, stdio, status[1]);
	close(status[1]);
	close_all_but(control, status[0]);
	keeper.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	watch();
}
