/* One party's link to the supervisor: the owner's stream or a relay. */
#ifndef PARACLE_CONNECTION_H
#define PARACLE_CONNECTION_H

#include <stdbool.h>

#include "loop.h"
#include "wire.h"

struct connection {
	struct source in, out; /* the same descriptor twice for a relay: out.fd is a duplicate */
	struct buffer received, queued;
	bool is_owner, greeted, closing;
	struct connection *next;
};

/* Takes over the descriptors. */
void connection_open(int in, int out, bool is_owner);
/* Listens for relays on the socket that only uid 0 may use; false where there is none. */
bool connection_listen(void);
/* Ends a connection: its executions are killed. The owner's end is the supervisor's. */
void connection_close(struct connection *c);
/* Frees what was closed; called between turns of the loop. */
void connection_sweep(void);

/* Starts a frame of `length` bytes; the caller appends just these to `c->queued`. */
struct buffer *connection_frame(struct connection *c, uint8_t type, uint32_t id, uint32_t length);
/* Hands the queue to the kernel as far as it takes it. */
void connection_flush(struct connection *c);
/* Says what is wrong and ends the connection. */
void connection_fail(struct connection *c, const char *why);

#endif
