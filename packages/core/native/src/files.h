/* The file service: requests on standard input, answers on standard output. It runs in a process of
 * its own, so that no file system can hold up PID 1. docs/supervisor-protocol.md describes it. */
#ifndef PARACLE_FILES_H
#define PARACLE_FILES_H

#include <sys/types.h>

/* With uid 0 it sees and restores everything and never follows a symbolic link; with another uid
 * the kernel checks each access as that user's. */
_Noreturn void files_run(uid_t uid, gid_t gid);

enum {
	FILE_WALK = 1,
	FILE_READ,
	FILE_WRITE,
	FILE_DATA,
	FILE_WRITE_END,
	FILE_MKDIR,
	FILE_SYMLINK,
	FILE_REMOVE,
	FILE_SET,
	FILE_HASH,
	FILE_SAVE,
	FILE_RESTORE,
	FILE_STAT,
	FILE_SPACE,
	FILE_ROOM,
	FILE_LINK,
	FILE_FIFO,
	FILE_XATTRS,
	FILE_SET_XATTRS,
};

/* Every request gets data answers first, if any, and one OK or ERROR. FILE_WRITE and FILE_DATA get
 * theirs with FILE_WRITE_END. */
enum { FILE_OK = 1, FILE_ERROR, FILE_CHUNK, FILE_ENTRIES, FILE_SKIPPED };

/* Flags of FILE_SET. */
enum { SET_MODE = 1, SET_OWNER = 2, SET_TIME = 4 };

/* What an entry of FILE_WALK has above the bits of st_mode: changed since the sandbox was first started, or not known to
 * be the image's; with extended attributes; a file whose contents may change without its time of change; with capabilities,
 * which nobody in here can give back. */
enum { ENTRY_CHANGED = 1 << 16, ENTRY_XATTRS = 1 << 17, ENTRY_UNSURE = 1 << 18, ENTRY_CAPABILITIES = 1 << 19 };

#endif
