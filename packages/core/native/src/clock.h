/* What the clock has shown at the earliest since the sandbox was first started: a path whose last change is older has
 * it from the image. */
#ifndef PARACLE_CLOCK_H
#define PARACLE_CLOCK_H

#include <stdint.h>

/* Goes on from what an earlier start of the container left in its store, and watches for steps of the clock. */
void clock_open(void);
/* Nanoseconds since 1970. */
uint64_t clock_earliest(void);

#endif
