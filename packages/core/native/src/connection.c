#include "connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "execution.h"
#include "protocol.h"

enum { READ_SIZE = 64 * 1024, NONCE = 16, BUILD_ID = 32, EXIT_OWNER_GONE = 0, EXIT_PROTOCOL = 70 };

static struct connection *connections;
static int connection_count;
static struct source listener = {.fd = -1};

struct buffer *connection_frame(struct connection *c, uint8_t type, uint32_t id, uint32_t length) {
	put_u32(&c->queued, length);
	put_u8(&c->queued, FRAME_MAGIC);
	put_u8(&c->queued, type);
	put_u16(&c->queued, 0);
	put_u32(&c->queued, id);
	return &c->queued;
}

void connection_close(struct connection *c) {
	if (c->closing) return;
	if (c->is_owner) _exit(EXIT_OWNER_GONE); /* the kernel ends every process of the sandbox with PID 1 */
	c->closing = true;
	connection_count--;
	execution_abandon(c);
	loop_close(&c->in);
	loop_close(&c->out);
}

/* Hands over what the kernel takes; false where the connection is gone. */
static bool write_queue(struct connection *c) {
	while (buffer_length(&c->queued) > 0) {
		ssize_t n = write(c->out.fd, c->queued.data + c->queued.start, buffer_length(&c->queued));
		if (n < 0 && errno == EINTR) continue;
		if (n < 0 && errno == EAGAIN) break;
		if (n <= 0) return false;
		buffer_consume(&c->queued, (size_t)n);
	}
	loop_arm(&c->out, buffer_length(&c->queued) > 0 ? EPOLLOUT : 0);
	return true;
}

void connection_flush(struct connection *c) {
	if (c->closing) return;
	if (!write_queue(c)) return connection_close(c);
	if (buffer_length(&c->queued) > QUEUE_LIMIT) return connection_close(c);
	/* One that sends but never reads is not listened to until it does. */
	loop_arm(&c->in, buffer_length(&c->queued) > QUEUE_LIMIT / 2 ? 0 : EPOLLIN);
	if (buffer_length(&c->queued) < QUEUE_HIGH) execution_resume(c);
}

void connection_fail(struct connection *c, const char *why) {
	buffer_append(connection_frame(c, MSG_PROTOCOL_ERROR, 0, (uint32_t)strlen(why)), why, strlen(why));
	connection_flush(c);
	if (c->is_owner) _exit(EXIT_PROTOCOL);
	connection_close(c);
}

static bool greet(struct connection *c, struct reader *r) {
	uint16_t version = read_u16(r);
	if (r->left != NONCE || version != PROTOCOL_VERSION) {
		connection_fail(c, "unknown protocol version");
		return true;
	}
	static const char build_id[BUILD_ID + 1] = PARACLE_BUILD_ID;
	struct buffer *b = connection_frame(c, MSG_WELCOME, 0, 2 + NONCE + BUILD_ID + 1 + 1 + 1 + 8);
	put_u16(b, PROTOCOL_VERSION);
	buffer_append(b, r->at, NONCE);
	buffer_append(b, build_id, BUILD_ID);
	put_u8(b, c->is_owner);
	put_u8(b, listener.fd >= 0);
	put_u8(b, (uint8_t)cgroup_version());
	put_u64(b, clock_earliest());
	c->greeted = true;
	return true;
}

static void answer_counters(struct connection *c, uint32_t id) {
	struct counters counters;
	struct usage usage;
	cgroup_read(&counters);
	cgroup_read_usage(&usage);
	struct buffer *b = connection_frame(c, MSG_COUNTERS_REPLY, id, sizeof counters + sizeof usage);
	for (int i = 0; i < COUNTER_COUNT; i++) put_u64(b, ((uint64_t *)&counters)[i]);
	for (int i = 0; i < USAGE_COUNT; i++) put_u64(b, ((uint64_t *)&usage)[i]);
}

/* What has a stream, signal or cause, and an amount, flag or time to it. */
static void dispatch_order(struct connection *c, uint8_t type, uint32_t id, struct reader *r) {
	uint8_t what = read_u8(r);
	uint32_t value = type == MSG_SIGNAL ? read_u8(r) : read_u32(r);
	if (r->bad) return;
	if (type == MSG_CREDIT) execution_credit(c, id, what, value);
	else if (type == MSG_SIGNAL) execution_signal(c, id, what, value != 0);
	else if (type == MSG_CANCEL) execution_cancel(c, id, what, value);
	else execution_cancel_all(c, id, what, value);
}

/* False where the frame makes no sense. */
static bool dispatch(struct connection *c, uint8_t type, uint32_t id, struct reader *r) {
	if (!c->greeted) return type == MSG_HELLO && greet(c, r);
	switch (type) {
	case MSG_EXECUTE: return execution_start(c, id, r);
	case MSG_STDIN: return execution_stdin(c, id, r->at, r->left);
	case MSG_STDIN_END: execution_stdin_end(c, id); break;
	case MSG_CREDIT:
	case MSG_SIGNAL:
	case MSG_CANCEL:
	case MSG_CANCEL_ALL: dispatch_order(c, type, id, r); break;
	case MSG_COUNTERS: answer_counters(c, id); break;
	case MSG_FREEZE: execution_freeze(c, id, true); break;
	case MSG_THAW: execution_freeze(c, id, false); break;
	case MSG_PING: put_u32(connection_frame(c, MSG_DONE, id, 4), 0); break;
	case MSG_SHUTDOWN: _exit(EXIT_OWNER_GONE);
	case MSG_RESIZE: return execution_resize(c, id, r);
	default: return false;
	}
	return !r->bad;
}

/* Handles every whole frame that was received. */
static void handle_frames(struct connection *c) {
	while (!c->closing && buffer_length(&c->received) >= FRAME_HEADER) {
		struct reader r = {c->received.data + c->received.start, FRAME_HEADER, false};
		uint32_t length = read_u32(&r);
		uint8_t magic = read_u8(&r), type = read_u8(&r);
		uint16_t zero = read_u16(&r);
		uint32_t id = read_u32(&r);
		uint32_t limit = type == MSG_EXECUTE ? FRAME_MAX_IN : FRAME_MAX_OUT;
		if (magic != FRAME_MAGIC || zero != 0 || length > limit)
			return connection_fail(c, "bytes that are no frame (did somebody else attach?)");
		if (buffer_length(&c->received) < FRAME_HEADER + length) return;
		struct reader body = {r.at, length, false};
		if (!dispatch(c, type, id, &body)) return connection_fail(c, "malformed message");
		if (c->closing) return;
		buffer_consume(&c->received, FRAME_HEADER + length);
	}
}

static void on_readable(struct source *source, uint32_t events) {
	(void)events;
	struct connection *c = source->owner;
	uint8_t *at = buffer_reserve(&c->received, READ_SIZE);
	ssize_t n = read(source->fd, at, READ_SIZE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (n <= 0) return connection_close(c);
	c->received.end += (size_t)n;
	handle_frames(c);
	if (!c->closing) connection_flush(c);
}

static void on_writable(struct source *source, uint32_t events) {
	(void)events;
	connection_flush(source->owner);
}

void connection_open(int in, int out, bool is_owner) {
	struct connection *c = calloc(1, sizeof *c);
	if (!c) _exit(71);
	c->in = (struct source){.fd = in, .ready = on_readable, .owner = c};
	c->out = (struct source){.fd = out, .ready = on_writable, .owner = c};
	c->is_owner = is_owner;
	c->next = connections;
	connections = c;
	connection_count++;
	fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
	fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
	loop_arm(&c->in, EPOLLIN);
	if (c->in.armed == 0) connection_close(c); /* /dev/null or a file: nobody is there */
}

static void on_relay(struct source *source, uint32_t events) {
	(void)events;
	struct ucred peer;
	socklen_t size = sizeof peer;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) return;
	int copy = -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0 &&
	    connection_count < MAX_CONNECTIONS)
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy >= 0) connection_open(fd, copy, false);
	else close(fd);
}

bool connection_listen(void) {
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);
	unlink(SOCKET_PATH); /* a restarted container keeps nothing, but costs nothing to be sure */
	bool listening = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0;
	umask(before);
	if (!listening) return false;
	listener = (struct source){.fd = fd, .ready = on_relay};
	loop_arm(&listener, EPOLLIN);
	return true;
}

void connection_sweep(void) {
	for (struct connection **at = &connections; *at;) {
		struct connection *c = *at;
		if (!c->closing) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		buffer_free(&c->received);
		buffer_free(&c->queued);
		free(c);
	}
}
