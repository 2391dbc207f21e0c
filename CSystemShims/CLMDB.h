#ifndef PODORU_CLMDB_H
#define PODORU_CLMDB_H

#include <lmdb.h>

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

#endif
