#include "xattrs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "files.h"
#include "store.h"

/* Sources: xattr(7); XATTR_SIZE_MAX and XATTR_LIST_MAX in include/uapi/linux/limits.h of the kernel are both 64 KiB. */
enum { MAX_NAME = 256, MAX_VALUE = 64 * 1024, MAX_LIST = 64 * 1024 };

static char names[MAX_LIST], found[MAX_NAME + MAX_VALUE];

/* Those of security modules are the host's, `trusted` ones nobody's in here. */
static bool is_kept(const char *name) {
	return strncmp(name, "user.", 5) == 0 || strncmp(name, "system.posix_acl_", 17) == 0;
}

/* Anything else can have an access list at most, and to open a device would have effects. */
static int open_entry(int parent, const char *name) {
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return -1;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return errno = EOPNOTSUPP, -1;
	return openat(parent, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
}

/* The next kept name after `at`, or the first; NULL when there is none. */
static const char *next_name(const char *at, ssize_t size) {
	for (at = at ? at + strlen(at) + 1 : names; at < names + size; at += strlen(at) + 1)
		if (is_kept(at)) return at;
	return NULL;
}

static ssize_t list_names(int fd) {
	ssize_t size = flistxattr(fd, names, sizeof names);
	return size < 0 && errno == EOPNOTSUPP ? 0 : size;
}

static uint32_t flags_of(ssize_t size) {
	if (size < 0) return ENTRY_XATTRS; /* what can't be listed can't be kept */
	uint32_t flags = next_name(NULL, size) ? ENTRY_XATTRS : 0;
	for (const char *at = names; at < names + size; at += strlen(at) + 1)
		if (strcmp(at, "security.capability") == 0) flags |= ENTRY_CAPABILITIES;
	return flags;
}

uint32_t xattrs_flags(int parent, const char *name) {
	int fd = open_entry(parent, name);
	uint32_t flags = fd < 0 ? 0 : flags_of(list_names(fd));
	close_quietly(fd);
	return flags;
}

uint32_t xattrs_flags_at(const char *path) {
	ssize_t size = llistxattr(path, names, sizeof names);
	return flags_of(size < 0 && (errno == EOPNOTSUPP || errno == ENOENT) ? 0 : size);
}

int xattrs_read(int parent, const char *name) {
	int fd = open_entry(parent, name);
	ssize_t size = fd < 0 ? -1 : list_names(fd), length = 0;
	for (const char *each = NULL; length >= 0 && (each = next_name(each, size));) {
		size_t used = strlen(each) + 1;
		memcpy(found, each, used);
		length = fgetxattr(fd, each, found + used, MAX_VALUE);
		if (length >= 0) files_answer(FILE_CHUNK, found, used + (size_t)length);
		else if (errno == ENODATA) length = 0; /* gone since it was listed */
	}
	close_quietly(fd);
	return size < 0 || length < 0 ? -1 : 0;
}

/* An access list would take set-group-ID away from a file of another group. */
static int set_one(int fd, const char *name, const void *value, size_t length) {
	struct stat st;
	if (fstat(fd, &st) != 0) return -1;
	int before = setfsgid(st.st_gid), result = fsetxattr(fd, name, value, length, 0), error = errno;
	setfsgid((gid_t)before);
	errno = error;
	return result;
}

static int set_all(int fd, struct reader *wanted) {
	ssize_t size = list_names(fd);
	for (const char *each = NULL; (each = next_name(each, size));)
		if (fremovexattr(fd, each) != 0 && errno != ENODATA) return -1;
	while (size >= 0 && wanted->left > 0) {
		const char *name = read_string(wanted);
		uint32_t length = read_u32(wanted);
		if (wanted->bad || length > wanted->left) return errno = EINVAL, -1;
		if (!is_kept(name)) return errno = EPERM, -1;
		if (set_one(fd, name, wanted->at, length) != 0) return -1;
		wanted->at += length;
		wanted->left -= length;
	}
	return size < 0 ? -1 : 0;
}

int xattrs_write(int parent, const char *name, struct reader *wanted) {
	int fd = open_entry(parent, name);
	int result = fd < 0 ? -1 : set_all(fd, wanted);
	close_quietly(fd);
	return result;
}
