#ifndef PODORU_CHASH_H
#define PODORU_CHASH_H

#include <stddef.h>
#include <stdint.h>

#endif
