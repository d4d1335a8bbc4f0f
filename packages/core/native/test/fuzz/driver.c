/* Runs a fuzz target: `<corpus> <runs> <crash file> <directory>`. First every file of the corpus, then
 * mutations of them; what reaches new code is mutated further. Everything follows from the corpus and
 * a fixed seed. The input under way at a failure is written to the crash file; given as the corpus, a
 * single file is run alone. */
#include <dirent.h>
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { MAX_SIZE = 16 * 1024, MAX_INPUTS = 8192, MAP = 1 << 16, HANG_SECONDS = 20 };

static struct input {
	uint8_t *data;
	size_t size;
} inputs[MAX_INPUTS];
static size_t input_count;
static struct input current;
static int crash = -1;
static bool reached[MAP];
static size_t reached_count;
static uintptr_t previous;
static uint64_t random_state = 0x9e3779b97f4a7c15u;
jmp_buf fuzz_exited;

/* Called in every basic block of the code under test: notes the way from one to the next. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
	uintptr_t place = (uintptr_t)__builtin_return_address(0);
	uint64_t slot = (uint64_t)(place ^ previous << 20) * 0x9e3779b97f4a7c15u >> 48;
	previous = place;
	reached_count += !reached[slot];
	reached[slot] = true;
}

_Noreturn void __wrap__exit(int code);
_Noreturn void __wrap__exit(int code) { longjmp(fuzz_exited, code + 1); }

void fuzz_check_descriptors(int first) {
	int next = dup(0);
	close(next);
	if (next == first) return;
	fprintf(stderr, "expected descriptor %d to be the next free one, found %d\n", first, next);
	abort();
}

static void keep_crash(void) {
	if (crash < 0 || !current.data || pwrite(crash, current.data, current.size, 0) < 0) return;
	fsync(crash);
}

static void on_hang(int signal) {
	static const char text[] = "the input under way doesn't end\n";
	(void)signal;
	if (write(2, text, sizeof text - 1) > 0) abort();
}

static void run(const uint8_t *data, size_t size) {
	/* A copy of exactly this size, so that reading past its end is seen. */
	current = (struct input){malloc(size ? size : 1), size};
	memcpy(current.data, data, size);
	previous = 0;
	alarm(HANG_SECONDS);
	fuzz_one(current.data, size);
	alarm(0);
	free(current.data);
	current = (struct input){0};
}

static void add(const uint8_t *data, size_t size) {
	if (input_count == MAX_INPUTS) return;
	inputs[input_count] = (struct input){malloc(size ? size : 1), size};
	memcpy(inputs[input_count++].data, data, size);
}

static void load(const char *path) {
	static uint8_t data[MAX_SIZE];
	FILE *file = fopen(path, "r");
	if (!file) perror(path), exit(2);
	add(data, fread(data, 1, sizeof data, file));
	fclose(file);
}

static void load_corpus(const char *path) {
	struct dirent **names;
	struct stat st;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) return load(path);
	int count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char file[4096];
		snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.') load(file);
		free(names[i]);
	}
	if (count >= 0) free(names);
	if (input_count == 0) fprintf(stderr, "no corpus in %s\n", path), exit(2);
}

static size_t pick(size_t below) { /* xorshift64* */
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return below ? (size_t)((random_state * 0x2545f4914f6cdd1du >> 32) % below) : 0;
}

static void overwrite(uint8_t *data, size_t size, uint64_t value, size_t bytes) {
	if (size < bytes) return;
	uint8_t *at = data + pick(size - bytes + 1);
	for (size_t i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
}

/* Puts `count` bytes of `from` in the place of `removed` bytes at a random position. */
static size_t replace(uint8_t *data, size_t size, const uint8_t *from, size_t count, size_t removed) {
	size_t at = pick(size + 1);
	removed = removed < size - at ? removed : size - at;
	if (size - removed + count > MAX_SIZE) return size;
	memmove(data + at + count, data + at + removed, size - at - removed);
	memcpy(data + at, from, count);
	return size - removed + count;
}

static size_t mutate(uint8_t *data, size_t size) {
	static const uint64_t edges[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0xffffffff};
	uint8_t part[256];
	const struct input *other = &inputs[pick(input_count)];
	size_t count = 1 + pick(pick(8) ? 16 : sizeof part);
	switch (pick(7)) {
	case 0: overwrite(data, size, pick(256), 1); break;
	case 1: if (size) data[pick(size)] ^= (uint8_t)(1u << pick(8)); break;
	case 2: if (size) data[pick(size)] += (uint8_t)(pick(2) ? 1 : -1); break;
	case 3: overwrite(data, size, edges[pick(sizeof edges / sizeof *edges)], (size_t)1 << pick(3)); break;
	case 4: return replace(data, size, part, 0, count);
	case 5:
		for (size_t i = 0; i < count; i++) part[i] = (uint8_t)pick(256);
		return replace(data, size, part, count, pick(2) * count);
	default:
		if (other->size == 0) break;
		count = count < other->size ? count : other->size;
		memcpy(part, other->data + pick(other->size - count + 1), count);
		return replace(data, size, part, count, pick(2) * count);
	}
	return size;
}

int main(int argc, char **argv) {
	static uint8_t data[MAX_SIZE];
	if (argc != 5) return 2;
	char symbol[128];
	__sanitizer_symbolize_pc((void *)(uintptr_t)main, "%f", symbol, sizeof symbol); /* later it may be out of sight */
	load_corpus(argv[1]);
	crash = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	__sanitizer_set_death_callback(keep_crash);
	signal(SIGALRM, on_hang);
	fuzz_begin(argv[4]);
	size_t kept = input_count;
	for (size_t i = 0; i < kept; i++) run(inputs[i].data, inputs[i].size);
	for (long runs = atol(argv[2]); runs > 0; runs--) {
		const struct input *from = &inputs[pick(input_count)];
		size_t size = from->size, before = reached_count;
		memcpy(data, from->data, size);
		for (size_t times = 1 + pick(4); times > 0; times--) size = mutate(data, size);
		run(data, size);
		if (reached_count > before) add(data, size);
	}
	fuzz_end();
	fprintf(stderr, "%zu kept, %s mutated, %zu reached new code\n", kept, argv[2], input_count - kept);
	for (size_t i = 0; i < input_count; i++) free(inputs[i].data);
	unlink(argv[3]);
	return 0;
}
