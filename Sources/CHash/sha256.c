// SHA-256 after FIPS 180-4: portable code, and the x86 SHA instructions behind a check of the processor.
#include "CHash.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define HAS_X86_SHA 1
#else
#define HAS_X86_SHA 0
#endif

#define BLOCK_BYTES 64

static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_be32(uint8_t *p, uint32_t x) {
    p[0] = (uint8_t)(x >> 24);
    p[1] = (uint8_t)(x >> 16);
    p[2] = (uint8_t)(x >> 8);
    p[3] = (uint8_t)x;
}

static inline uint32_t rotate_right(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

static void compress_portable(uint32_t state[8], const uint8_t *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += BLOCK_BYTES) {
        uint32_t w[64];
        for (int i = 0; i < 16; i++) w[i] = load_be32(data + 4 * i);
        for (int i = 16; i < 64; i++) {
            uint32_t s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
            uint32_t s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        for (int i = 0; i < 64; i++) {
            uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
            uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
            uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
            uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }
}

#if HAS_X86_SHA
// The instructions want the state as ABEF and CDGH. Four rounds a step; `a` becomes the four schedule words that
// follow `d`.
#define ROUNDS(message, step)                                                                       \
    sum = _mm_add_epi32(message, _mm_load_si128((const __m128i *)(round_constants + 4 * (step)))); \
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);                                                  \
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
#define SCHEDULE(a, b, c, d) \
    a = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4)), d);
#define SIXTEEN_MORE_ROUNDS(step)                        \
    SCHEDULE(m0, m1, m2, m3) ROUNDS(m0, step)            \
    SCHEDULE(m1, m2, m3, m0) ROUNDS(m1, (step) + 1)      \
    SCHEDULE(m2, m3, m0, m1) ROUNDS(m2, (step) + 2)      \
    SCHEDULE(m3, m0, m1, m2) ROUNDS(m3, (step) + 3)
#define MESSAGE_ROUNDS()                                    \
    ROUNDS(m0, 0) ROUNDS(m1, 1) ROUNDS(m2, 2) ROUNDS(m3, 3) \
    SIXTEEN_MORE_ROUNDS(4) SIXTEEN_MORE_ROUNDS(8) SIXTEEN_MORE_ROUNDS(12)

__attribute__((target("sha,sse4.1"))) static void compress_x86(uint32_t state[8], const uint8_t *data, size_t blocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; blocks > 0; blocks--, data += BLOCK_BYTES) {
        const __m128i old_abef = abef, old_cdgh = cdgh;
        const __m128i *in = (const __m128i *)data;
        __m128i sum;
        __m128i m0 = _mm_shuffle_epi8(_mm_loadu_si128(in), swap);
        __m128i m1 = _mm_shuffle_epi8(_mm_loadu_si128(in + 1), swap);
        __m128i m2 = _mm_shuffle_epi8(_mm_loadu_si128(in + 2), swap);
        __m128i m3 = _mm_shuffle_epi8(_mm_loadu_si128(in + 3), swap);
        MESSAGE_ROUNDS()
        abef = _mm_add_epi32(abef, old_abef);
        cdgh = _mm_add_epi32(cdgh, old_cdgh);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

// The second block of a 64-byte message is the same for every message (0x80, zeros, a length of 512 bits), so its
// schedule is too: these are its words with the round constants added.
static const uint32_t node_padding_rounds[64] __attribute__((aligned(16))) = {
    0xc28a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf374,
    0x649b69c1, 0xf0fe4786, 0x0fe1edc6, 0x240cf254, 0x4fe9346f, 0x6cc984be, 0x61b9411e, 0x16f988fa,
    0xf2c65152, 0xa88e5a6d, 0xb019fc65, 0xb9d99ec7, 0x9a1231c3, 0xe70eeaa0, 0xfdb1232b, 0xc7353eb0,
    0x3069bad5, 0xcb976d5f, 0x5a0f118f, 0xdc1eeefd, 0x0a35b689, 0xde0b7a04, 0x58f4ca9d, 0xe15d5b16,
    0x007f3e86, 0x37088980, 0xa507ea32, 0x6fab9537, 0x17406110, 0x0d8cd6f1, 0xcdaa3b6d, 0xc0bbbe37,
    0x83613bda, 0xdb48a363, 0x0b02e931, 0x6fd15ca7, 0x521afaca, 0x31338431, 0x6ed41a95, 0x6d437890,
    0xc39c91f2, 0x9eccabbd, 0xb5c9a0e6, 0x532fb63c, 0xd2c741c6, 0x07237ea3, 0xa4954b68, 0x4c191d76,
};

#define PADDING_ROUNDS(step)                                                 \
    sum = _mm_load_si128((const __m128i *)(node_padding_rounds + 4 * (step))); \
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);                           \
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));

__attribute__((target("sha,sse4.1"))) static void node_x86(const __m128i *left, const __m128i *right, __m128i *out) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const __m128i first_abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    const __m128i first_cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    __m128i abef = first_abef, cdgh = first_cdgh, sum;
    __m128i m0 = _mm_shuffle_epi8(_mm_loadu_si128(left), swap);
    __m128i m1 = _mm_shuffle_epi8(_mm_loadu_si128(left + 1), swap);
    __m128i m2 = _mm_shuffle_epi8(_mm_loadu_si128(right), swap);
    __m128i m3 = _mm_shuffle_epi8(_mm_loadu_si128(right + 1), swap);
    MESSAGE_ROUNDS()
    const __m128i middle_abef = abef = _mm_add_epi32(abef, first_abef);
    const __m128i middle_cdgh = cdgh = _mm_add_epi32(cdgh, first_cdgh);
#pragma unroll
    for (int step = 0; step < 16; step++) {
        PADDING_ROUNDS(step)
    }
    __m128i low = _mm_shuffle_epi32(_mm_add_epi32(abef, middle_abef), 0x1b);
    __m128i high = _mm_shuffle_epi32(_mm_add_epi32(cdgh, middle_cdgh), 0xb1);
    _mm_storeu_si128(out, _mm_shuffle_epi8(_mm_blend_epi16(low, high, 0xf0), swap));
    _mm_storeu_si128(out + 1, _mm_shuffle_epi8(_mm_alignr_epi8(high, low, 8), swap));
}

// Two nodes at once. The instructions of one chain wait for each other (a round takes four cycles, another may begin after
// two), so a second, independent chain between them is nearly free.
#define BOTH(name) name##_a, name##_b
#define ROUNDS_OF(x, words)                                      \
    cdgh_##x = _mm_sha256rnds2_epu32(cdgh_##x, abef_##x, words); \
    abef_##x = _mm_sha256rnds2_epu32(abef_##x, cdgh_##x, _mm_shuffle_epi32(words, 0x0e));
#define MESSAGE_STEP(x, message, step)                                                                       \
    sum_##x = _mm_add_epi32(message, _mm_load_si128((const __m128i *)(round_constants + 4 * (step))));      \
    ROUNDS_OF(x, sum_##x)
#define ROUNDS_BOTH(i, step) MESSAGE_STEP(a, m##i##_a, step) MESSAGE_STEP(b, m##i##_b, step)
#define SCHEDULE_BOTH(i, j, k, l)                 \
    SCHEDULE(m##i##_a, m##j##_a, m##k##_a, m##l##_a) \
    SCHEDULE(m##i##_b, m##j##_b, m##k##_b, m##l##_b)
#define SIXTEEN_MORE_ROUNDS_BOTH(step)                            \
    SCHEDULE_BOTH(0, 1, 2, 3) ROUNDS_BOTH(0, step)                \
    SCHEDULE_BOTH(1, 2, 3, 0) ROUNDS_BOTH(1, (step) + 1)          \
    SCHEDULE_BOTH(2, 3, 0, 1) ROUNDS_BOTH(2, (step) + 2)          \
    SCHEDULE_BOTH(3, 0, 1, 2) ROUNDS_BOTH(3, (step) + 3)
#define LOAD_BOTH(i, side, part)                                             \
    __m128i m##i##_a = _mm_shuffle_epi8(_mm_loadu_si128(side##_a + part), swap); \
    __m128i m##i##_b = _mm_shuffle_epi8(_mm_loadu_si128(side##_b + part), swap);
#define STORE_NODE(x, out)                                                                      \
    low = _mm_shuffle_epi32(_mm_add_epi32(abef_##x, middle_abef_##x), 0x1b);                    \
    high = _mm_shuffle_epi32(_mm_add_epi32(cdgh_##x, middle_cdgh_##x), 0xb1);                   \
    _mm_storeu_si128(out, _mm_shuffle_epi8(_mm_blend_epi16(low, high, 0xf0), swap));            \
    _mm_storeu_si128((out) + 1, _mm_shuffle_epi8(_mm_alignr_epi8(high, low, 8), swap));

__attribute__((target("sha,sse4.1"))) static void two_nodes_x86(
    const __m128i *left_a, const __m128i *right_a, __m128i *out_a, const __m128i *left_b, const __m128i *right_b,
    __m128i *out_b) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const __m128i first_abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    const __m128i first_cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    __m128i BOTH(sum), low, high;
    __m128i abef_a = first_abef, cdgh_a = first_cdgh, abef_b = first_abef, cdgh_b = first_cdgh;
    LOAD_BOTH(0, left, 0) LOAD_BOTH(1, left, 1) LOAD_BOTH(2, right, 0) LOAD_BOTH(3, right, 1)
    ROUNDS_BOTH(0, 0) ROUNDS_BOTH(1, 1) ROUNDS_BOTH(2, 2) ROUNDS_BOTH(3, 3)
    SIXTEEN_MORE_ROUNDS_BOTH(4) SIXTEEN_MORE_ROUNDS_BOTH(8) SIXTEEN_MORE_ROUNDS_BOTH(12)
    const __m128i middle_abef_a = abef_a = _mm_add_epi32(abef_a, first_abef);
    const __m128i middle_cdgh_a = cdgh_a = _mm_add_epi32(cdgh_a, first_cdgh);
    const __m128i middle_abef_b = abef_b = _mm_add_epi32(abef_b, first_abef);
    const __m128i middle_cdgh_b = cdgh_b = _mm_add_epi32(cdgh_b, first_cdgh);
#pragma unroll
    for (int step = 0; step < 16; step++) {
        const __m128i words = _mm_load_si128((const __m128i *)(node_padding_rounds + 4 * step));
        ROUNDS_OF(a, words)
        ROUNDS_OF(b, words)
    }
    STORE_NODE(a, out_a)
    STORE_NODE(b, out_b)
}

static bool processor_has_sha(void) {
    unsigned a, b, c, d;
    const unsigned ssse3 = 1u << 9, sse41 = 1u << 19, sha = 1u << 29;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (ssse3 | sse41)) != (ssse3 | sse41)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & sha) != 0;
}

// Written once, before main, and only read afterwards.
static bool use_sha_instructions;
__attribute__((constructor)) static void ask_the_processor(void) { use_sha_instructions = processor_has_sha(); }
#endif

bool chash_sha256_is_accelerated(void) {
#if HAS_X86_SHA
    return use_sha_instructions;
#else
    return false;
#endif
}

typedef void compress_function(uint32_t state[8], const uint8_t *data, size_t blocks);

static inline void compress_best(uint32_t state[8], const uint8_t *data, size_t blocks) {
#if HAS_X86_SHA
    if (use_sha_instructions) {
        compress_x86(state, data, blocks);
        return;
    }
#endif
    compress_portable(state, data, blocks);
}

static inline void store_state(const uint32_t state[8], uint8_t *out) {
    for (int i = 0; i < 8; i++) store_be32(out + 4 * i, state[i]);
}

// Takes `count` bytes in: whole blocks straight from the input, the rest kept in `block`, of which `held` are full.
static inline size_t absorb(
    compress_function *compress, uint32_t state[8], uint8_t block[BLOCK_BYTES], size_t held, const uint8_t *bytes,
    size_t count) {
    if (count == 0) return held;
    if (held > 0) {
        size_t part = BLOCK_BYTES - held < count ? BLOCK_BYTES - held : count;
        memcpy(block + held, bytes, part);
        bytes += part, count -= part, held += part;
        if (held < BLOCK_BYTES) return held;
        compress(state, block, 1);
    }
    compress(state, bytes, count / BLOCK_BYTES);
    held = count % BLOCK_BYTES;
    memcpy(block, bytes + (count - held), held);
    return held;
}

static inline void hash(
    compress_function *compress, const void *first, size_t first_count, const void *second, size_t second_count,
    uint8_t *out) {
    uint32_t state[8];
    uint8_t block[BLOCK_BYTES];
    memcpy(state, initial_state, sizeof state);
    size_t held = absorb(compress, state, block, 0, first, first_count);
    held = absorb(compress, state, block, held, second, second_count);
    block[held++] = 0x80;
    if (held > BLOCK_BYTES - 8) {
        memset(block + held, 0, BLOCK_BYTES - held);
        compress(state, block, 1);
        held = 0;
    }
    memset(block + held, 0, BLOCK_BYTES - 8 - held);
    uint64_t bits = ((uint64_t)first_count + second_count) * 8;
    store_be32(block + 56, (uint32_t)(bits >> 32));
    store_be32(block + 60, (uint32_t)bits);
    compress(state, block, 1);
    store_state(state, out);
}

void chash_sha256(const void *first, size_t first_count, const void *second, size_t second_count, void *out) {
    hash(compress_best, first, first_count, second, second_count, out);
}

void chash_sha256_portable(const void *first, size_t first_count, const void *second, size_t second_count, void *out) {
    hash(compress_portable, first, first_count, second, second_count, out);
}

void chash_sha256_node(const void *left, const void *right, void *out) {
#if HAS_X86_SHA
    if (use_sha_instructions) {
        node_x86(left, right, out);
        return;
    }
#endif
    chash_sha256_portable(left, 32, right, 32, out);
}

void chash_sha256_nodes(
    const void *children, size_t child_count, const size_t *indexes, size_t index_count, void *parents) {
    const uint8_t *below = children;
    uint8_t *above = parents;
#define LEFT(i) (below + 64 * indexes[i])
#define RIGHT(i) (2 * indexes[i] + 1 < child_count ? LEFT(i) + 32 : LEFT(i))
#define PARENT(i) (above + 32 * indexes[i])
    size_t i = 0;
#if HAS_X86_SHA
    if (use_sha_instructions) {
        for (; i + 2 <= index_count; i += 2) {
            two_nodes_x86(
                (const __m128i *)LEFT(i), (const __m128i *)RIGHT(i), (__m128i *)PARENT(i), (const __m128i *)LEFT(i + 1),
                (const __m128i *)RIGHT(i + 1), (__m128i *)PARENT(i + 1));
        }
    }
#endif
    for (; i < index_count; i++) chash_sha256_node(LEFT(i), RIGHT(i), PARENT(i));
#undef LEFT
#undef RIGHT
#undef PARENT
}
