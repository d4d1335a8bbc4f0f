/* Listing and removing trees. */
#ifndef PARACLE_WALK_H
#define PARACLE_WALK_H

/* Answers with every path below and including `path`; what is mounted there is skipped and named. */
int walk_tree(const char *path);
/* Answers with the one entry. */
int walk_entry(int parent, const char *name);
/* Removes an entry and all below it; an entry that does not exist is fine. */
int walk_remove(int parent, const char *name);

#endif
