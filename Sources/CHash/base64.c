// Standard base64 (RFC 4648, section 4), table driven: eight characters or six bytes a step.
#include "CHash.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NO 0x80  // not of the alphabet; above every value, so that one test of a bit covers many look-ups
static const uint8_t values[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
    // 0x80 and above
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
};

static inline uint64_t big_endian(uint64_t x) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(x);
#else
    return x;
#endif
}

static inline bool decode_group(const uint8_t *in, uint8_t *out) {
    uint32_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
    if ((a | b | c | d) & NO) return false;
    uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
    return true;
}

size_t chash_base64_decode_groups(const void *text, size_t groups, void *out) {
    const uint8_t *in = text;
    uint8_t *to = out;
    size_t done = 0;
    // Two groups a step. The store writes two bytes beyond them, so a last group stays for the loop below.
    for (; groups - done > 2; done += 2, in += 8, to += 6) {
        uint64_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
        uint64_t e = values[in[4]], f = values[in[5]], g = values[in[6]], h = values[in[7]];
        if ((a | b | c | d | e | f | g | h) & NO) break;
        uint64_t bits = a << 58 | b << 52 | c << 46 | d << 40 | e << 34 | f << 28 | g << 22 | h << 16;
        bits = big_endian(bits);
        memcpy(to, &bits, sizeof bits);
    }
    for (; done < groups && decode_group(in, to); done++, in += 4, to += 3) {}
    return done;
}

void chash_base64_encode(const void *bytes, size_t count, void *out) {
    const uint8_t *in = bytes;
    uint8_t *to = out;
    // Six bytes a step; the load reads two beyond them.
    for (; count >= 8; count -= 6, in += 6, to += 8) {
        uint64_t bits;
        memcpy(&bits, in, sizeof bits);
        bits = big_endian(bits);
        for (int i = 0; i < 8; i++) to[i] = (uint8_t)alphabet[bits >> (58 - 6 * i) & 63];
    }
    for (; count >= 3; count -= 3, in += 3, to += 4) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        for (int i = 0; i < 4; i++) to[i] = (uint8_t)alphabet[bits >> (18 - 6 * i) & 63];
    }
    if (count > 0) {
        uint32_t bits = (uint32_t)in[0] << 16 | (count > 1 ? (uint32_t)in[1] << 8 : 0);
        to[0] = (uint8_t)alphabet[bits >> 18 & 63];
        to[1] = (uint8_t)alphabet[bits >> 12 & 63];
        to[2] = count > 1 ? (uint8_t)alphabet[bits >> 6 & 63] : '=';
        to[3] = '=';
    }
}
