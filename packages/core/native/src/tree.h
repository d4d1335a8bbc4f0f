/* The tree of processes below the calling process, read from /proc. */
#ifndef PARACLE_TREE_H
#define PARACLE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
	pid_t pid, parent, group;
	bool idle;   /* stopped, or dead and not yet collected: it can start nothing */
	bool dead;
	bool member; /* descends from the caller */
};

/* Reads the descendants of the calling process, itself left out; returns how many there are. */
size_t tree_scan(struct process **processes);
/* Sends a signal to every descendant. */
void tree_signal(int signal);
/* Stops every descendant so that none can fork any more: a process that is merely killed frees its
 * slot for the next child of a fork bomb, a stopped one keeps it. Given up after the limit, since a
 * neighbour of the same user can let them go on as often as it likes. For so long as `ordered_ms` parents
 * come before their children, which may undo it: a shell with job control that sees its job stop, be it for
 * an instant, takes the terminal away from it. */
void tree_stop(int limit_ms, int ordered_ms);
/* Sends SIGKILL until no descendant is alive, for a bounded number of passes. Collects none of the
 * dead: they keep their slots as well. */
void tree_kill(void);
/* Lets all go on but those that were stopped before tree_stop, children first. */
void tree_continue(void);

#endif
