/* Readers and buffers, against what they must do with the bytes of the input. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "wire.h"

static int first;

static void expect(bool condition) {
	if (!condition) abort();
}

static uint64_t little_endian(const uint8_t *at, size_t bytes) {
	uint64_t value = 0;
	for (size_t i = 0; i < bytes; i++) value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static uint64_t read_bytes(struct reader *r, size_t bytes) {
	if (bytes == 1) return read_u8(r);
	if (bytes == 2) return read_u16(r);
	return bytes == 4 ? read_u32(r) : read_u64(r);
}

/* One byte says what to read next from the rest. */
static void check_reader(const uint8_t *data, size_t size) {
	struct reader r = {data, size, false};
	while (!r.bad) {
		uint8_t what = read_u8(&r) % 8;
		struct reader before = r;
		if (what < 4) {
			size_t bytes = (size_t)1 << what;
			uint64_t value = read_bytes(&r, bytes);
			expect(r.bad == (before.bad || before.left < bytes));
			expect(r.bad ? value == 0 && r.left == before.left : value == little_endian(before.at, bytes));
		} else {
			const char *text = read_string(&r);
			expect(!text == r.bad);
			expect(!text || (text == (const char *)before.at && r.left == before.left - strlen(text) - 1));
		}
	}
	expect(read_u32(&r) == 0 && read_string(&r) == NULL && r.bad);
}

/* What goes into a buffer comes out in the same order; a byte says how much goes in or out. */
static void check_buffer(const uint8_t *data, size_t size) {
	struct buffer b = {0};
	size_t in = 0, out = 0;
	for (size_t i = 0; i < size; i++) {
		size_t count = (size_t)(data[i] >> 1) << (data[i] >> 1) % 8;
		if (data[i] & 1) {
			count = count < size - in ? count : size - in;
			buffer_append(&b, data + in, count);
			in += count;
		} else {
			count = count < in - out ? count : in - out;
			expect(count == 0 || memcmp(b.data + b.start, data + out, count) == 0);
			buffer_consume(&b, count);
			out += count;
		}
		expect(buffer_length(&b) == in - out && b.end <= b.capacity);
	}
	if (size) memset(buffer_reserve(&b, size * 256), 0, size * 256);
	b.end += size * 256;
	buffer_consume(&b, buffer_length(&b));
	expect(buffer_length(&b) == 0 && b.capacity <= 512 * 1024);
	buffer_free(&b);
}

static void check_numbers(const uint8_t *data) {
	struct buffer b = {0};
	uint8_t stored[4];
	uint64_t value = little_endian(data, 8);
	put_u64(&b, value);
	put_u32(&b, (uint32_t)value);
	put_u16(&b, (uint16_t)value);
	put_u8(&b, (uint8_t)value);
	store_u32(stored, (uint32_t)value);
	expect(buffer_length(&b) == 15 && memcmp(b.data, data, 8) == 0 && memcmp(b.data + 8, data, 4) == 0);
	expect(memcmp(b.data + 12, data, 2) == 0 && b.data[14] == data[0] && memcmp(stored, data, 4) == 0);
	buffer_free(&b);
}

static void check_descriptors(const uint8_t *data, size_t size) {
	int ends[2];
	uint8_t copy[4096];
	size_t count = size < sizeof copy ? size : sizeof copy;
	expect(pipe2(ends, O_CLOEXEC) == 0);
	expect(write_all(ends[1], data, count));
	expect(read_all(ends[0], copy, count) && memcmp(copy, data, count) == 0);
	expect(write_all(ends[1], data, count / 2));
	close(ends[1]);
	expect(!read_all(ends[0], copy, count / 2 + 1));
	close(ends[0]);
	expect(!write_all(ends[1], data, 1) && !read_all(ends[0], copy, 1));
}

void fuzz_begin(const char *directory) {
	(void)directory;
	first = dup(0);
	close(first);
}

void fuzz_end(void) {}

void fuzz_one(const uint8_t *data, size_t size) {
	check_reader(data, size);
	check_buffer(data, size);
	if (size >= 8) check_numbers(data);
	check_descriptors(data, size);
	fuzz_check_descriptors(first);
}
