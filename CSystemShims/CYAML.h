#ifndef PODORU_CYAML_H
#define PODORU_CYAML_H

#include <yaml.h>

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

#endif
