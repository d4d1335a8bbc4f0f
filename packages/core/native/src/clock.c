#include "clock.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "protocol.h"

/* File times lag behind by a tick, and a step of the clock is heard of a little later. */
static const uint64_t MARGIN_NS = 2000000000;

static uint64_t earliest = UINT64_MAX;
static int kept = -1;

uint64_t clock_earliest(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - MARGIN_NS;
	if (ns < earliest) {
		earliest = ns;
		/* On a full disk it is known for as long as this process lives. */
		if (kept >= 0 && getpid() == 1 && pwrite(kept, &earliest, sizeof earliest, 0) < 0) return earliest;
	}
	return earliest;
}

static void on_step(struct source *source, uint32_t events) {
	(void)events;
	uint64_t expirations;
	if (read(source->fd, &expirations, sizeof expirations) < 0) clock_earliest(); /* ECANCELED: it was set */
}

void clock_open(void) {
	static struct source steps = {.fd = -1, .ready = on_step};
	/* A timer that never expires. Source: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET. */
	static const struct itimerspec never = {.it_value = {.tv_sec = INT32_MAX}};
	static const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
	kept = open(STORE_PATH "/earliest", flags);
	/* It could not be written down at an earlier start: nothing is surely the image's. */
	if (kept >= 0 && pread(kept, &earliest, sizeof earliest, 0) != sizeof earliest) earliest = 0;
	if (kept < 0) kept = open(STORE_PATH "/earliest", flags | O_CREAT, 0600);
	clock_earliest();
	steps.fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	timerfd_settime(steps.fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
	loop_arm(&steps, EPOLLIN);
}
