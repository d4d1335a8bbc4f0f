/* The standard streams of executions: output by credit, input by window. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution-state.h"

enum { CHUNK = 60 * 1024 };

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
	put_u32(b, e->finished ? e->last.survivors : 0); /* of a leader it says whether any process is left */
	put_u64(b, loop_now_ns() - e->started_ns);
	put_u64(b, e->last.user_us);
	put_u64(b, e->last.system_us);
	put_u64(b, e->last.peak_bytes);
	for (int i = 0; i < COUNTER_COUNT; i++) put_u64(b, ((uint64_t *)&e->before)[i]);
	for (int i = 0; i < COUNTER_COUNT; i++) put_u64(b, ((uint64_t *)&after)[i]);
	e->exited = true;
}

/* Nothing that belongs to the answer can be written any more. */
static bool is_over(const struct execution *e) {
	return e->finished || (e->leader_done && e->leader.survivors && e->flags & EXECUTE_KEEP && e->cause == CAUSE_NONE);
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
		e->passed[stream] += (uint64_t)n;
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

void execution_advance(struct execution *e) {
	bool drained = true;
	if (e->refused) return;
	for (int i = STDOUT; i <= STDERR; i++) {
		if (e->stdio[i].fd < 0) continue;
		if (!e->connection || e->exited) {
			discard(e, i);
			continue;
		}
		while (pump(e, i) && is_over(e)) {} /* all there is at the end, else one chunk */
		drained = drained && e->drained[i];
	}
	if (!is_over(e) || !drained || e->exited) return;
	if (e->connection) tell_exited(e);
	e->exited = true;
	for (int i = STDOUT; i <= STDERR && e->finished; i++) loop_close(&e->stdio[i]);
}

void execution_on_output(struct source *source, uint32_t events) {
	(void)events;
	struct execution *e = source->owner;
	execution_advance(e);
	if (e->connection) connection_flush(e->connection);
}

void execution_resume(struct connection *c) {
	for (struct execution *e = executions; e; e = e->next)
		if (e->connection == c && !e->exited && !e->refused)
			for (int i = STDOUT; i <= STDERR; i++)
				if (e->stdio[i].fd >= 0 && e->stdio[i].armed == 0 && e->credit[i] > 0)
					loop_arm(&e->stdio[i], EPOLLIN);
}

void execution_credit(struct connection *c, uint32_t id, uint8_t stream, uint32_t bytes) {
	struct execution *e = execution_find(c, id);
	if (!e || (stream != STDOUT && stream != STDERR)) return;
	e->credit[stream] = bytes > UINT32_MAX - e->credit[stream] ? UINT32_MAX : e->credit[stream] + bytes;
	execution_advance(e);
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

void execution_on_input(struct source *source, uint32_t events) {
	(void)events;
	struct execution *e = source->owner;
	feed(e);
	if (e->connection) connection_flush(e->connection);
}

bool execution_stdin(struct connection *c, uint32_t id, const uint8_t *data, size_t count) {
	struct execution *e = execution_find(c, id);
	if (!e || e->input_ended) return true; /* it ended while this was under way */
	if (!(e->flags & (EXECUTE_STDIN | EXECUTE_TERMINAL)) || count > e->input_window) return false;
	e->input_window -= (uint32_t)count;
	buffer_append(&e->input, data, count);
	feed(e);
	return true;
}

void execution_stdin_end(struct connection *c, uint32_t id) {
	struct execution *e = execution_find(c, id);
	if (!e) return;
	e->input_ended = true;
	feed(e);
}

