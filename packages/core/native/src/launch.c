/* Starting executions: what was asked for, pipes, and a keeper. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "execution-state.h"

enum { MAX_STRINGS = 65536 };

static uint64_t last_serial;
bool trusts_programs;

static bool read_strings(struct reader *r, uint32_t count, char ***strings) {
	*strings = count < MAX_STRINGS ? calloc(count + 1, sizeof **strings) : NULL;
	for (uint32_t i = 0; *strings && i < count; i++) (*strings)[i] = (char *)read_string(r);
	return *strings && !r->bad;
}

/* One end for the child, owned by its user so that /dev/stdout can be opened again; one for us. */
static bool open_pipe(struct execution *e, int stream, int *theirs, uid_t uid, gid_t gid) {
	int ends[2];
	bool input = stream == STDIN;
	if (pipe2(ends, O_CLOEXEC) != 0) return false;
	*theirs = ends[input ? 0 : 1];
	e->stdio[stream].fd = ends[input ? 1 : 0];
	fcntl(e->stdio[stream].fd, F_SETFL, O_NONBLOCK);
	return fchown(*theirs, uid, gid) == 0;
}

/* A terminal for the child, owned by its user, on all its streams; its master for us, once each way. We hold
 * the child's end too: one who closes it and lives on is not hung up, and may open it again. It is not
 * opened by its path: what is mounted there may be the image's. */
static bool open_terminal(struct execution *e, int theirs[3], const struct command *command) {
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), locked = 0;
	if (master < 0) return false;
	e->stdio[STDOUT].fd = master;
	e->stdio[STDIN].fd = fcntl(master, F_DUPFD_CLOEXEC, 3);
	if (ioctl(master, TIOCSPTLCK, &locked) == 0) e->terminal.fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (e->terminal.fd < 0 || fchown(e->terminal.fd, command->uid, command->gid) != 0) return false;
	for (int i = STDIN; i <= STDERR; i++) theirs[i] = fcntl(e->terminal.fd, F_DUPFD_CLOEXEC, 3);
	return ioctl(master, TIOCSWINSZ, &command->size) == 0 && e->stdio[STDIN].fd >= 0 && theirs[STDERR] >= 0;
}

/* 0, or the stage that failed, with errno. */
static uint32_t spawn(struct execution *e, const struct command *command) {
	int stdio[3] = {-1, -1, -1}, control[2] = {-1, -1};
	bool terminal = command->flags & EXECUTE_TERMINAL;
	bool ready = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == 0;
	if (terminal) ready = ready && open_terminal(e, stdio, command);
	for (int i = command->flags & EXECUTE_STDIN ? STDIN : STDOUT; ready && !terminal && i <= STDERR; i++)
		ready = open_pipe(e, i, &stdio[i], command->uid, command->gid);
	e->keeper = ready ? fork() : -1;
	if (e->keeper == 0) keeper_run(command, stdio, control[1]);
	for (int i = 0; i < 3; i++) close_quietly(stdio[i]);
	close_quietly(control[1]);
	e->control.fd = control[0];
	return e->keeper > 0 ? 0 : terminal && !ready ? STAGE_TERMINAL : STAGE_LIMIT;
}

static void mark_shared(struct execution *started) {
	for (struct execution *e = executions; e; e = e->next)
		if (e != started && is_program(e) && is_running(e)) e->shared = started->shared = true;
}

static struct execution *create(struct connection *c, uint32_t id, uint32_t flags) {
	struct execution *e = calloc(1, sizeof *e);
	if (!e) return NULL;
	e->connection = c;
	e->id = id;
	e->flags = flags;
	e->serial = ++last_serial;
	e->deadline_ms = -1;
	e->input_window = STDIN_WINDOW;
	e->terminal.fd = -1;
	e->control = (struct source){.fd = -1, .ready = execution_on_report, .owner = e};
	for (int i = STDIN; i <= STDERR; i++)
		e->stdio[i] = (struct source){.fd = -1, .ready = i == STDIN ? execution_on_input : execution_on_output, .owner = e};
	e->next = executions;
	executions = e;
	execution_count++;
	return e;
}

static void launch(struct connection *c, struct execution *e, const struct command *command, uint32_t timeout_ms) {
	if (is_program(e)) mark_shared(e);
	cgroup_read(&e->before);
	e->started_ns = loop_now_ns();
	if (timeout_ms > 0) e->deadline_ms = loop_now_ms() + timeout_ms;
	uint32_t stage = spawn(e, command);
	if (stage) {
		execution_refuse(c, e->id, stage, (uint32_t)errno);
		e->refused = e->finished = true;
		return;
	}
	loop_arm(&e->control, EPOLLIN);
	for (int i = STDOUT; i <= STDERR; i++)
		if (e->credit[i] > 0) loop_arm(&e->stdio[i], EPOLLIN);
}

/* 0, or what setresuid takes for "leave as it is", which is root. */
static bool is_root(uint32_t id) { return id == 0 || id == UINT32_MAX; }

/* False for a size that no terminal has. */
static bool read_size(struct reader *r, struct winsize *size) {
	size->ws_col = read_u16(r);
	size->ws_row = read_u16(r);
	return size->ws_col > 0 && size->ws_row > 0;
}

bool execution_start(struct connection *c, uint32_t id, struct reader *r) {
	struct command command = {0};
	command.flags = read_u32(r); /* one by one: the order in an initialiser is the compiler's */
	command.uid = read_u32(r);
	command.gid = read_u32(r);
	uint32_t timeout_ms = read_u32(r), grace_ms = read_u32(r), credit_out = read_u32(r), credit_err = read_u32(r);
	uint32_t argc = read_u32(r), envc = read_u32(r);
	bool files = command.flags & EXECUTE_FILES, privileged = command.flags & EXECUTE_PRIVILEGED;
	bool terminal = command.flags & EXECUTE_TERMINAL, sized = read_size(r, &command.size);
	command.directory = read_string(r);
	bool whole = read_strings(r, argc, &command.argv) && read_strings(r, envc, &command.env) && r->left == 0;
	whole = whole && (files ? !terminal : argc > 0 && (!privileged || trusts_programs)) && terminal == sized && !execution_find(c, id);
	if (whole && !privileged && (is_root(command.uid) || is_root(command.gid))) execution_refuse(c, id, STAGE_IDENTITY, EPERM);
	else if (whole && frozen_by && !files) execution_refuse(c, id, STAGE_FROZEN, EBUSY);
	else if (whole) {
		struct execution *e = execution_count < MAX_EXECUTIONS ? create(c, id, command.flags) : NULL;
		if (e) {
			e->grace_ms = grace_ms;
			e->credit[STDOUT] = credit_out;
			e->credit[STDERR] = credit_err;
			launch(c, e, &command, timeout_ms);
		} else execution_refuse(c, id, STAGE_LIMIT, EAGAIN);
	}
	free(command.argv);
	free(command.env);
	return whole;
}

bool execution_resize(struct connection *c, uint32_t id, struct reader *r) {
	struct winsize size = {0};
	bool sized = read_size(r, &size);
	struct execution *e = execution_find(c, id);
	if (!sized || (e && !(e->flags & EXECUTE_TERMINAL))) return false;
	if (e && e->stdio[STDOUT].fd >= 0) ioctl(e->stdio[STDOUT].fd, TIOCSWINSZ, &size); /* the kernel sends SIGWINCH */
	return true;
}

uint64_t execution_last_serial(void) { return last_serial; }
