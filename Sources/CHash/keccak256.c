// Keccak-f[1600] and Keccak-256 after "The Keccak reference" 3.0, with the padding from before FIPS 202.
#include "CHash.h"

#include <string.h>

#define RATE_BYTES 136  // (1600 - 2 * 256) / 8

static const uint64_t round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

// Rho's offsets and pi's targets along the one cycle that pi makes of the lanes 1…24.
static const uint8_t rotations[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                      27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
static const uint8_t lanes[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};

static inline uint64_t rotate_left(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

static void permute(uint64_t a[25]) {
    for (int round = 0; round < 24; round++) {
        uint64_t c[5];
#pragma unroll
        for (int x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma unroll
        for (int x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ rotate_left(c[(x + 1) % 5], 1);
            for (int y = 0; y < 25; y += 5) a[x + y] ^= d;
        }
        uint64_t moving = a[1];
#pragma unroll
        for (int i = 0; i < 24; i++) {
            uint64_t next = a[lanes[i]];
            a[lanes[i]] = rotate_left(moving, rotations[i]);
            moving = next;
        }
#pragma unroll
        for (int y = 0; y < 25; y += 5) {
            uint64_t row[5];
            memcpy(row, a + y, sizeof row);
            for (int x = 0; x < 5; x++) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
        a[0] ^= round_constants[round];
    }
}

static inline uint64_t load_le64(const uint8_t *p) {
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--) x = x << 8 | p[i];
    return x;
}

static inline void absorb_block(uint64_t state[25], const uint8_t *block) {
    for (int i = 0; i < RATE_BYTES / 8; i++) state[i] ^= load_le64(block + 8 * i);
    permute(state);
}

void chash_keccak256(const void *bytes, size_t count, void *out) {
    uint64_t state[25] = {0};
    const uint8_t *in = bytes;
    for (; count >= RATE_BYTES; count -= RATE_BYTES, in += RATE_BYTES) absorb_block(state, in);
    uint8_t last[RATE_BYTES] = {0};
    if (count > 0) memcpy(last, in, count);
    last[count] = 0x01;
    last[RATE_BYTES - 1] |= 0x80;
    absorb_block(state, last);
    uint8_t *to = out;
    for (int i = 0; i < 32; i++) to[i] = (uint8_t)(state[i / 8] >> (8 * (i % 8)));
}
