#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol.h"
#include "store.h"
#include "walk.h"
#include "wire.h"
#include "xattrs.h"

enum { CHUNK = 60 * 1024, ROOM = 4096 };

static bool privileged;
static struct buffer out;
static uint8_t chunk[CHUNK];

void files_flush(void) {
	if (!write_all(1, out.data + out.start, buffer_length(&out))) _exit(0);
	buffer_consume(&out, buffer_length(&out));
}

void files_answer(uint8_t type, const void *data, size_t count) {
	put_u32(&out, (uint32_t)count + 1);
	put_u8(&out, type);
	buffer_append(&out, data, count);
	if (buffer_length(&out) > CHUNK) files_flush();
}

static void answer_result(int failed) {
	uint8_t code[4];
	store_u32(code, (uint32_t)errno);
	files_answer(failed ? FILE_ERROR : FILE_OK, code, failed ? sizeof code : 0);
}

/* Opens the directory that holds the last component of an absolute path. The privileged service
 * goes down one component at a time and never through a link, so that no link can lead it to the
 * store or out of the tree that was asked for. */
int files_open_parent(const char *path, const char **name) {
	char part[256];
	int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	while (at >= 0) {
		while (*path == '/') path++;
		size_t length = strcspn(path, "/");
		const char *rest = path + length + strspn(path + length, "/");
		if (*rest == 0 && privileged && (path[length] != 0 || (length == 2 && path[0] == '.' && path[1] == '.')))
			return fail(at, EINVAL);
		if (*rest == 0) {
			*name = length ? path : ".";
			return at;
		}
		if (length >= sizeof part) return fail(at, ENAMETOOLONG);
		memcpy(part, path, length);
		part[length] = 0;
		int next = openat(at, part, O_PATH | O_DIRECTORY | O_CLOEXEC | (privileged ? O_NOFOLLOW : 0));
		close(at);
		if (privileged && strcmp(part, "..") == 0 && next >= 0) return fail(next, EINVAL);
		at = next;
		path = rest;
	}
	return -1;
}

/* Opens a regular file; anything else would block or have effects. */
int files_open_regular(const char *path, struct stat *st) {
	const char *name;
	int parent = files_open_parent(path, &name);
	if (parent < 0) return -1;
	int fd = openat(parent, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (privileged ? O_NOFOLLOW : 0));
	close_quietly(parent);
	if (fd < 0 || (fstat(fd, st) == 0 && S_ISREG(st->st_mode))) return fd;
	return fail(fd, S_ISDIR(st->st_mode) ? EISDIR : EINVAL);
}

static int read_file(const char *path) {
	struct stat st;
	int fd = files_open_regular(path, &st);
	if (fd < 0) return -1;
	ssize_t n;
	while ((n = read(fd, chunk, CHUNK)) > 0) files_answer(FILE_CHUNK, chunk, (size_t)n);
	close(fd);
	return n < 0 ? -1 : 0;
}

/* By descriptor, never by name: a program could put a link in the name's place meanwhile. */
static int set_attributes(int fd, const struct attributes *a) {
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {a->seconds, a->nanoseconds}};
	char path[32];
	struct stat st;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) != 0) return -1;
	if (a->set & SET_OWNER && fchownat(fd, "", a->uid, a->gid, AT_EMPTY_PATH) != 0) return -1;
	if (a->set & SET_MODE && !S_ISLNK(st.st_mode)) {
		/* The kernel takes set-group-ID away unless it is one's own group, and FSETID is not a capability of PID 1. */
		gid_t before = privileged ? (gid_t)setfsgid(a->set & SET_OWNER ? a->gid : st.st_gid) : 0;
		int result = chmod(path, a->mode & 07777), error = errno;
		if (privileged) setfsgid(before);
		errno = error;
		if (result != 0) return -1;
	}
	return a->set & SET_TIME ? utimensat(AT_FDCWD, path, times, 0) : 0;
}

int files_set(int parent, const char *name, int flags, const struct attributes *a) {
	int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | flags);
	int result = fd < 0 ? -1 : set_attributes(fd, a);
	close_quietly(fd);
	return result;
}

static struct attributes read_attributes(struct reader *r) {
	struct attributes a;
	a.set = read_u32(r);
	a.mode = read_u32(r);
	a.uid = read_u32(r);
	a.gid = read_u32(r);
	a.seconds = (int64_t)read_u64(r);
	a.nanoseconds = read_u32(r);
	return a;
}

/* A file being written: under a name of its own until it is whole. */
static struct {
	int fd, parent, error;
	char name[256], temporary[32];
	struct attributes attributes;
} writing = {.fd = -1, .parent = -1};

static void invent_name(char temporary[32]) {
	static unsigned counter;
	snprintf(temporary, 32, ".paracle-%d-%u", (int)getpid(), counter++);
}

int files_create(int parent, char temporary[32]) {
	invent_name(temporary);
	return openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int files_replace(int parent, int fd, const char *temporary, const char *name, const struct attributes *a, bool removes) {
	if (set_attributes(fd, a) == 0 && (!removes || unlinkat(parent, name, 0) == 0 || errno == ENOENT) &&
	    renameat(parent, temporary, parent, name) == 0) return 0;
	int error = errno;
	unlinkat(parent, temporary, 0);
	errno = error;
	return -1;
}

static void begin_write(const char *path, const struct attributes *a) {
	const char *name;
	writing.error = 0;
	writing.attributes = *a;
	writing.parent = files_open_parent(path, &name);
	errno = writing.parent < 0 ? errno : ENAMETOOLONG;
	if (writing.parent >= 0 && strlen(name) < sizeof writing.name) {
		strcpy(writing.name, name);
		writing.name[strcspn(name, "/")] = 0;
		writing.fd = files_create(writing.parent, writing.temporary);
	}
	if (writing.fd < 0) writing.error = errno;
}

static int end_write(void) {
	if (writing.fd >= 0) {
		if (writing.error) unlinkat(writing.parent, writing.temporary, 0);
		else if (files_replace(writing.parent, writing.fd, writing.temporary, writing.name, &writing.attributes, false) != 0)
			writing.error = errno;
		close(writing.fd);
	}
	if (writing.parent >= 0) close(writing.parent);
	writing.fd = writing.parent = -1;
	errno = writing.error;
	return writing.error ? -1 : 0;
}

/* In the directory of `path`: a directory, a pipe, or a symbolic link to a target. */
static int make(uint8_t type, const char *path, const char *target, const struct attributes *a) {
	const char *name;
	struct stat st;
	bool is_directory = type == FILE_MKDIR;
	int parent = target || type != FILE_SYMLINK ? files_open_parent(path, &name) : -1;
	if (parent < 0) return -1;
	int result = is_directory        ? mkdirat(parent, name, 0700)
	           : type == FILE_FIFO   ? mknodat(parent, name, S_IFIFO | 0600, 0)
	                                 : symlinkat(target, parent, name);
	if (result != 0 && errno == EEXIST && is_directory &&
	    fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		result = 0;
	if (result == 0) result = files_set(parent, name, is_directory ? O_DIRECTORY : 0, a);
	close_quietly(parent);
	return result;
}

/* Puts another name of `existing` in place of `path`. */
static int make_link(const char *path, const char *existing) {
	const char *name, *other;
	char temporary[32];
	int parent = existing ? files_open_parent(path, &name) : -1;
	int from = parent < 0 ? -1 : files_open_parent(existing, &other);
	invent_name(temporary);
	int result = from < 0 ? -1 : linkat(from, other, parent, temporary, 0);
	if (result == 0) {
		result = renameat(parent, temporary, parent, name);
		int error = errno;
		unlinkat(parent, temporary, 0); /* rename(2) leaves it where both are the same file already */
		errno = error;
	}
	close_quietly(from);
	close_quietly(parent);
	return result;
}

/* What is done to the last component of a path alone. */
static int at_parent(uint8_t type, const char *path, const struct attributes *a, struct reader *r) {
	const char *name;
	int parent = files_open_parent(path, &name);
	if (parent < 0) return -1;
	int result = type == FILE_SET        ? files_set(parent, name, 0, a)
	           : type == FILE_REMOVE     ? walk_remove(parent, name)
	           : type == FILE_XATTRS     ? xattrs_read(parent, name)
	           : type == FILE_SET_XATTRS ? xattrs_write(parent, name, r)
	                                     : walk_entry(parent, name);
	close_quietly(parent);
	return result;
}

static int hash_file(const char *path) {
	struct stat st;
	uint8_t digest[32];
	int fd = files_open_regular(path, &st);
	int result = fd < 0 ? -1 : store_hash(fd, digest);
	close_quietly(fd);
	if (result == 0) files_answer(FILE_CHUNK, digest, sizeof digest);
	return result;
}

/* Whether the directory has room for more: by a file that has no name, so that nobody sees it. */
static int try_room(const char *path) {
	int fd = open(path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int result = fd >= 0 && write_all(fd, chunk, ROOM) ? 0 : -1;
	close_quietly(fd);
	return result;
}

static int serve(uint8_t type, struct reader *r) {
	struct attributes a = {0};
	if (type == FILE_MKDIR || type == FILE_SYMLINK || type == FILE_SET || type == FILE_RESTORE || type == FILE_FIFO)
		a = read_attributes(r);
	const char *path = type == FILE_WRITE_END ? "" : read_string(r);
	if (!path) _exit(70);
	switch (type) {
	case FILE_WALK: return walk_tree(path);
	case FILE_READ: return read_file(path);
	case FILE_WRITE_END: return end_write();
	case FILE_MKDIR:
	case FILE_FIFO: return make(type, path, NULL, &a);
	case FILE_SYMLINK: return make(type, path, read_string(r), &a);
	case FILE_LINK: return make_link(path, read_string(r));
	case FILE_REMOVE:
	case FILE_SET:
	case FILE_XATTRS:
	case FILE_SET_XATTRS:
	case FILE_STAT: return at_parent(type, path, &a, r);
	case FILE_SPACE: return walk_space(path, (int64_t)read_u64(r));
	case FILE_ROOM: return privileged ? (errno = EPERM, -1) : try_room(path);
	case FILE_HASH: return hash_file(path);
	case FILE_SAVE: return privileged ? store_save(path) : (errno = EPERM, -1);
	case FILE_RESTORE: {
		const char *digest = read_string(r);
		return privileged && digest ? store_restore(digest, path, &a) : (errno = EPERM, -1);
	}
	default: _exit(70);
	}
}

static void dispatch(struct reader *r) {
	uint8_t type = read_u8(r);
	if (type == FILE_WRITE) {
		struct attributes a = read_attributes(r);
		const char *path = read_string(r);
		if (!path) _exit(70);
		begin_write(path, &a);
	} else if (type == FILE_DATA) {
		if (writing.fd >= 0 && !writing.error && !write_all(writing.fd, r->at, r->left)) writing.error = errno;
	} else {
		int result = serve(type, r);
		if (result <= 0) answer_result(result);
	}
}

_Noreturn void files_run(uid_t uid, gid_t gid) {
	privileged = uid == 0;
	umask(0);
	if (!privileged) {
		setgroups(0, NULL);
		setfsgid(gid);
		setfsuid(uid);
	}
	static uint8_t request[FRAME_MAX_OUT];
	uint8_t header[4];
	for (;;) {
		struct reader length = {header, sizeof header, false};
		if (buffer_length(&out) > 0) files_flush();
		if (!read_all(0, header, sizeof header)) _exit(0);
		size_t count = read_u32(&length);
		if (count == 0 || count > sizeof request || !read_all(0, request, count)) _exit(70);
		struct reader r = {request, count, false};
		dispatch(&r);
	}
}
