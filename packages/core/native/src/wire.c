#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t *take(struct reader *r, size_t count) {
	if (r->bad || r->left < count) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *at = r->at;
	r->at += count;
	r->left -= count;
	return at;
}

static uint64_t read_number(struct reader *r, size_t bytes) {
	const uint8_t *at = take(r, bytes);
	uint64_t value = 0;
	if (at)
		for (size_t i = bytes; i-- > 0;) value = value << 8 | at[i];
	return value;
}

uint8_t read_u8(struct reader *r) { return (uint8_t)read_number(r, 1); }
uint16_t read_u16(struct reader *r) { return (uint16_t)read_number(r, 2); }
uint32_t read_u32(struct reader *r) { return (uint32_t)read_number(r, 4); }
uint64_t read_u64(struct reader *r) { return read_number(r, 8); }

const char *read_string(struct reader *r) {
	const uint8_t *end = r->bad ? NULL : memchr(r->at, 0, r->left);
	if (!end) {
		r->bad = true;
		return NULL;
	}
	return (const char *)take(r, (size_t)(end - r->at) + 1);
}

uint8_t *buffer_reserve(struct buffer *b, size_t count) {
	if (b->start == b->end) b->start = b->end = 0;
	if (b->capacity - b->end < count && b->start > 0) {
		memmove(b->data, b->data + b->start, b->end - b->start);
		b->end -= b->start;
		b->start = 0;
	}
	if (b->capacity - b->end < count) {
		size_t capacity = b->capacity ? b->capacity * 2 : 4096;
		while (capacity - b->end < count) capacity *= 2;
		uint8_t *data = realloc(b->data, capacity);
		if (!data) _exit(71);
		b->data = data;
		b->capacity = capacity;
	}
	return b->data + b->end;
}

void buffer_append(struct buffer *b, const void *data, size_t count) {
	if (count == 0) return;
	memcpy(buffer_reserve(b, count), data, count);
	b->end += count;
}

void buffer_consume(struct buffer *b, size_t count) {
	b->start += count;
	if (b->start < b->end) return;
	b->start = b->end = 0;
	/* A burst must not keep its memory: the sandbox's limit pays for it. */
	if (b->capacity > 512 * 1024) buffer_free(b);
}

void buffer_free(struct buffer *b) {
	free(b->data);
	*b = (struct buffer){0};
}

static void put_number(struct buffer *b, uint64_t value, size_t bytes) {
	uint8_t *at = buffer_reserve(b, bytes);
	for (size_t i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> (8 * i));
	b->end += bytes;
}

void put_u8(struct buffer *b, uint8_t v) { put_number(b, v, 1); }
void put_u16(struct buffer *b, uint16_t v) { put_number(b, v, 2); }
void put_u32(struct buffer *b, uint32_t v) { put_number(b, v, 4); }
void put_u64(struct buffer *b, uint64_t v) { put_number(b, v, 8); }

void store_u32(uint8_t *at, uint32_t v) {
	for (size_t i = 0; i < 4; i++) at[i] = (uint8_t)(v >> (8 * i));
}

void store_u64(uint8_t *at, uint64_t v) {
	store_u32(at, (uint32_t)v);
	store_u32(at + 4, (uint32_t)(v >> 32));
}

bool write_all(int fd, const void *data, size_t count) {
	const uint8_t *at = data;
	while (count > 0) {
		ssize_t n = write(fd, at, count);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return false;
		at += n;
		count -= (size_t)n;
	}
	return true;
}

bool read_all(int fd, void *data, size_t count) {
	uint8_t *at = data;
	while (count > 0) {
		ssize_t n = read(fd, at, count);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return false;
		at += n;
		count -= (size_t)n;
	}
	return true;
}

void close_quietly(int fd) {
	int error = errno;
	if (fd >= 0) close(fd);
	errno = error;
}

int fail(int fd, int error) {
	close(fd);
	errno = error;
	return -1;
}
