/* Executions as PID 1 sees them: pipes, credit, time-outs, and a keeper each. */
#ifndef PARACLE_EXECUTION_H
#define PARACLE_EXECUTION_H

#include <stdint.h>
#include <sys/types.h>

#include "connection.h"

/* A guard's PID 1: its image is our own, and what holds a firewall is no program of anybody else. */
extern bool trusts_programs;

/* The messages of one connection that concern its executions; false: the message is malformed. */
bool execution_start(struct connection *c, uint32_t id, struct reader *r);
bool execution_stdin(struct connection *c, uint32_t id, const uint8_t *data, size_t count);
bool execution_resize(struct connection *c, uint32_t id, struct reader *r);
void execution_stdin_end(struct connection *c, uint32_t id);
void execution_credit(struct connection *c, uint32_t id, uint8_t stream, uint32_t bytes);
void execution_signal(struct connection *c, uint32_t id, uint8_t signal, bool tree);
void execution_cancel(struct connection *c, uint32_t id, uint8_t cause, uint32_t grace_ms);

/* For all programs of all connections; MSG_DONE follows once every keeper has obeyed. */
void execution_cancel_all(struct connection *c, uint32_t id, uint8_t cause, uint32_t grace_ms);
void execution_freeze(struct connection *c, uint32_t id, bool freeze);

/* The connection is gone: kills what it started, lets go on what it had frozen. */
void execution_abandon(struct connection *c);
/* Its queue has room again. */
void execution_resume(struct connection *c);
/* When the next time-out is due, -1 for never; those that are due are enforced. */
int64_t execution_deadline(void);
/* A keeper was collected. */
void execution_keeper_died(pid_t pid);
/* Frees what has ended; called between turns of the loop. */
void execution_sweep(void);

#endif
