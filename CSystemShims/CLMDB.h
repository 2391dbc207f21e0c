#ifndef PODORU_CLMDB_H
#define PODORU_CLMDB_H

#include <fcntl.h>
#include <lmdb.h>

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

/// fcntl(2) is variadic.
static inline int podoru_set_cloexec(int file) {
    return fcntl(file, F_SETFD, FD_CLOEXEC);
}

#endif
