#ifndef PODORU_CZLIB_H
#define PODORU_CZLIB_H

#include <zlib.h>

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

#endif
