#include "execution.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "keeper.h"
#include "protocol.h"
#include "tree.h"

enum { STDIN = 0, STDOUT = 1, STDERR = 2, CHUNK = 60 * 1024, MAX_STRINGS = 65536 };

struct execution {
	struct connection *connection; /* NULL once it is gone: output is read and dropped */
	uint32_t id, flags;
	uint64_t serial;
	pid_t keeper;
	struct source control, stdio[3];
	uint32_t credit[3];
	struct buffer input;
	uint32_t input_window; /* bytes that the client may still send */
	bool input_ended;
	int64_t deadline_ms; /* of the time-out; -1: none */
	uint32_t grace_ms;
	uint8_t cause;
	bool shared, frozen, refused, leader_done, finished, exited, drained[3];
	uint64_t started_ns;
	struct counters before;
	struct report leader, last;
	struct execution *next;
};

/* Something that is answered once all executions up to a serial number have got there. */
struct pending {
	struct connection *connection;
	uint32_t id;
	uint64_t serial;
	enum { PENDING_END, PENDING_FREEZE, PENDING_THAW } what;
	struct pending *next;
};

static struct execution *executions;
static struct pending *pendings;
static size_t execution_count;
static uint64_t last_serial;
static struct connection *frozen_by;

static bool is_program(const struct execution *e) { return !(e->flags & EXECUTE_FILES); }
static bool is_running(const struct execution *e) { return !e->finished && !e->refused; }

static struct execution *find(struct connection *c, uint32_t id) {
	for (struct execution *e = executions; e; e = e->next)
		if (e->connection == c && e->id == id && !(e->exited && e->finished)) return e;
	return NULL;
}

static void order(struct execution *e, struct order order) {
	if (is_running(e) && e->control.fd >= 0) send(e->control.fd, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void end_execution(struct execution *e, uint8_t cause, uint32_t grace_ms) {
	if (e->cause == CAUSE_NONE && !e->leader_done) e->cause = cause;
	order(e, (struct order){.type = KEEPER_KILL, .grace_ms = grace_ms});
}

/* --- what the client is told --- */

static void refuse(struct connection *c, uint32_t id, uint32_t stage, uint32_t error) {
	struct buffer *b = connection_frame(c, MSG_REFUSED, id, 8);
	put_u32(b, stage);
	put_u32(b, error);
}

static void done(struct connection *c, uint32_t id, uint32_t error) {
	put_u32(connection_frame(c, MSG_DONE, id, 4), error);
}

static void tell_exited(struct execution *e) {
	struct counters after;
	uint32_t status = e->leader.wait_status, flags = 0;
	cgroup_read(&after);
	if (e->leader_done && WIFEXITED(status)) flags |= EXITED_CODE;
	if (e->leader_done && WIFSIGNALED(status)) flags |= EXITED_SIGNAL;
	if (e->leader.killed) flags |= EXITED_BY_SUPERVISOR;
	if (e->shared) flags |= EXITED_SHARED;
	if (!e->finished) flags |= EXITED_BACKGROUND;
	struct buffer *b = connection_frame(e->connection, MSG_EXITED, e->id, 1 + 1 + 1 + 1 + 4 + 4 * 8 + 2 * sizeof after);
	put_u8(b, e->cause);
	put_u8(b, (uint8_t)flags);
	put_u8(b, flags & EXITED_CODE ? (uint8_t)WEXITSTATUS(status) : 0);
	put_u8(b, flags & EXITED_SIGNAL ? (uint8_t)WTERMSIG(status) : 0);
	put_u32(b, e->last.survivors);
	put_u64(b, loop_now_ns() - e->started_ns);
	put_u64(b, e->last.user_us);
	put_u64(b, e->last.system_us);
	put_u64(b, e->last.peak_bytes);
	for (int i = 0; i < COUNTER_COUNT; i++) put_u64(b, ((uint64_t *)&e->before)[i]);
	for (int i = 0; i < COUNTER_COUNT; i++) put_u64(b, ((uint64_t *)&after)[i]);
	e->exited = true;
}

/* --- output --- */

/* Nothing that belongs to the answer can be written any more. */
static bool is_over(const struct execution *e) {
	return e->finished || (e->leader_done && e->flags & EXECUTE_KEEP && e->cause == CAUSE_NONE);
}

/* Output that nobody is told of: of a gone client, or of processes that were kept. */
static void discard(struct execution *e, int stream) {
	static uint8_t nowhere[CHUNK];
	ssize_t n = read(e->stdio[stream].fd, nowhere, sizeof nowhere);
	if (n == 0 || (n < 0 && (e->finished || (errno != EAGAIN && errno != EINTR)))) loop_close(&e->stdio[stream]);
	else loop_arm(&e->stdio[stream], EPOLLIN);
}

/* Passes one chunk on; false where there is none, or no leave to send it. */
static bool pump(struct execution *e, int stream) {
	struct source *source = &e->stdio[stream];
	struct buffer *queue = &e->connection->queued;
	size_t size = e->credit[stream] < CHUNK ? e->credit[stream] : CHUNK;
	if (size == 0 || buffer_length(queue) >= QUEUE_HIGH) {
		loop_arm(source, 0);
		return false;
	}
	uint8_t *at = buffer_reserve(queue, FRAME_HEADER + size);
	ssize_t n = read(source->fd, at + FRAME_HEADER, size);
	if (n > 0) {
		connection_frame(e->connection, stream == STDOUT ? MSG_STDOUT : MSG_STDERR, e->id, (uint32_t)n);
		queue->end += (size_t)n;
		e->credit[stream] -= (uint32_t)n;
		loop_arm(source, EPOLLIN);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		e->drained[stream] = is_over(e); /* a pipe that somebody else still holds delays nothing */
		loop_arm(source, EPOLLIN);
	} else {
		e->drained[stream] = true;
		loop_close(source);
	}
	return false;
}

/* Goes on as far as credit, queue and pipes allow; tells the end once all output has been passed on. */
static void advance(struct execution *e) {
	bool drained = true;
	if (e->refused) return;
	for (int i = STDOUT; i <= STDERR; i++) {
		if (e->stdio[i].fd < 0) continue;
		if (!e->connection || e->exited) {
			discard(e, i);
			continue;
		}
		while (pump(e, i) && is_over(e)) {}
		drained = drained && e->drained[i];
	}
	if (!is_over(e) || !drained || e->exited) return;
	if (e->connection) tell_exited(e);
	e->exited = true;
	for (int i = STDOUT; i <= STDERR && e->finished; i++) loop_close(&e->stdio[i]);
}

static void on_output(struct source *source, uint32_t events) {
	(void)events;
	struct execution *e = source->owner;
	advance(e);
	if (e->connection) connection_flush(e->connection);
}

void execution_resume(struct connection *c) {
	for (struct execution *e = executions; e; e = e->next)
		if (e->connection == c && !e->exited && !e->refused)
			for (int i = STDOUT; i <= STDERR; i++)
				if (e->stdio[i].fd >= 0 && e->stdio[i].armed == 0 && e->credit[i] > 0) loop_arm(&e->stdio[i], EPOLLIN);
}

void execution_credit(struct connection *c, uint32_t id, uint8_t stream, uint32_t bytes) {
	struct execution *e = find(c, id);
	if (!e || (stream != STDOUT && stream != STDERR)) return;
	e->credit[stream] = bytes > UINT32_MAX - e->credit[stream] ? UINT32_MAX : e->credit[stream] + bytes;
	advance(e);
}

/* --- input --- */

static void feed(struct execution *e) {
	size_t written = 0;
	while (e->stdio[STDIN].fd >= 0 && buffer_length(&e->input) > 0) {
		ssize_t n = write(e->stdio[STDIN].fd, e->input.data + e->input.start, buffer_length(&e->input));
		if (n < 0 && errno == EINTR) continue;
		if (n < 0 && errno == EAGAIN) break;
		if (n < 0) loop_close(&e->stdio[STDIN]); /* the program reads no more */
		else buffer_consume(&e->input, (size_t)n);
		if (n > 0) written += (size_t)n;
	}
	if (e->stdio[STDIN].fd < 0) {
		written += buffer_length(&e->input);
		buffer_consume(&e->input, buffer_length(&e->input));
	}
	if (buffer_length(&e->input) == 0 && e->input_ended) loop_close(&e->stdio[STDIN]);
	loop_arm(&e->stdio[STDIN], buffer_length(&e->input) > 0 ? EPOLLOUT : 0);
	if (written == 0 || !e->connection || e->exited) return;
	e->input_window += (uint32_t)written;
	put_u32(connection_frame(e->connection, MSG_STDIN_CREDIT, e->id, 4), (uint32_t)written);
}

static void on_input(struct source *source, uint32_t events) {
	(void)events;
	struct execution *e = source->owner;
	feed(e);
	if (e->connection) connection_flush(e->connection);
}

bool execution_stdin(struct connection *c, uint32_t id, const uint8_t *data, size_t count) {
	struct execution *e = find(c, id);
	if (!e || e->input_ended) return true; /* it ended while this was under way */
	if (!(e->flags & EXECUTE_STDIN) || count > e->input_window) return false;
	e->input_window -= (uint32_t)count;
	buffer_append(&e->input, data, count);
	feed(e);
	return true;
}

void execution_stdin_end(struct connection *c, uint32_t id) {
	struct execution *e = find(c, id);
	if (!e) return;
	e->input_ended = true;
	feed(e);
}

/* --- what the keeper reports --- */

static void finish(struct execution *e) {
	if (e->finished) return;
	e->finished = true;
	e->last.type = REPORT_FINISHED;
	loop_close(&e->stdio[STDIN]);
	advance(e);
}

static void on_report(struct source *source, uint32_t events) {
	(void)events;
	struct execution *e = source->owner;
	struct report report;
	ssize_t n = recv(source->fd, &report, sizeof report, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (n != sizeof report) {
		loop_close(source);
		finish(e);
	} else {
		if (report.type != REPORT_FROZEN && report.type != REPORT_THAWED) e->last = report;
		switch (report.type) {
		case REPORT_STARTED:
			if (e->connection) put_u32(connection_frame(e->connection, MSG_STARTED, e->id, 4), report.pid);
			break;
		case REPORT_REFUSED:
			if (e->connection) refuse(e->connection, e->id, report.refusal.stage, report.refusal.error);
			e->refused = e->finished = true;
			break;
		case REPORT_LEADER:
			e->leader = report;
			e->leader_done = true;
			advance(e);
			break;
		case REPORT_FINISHED: finish(e); break;
		case REPORT_FROZEN: e->frozen = true; break;
		case REPORT_THAWED: e->frozen = false; break;
		}
	}
	if (e->connection) connection_flush(e->connection);
}

/* Without its keeper a tree hangs directly below PID 1: ends it there. */
static void kill_orphans(void) {
	for (int pass = 0; pass < 64; pass++) {
		struct process *p;
		size_t count = tree_scan(&p), orphans = 0;
		for (size_t i = 0; i < count; i++) {
			bool keeper = p[i].parent != 1;
			for (struct execution *e = executions; e && !keeper; e = e->next) keeper = e->keeper == p[i].pid;
			if (!keeper && !p[i].dead) orphans++, kill(p[i].pid, SIGKILL);
		}
		if (orphans == 0) return;
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0) {}
	}
}

void execution_keeper_died(pid_t pid) {
	for (struct execution *e = executions; e; e = e->next) {
		if (e->keeper != pid) continue;
		e->keeper = 0;
		/* What it reported before its end comes first. */
		while (e->control.fd >= 0 && !e->finished) on_report(&e->control, 0);
		if (!e->refused && e->last.type != REPORT_FINISHED) kill_orphans();
		loop_close(&e->control);
		return;
	}
}

/* --- starting --- */

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

static bool spawn(struct execution *e, const struct command *command) {
	int stdio[3] = {-1, -1, -1}, control[2] = {-1, -1};
	bool ready = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == 0;
	for (int i = command->flags & EXECUTE_STDIN ? STDIN : STDOUT; ready && i <= STDERR; i++)
		ready = open_pipe(e, i, &stdio[i], command->uid, command->gid);
	e->keeper = ready ? fork() : -1;
	if (e->keeper == 0) keeper_run(command, stdio, control[1]);
	int error = errno;
	for (int i = 0; i < 3; i++)
		if (stdio[i] >= 0) close(stdio[i]);
	if (control[1] >= 0) close(control[1]);
	e->control.fd = control[0];
	errno = error;
	return e->keeper > 0;
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
	e->control = (struct source){-1, 0, on_report, e};
	for (int i = STDIN; i <= STDERR; i++) e->stdio[i] = (struct source){-1, 0, i == STDIN ? on_input : on_output, e};
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
	if (!spawn(e, command)) {
		refuse(c, e->id, STAGE_LIMIT, (uint32_t)errno);
		e->refused = e->finished = true;
		return;
	}
	loop_arm(&e->control, EPOLLIN);
	for (int i = STDOUT; i <= STDERR; i++)
		if (e->credit[i] > 0) loop_arm(&e->stdio[i], EPOLLIN);
}

bool execution_start(struct connection *c, uint32_t id, struct reader *r) {
	struct command command = {.flags = read_u32(r), .uid = read_u32(r), .gid = read_u32(r)};
	uint32_t timeout_ms = read_u32(r), grace_ms = read_u32(r), credit_out = read_u32(r), credit_err = read_u32(r);
	uint32_t argc = read_u32(r), envc = read_u32(r);
	bool files = command.flags & EXECUTE_FILES, privileged = command.flags & EXECUTE_PRIVILEGED;
	command.directory = read_string(r);
	bool whole = read_strings(r, argc, &command.argv) && read_strings(r, envc, &command.env) && r->left == 0;
	whole = whole && (files || argc > 0) && (files || !privileged) && !find(c, id);
	if (whole && !privileged && (command.uid == 0 || command.gid == 0)) refuse(c, id, STAGE_IDENTITY, EPERM);
	else if (whole && frozen_by && !files) refuse(c, id, STAGE_FROZEN, EBUSY);
	else if (whole) {
		struct execution *e = execution_count < MAX_EXECUTIONS ? create(c, id, command.flags) : NULL;
		if (e) {
			e->grace_ms = grace_ms;
			e->credit[STDOUT] = credit_out;
			e->credit[STDERR] = credit_err;
			launch(c, e, &command, timeout_ms);
		} else refuse(c, id, STAGE_LIMIT, EAGAIN);
	}
	free(command.argv);
	free(command.env);
	return whole;
}

/* --- orders from the client --- */

void execution_signal(struct connection *c, uint32_t id, uint8_t signal, bool tree) {
	struct execution *e = find(c, id);
	if (e) order(e, (struct order){.type = KEEPER_SIGNAL, .signal = signal, .tree = tree});
}

void execution_cancel(struct connection *c, uint32_t id, uint8_t cause, uint32_t grace_ms) {
	struct execution *e = find(c, id);
	if (e) end_execution(e, cause, grace_ms);
}

static void await_all(struct connection *c, uint32_t id, int what) {
	struct pending *p = calloc(1, sizeof *p);
	if (!p) _exit(71);
	*p = (struct pending){c, id, last_serial, what, pendings};
	pendings = p;
}

void execution_cancel_all(struct connection *c, uint32_t id, uint8_t cause, uint32_t grace_ms) {
	for (struct execution *e = executions; e; e = e->next)
		if (is_program(e)) end_execution(e, cause, grace_ms);
	await_all(c, id, PENDING_END);
}

static void freeze_all(bool freeze) {
	for (struct execution *e = executions; e; e = e->next)
		if (is_program(e)) order(e, (struct order){.type = freeze ? KEEPER_FREEZE : KEEPER_THAW});
}

void execution_freeze(struct connection *c, uint32_t id, bool freeze) {
	if (frozen_by && frozen_by != c) return done(c, id, EBUSY);
	frozen_by = freeze ? c : NULL;
	freeze_all(freeze);
	await_all(c, id, freeze ? PENDING_FREEZE : PENDING_THAW);
}

void execution_abandon(struct connection *c) {
	for (struct execution *e = executions; e; e = e->next) {
		if (e->connection != c) continue;
		e->connection = NULL;
		end_execution(e, CAUSE_DISCONNECTED, 0);
		advance(e);
	}
	for (struct pending *p = pendings; p; p = p->next)
		if (p->connection == c) p->connection = NULL;
	if (frozen_by != c) return;
	frozen_by = NULL;
	freeze_all(false);
}

/* --- between turns --- */

int64_t execution_deadline(void) {
	int64_t next = -1, now = loop_now_ms();
	for (struct execution *e = executions; e; e = e->next) {
		if (e->deadline_ms < 0 || !is_running(e)) continue;
		if (e->deadline_ms <= now) {
			e->deadline_ms = -1;
			end_execution(e, CAUSE_TIMEOUT, e->grace_ms);
		} else if (next < 0 || e->deadline_ms < next) next = e->deadline_ms;
	}
	return next;
}

static bool is_settled(const struct pending *p) {
	for (struct execution *e = executions; e; e = e->next) {
		if (!is_program(e) || e->serial > p->serial || !is_running(e)) continue;
		if (p->what == PENDING_END || e->frozen != (p->what == PENDING_FREEZE)) return false;
	}
	return true;
}

static void answer_pendings(void) {
	for (struct pending **at = &pendings; *at;) {
		struct pending *p = *at;
		if (p->connection && !is_settled(p)) {
			at = &p->next;
			continue;
		}
		if (p->connection) {
			done(p->connection, p->id, 0);
			connection_flush(p->connection);
		}
		*at = p->next;
		free(p);
	}
}

void execution_sweep(void) {
	answer_pendings();
	for (struct execution **at = &executions; *at;) {
		struct execution *e = *at;
		if (!e->finished || (!e->exited && !e->refused)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		execution_count--;
		loop_close(&e->control);
		for (int i = STDIN; i <= STDERR; i++) loop_close(&e->stdio[i]);
		buffer_free(&e->input);
		free(e);
	}
}
