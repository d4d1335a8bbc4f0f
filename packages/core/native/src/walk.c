#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "files.h"
#include "protocol.h"
#include "store.h"
#include "wire.h"
#include "xattrs.h"

enum { BATCH = 48 * 1024, MAX_DEPTH = 1024 };

/* Source: include/uapi/linux/magic.h of the kernel, which not every libc comes with. */
enum { IN_MEMORY = 0x01021994, OVERLAY = 0x794c7630 };

static struct buffer batch;

static void flush_batch(void) {
	if (buffer_length(&batch) > 0) files_answer(FILE_ENTRIES, batch.data + batch.start, buffer_length(&batch));
	buffer_consume(&batch, buffer_length(&batch));
}

static void put_text(const char *text, size_t length) {
	put_u16(&batch, (uint16_t)length);
	buffer_append(&batch, text, length);
}

static struct {
	bool wanted; /* instead of entries */
	int64_t since;
	uint64_t totals[4]; /* bytes and entries of all, then of what changed */
} sums;

static void add_up(const struct stat *st) {
	/* Each hard link takes its share; a directory's links are those from below. */
	bool shared = !S_ISDIR(st->st_mode) && st->st_nlink > 1;
	uint64_t bytes = (uint64_t)st->st_blocks * 512 / (shared ? st->st_nlink : 1);
	sums.totals[0] += bytes;
	sums.totals[1]++;
	if (st->st_ctim.tv_sec < sums.since) return;
	sums.totals[2] += bytes;
	sums.totals[3]++;
}

/* What was changed before is the image's; 0 where nothing is. Only the root file system comes from it. */
static uint64_t image_until;

/* The time of change moves with the first write to a page that is mapped, and again only once the page was written to
 * disk, which takes 35 seconds by default (dirty_expire_centisecs and dirty_writeback_centisecs in the kernel's
 * Documentation/admin-guide/sysctl/vm.rst); in memory it never does. */
static const int64_t SETTLED_SECONDS = 60;
static int64_t settled_until;

static uint64_t changed_ns(const struct stat *st) {
	return (uint64_t)st->st_ctim.tv_sec * 1000000000u + (uint64_t)st->st_ctim.tv_nsec;
}

/* Looking for the image's attributes takes a quarter of a walk, and nearly no image has any: where the first whole walk
 * finds none, that is remembered in the store. */
static const char *const PLAIN_IMAGE = STORE_PATH "/plain-image";
static bool is_plain, found_attributes;

static uint32_t image_flags(const char *path, const struct stat *st) {
	uint32_t flags = !is_plain && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) ? xattrs_flags_at(path) : 0;
	found_attributes |= flags != 0;
	return flags;
}

static uint32_t flags_of(int parent, const char *name, const char *path, const struct stat *st) {
	if (changed_ns(st) < image_until) return image_flags(path, st);
	return ENTRY_CHANGED | xattrs_flags(parent, name) |
	       (S_ISREG(st->st_mode) && st->st_ctim.tv_sec >= settled_until ? ENTRY_UNSURE : 0);
}

/* Where a directory of the image can be moved with all that is in it, nothing below is surely the image's any more once
 * both the directory and its parent changed. Overlayfs copies instead. */
static bool moves_directories;

static void look_at_root(const char *path, int fd) {
	struct statfs fs;
	struct timespec now;
	bool is_known = fstatfs(fd, &fs) == 0;
	clock_gettime(CLOCK_REALTIME, &now);
	settled_until = is_known && fs.f_type == IN_MEMORY ? INT64_MIN : now.tv_sec - SETTLED_SECONDS;
	image_until = strcmp(path, "/") == 0 ? clock_earliest() : 0;
	is_plain = access(PLAIN_IMAGE, F_OK) == 0;
	found_attributes = false;
	moves_directories = !is_known || fs.f_type != OVERLAY;
}

/* One entry; its path as given by the caller. */
static void put_entry(int parent, const char *name, const char *path, const struct stat *st) {
	char target[PATH_MAX];
	if (sums.wanted) return add_up(st);
	ssize_t length = S_ISLNK(st->st_mode) ? readlinkat(parent, name, target, sizeof target) : 0;
	put_u32(&batch, st->st_mode | flags_of(parent, name, path, st));
	put_u32(&batch, st->st_uid);
	put_u32(&batch, st->st_gid);
	put_u32(&batch, (uint32_t)st->st_nlink);
	put_u64(&batch, st->st_ino);
	put_u64(&batch, st->st_dev);
	put_u64(&batch, st->st_rdev);
	put_u64(&batch, (uint64_t)st->st_size);
	put_u64(&batch, (uint64_t)st->st_blocks);
	put_u64(&batch, (uint64_t)st->st_mtim.tv_sec);
	put_u32(&batch, (uint32_t)st->st_mtim.tv_nsec);
	put_u64(&batch, (uint64_t)st->st_ctim.tv_sec);
	put_u32(&batch, (uint32_t)st->st_ctim.tv_nsec);
	put_text(path, strlen(path));
	put_text(target, length > 0 ? (size_t)length : 0);
	if (buffer_length(&batch) > BATCH) flush_batch();
}

/* Where something is mounted: its contents belong to somebody else. */
static struct {
	char **paths;
	size_t count;
} mounts;

/* The kernel writes blanks and backslashes of a path as three octal digits. */
static void decode_mount(char *path) {
	char *to = path;
	for (char *at = path; *at; at++) {
		if (at[0] == '\\' && at[1] && at[2] && at[3]) {
			*to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		} else *to++ = *at;
	}
	*to = 0;
}

static void read_mounts(void) {
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	while (mounts.count > 0) free(mounts.paths[--mounts.count]);
	while (file && getline(&line, &size, file) > 0) {
		char path[PATH_MAX];
		if (sscanf(line, "%*d %*d %*s %*s %4095s", path) != 1) continue;
		decode_mount(path);
		char **grown = realloc(mounts.paths, (mounts.count + 1) * sizeof *grown);
		if (!grown) _exit(71);
		mounts.paths = grown;
		mounts.paths[mounts.count++] = strdup(path);
	}
	free(line);
	if (file) fclose(file);
}

static bool is_foreign(const char *path) {
	if (strcmp(path, OWN_PATH) == 0) return true;
	for (size_t i = 0; i < mounts.count; i++)
		if (strcmp(mounts.paths[i], path) == 0) return true;
	return false;
}

static int walk_directory(int fd, char *path, size_t length, int depth);

/* Below a directory that may have been moved, nothing is the image's. */
static int walk_below(int fd, char *path, size_t length, int depth, const struct stat *st) {
	static bool is_parent_changed;
	bool before = is_parent_changed;
	uint64_t until = image_until;
	bool is_changed = changed_ns(st) >= until;
	if (moves_directories && depth > 0 && is_changed && is_parent_changed) image_until = 0;
	is_parent_changed = is_changed;
	int result = walk_directory(fd, path, length, depth), error = errno;
	is_parent_changed = before;
	image_until = until;
	errno = error;
	return result;
}

static int visit(int parent, const char *name, char *path, size_t length, int depth) {
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : -1;
	if (depth > 0 && is_foreign(path)) {
		if (!sums.wanted) files_answer(FILE_SKIPPED, path, length);
		return 0;
	}
	put_entry(parent, name, path, &st);
	if (!S_ISDIR(st.st_mode)) return 0;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	return walk_below(fd, path, length, depth, &st);
}

static int walk_directory(int fd, char *path, size_t length, int depth) {
	DIR *directory = depth < MAX_DEPTH ? fdopendir(fd) : NULL;
	if (!directory) return fail(fd, ELOOP);
	int result = 0;
	struct dirent *entry;
	while (result == 0 && (errno = 0, entry = readdir(directory))) {
		size_t name = strlen(entry->d_name), slash = length > 1 || path[0] != '/';
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
		if (length + slash + name >= PATH_MAX) {
			errno = ENAMETOOLONG;
			result = -1;
			break;
		}
		if (slash) path[length] = '/';
		memcpy(path + length + slash, entry->d_name, name + 1);
		result = visit(fd, entry->d_name, path, length + slash + name, depth + 1);
		path[length] = 0;
	}
	int error = errno;
	closedir(directory);
	errno = error;
	return result != 0 || error != 0 ? -1 : 0;
}

int walk_tree(const char *path) {
	static char current[PATH_MAX];
	const char *name;
	size_t length = strlen(path);
	if (length >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int parent = files_open_parent(path, &name);
	if (parent < 0) return -1;
	read_mounts();
	memcpy(current, path, length + 1);
	struct stat st;
	int result = fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW);
	if (result == 0) {
		int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		look_at_root(path, fd);
		close_quietly(fd);
		result = visit(parent, name, current, length, 0);
		bool looked = result == 0 && image_until > 0 && !sums.wanted && !is_plain && !found_attributes;
		if (looked) close_quietly(open(PLAIN_IMAGE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	close_quietly(parent);
	int error = errno;
	flush_batch();
	errno = error;
	return result;
}

int walk_space(const char *path, int64_t since) {
	memset(&sums, 0, sizeof sums);
	sums.wanted = true;
	sums.since = since;
	int result = walk_tree(path), error = errno;
	sums.wanted = false;
	for (int i = 0; i < 4; i++) put_u64(&batch, sums.totals[i]);
	flush_batch();
	errno = error;
	return result;
}

int walk_entry(int parent, const char *name) {
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return -1;
	image_until = 0;
	settled_until = INT64_MAX;
	put_entry(parent, name, name, &st);
	flush_batch();
	return 0;
}

/* The kernel's number of the mount that a descriptor is on. Source: proc(5), /proc/PID/fdinfo. */
static int mount_of(int descriptor) {
	char text[256];
	snprintf(text, sizeof text, "/proc/self/fdinfo/%d", descriptor);
	int fd = open(text, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	close_quietly(fd);
	text[n < 0 ? 0 : n] = 0;
	const char *number = strstr(text, "mnt_id:");
	return number ? atoi(number + strlen("mnt_id:")) : -1;
}

int walk_remove(int parent, const char *name) {
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
	if (errno != EISDIR && errno != EPERM) return -1;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int mount = fd < 0 ? -1 : mount_of(fd);
	if (fd >= 0 && (mount < 0 || mount != mount_of(parent))) return fail(fd, EXDEV); /* it belongs to somebody else */
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) return close_quietly(fd), -1;
	int result = 0;
	struct dirent *entry;
	while (result == 0 && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = walk_remove(fd, entry->d_name);
	int error = errno;
	closedir(directory);
	errno = error;
	return result == 0 ? unlinkat(parent, name, AT_REMOVEDIR) : -1;
}
