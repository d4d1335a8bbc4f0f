/* Executions: what becomes of them, and what is ordered of their keepers. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "execution-state.h"
#include "tree.h"

enum { MAX_UNREAD = 32 * 1024 };
/* How long PID 1, which does nothing else meanwhile, sees to what a lost keeper left behind. On a busy machine
 * a killed process waits this long for its turn to die. */
enum { ORPHANS_MS = 1000 };

/* Something that is answered once all executions up to a serial number have got there. */
struct pending {
	struct connection *connection;
	uint32_t id;
	uint64_t serial;
	enum { PENDING_END, PENDING_FREEZE, PENDING_THAW } what;
	struct pending *next;
};

struct execution *executions;
static struct pending *pendings;
size_t execution_count;
struct connection *frozen_by;

struct execution *execution_find(struct connection *c, uint32_t id) {
	for (struct execution *e = executions; e; e = e->next)
		if (e->connection == c && e->id == id && !(e->exited && e->finished)) return e;
	return NULL;
}

void execution_refuse(struct connection *c, uint32_t id, uint32_t stage, uint32_t error) {
	struct buffer *b = connection_frame(c, MSG_REFUSED, id, 8);
	put_u32(b, stage);
	put_u32(b, error);
}

static void done(struct connection *c, uint32_t id, uint32_t error) {
	put_u32(connection_frame(c, MSG_DONE, id, 4), error);
}

static void order(struct execution *e, struct order order) {
	int unread = 0;
	if (!is_running(e) || e->control.fd < 0) return;
	/* A flood of signals, which the kernel would merge anyway, must leave room for the end. */
	if (order.type == KEEPER_SIGNAL && ioctl(e->control.fd, TIOCOUTQ, &unread) == 0 && unread > MAX_UNREAD) return;
	send(e->control.fd, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void end_execution(struct execution *e, uint8_t cause, uint32_t grace_ms) {
	if (e->cause == CAUSE_NONE && !e->leader_done) e->cause = cause;
	order(e, (struct order){.type = KEEPER_KILL, .grace_ms = grace_ms});
}

/* --- what the keeper reports --- */

static void finish(struct execution *e) {
	if (e->finished) return;
	e->finished = true;
	loop_close(&e->stdio[STDIN]);
	execution_advance(e);
}

void execution_on_report(struct source *source, uint32_t events) {
	(void)events;
	struct execution *e = source->owner;
	struct report report;
	ssize_t n = recv(source->fd, &report, sizeof report, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (n != sizeof report) {
		loop_close(source); /* a keeper that still lives ends its tree now; its death is what counts */
	} else {
		if (report.type != REPORT_FROZEN && report.type != REPORT_THAWED) e->last = report;
		switch (report.type) {
		case REPORT_STARTED:
			if (e->connection) put_u32(connection_frame(e->connection, MSG_STARTED, e->id, 4), report.pid);
			break;
		case REPORT_REFUSED:
			if (e->connection) execution_refuse(e->connection, e->id, report.refusal.stage, report.refusal.error);
			e->refused = e->finished = true;
			break;
		case REPORT_LEADER:
			e->leader = report;
			e->leader_done = true;
			execution_advance(e);
			break;
		case REPORT_FINISHED: finish(e); break;
		case REPORT_FROZEN: e->frozen = true; break;
		case REPORT_THAWED: e->frozen = false; break;
		}
	}
	if (e->connection) connection_flush(e->connection);
}

/* Without its keeper a tree hangs directly below PID 1: ends it there. How many are left. */
static uint32_t kill_orphans(void) {
	uint32_t orphans = 0;
	int64_t end = loop_now_ms() + ORPHANS_MS;
	do {
		struct process *p;
		size_t count = tree_scan(&p);
		orphans = 0;
		for (size_t i = 0; i < count; i++) {
			bool keeper = p[i].parent != 1;
			for (struct execution *e = executions; e && !keeper; e = e->next) keeper = e->keeper == p[i].pid;
			if (!keeper && !p[i].dead) orphans++, kill(p[i].pid, SIGKILL);
		}
		poll(NULL, 0, orphans > 0); /* what is below them comes up once they are gone; main.c collects */
	} while (orphans > 0 && loop_now_ms() < end);
	return orphans;
}

void execution_keeper_died(pid_t pid) {
	for (struct execution *e = executions; e; e = e->next) {
		if (e->keeper != pid) continue;
		e->keeper = 0;
		/* What it reported before its end comes first. A child that is no program yet may hold its end open. */
		struct pollfd control = {.fd = e->control.fd, .events = POLLIN};
		while (e->control.fd >= 0 && !e->finished && poll(&control, 1, 0) > 0) execution_on_report(&e->control, 0);
		loop_close(&e->control);
		if (e->finished) return;
		e->last.survivors = kill_orphans();
		finish(e);
		if (e->connection) connection_flush(e->connection);
		return;
	}
}

/* --- orders from the client --- */

void execution_signal(struct connection *c, uint32_t id, uint8_t signal, bool tree) {
	struct execution *e = execution_find(c, id);
	if (e) order(e, (struct order){.type = KEEPER_SIGNAL, .signal = signal, .tree = tree});
}

void execution_cancel(struct connection *c, uint32_t id, uint8_t cause, uint32_t grace_ms) {
	struct execution *e = execution_find(c, id);
	if (e) end_execution(e, cause, grace_ms);
}

static void await_all(struct connection *c, uint32_t id, int what) {
	struct pending *p = calloc(1, sizeof *p);
	if (!p) _exit(71);
	*p = (struct pending){c, id, execution_last_serial(), what, pendings};
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
		execution_advance(e);
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
		loop_close(&e->terminal);
		for (int i = STDIN; i <= STDERR; i++) loop_close(&e->stdio[i]);
		buffer_free(&e->input);
		free(e);
	}
}
