/* Contents by digest in the store volume, and what files.c offers to its neighbours. */
#ifndef PARACLE_STORE_H
#define PARACLE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct attributes {
	uint32_t set, mode;
	uid_t uid;
	gid_t gid;
	int64_t seconds;
	long nanoseconds;
};

int store_hash(int fd, uint8_t digest[32]);
/* Copies a file's contents into the store and answers with digest and size. */
int store_save(const char *path);
/* Puts contents from the store in place of `path`, checked against their digest on the way. */
int store_restore(const char *digest, const char *path, const struct attributes *a);

void files_flush(void);
void files_answer(uint8_t type, const void *data, size_t count);
int files_open_parent(const char *path, const char **name);
int files_open_regular(const char *path, struct stat *st);
int files_create(int parent, char temporary[32]);
/* Gives the file its attributes and puts it in the place of `name`; removes it where that fails. What stands there is
 * removed first where no program can see that it is gone for a moment: ext4 flushes a file that replaces another. */
int files_replace(int parent, int fd, const char *temporary, const char *name, const struct attributes *a, bool removes);
/* `flags` as of open(2): O_DIRECTORY where nothing else is meant. */
int files_set(int parent, const char *name, int flags, const struct attributes *a);

#endif
