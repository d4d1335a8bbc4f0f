/* PID 1 without its children: frames of several clients, and what keepers and programs send, in any
 * order. The input is a sequence of steps, each a byte and what belongs to it. */
#include "connection.c"

#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "execution-state.h"
#include "fuzz.h"
#include "tree.h"

enum { CLIENTS = 4, PEERS = 32, FIRST_PID = 1000 };
enum { STEP_RAW, STEP_FRAME, STEP_FILL, STEP_REPORT, STEP_OUTPUT, STEP_END, STEP_CLOCK, STEP_DRAIN, STEP_CLIENT, STEP_HANG_UP, STEP_FAIL, STEP_FULL, STEPS };

/* The other ends of an execution, as its keeper and its program have them. */
static struct peer {
	int control, stdio[3];
} peers[PEERS];
static int peer_count, clients[CLIENTS], client, first;
static struct peer starting;
static int pipe_ends[3][2], pipe_count;
static bool forks_fail, is_full;
static int64_t clock_ms;

int __real_socketpair(int domain, int type, int protocol, int ends[2]);
int __real_pipe2(int ends[2], int flags);
int __real_ioctl(int fd, unsigned long request, void *argument);

int __wrap_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now) {
	(void)id;
	*now = (struct timespec){clock_ms / 1000, clock_ms % 1000 * 1000000};
	return 0;
}

int __wrap_socketpair(int domain, int type, int protocol, int ends[2]);
int __wrap_socketpair(int domain, int type, int protocol, int ends[2]) {
	int result = __real_socketpair(domain, type, protocol, ends);
	starting.control = ends[1];
	pipe_count = 0;
	return result;
}

int __wrap_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags) {
	int result = __real_pipe2(ends, flags);
	memcpy(pipe_ends[pipe_count++], ends, sizeof *pipe_ends);
	return result;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...) {
	va_list rest;
	va_start(rest, request);
	int result = __real_ioctl(fd, request, va_arg(rest, void *));
	va_end(rest);
	for (; request == TIOCGPTPEER && pipe_count < 3; pipe_count++) pipe_ends[pipe_count][0] = pipe_ends[pipe_count][1] = result;
	return result;
}

static int keep(int fd) {
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	fcntl(copy, F_SETFL, O_NONBLOCK);
	return copy;
}

pid_t __wrap_fork(void);
pid_t __wrap_fork(void) {
	if (forks_fail || peer_count == PEERS) {
		errno = EAGAIN;
		return -1;
	}
	struct peer *peer = &peers[peer_count++];
	bool has_input = pipe_count == 3;
	peer->control = keep(starting.control);
	peer->stdio[STDIN] = has_input ? keep(pipe_ends[0][0]) : -1;
	peer->stdio[STDOUT] = keep(pipe_ends[has_input][1]);
	peer->stdio[STDERR] = keep(pipe_ends[has_input + 1][1]);
	return FIRST_PID + peer_count - 1;
}

int __wrap_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_fchown(int fd, uid_t uid, gid_t gid) { return fd < 0 || (uid == 77 && gid == 77) ? -1 : 0; }

int __wrap_kill(pid_t pid, int signal);
int __wrap_kill(pid_t pid, int signal) { return pid + signal == 0; }

pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options) {
	(void)pid, (void)status, (void)options;
	return -1;
}

size_t tree_scan(struct process **processes) {
	static struct process process = {.pid = 999, .parent = 1};
	*processes = &process;
	process.dead = !process.dead; /* alive in one pass, dead in the next */
	return 1;
}

void cgroup_read(struct counters *c) { memset(c, 0, sizeof *c); }
void cgroup_read_usage(struct usage *u) { memset(u, 0, sizeof *u); }
uint64_t clock_earliest(void) { return 1; }
int cgroup_version(void) { return 2; }
_Noreturn void keeper_run(const struct command *command, const int stdio[3], int control) {
	(void)command, (void)stdio, (void)control;
	abort();
}

static void open_client(int index) {
	int ends[2];
	if (clients[index] >= 0 || __real_socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
	clients[index] = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	connection_open(ends[1], fcntl(ends[1], F_DUPFD_CLOEXEC, 3), index == 0);
}

static void close_end(int *fd) {
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

/* As main() does. */
static void turn(void) {
	for (int i = 0; i < 3; i++) {
		execution_deadline();
		loop_turn(0);
		execution_sweep();
		connection_sweep();
	}
}

static void send_bytes(const void *data, size_t count) {
	if (clients[client] >= 0) send(clients[client], data, count, MSG_NOSIGNAL | MSG_DONTWAIT);
	turn();
}

static size_t rest_of(struct reader *r, size_t count) { return count < r->left ? count : r->left; }

static void send_frame(struct reader *r, bool from_input) {
	static const uint8_t zeros[UINT16_MAX];
	static struct buffer b; /* kept, because sending may not return */
	uint8_t type = read_u8(r), id = read_u8(r);
	size_t count = read_u16(r);
	if (from_input) count = rest_of(r, count);
	buffer_consume(&b, buffer_length(&b));
	put_u32(&b, (uint32_t)count);
	put_u8(&b, FRAME_MAGIC);
	put_u8(&b, type);
	put_u16(&b, 0);
	put_u32(&b, id);
	buffer_append(&b, from_input ? r->at : zeros, count);
	if (from_input) r->at += count, r->left -= count;
	send_bytes(b.data + b.start, buffer_length(&b));
}

static void drain(int fd) {
	static uint8_t nowhere[64 * 1024];
	while (fd >= 0 && read(fd, nowhere, sizeof nowhere) > 0) turn();
}

static void send_report(struct peer *peer, struct reader *r) {
	struct report report = {.type = read_u8(r)};
	size_t count = rest_of(r, read_u8(r) % (sizeof report + 1));
	if (count) memcpy((uint8_t *)&report + sizeof report.type, r->at, count > sizeof report - 4 ? sizeof report - 4 : count);
	r->at += count;
	r->left -= count;
	/* A report that is cut short ends the execution. */
	if (peer->control >= 0) send(peer->control, &report, count == sizeof report ? count - 1 : sizeof report, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_output(struct peer *peer, uint8_t stream, size_t count) {
	static const uint8_t zeros[UINT16_MAX];
	int fd = peer->stdio[stream % 2 ? STDOUT : STDERR];
	if (fd >= 0 && write(fd, zeros, count) < 0) return;
}

/* A stream, the control socket, or the keeper with that or, as a child may hold it open, without. */
static void end_part(struct peer *peer, uint8_t part) {
	part %= 6;
	if (part < 3) close_end(&peer->stdio[part]);
	else if (part < 5) close_end(&peer->control);
	if (part > 3) execution_keeper_died(FIRST_PID + (pid_t)(peer - peers));
}

static void step(struct reader *r) {
	uint8_t what = read_u8(r) % STEPS;
	struct peer none = {-1, {-1, -1, -1}}, *peer = &none;
	if (what == STEP_REPORT || what == STEP_OUTPUT || what == STEP_END) {
		uint8_t index = read_u8(r);
		if (peer_count > 0) peer = &peers[index % peer_count];
	}
	switch (what) {
	case STEP_RAW: {
		size_t count = rest_of(r, read_u16(r));
		const uint8_t *at = r->at;
		r->at += count;
		r->left -= count;
		return send_bytes(at, count);
	}
	case STEP_FRAME: return send_frame(r, true);
	case STEP_FILL: return send_frame(r, false);
	case STEP_REPORT: send_report(peer, r); break;
	case STEP_OUTPUT: {
		uint8_t stream = read_u8(r);
		send_output(peer, stream, read_u16(r));
		break;
	}
	case STEP_END: {
		uint8_t part = read_u8(r);
		if (peer != &none) end_part(peer, part);
		break;
	}
	case STEP_CLOCK: clock_ms += read_u16(r); break;
	case STEP_DRAIN:
		drain(clients[client]);
		for (int i = 0; i < peer_count; i++) drain(peers[i].stdio[STDIN]), drain(peers[i].control);
		break;
	case STEP_CLIENT: open_client(client = read_u8(r) % CLIENTS); break;
	case STEP_HANG_UP: close_end(&clients[client]); break;
	case STEP_FAIL: forks_fail = !forks_fail; break;
	case STEP_FULL:
		is_full = !is_full;
		execution_count += is_full ? MAX_EXECUTIONS : -(size_t)MAX_EXECUTIONS;
		break;
	}
	turn();
}

void fuzz_begin(const char *directory) {
	(void)directory;
	signal(SIGPIPE, SIG_IGN);
	loop_open();
	first = dup(0);
	close(first);
}

void fuzz_end(void) {}

static void begin(void) {
	clock_ms = 1000000;
	peer_count = client = 0;
	forks_fail = is_full = false;
	for (int i = 0; i < CLIENTS; i++) clients[i] = -1;
}

/* What the end of the process would have done. */
static void reset(void) {
	if (is_full) execution_count -= MAX_EXECUTIONS;
	for (struct connection *c = connections; c; c = c->next) {
		c->is_owner = false;
		connection_close(c);
	}
	for (struct execution *e = executions; e; e = e->next) e->finished = e->exited = true;
	execution_sweep();
	connection_sweep();
	for (int i = 0; i < CLIENTS; i++) close_end(&clients[i]);
	for (int i = 0; i < peer_count; i++) {
		close_end(&peers[i].control);
		for (int k = 0; k < 3; k++) close_end(&peers[i].stdio[k]);
	}
	if (executions || connections || execution_count || connection_count) abort();
}

void fuzz_one(const uint8_t *data, size_t size) {
	struct reader r = {data, size, false};
	begin();
	if (setjmp(fuzz_exited) == 0) {
		open_client(0);
		while (r.left > 0 && !r.bad) step(&r);
	}
	reset();
	fuzz_check_descriptors(first);
}
