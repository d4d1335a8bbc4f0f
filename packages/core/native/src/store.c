#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "protocol.h"
#include "sha256.h"
#include "wire.h"

enum { BLOCK = 64 * 1024, HEX = 65 };

static uint8_t block[BLOCK];

static bool is_zero(const uint8_t *data, size_t count) {
	return data[0] == 0 && memcmp(data, data + 1, count - 1) == 0;
}

/* Copies (to < 0: reads only) and hashes. Blocks of zeros become holes. */
static int copy(int from, int to, uint8_t digest[32], uint64_t *size) {
	struct sha256 hash;
	ssize_t n;
	sha256_begin(&hash);
	for (*size = 0; (n = read(from, block, BLOCK)) > 0; *size += (uint64_t)n) {
		sha256_update(&hash, block, (size_t)n);
		if (to < 0) continue;
		if (is_zero(block, (size_t)n) ? lseek(to, n, SEEK_CUR) < 0 : !write_all(to, block, (size_t)n)) return -1;
	}
	sha256_end(&hash, digest);
	if (n < 0) return -1;
	return to < 0 ? 0 : ftruncate(to, (off_t)*size);
}

int store_hash(int fd, uint8_t digest[32]) {
	uint64_t size;
	return copy(fd, -1, digest, &size);
}

static void to_hex(const uint8_t digest[32], char hex[HEX]) {
	for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* The store is laid out by the first who needs it; only root may look into it. */
static int open_objects(void) {
	int store = open(STORE_PATH, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store < 0) return -1;
	fchmod(store, 0700);
	mkdirat(store, "objects", 0700);
	int objects = openat(store, "objects", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(store);
	return objects;
}

int store_save(const char *path) {
	char temporary[32], hex[HEX];
	uint8_t answer[40];
	struct stat st;
	uint64_t size = 0;
	int objects = open_objects(), from = objects < 0 ? -1 : files_open_regular(path, &st);
	int to = from < 0 ? -1 : files_create(objects, temporary);
	int result = to < 0 ? -1 : copy(from, to, answer, &size);
	if (result == 0) {
		to_hex(answer, hex);
		result = renameat(objects, temporary, objects, hex);
	}
	int error = errno;
	if (to >= 0 && result != 0) unlinkat(objects, temporary, 0);
	if (to >= 0) close(to);
	if (from >= 0) close(from);
	if (objects >= 0) close(objects);
	errno = error;
	if (result != 0) return -1;
	store_u32(answer + 32, (uint32_t)size);
	store_u32(answer + 36, (uint32_t)(size >> 32));
	files_answer(FILE_CHUNK, answer, sizeof answer);
	return 0;
}

static int restore_at(int parent, const char *name, int from, const char *expected, const struct attributes *a) {
	char temporary[32], hex[HEX];
	uint8_t digest[32];
	uint64_t size;
	int to = files_create(parent, temporary);
	if (to < 0) return -1;
	int result = copy(from, to, digest, &size);
	int error = errno;
	to_hex(digest, hex);
	if (result == 0 && strcmp(hex, expected) != 0) {
		result = -1;
		error = EBADMSG;
	}
	if (result != 0) unlinkat(parent, temporary, 0);
	else if ((result = files_replace(parent, to, temporary, name, a)) != 0) error = errno;
	close(to);
	errno = error;
	return result;
}

int store_restore(const char *digest, const char *path, const struct attributes *a) {
	const char *name;
	int objects = open_objects();
	int from = objects < 0 || strlen(digest) != 64 || strchr(digest, '/')
	               ? -1 : openat(objects, digest, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int parent = from < 0 ? -1 : files_open_parent(path, &name);
	int result = parent < 0 ? -1 : restore_at(parent, name, from, digest, a);
	close_quietly(parent);
	close_quietly(from);
	close_quietly(objects);
	return result;
}
