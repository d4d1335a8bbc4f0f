/* The keeper: one process per execution that holds its tree, so that nothing gets away from it. */
#ifndef PARACLE_KEEPER_H
#define PARACLE_KEEPER_H

#include <stdint.h>

#include "child.h"

enum { KEEPER_SIGNAL = 1, KEEPER_KILL, KEEPER_FREEZE, KEEPER_THAW };

/* From PID 1 to the keeper. */
struct order {
	uint32_t type;
	uint32_t signal;   /* KEEPER_SIGNAL */
	uint32_t tree;     /* KEEPER_SIGNAL: the whole tree instead of the leader */
	uint32_t grace_ms; /* KEEPER_KILL: between TERM and KILL */
};

enum { REPORT_STARTED = 1, REPORT_REFUSED, REPORT_LEADER, REPORT_FINISHED, REPORT_FROZEN, REPORT_THAWED };

/* From the keeper to PID 1. */
struct report {
	uint32_t type;
	uint32_t pid;            /* REPORT_STARTED */
	struct refusal refusal;  /* REPORT_REFUSED */
	uint32_t wait_status;    /* REPORT_LEADER */
	uint32_t killed;         /* REPORT_LEADER: the keeper had sent SIGKILL by then */
	uint32_t survivors;      /* REPORT_FINISHED: that even SIGKILL did not end; REPORT_LEADER: whether any is left */
	uint64_t user_us, system_us, peak_bytes; /* of the tree so far, its largest process */
};

/* Runs the keeper in a process just forked by PID 1; `control` speaks orders and reports. */
_Noreturn void keeper_run(const struct command *command, const int stdio[3], int control);

#endif
