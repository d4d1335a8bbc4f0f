#include "tree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"

/* Memory that is paid for only where it is used; a sandbox with more processes is killed in turns. */
enum { MAX_PROCESSES = 16384, SETTLE_US = 500, KILL_PASSES = 64 };

static struct process table[MAX_PROCESSES];
static pid_t idle_before[MAX_PROCESSES]; /* whom the program itself had stopped */
static size_t idle_count;

/* Fields of /proc/PID/stat are counted from the last ')': a program may have any name. */
static bool parse_stat(int proc, const char *name, struct process *p) {
	char path[300], text[512];
	snprintf(path, sizeof path, "%s/stat", name);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0) return false;
	text[n] = 0;
	char *at = strrchr(text, ')');
	char state;
	int parent, group;
	long threads;
	if (!at || sscanf(at + 1, " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld",
	                  &state, &parent, &group, &threads) != 4)
		return false;
	p->pid = (pid_t)atoi(name);
	p->parent = parent;
	p->group = group;
	/* A process whose first thread ended shows Z while its other threads run on. */
	p->dead = (state == 'Z' && threads <= 1) || state == 'X';
	p->idle = p->dead || state == 'T' || state == 't';
	p->member = false;
	return true;
}

static void mark_members(size_t count) {
	pid_t self = getpid();
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < count; i++) {
			if (table[i].member) continue;
			bool member = table[i].parent == self;
			for (size_t j = 0; !member && j < count; j++)
				member = table[j].member && table[j].pid == table[i].parent;
			if (member) table[i].member = changed = true;
		}
	}
}

size_t tree_scan(struct process **processes) {
	size_t count = 0, members = 0;
	DIR *directory = opendir("/proc");
	*processes = table;
	if (!directory) return 0;
	struct dirent *entry;
	while (count < MAX_PROCESSES && (entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    parse_stat(dirfd(directory), entry->d_name, &table[count]))
			count++;
	closedir(directory);
	mark_members(count);
	for (size_t i = 0; i < count; i++)
		if (table[i].member) table[members++] = table[i];
	return members;
}

void tree_signal(int signal) {
	struct process *p;
	size_t count = tree_scan(&p);
	for (size_t i = 0; i < count; i++)
		if (!p[i].dead) kill(p[i].pid, signal);
}

static bool was_idle(pid_t pid) {
	for (size_t i = 0; i < idle_count; i++)
		if (idle_before[i] == pid) return true;
	return false;
}

/* A signal to a group reaches all of it at once, newborn children included. Each execution is a
 * session of its own, so its groups are nobody else's. */
static void signal_group(const struct process *p, int signal, pid_t *last_group) {
	if (p->group > 1 && p->group != getpgrp() && p->group != *last_group) kill(-p->group, signal);
	*last_group = p->group;
}

static bool runs(pid_t pid, const struct process *p, size_t count) {
	for (size_t i = 0; i < count; i++)
		if (p[i].pid == pid) return !p[i].idle;
	return false;
}

void tree_stop(int limit_ms, int ordered_ms) {
	int64_t end = loop_now_ms() + limit_ms, ordered_end = end - limit_ms + ordered_ms;
	size_t before = 0;
	idle_count = 0;
	for (int pass = 0; pass == 0 || loop_now_ms() < end; pass++) {
		struct process *p;
		size_t count = tree_scan(&p), running = 0;
		pid_t last_group = 0;
		for (size_t i = 0; i < count; i++) {
			if (p[i].idle) {
				if (pass == 0 && !p[i].dead) idle_before[idle_count++] = p[i].pid;
				continue;
			}
			running++;
			if (loop_now_ms() < ordered_end && runs(p[i].parent, p, count)) continue;
			signal_group(&p[i], SIGSTOP, &last_group);
			kill(p[i].pid, SIGSTOP);
		}
		if (running == 0 && count == before) return;
		before = count;
		if (pass > 1) usleep(SETTLE_US);
	}
}

void tree_kill(void) {
	for (int pass = 0; pass < KILL_PASSES; pass++) {
		struct process *p;
		size_t count = tree_scan(&p), living = 0;
		pid_t last_group = 0;
		for (size_t i = 0; i < count; i++) {
			if (p[i].dead) continue;
			living++;
			signal_group(&p[i], SIGKILL, &last_group);
			kill(p[i].pid, SIGKILL);
		}
		if (living == 0) return;
		if (pass > 1) usleep(SETTLE_US);
	}
}

void tree_continue(void) {
	struct process *p;
	size_t count = tree_scan(&p);
	/* The younger a process, the higher its id. */
	while (count-- > 0)
		if (!was_idle(p[count].pid)) kill(p[count].pid, SIGCONT);
	idle_count = 0;
}
