/* Extended attributes: those that a program may set and this service can put back. */
#ifndef PARACLE_XATTRS_H
#define PARACLE_XATTRS_H

#include <stdbool.h>

#include "wire.h"

/* ENTRY_XATTRS where there are any, ENTRY_CAPABILITIES; 0 on a symbolic link. */
uint32_t xattrs_flags(int parent, const char *name);
/* The same of a file or directory that nothing else can stand in for: three times as fast. */
uint32_t xattrs_flags_at(const char *path);
/* Answers with each: its name, NUL, its value. */
int xattrs_read(int parent, const char *name);
/* Leaves exactly those that the reader has: name, NUL, u32 length, value, one after another. */
int xattrs_write(int parent, const char *name, struct reader *wanted);

#endif
