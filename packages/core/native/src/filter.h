/* The system calls that no untrusted process needs and that kernels were broken through. */
#ifndef PARACLE_FILTER_H
#define PARACLE_FILTER_H

#include <stdbool.h>

/* Forbids them to this process and all that it will start, beyond what the engine's own profile does. */
bool filter_apply(void);

#endif
