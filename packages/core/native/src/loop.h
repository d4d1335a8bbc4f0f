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
};

void loop_open(void);
/* Watches for exactly these events; 0 stops watching. */
void loop_arm(struct source *source, uint32_t events);
/* Stops watching and closes the descriptor. */
void loop_close(struct source *source);
/* Handles what is ready, waiting at most until `deadline_ms` (-1: for ever). */
void loop_turn(int64_t deadline_ms);

int64_t loop_now_ms(void);
uint64_t loop_now_ns(void);

#endif
