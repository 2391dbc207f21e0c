#ifndef PODORU_CSECP256K1_H
#define PODORU_CSECP256K1_H

#include <secp256k1.h>
#include <secp256k1_recovery.h>

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

#endif
