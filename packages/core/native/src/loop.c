#include "loop.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };

static int epoll = -1;
static struct epoll_event events[BATCH];
static int event_count;

void loop_open(void) { epoll = epoll_create1(EPOLL_CLOEXEC); }

void loop_arm(struct source *source, uint32_t wanted) {
	if (source->fd < 0 || source->armed == wanted) return;
	struct epoll_event event = {.events = wanted, .data.ptr = source};
	int operation = wanted == 0 ? EPOLL_CTL_DEL : source->armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
	if (epoll_ctl(epoll, operation, source->fd, &event) == 0) source->armed = wanted;
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
	int64_t left = deadline_ms < 0 ? -1 : deadline_ms - loop_now_ms();
	event_count = epoll_wait(epoll, events, BATCH, deadline_ms >= 0 && left < 0 ? 0 : (int)left);
	for (int i = 0; i < event_count; i++) {
		struct source *source = events[i].data.ptr;
		if (source) source->ready(source, events[i].events);
	}
	event_count = 0;
}

uint64_t loop_now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t loop_now_ms(void) { return (int64_t)(loop_now_ns() / 1000000); }
