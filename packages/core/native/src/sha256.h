/* SHA-256 (FIPS 180-4). */
#ifndef PARACLE_SHA256_H
#define PARACLE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t state[8];
	uint64_t length;
	uint8_t block[64];
};

void sha256_begin(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t count);
void sha256_end(struct sha256 *s, uint8_t digest[32]);

#endif
