/* Little-endian reading with bounds, and writing into a growing buffer. */
#ifndef PARACLE_WIRE_H
#define PARACLE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad; /* set once anything was read past the end, and never cleared */
};

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* A NUL-terminated string inside the buffer; NULL where there is none. */
const char *read_string(struct reader *r);

struct buffer {
	uint8_t *data;
	size_t start, end, capacity;
};

static inline size_t buffer_length(const struct buffer *b) { return b->end - b->start; }
/* Makes room for `count` more bytes and returns where they go; exits when memory is out. */
uint8_t *buffer_reserve(struct buffer *b, size_t count);
void buffer_append(struct buffer *b, const void *data, size_t count);
void buffer_consume(struct buffer *b, size_t count);
void buffer_free(struct buffer *b);
void put_u8(struct buffer *b, uint8_t v);
void put_u16(struct buffer *b, uint16_t v);
void put_u32(struct buffer *b, uint32_t v);
void put_u64(struct buffer *b, uint64_t v);
void store_u32(uint8_t *at, uint32_t v);
void store_u64(uint8_t *at, uint64_t v);

/* Writes all of it to a blocking descriptor; false on failure. */
bool write_all(int fd, const void *data, size_t count);
/* Closes what is open, and leaves errno to what went before. */
void close_quietly(int fd);
/* Closes, and is -1 with an errno. */
int fail(int fd, int error);
/* Reads exactly `count` bytes; false at the end of the file or on failure. */
bool read_all(int fd, void *data, size_t count);

#endif
