/* The counters of the sandbox's own control group, as the kernel shows them inside. */
#ifndef PARACLE_CGROUP_H
#define PARACLE_CGROUP_H

#include <stdint.h>

#define COUNTER_ABSENT UINT64_MAX

/* All absent where the kernel doesn't tell. Memory in bytes. */
struct counters {
	uint64_t memory_current;
	uint64_t memory_peak;   /* since the sandbox started; can't be reset from inside */
	uint64_t memory_limit;
	uint64_t oom_kills;
	uint64_t pids_current;
	uint64_t pids_limit;
	uint64_t pids_refused;  /* forks that failed at the limit */
	uint64_t cpu_usage_us;
};

enum { COUNTER_COUNT = sizeof(struct counters) / sizeof(uint64_t) };

/* What monitoring needs and takes longer to read. Since the sandbox started, but for the cache. */
struct usage {
	uint64_t taken_ns;       /* when this was read, by a clock that never jumps */
	uint64_t inactive_cache; /* bytes of memory that the kernel would give back first */
	uint64_t block_read, block_written;     /* bytes */
	uint64_t network_received, network_sent; /* bytes, loopback left out */
};

enum { USAGE_COUNT = sizeof(struct usage) / sizeof(uint64_t) };

void cgroup_open(void);
/* 1, 2, or 0 where no control group is visible. */
int cgroup_version(void);
void cgroup_read(struct counters *c);
void cgroup_read_usage(struct usage *u);

#endif
