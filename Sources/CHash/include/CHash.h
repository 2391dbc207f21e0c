// The hashes and the byte loops that Swift cannot run at the speed of the machine.
// Every function is pure, thread-safe and free of allocation. A pointer may be NULL where its count is 0.
#ifndef PODORU_CHASH_H
#define PODORU_CHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// SHA-256 (FIPS 180-4) of `first` followed by `second`, into 32 bytes. Uses the processor's SHA instructions
// where it has them (asked once), portable code otherwise.
void chash_sha256(const void *first, size_t first_count, const void *second, size_t second_count, void *out);

// SHA-256 of exactly 64 bytes, left then right 32: a merkle node. The padding block is a constant.
void chash_sha256_node(const void *left, const void *right, void *out);

// Nodes of one level of a merkle tree over `child_count` hashes of 32 bytes: parent i of children 2i and 2i + 1, the last
// odd child paired with itself. Writes the parents that `indexes` names, each to its place in `parents`. Two at a time
// where the processor has SHA instructions, which is nearly twice as fast as one after the other.
void chash_sha256_nodes(
    const void *children, size_t child_count, const size_t *indexes, size_t index_count, void *parents);

// The portable code, whatever the processor can do: what tests compare the other with.
void chash_sha256_portable(const void *first, size_t first_count, const void *second, size_t second_count, void *out);

// Whether chash_sha256 uses the processor's SHA instructions.
bool chash_sha256_is_accelerated(void);

// Keccak-256 (rate 1088, original padding 0x01; not SHA3-256) of `bytes`, into 32 bytes.
void chash_keccak256(const void *bytes, size_t count, void *out);

// Decodes groups of four characters of the standard alphabet (no '=') into three bytes each. Returns how many
// groups were decoded: fewer than `groups` when the next one holds another character. `out` has 3 * groups bytes.
size_t chash_base64_decode_groups(const void *text, size_t groups, void *out);

// Encodes `count` bytes as standard base64, padded; `out` has 4 * ceil(count / 3) bytes.
void chash_base64_encode(const void *bytes, size_t count, void *out);

// Compares `count` bytes as unsigned numbers: below, at or above 0 where the first that differ say so. The machine's own loop.
static inline int chash_compare(const void *first, const void *second, size_t count) {
    return count == 0 ? 0 : memcmp(first, second, count);
}

// Where `byte` first stands among `count` bytes; NULL where it does not.
static inline const void *chash_find(const void *bytes, uint8_t byte, size_t count) {
    return count == 0 ? NULL : memchr(bytes, byte, count);
}

#endif
