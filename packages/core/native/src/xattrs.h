/* Extended attributes: those that a program may set and this service can put back. */
#ifndef PARACLE_XATTRS_H
#define PARACLE_XATTRS_H

#include <stdbool.h>

#include "wire.h"

/* Whether there are any; never on a symbolic link. */
bool xattrs_exist(int parent, const char *name);
/* Answers with each: its name, NUL, its value. */
int xattrs_read(int parent, const char *name);
/* Leaves exactly those that the reader has: name, NUL, u32 length, value, one after another. */
int xattrs_write(int parent, const char *name, struct reader *wanted);

#endif
