#include "loop.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, PAUSE_MS = 1, BULK_PIPE = 512 * 1024 };

static int epoll = -1;
static struct epoll_event events[BATCH];
static int event_count;
static struct source *paused;

void loop_open(void) { epoll = epoll_create1(EPOLL_CLOEXEC); }

static void end_pause(struct source *source) {
	struct source **at = &paused;
	while (*at && *at != source) at = &(*at)->next_paused;
	if (*at) *at = source->next_paused;
	source->paused_until = 0;
}

void loop_arm(struct source *source, uint32_t wanted) {
	if (source->paused_until != 0) end_pause(source);
	if (source->fd < 0 || source->armed == wanted) return;
	struct epoll_event event = {.events = wanted, .data.ptr = source};
	int operation = wanted == 0 ? EPOLL_CTL_DEL : source->armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
	if (epoll_ctl(epoll, operation, source->fd, &event) == 0) source->armed = wanted;
}

bool loop_enlarge(struct source *source) {
	if (source->pipe_bytes == 0) source->pipe_bytes = fcntl(source->fd, F_SETPIPE_SZ, BULK_PIPE);
	return source->pipe_bytes >= BULK_PIPE;
}

void loop_pause(struct source *source) {
	loop_arm(source, 0);
	source->paused_until = loop_now_ms() + PAUSE_MS;
	source->next_paused = paused;
	paused = source;
}

static void wake_paused(void) {
	int64_t now = loop_now_ms();
	for (struct source *source = paused; source;) {
		struct source *next = source->next_paused;
		if (source->paused_until <= now) {
			end_pause(source);
			source->ready(source, 0);
			next = paused; /* it may have closed others; what it paused anew is not due yet */
		}
		source = next;
	}
}

void loop_close(struct source *source) {
	if (source->fd < 0) return;
	loop_arm(source, 0);
	close(source->fd);
	source->fd = -1;
	/* Nothing that is still in this turn's batch may reach a closed source. */
	for (int i = 0; i < event_count; i++)
		if (events[i].data.ptr == source) events[i].data.ptr = NULL;
}

void loop_turn(int64_t deadline_ms) {
	for (struct source *source = paused; source; source = source->next_paused)
		if (deadline_ms < 0 || source->paused_until < deadline_ms) deadline_ms = source->paused_until;
	int64_t left = deadline_ms < 0 ? -1 : deadline_ms - loop_now_ms();
	event_count = epoll_wait(epoll, events, BATCH, deadline_ms >= 0 && left < 0 ? 0 : (int)left);
	for (int i = 0; i < event_count; i++) {
		struct source *source = events[i].data.ptr;
		if (source) source->ready(source, events[i].events);
	}
	event_count = 0;
	if (paused) wake_paused();
}

uint64_t loop_now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t loop_now_ms(void) { return (int64_t)(loop_now_ns() / 1000000); }
