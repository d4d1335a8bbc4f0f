/* What becomes of the process that a keeper forks for an execution. */
#ifndef PARACLE_CHILD_H
#define PARACLE_CHILD_H

#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

struct command {
	uint32_t flags;
	uid_t uid;
	gid_t gid;
	const char *directory;
	char **argv, **env;
	struct winsize size; /* EXECUTE_TERMINAL */
};

/* Sent through the status pipe when the command could not be started; nothing is sent otherwise. */
struct refusal {
	uint32_t stage, error;
};

/* Takes on the untrusted identity (or runs the file service) and never returns. */
_Noreturn void child_run(const struct command *command, const int stdio[3], int status);

#endif
