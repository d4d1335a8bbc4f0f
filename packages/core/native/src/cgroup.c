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

/* What follows the key at the start of a line, or the whole text. */
static char *find_line(char *text, const char *key) {
	while (key && text && strncmp(text, key, strlen(key)) != 0) {
		text = strchr(text, '\n');
		if (text) text++;
	}
	return text && key ? text + strlen(key) : text;
}

/* A file's text in a buffer that is reused; NULL where there is none, and where it is longer: half of it
 * would be read as less. The kernel gives lists a page at a time (seq_read_iter() in fs/seq_file.c). */
static char *read_text(int fd) {
	static char text[64 * 1024];
	size_t length = 0;
	ssize_t n = fd < 0 ? -1 : 1;
	while (n > 0 && length < sizeof text) {
		n = pread(fd, text + length, sizeof text - length, (off_t)length);
		length += n > 0 ? (size_t)n : 0;
	}
	if (n != 0) return NULL;
	text[length] = 0;
	return text;
}

/* The supervisor's own group. What is mounted shows it at its root, but for version 2 without a namespace
 * of its own (an engine's `default-cgroupns-mode: host`): there the root is the host's, and the name says
 * which is ours. Source: cgroups(7) and cgroup_namespaces(7). */
static int open_group(int root) {
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	char *name = find_line(read_text(fd), "0::/");
	if (fd >= 0) close(fd);
	if (!name) return -1;
	name[strcspn(name, "\n")] = 0;
	return openat(root, *name ? name : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void cgroup_open(void) {
	int root = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		version = faccessat(root, "cgroup.controllers", F_OK, 0) == 0 ? 2
		        : faccessat(root, "memory", F_OK, 0) == 0             ? 1 : 0;
	int group = version == 2 ? open_group(root) : root;
	for (int i = 0; i < COUNTER_COUNT; i++)
		descriptors[i] = version ? openat(group, sources[i].file[version - 1], O_RDONLY | O_CLOEXEC) : -1;
	if (version) {
		memory_statistics = openat(group, statistics[version - 1], O_RDONLY | O_CLOEXEC);
		block_statistics = openat(group, block_files[version - 1], O_RDONLY | O_CLOEXEC);
	}
	network_statistics = open("/proc/net/dev", O_RDONLY | O_CLOEXEC);
	if (group != root) close(group);
	if (root >= 0) close(root);
}

int cgroup_version(void) { return version; }

static uint64_t read_counter(int i) {
	char text[1024];
	ssize_t n = descriptors[i] < 0 ? -1 : pread(descriptors[i], text, sizeof text - 1, 0);
	if (n <= 0) return COUNTER_ABSENT;
	text[n] = 0;
	char *number = find_line(text, sources[i].key[version - 1]);
	if (!number || *number < '0' || *number > '9') return COUNTER_ABSENT; /* "max": no limit */
	return strtoull(number, NULL, 10) / sources[i].divisor[version - 1];
}

void cgroup_read(struct counters *c) {
	uint64_t *values = (uint64_t *)c;
	for (int i = 0; i < COUNTER_COUNT; i++) values[i] = read_counter(i);
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
	char *cache = find_line(text, cache_keys[i]);
	u->taken_ns = loop_now_ns();
	u->inactive_cache = cache ? strtoull(cache, NULL, 10) : COUNTER_ABSENT;
	text = read_text(block_statistics);
	u->block_read = sum(text, block_keys[i][0]);
	u->block_written = sum(text, block_keys[i][1]);
	read_network(u);
}
