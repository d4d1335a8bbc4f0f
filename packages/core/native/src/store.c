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

enum { BLOCK = 64 * 1024, HEX = 65, HUGE_FILE = 1 << 30 };

static uint8_t block[BLOCK];

static bool is_zero(const uint8_t *data, size_t count) {
	return data[0] == 0 && memcmp(data, data + 1, count - 1) == 0;
}

/* Where the next block with data may begin; the end where there is none. */
static off_t next_block(int fd, off_t at, off_t size) {
	off_t data = at < size ? lseek(fd, at, SEEK_DATA) : size;
	if (data < 0) return errno == ENXIO ? size : -1;
	return data >= size ? size : data - data % BLOCK > at ? data - data % BLOCK : at;
}

static void hash_number(struct sha256 *hash, uint64_t number) {
	uint8_t bytes[8];
	store_u64(bytes, number);
	sha256_update(hash, bytes, sizeof bytes);
}

/* Copies (to < 0: reads only) and hashes. Blocks of zeros become holes. The digest of a huge file is that of its size and
 * of its blocks that are not zero, each after its place: a file of a terabyte may hold next to nothing. */
static int copy(int from, int to, uint8_t digest[32], uint64_t *size) {
	struct sha256 hash;
	struct stat st;
	ssize_t n = 0;
	off_t at = 0;
	if (fstat(from, &st) != 0) return -1;
	bool is_huge = st.st_size > HUGE_FILE;
	sha256_begin(&hash);
	if (is_huge) hash_number(&hash, (uint64_t)st.st_size);
	for (;; at += n) {
		if (is_huge && (at = next_block(from, at, st.st_size)) < 0) return -1;
		if ((is_huge && at >= st.st_size) || (n = pread(from, block, BLOCK, at)) <= 0) break;
		bool is_hole = is_zero(block, (size_t)n);
		if (is_huge && !is_hole) hash_number(&hash, (uint64_t)at);
		if (!is_huge || !is_hole) sha256_update(&hash, block, (size_t)n);
		if (to >= 0 && !is_hole && (lseek(to, at, SEEK_SET) < 0 || !write_all(to, block, (size_t)n))) return -1;
	}
	sha256_end(&hash, digest);
	if (is_huge) digest[0] ^= 0xff; /* no other file's contents can have it */
	*size = (uint64_t)at;
	if (n < 0) return -1;
	return to < 0 ? 0 : ftruncate(to, at);
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
	static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int store = open(STORE_PATH, flags), objects = store < 0 ? -1 : openat(store, "objects", flags);
	if (store >= 0 && objects < 0 && errno == ENOENT && mkdirat(store, "objects", 0700) == 0)
		objects = openat(store, "objects", flags);
	close_quietly(store);
	return objects;
}

/* A process that is no program of the supervisor's, such as one of `docker exec`, writes on while others are frozen. */
static bool is_unchanged(const struct stat *before, const struct stat *after) {
	return before->st_size == after->st_size && before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
	       before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

int store_save(const char *path) {
	char temporary[32], hex[HEX];
	uint8_t answer[52];
	struct stat st, after;
	uint64_t size = 0;
	int objects = open_objects(), from = objects < 0 ? -1 : files_open_regular(path, &st);
	int to = from < 0 ? -1 : files_create(objects, temporary);
	int result = to < 0 || copy(from, to, answer, &size) != 0 ? -1 : fstat(from, &after);
	if (result == 0 && !is_unchanged(&st, &after)) {
		result = -1;
		errno = EAGAIN;
	}
	if (result == 0) to_hex(answer, hex);
	bool is_there = result == 0 && fstatat(objects, hex, &after, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)after.st_size == size;
	if (result == 0 && !is_there) result = renameat(objects, temporary, objects, hex);
	int error = errno;
	if (to >= 0 && (result != 0 || is_there)) unlinkat(objects, temporary, 0);
	if (to >= 0) close(to);
	if (from >= 0) close(from);
	if (objects >= 0) close(objects);
	errno = error;
	if (result != 0) return -1;
	store_u64(answer + 32, size);
	store_u64(answer + 40, (uint64_t)st.st_ctim.tv_sec);
	store_u32(answer + 48, (uint32_t)st.st_ctim.tv_nsec);
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
	if (result != 0 && (errno == ENOSPC || errno == EDQUOT)) {
		/* What is to be replaced takes the room; it was found before that the contents are intact. */
		unlinkat(parent, name, 0);
		result = ftruncate(to, 0) != 0 || lseek(to, 0, SEEK_SET) != 0 ? -1 : copy(from, to, digest, &size);
	}
	int error = errno;
	to_hex(digest, hex);
	if (result == 0 && strcmp(hex, expected) != 0) {
		result = -1;
		error = EBADMSG;
	}
	if (result != 0) unlinkat(parent, temporary, 0);
	else if ((result = files_replace(parent, to, temporary, name, a, true)) != 0) error = errno;
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
