/* Listing and removing trees. */
#ifndef PARACLE_WALK_H
#define PARACLE_WALK_H

#include <stdint.h>

/* Answers with every path below and including `path`; what is mounted there is skipped and named. */
int walk_tree(const char *path);
/* Sums up what walk_tree would list, all of it and what changed since a moment, in seconds since 1970, and answers
 * with bytes and entries of each. */
int walk_space(const char *path, int64_t since);
/* Answers with the one entry. */
int walk_entry(int parent, const char *name);
/* Removes an entry and all below it, but nothing that is mounted there (EXDEV); one that does not exist is fine. */
int walk_remove(int parent, const char *name);

#endif
