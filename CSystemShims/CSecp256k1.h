#ifndef PODORU_CSECP256K1_H
#define PODORU_CSECP256K1_H

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdint.h>

// The library's opaque structs stay on the C stack here: Swift sees plain bytes in and out.
// The static context is immutable, so recovery and parsing are thread-safe without a lock.

#define PODORU_SIGNATURE_BYTES 65   // r, s, v
#define PODORU_PUBLIC_KEY_BYTES 65  // 0x04, x, y

static inline int podoru_store_public_key(const secp256k1_pubkey *key, uint8_t *out) {
    size_t count = PODORU_PUBLIC_KEY_BYTES;
    return secp256k1_ec_pubkey_serialize(secp256k1_context_static, out, &count, key, SECP256K1_EC_UNCOMPRESSED);
}

// The key that made `signature` (r, s, v with v in 0…3, s of any height) over the 32 bytes of `hash`; 0 when none did.
static inline int podoru_recover(const uint8_t *signature, const uint8_t *hash, uint8_t *public_key) {
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    int v = signature[64];
    return v <= 3
        && secp256k1_ecdsa_recoverable_signature_parse_compact(secp256k1_context_static, &parsed, signature, v)
        && secp256k1_ecdsa_recover(secp256k1_context_static, &key, &parsed, hash)
        && podoru_store_public_key(&key, public_key);
}

// r, s, v over `hash` with the nonce of RFC 6979 and a low s. `context` must be a created one; 0 for a bad key.
static inline int podoru_sign(
    const secp256k1_context *context, const uint8_t *private_key, const uint8_t *hash, uint8_t *signature) {
    secp256k1_ecdsa_recoverable_signature made;
    int v = 0;
    if (!secp256k1_ecdsa_sign_recoverable(context, &made, hash, private_key, NULL, NULL)) return 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context, signature, &v, &made);
    signature[64] = (uint8_t)v;
    return 1;
}

// The public key of 32 bytes; 0 when they are zero or not below the order of the curve.
static inline int podoru_public_key(const secp256k1_context *context, const uint8_t *private_key, uint8_t *public_key) {
    secp256k1_pubkey key;
    return secp256k1_ec_pubkey_create(context, &key, private_key) && podoru_store_public_key(&key, public_key);
}

// Whether 65 bytes are an uncompressed point of the curve.
static inline int podoru_is_public_key(const uint8_t *public_key) {
    secp256k1_pubkey key;
    return public_key[0] == 4
        && secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, public_key, PODORU_PUBLIC_KEY_BYTES);
}

#endif
