/* The wire protocol between the controller and the supervisor. docs/supervisor-protocol.md is its
 * description; packages/core/src/supervisor/protocol.ts is the other end. */
#ifndef PARACLE_PROTOCOL_H
#define PARACLE_PROTOCOL_H

#include <stdint.h>

enum {
	PROTOCOL_VERSION = 1,
	FRAME_MAGIC = 0xA7,
	FRAME_HEADER = 12,           /* u32 length, u8 magic, u8 type, u16 zero, u32 id */
	FRAME_MAX_IN = 1024 * 1024,  /* an execution request with its arguments and environment */
	FRAME_MAX_OUT = 64 * 1024,
	STDIN_WINDOW = 256 * 1024,   /* bytes of standard input a client may have under way */
	QUEUE_HIGH = 256 * 1024,     /* above this a connection's output pauses its executions */
	QUEUE_LIMIT = 4 * 1024 * 1024, /* above this a connection that never reads is dropped */
	MAX_CONNECTIONS = 64,
	MAX_EXECUTIONS = 1024,
};

/* Controller to supervisor. */
enum {
	MSG_HELLO = 0x01,
	MSG_EXECUTE = 0x02,
	MSG_STDIN = 0x03,
	MSG_STDIN_END = 0x04,
	MSG_CREDIT = 0x05,
	MSG_SIGNAL = 0x06,
	MSG_CANCEL = 0x07,
	MSG_CANCEL_ALL = 0x08,
	MSG_COUNTERS = 0x09,
	MSG_FREEZE = 0x0a,
	MSG_THAW = 0x0b,
	MSG_PING = 0x0c,
	MSG_SHUTDOWN = 0x0d,
	MSG_RESIZE = 0x0e,
};

/* Supervisor to controller. */
enum {
	MSG_WELCOME = 0x81,
	MSG_STARTED = 0x82,
	MSG_REFUSED = 0x83,
	MSG_STDOUT = 0x84,
	MSG_STDERR = 0x85,
	MSG_STDIN_CREDIT = 0x86,
	MSG_EXITED = 0x87,
	MSG_DONE = 0x88,
	MSG_COUNTERS_REPLY = 0x89,
	MSG_PROTOCOL_ERROR = 0x8a,
};

/* Flags of MSG_EXECUTE. */
enum {
	EXECUTE_FILES = 1 << 0,      /* the built-in file service instead of a program */
	EXECUTE_PRIVILEGED = 1 << 1, /* act as uid 0; without EXECUTE_FILES only in a guard */
	EXECUTE_KEEP = 1 << 2,       /* what the leader leaves running lives on */
	EXECUTE_STDIN = 1 << 3,      /* standard input is a pipe, else /dev/null */
	EXECUTE_PROBE = 1 << 4,      /* print the files named by argv, as the untrusted user */
	EXECUTE_TERMINAL = 1 << 5,   /* all three streams are a terminal */
};

/* Where starting an execution failed (MSG_REFUSED). */
enum {
	STAGE_LIMIT = 1,     /* too many executions, or the pids limit is reached */
	STAGE_IDENTITY = 2,  /* the untrusted user would be root, or its privileges could not be dropped */
	STAGE_DIRECTORY = 3, /* the working directory can't be entered */
	STAGE_COMMAND = 4,   /* the program can't be executed */
	STAGE_FROZEN = 5,    /* a snapshot or rollback is under way */
	STAGE_TERMINAL = 6,  /* no terminal can be had */
};

/* Why the supervisor ended an execution (MSG_CANCEL, MSG_EXITED). */
enum {
	CAUSE_NONE = 0,
	CAUSE_TIMEOUT = 1,
	CAUSE_ABORTED = 2,
	CAUSE_ROLLED_BACK = 3,
	CAUSE_DISCONNECTED = 4,
	CAUSE_OUTPUT = 5,
	CAUSE_DISK = 6,
};

/* Flags of MSG_EXITED. */
enum {
	EXITED_CODE = 1 << 0,        /* the exit code is known */
	EXITED_SIGNAL = 1 << 1,      /* the leader was ended by a signal */
	EXITED_BY_SUPERVISOR = 1 << 2, /* the supervisor's SIGKILL came before the leader's end */
	EXITED_SHARED = 1 << 3,      /* another execution ran at the same time */
	EXITED_BACKGROUND = 1 << 4,  /* processes of the execution were kept */
};

#define SOCKET_PATH "/dev/.paracle.sock"
#define STORE_PATH "/.paracle/store"
#define OWN_PATH "/.paracle"

#endif
