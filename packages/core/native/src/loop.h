/* The event loop: descriptors with handlers, and one deadline for whoever needs one. */
#ifndef PARACLE_LOOP_H
#define PARACLE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* A descriptor that is watched. Level-triggered; a source that must not be heard is taken out of
 * the set altogether, because the kernel reports a hang-up even to those who asked for nothing. */
struct source {
	int fd;
	uint32_t armed;
	void (*ready)(struct source *source, uint32_t events);
	void *owner;
	int64_t paused_until; /* 0: not paused */
	struct source *next_paused;
	int pipe_bytes; /* 0: never asked to be large */
};

void loop_open(void);
/* Watches for exactly these events; 0 stops watching. */
void loop_arm(struct source *source, uint32_t events);
/* Bulk data gets a larger pipe; false where the kernel grants none. */
bool loop_enlarge(struct source *source);
/* Stops watching; `ready` is called once a moment later, with no events. Arming ends the pause. Bulk
 * data gathers meanwhile: a turn for each page of a pipe would take longer than all the copying. */
void loop_pause(struct source *source);
/* Stops watching and closes the descriptor. */
void loop_close(struct source *source);
/* Handles what is ready, waiting at most until `deadline_ms` (-1: for ever). */
void loop_turn(int64_t deadline_ms);

int64_t loop_now_ms(void);
uint64_t loop_now_ns(void);

#endif
