#include "sha256.h"

#include <stdbool.h>
#include <string.h>

/* Fractional parts of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* The working variables never move: in each round their names do, by one. */
static void compress_portably(uint32_t state[8], const uint8_t *data, size_t blocks) {
	for (; blocks > 0; blocks--, data += 64) {
		uint32_t w[64], s[8];
		for (int i = 0; i < 16; i++)
			w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 |
			       (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
		for (int i = 16; i < 64; i++) {
			uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
			uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
			w[i] = w[i - 16] + a + w[i - 7] + b;
		}
		memcpy(s, state, sizeof s);
		for (int i = 0; i < 64; i++) {
			uint32_t a = s[-i & 7], b = s[(1 - i) & 7], c = s[(2 - i) & 7];
			uint32_t e = s[(4 - i) & 7], f = s[(5 - i) & 7], g = s[(6 - i) & 7];
			uint32_t t1 = s[(7 - i) & 7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
			uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
			s[(3 - i) & 7] += t1;
			s[(7 - i) & 7] = t1 + t2;
		}
		for (int i = 0; i < 8; i++) state[i] += s[i];
	}
}

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

/* Source: Intel's manual, CPUID leaf 7: SHA is bit 29 of EBX; every processor that has it has SSE 4.1. */
static bool has_instructions(void) {
	unsigned a, b, c, d;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1;
}

/* By the processor's own instructions, which keep the variables as ABEF and CDGH and do two rounds at a time. */
__attribute__((target("sha,sse4.1"))) static void compress(uint32_t state[8], const uint8_t *data, size_t blocks) {
	static int known = -1;
	if (known < 0) known = has_instructions();
	if (!known) return compress_portably(state, data, blocks);
	const __m128i to_big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i dcba = _mm_loadu_si128((const __m128i *)state), hgfe = _mm_loadu_si128((const __m128i *)(state + 4));
	__m128i abef = _mm_unpacklo_epi64(_mm_shuffle_epi32(hgfe, 0x1), _mm_shuffle_epi32(dcba, 0x1));
	__m128i cdgh = _mm_unpacklo_epi64(_mm_shuffle_epi32(hgfe, 0xb), _mm_shuffle_epi32(dcba, 0xb));
	for (; blocks > 0; blocks--, data += 64) {
		__m128i w[4], ab = abef, cd = cdgh;
		for (int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), to_big_endian);
		for (int i = 0; i < 16; i++) {
			__m128i now = w[i & 3], last = w[(i + 3) & 3];
			__m128i added = _mm_add_epi32(now, _mm_loadu_si128((const __m128i *)(K + 4 * i)));
			cd = _mm_sha256rnds2_epu32(cd, ab, added);
			ab = _mm_sha256rnds2_epu32(ab, cd, _mm_shuffle_epi32(added, 0xe));
			__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(now, w[(i + 1) & 3]), _mm_alignr_epi8(last, w[(i + 2) & 3], 4));
			w[i & 3] = _mm_sha256msg2_epu32(sum, last);
		}
		abef = _mm_add_epi32(abef, ab);
		cdgh = _mm_add_epi32(cdgh, cd);
	}
	_mm_storeu_si128((__m128i *)state, _mm_unpackhi_epi64(_mm_shuffle_epi32(abef, 0xb1), _mm_shuffle_epi32(cdgh, 0xb1)));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_unpacklo_epi64(_mm_shuffle_epi32(abef, 0xb1), _mm_shuffle_epi32(cdgh, 0xb1)));
}
#else
static void compress(uint32_t state[8], const uint8_t *data, size_t blocks) { compress_portably(state, data, blocks); }
#endif

void sha256_begin(struct sha256 *s) {
	/* Fractional parts of the square roots of the first 8 primes. */
	static const uint32_t initial[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	memcpy(s->state, initial, sizeof initial);
	s->length = 0;
}

void sha256_update(struct sha256 *s, const void *data, size_t count) {
	const uint8_t *at = data;
	size_t used = s->length % 64;
	s->length += count;
	if (used > 0) {
		size_t part = count < 64 - used ? count : 64 - used;
		memcpy(s->block + used, at, part);
		at += part;
		count -= part;
		if (used + part < 64) return;
		compress(s->state, s->block, 1);
	}
	compress(s->state, at, count / 64);
	memcpy(s->block, at + count / 64 * 64, count % 64);
}

void sha256_end(struct sha256 *s, uint8_t digest[32]) {
	uint64_t bits = s->length * 8;
	uint8_t tail[72] = {0x80};
	size_t used = s->length % 64, padding = used < 56 ? 56 - used : 120 - used;
	for (size_t i = 0; i < 8; i++) tail[padding + i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_update(s, tail, padding + 8);
	for (size_t i = 0; i < 32; i++) digest[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}
