#include "cgroup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"

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

static const char *const statistics[] = {"memory/memory.stat", "memory.stat"};
static const char *const cache_keys[] = {"total_inactive_file ", "inactive_file "};
static const char *const block_files[] = {"blkio/blkio.throttle.io_service_bytes", "io.stat"};
static const char *const block_keys[][2] = {{" Read ", " Write "}, {"rbytes=", "wbytes="}};

static int descriptors[COUNTER_COUNT], memory_statistics = -1, block_statistics = -1, network_statistics = -1;
static int version;

void cgroup_open(void) {
	int root = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		version = faccessat(root, "cgroup.controllers", F_OK, 0) == 0 ? 2
		        : faccessat(root, "memory", F_OK, 0) == 0             ? 1 : 0;
	for (int i = 0; i < COUNTER_COUNT; i++)
		descriptors[i] = version ? openat(root, sources[i].file[version - 1], O_RDONLY | O_CLOEXEC) : -1;
	if (version) {
		memory_statistics = openat(root, statistics[version - 1], O_RDONLY | O_CLOEXEC);
		block_statistics = openat(root, block_files[version - 1], O_RDONLY | O_CLOEXEC);
	}
	network_statistics = open("/proc/net/dev", O_RDONLY | O_CLOEXEC);
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

/* A file's text in a buffer that is reused; NULL where there is none. */
static char *read_text(int fd) {
	static char text[16 * 1024];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
	if (n < 0) return NULL;
	text[n] = 0;
	return text;
}

/* The numbers after each occurrence of the key, together: one per device. With no device listed nothing
 * was moved, or this kernel doesn't count: absent, since it can't be told. */
static uint64_t sum(const char *text, const char *key) {
	uint64_t total = 0;
	if (!text || !strstr(text, key)) return COUNTER_ABSENT;
	for (const char *at = strstr(text, key); at; at = strstr(at, key)) {
		at += strlen(key);
		total += strtoull(at, NULL, 10);
	}
	return total;
}

/* Source: proc(5), /proc/net/dev: of each interface 8 numbers of what it received, then 8 of what it sent. */
static void read_network(struct usage *u) {
	char *text = read_text(network_statistics);
	u->network_received = u->network_sent = text ? 0 : COUNTER_ABSENT;
	for (char *colon = text ? strchr(text, ':') : NULL; colon; colon = strchr(colon, ':')) {
		bool loopback = colon >= text + 2 && strncmp(colon - 2, "lo", 2) == 0 && (colon == text + 2 || colon[-3] == ' ');
		char *number = colon + 1;
		for (int field = 0; field < 9; field++) {
			uint64_t value = strtoull(number, &number, 10);
			if (!loopback && field == 0) u->network_received += value;
			if (!loopback && field == 8) u->network_sent += value;
		}
		colon = number;
	}
}

void cgroup_read_usage(struct usage *u) {
	int i = version ? version - 1 : 0;
	char *text = read_text(memory_statistics);
	const char *cache = text ? find_line(text, cache_keys[i]) : NULL;
	u->taken_ns = loop_now_ns();
	u->inactive_cache = cache ? strtoull(cache, NULL, 10) : COUNTER_ABSENT;
	text = read_text(block_statistics);
	u->block_read = sum(text, block_keys[i][0]);
	u->block_written = sum(text, block_keys[i][1]);
	read_network(u);
}
