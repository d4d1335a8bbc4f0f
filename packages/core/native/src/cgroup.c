#include "cgroup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One counter: its file under version 1 and version 2, and the key of its line (NULL: the file is
 * the number alone). Source: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel. */
static const struct {
	const char *file[2], *key[2];
	uint64_t divisor[2];
} sources[COUNTER_COUNT] = {
	{{"memory/memory.usage_in_bytes", "memory.current"}, {NULL, NULL}, {1, 1}},
	{{"memory/memory.max_usage_in_bytes", "memory.peak"}, {NULL, NULL}, {1, 1}},
	{{"memory/memory.limit_in_bytes", "memory.max"}, {NULL, NULL}, {1, 1}},
	{{"memory/memory.oom_control", "memory.events"}, {"oom_kill ", "oom_kill "}, {1, 1}},
	{{"pids/pids.current", "pids.current"}, {NULL, NULL}, {1, 1}},
	{{"pids/pids.max", "pids.max"}, {NULL, NULL}, {1, 1}},
	{{"pids/pids.events", "pids.events"}, {"max ", "max "}, {1, 1}},
	{{"cpuacct/cpuacct.usage", "cpu.stat"}, {NULL, "usage_usec "}, {1000, 1}},
};

static int descriptors[COUNTER_COUNT];
static int version;

void cgroup_open(void) {
	int root = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		version = faccessat(root, "cgroup.controllers", F_OK, 0) == 0 ? 2
		        : faccessat(root, "memory", F_OK, 0) == 0             ? 1 : 0;
	for (int i = 0; i < COUNTER_COUNT; i++)
		descriptors[i] = version ? openat(root, sources[i].file[version - 1], O_RDONLY | O_CLOEXEC) : -1;
	if (root >= 0) close(root);
}

int cgroup_version(void) { return version; }

/* The line that starts with the key, or the whole text. */
static const char *find_line(const char *text, const char *key) {
	while (key && text && strncmp(text, key, strlen(key)) != 0) {
		text = strchr(text, '\n');
		if (text) text++;
	}
	return text && key ? text + strlen(key) : text;
}

static uint64_t read_counter(int i) {
	char text[1024];
	ssize_t n = descriptors[i] < 0 ? -1 : pread(descriptors[i], text, sizeof text - 1, 0);
	if (n <= 0) return COUNTER_ABSENT;
	text[n] = 0;
	const char *number = find_line(text, sources[i].key[version - 1]);
	if (!number || *number < '0' || *number > '9') return COUNTER_ABSENT; /* "max": no limit */
	return strtoull(number, NULL, 10) / sources[i].divisor[version - 1];
}

void cgroup_read(struct counters *c) {
	uint64_t *values = (uint64_t *)c;
	for (int i = 0; i < COUNTER_COUNT; i++) values[i] = read_counter(i);
}
