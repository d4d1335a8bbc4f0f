/* What execution.c, streams.c and launch.c share; nobody else includes it. */
#ifndef PARACLE_EXECUTION_STATE_H
#define PARACLE_EXECUTION_STATE_H

#include "cgroup.h"
#include "execution.h"
#include "keeper.h"
#include "protocol.h"

enum { STDIN = 0, STDOUT = 1, STDERR = 2 };

struct execution {
	struct connection *connection; /* NULL once it is gone: output is read and dropped */
	uint32_t id, flags;
	uint64_t serial;
	pid_t keeper;
	struct source control, stdio[3];
	struct source terminal; /* the program's end of it */
	uint32_t credit[3];
	uint64_t passed[3]; /* bytes of output so far */
	struct buffer input;
	uint32_t input_window; /* bytes that the client may still send */
	bool input_ended;
	int64_t deadline_ms; /* of the time-out; -1: none */
	uint32_t grace_ms;
	uint8_t cause;
	bool shared, frozen, refused, leader_done, finished, exited, drained[3];
	uint64_t started_ns;
	struct counters before;
	struct report leader, last;
	struct execution *next;
};

extern struct execution *executions;
extern size_t execution_count;
extern struct connection *frozen_by; /* who holds the programs stopped */

static inline bool is_program(const struct execution *e) { return !(e->flags & EXECUTE_FILES); }
static inline bool is_running(const struct execution *e) { return !e->finished && !e->refused; }

struct execution *execution_find(struct connection *c, uint32_t id);
void execution_refuse(struct connection *c, uint32_t id, uint32_t stage, uint32_t error);

/* streams.c: goes on as far as credit, queue and pipes allow; tells the end once all output has been
 * passed on. */
void execution_advance(struct execution *e);
void execution_on_output(struct source *source, uint32_t events);
void execution_on_input(struct source *source, uint32_t events);
/* launch.c: the serial number of the execution that was started last. */
uint64_t execution_last_serial(void);
/* execution.c */
void execution_on_report(struct source *source, uint32_t events);

#endif
