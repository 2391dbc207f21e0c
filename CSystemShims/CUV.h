#ifndef PODORU_CUV_H
#define PODORU_CUV_H

#include <uv.h>

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

#endif
