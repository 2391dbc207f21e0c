#ifndef PODORU_CUV_H
#define PODORU_CUV_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/timex.h>
#endif

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

/// Reads the address in `from` into `bytes` (4 or 16 of them, network order), `scope` and `port` (host order).
/// Returns 4 or 6, or 0 for a family that is not IP.
static inline int podoru_uv_address_get(const struct sockaddr_storage *from, uint8_t bytes[16], uint32_t *scope,
                                        uint16_t *port) {
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        memcpy(bytes, &v4->sin_addr, 4);
        *scope = 0;
        *port = ntohs(v4->sin_port);
        return 4;
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        memcpy(bytes, &v6->sin6_addr, 16);
        *scope = v6->sin6_scope_id;
        *port = ntohs(v6->sin6_port);
        return 6;
    }
    return 0;
}

/// The reverse: `family` is 4 or 6.
static inline void podoru_uv_address_set(struct sockaddr_storage *to, int family, const uint8_t bytes[16],
                                         uint32_t scope, uint16_t port) {
    memset(to, 0, sizeof *to);
    if (family == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)to;
        v4->sin_family = AF_INET;
        memcpy(&v4->sin_addr, bytes, 4);
        v4->sin_port = htons(port);
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
        v6->sin6_family = AF_INET6;
        memcpy(&v6->sin6_addr, bytes, 16);
        v6->sin6_scope_id = scope;
        v6->sin6_port = htons(port);
    }
}

/// The name that libuv has for what getaddrinfo(3) failed with; `error` is errno then. Not every system has all of them.
static inline int podoru_uv_lookup_error(int code, int error) {
    switch (code) {
        case EAI_AGAIN: return UV_EAI_AGAIN;
        case EAI_BADFLAGS: return UV_EAI_BADFLAGS;
        case EAI_FAIL: return UV_EAI_FAIL;
        case EAI_FAMILY: return UV_EAI_FAMILY;
        case EAI_MEMORY: return UV_EAI_MEMORY;
        case EAI_NONAME: return UV_EAI_NONAME;
        case EAI_OVERFLOW: return UV_EAI_OVERFLOW;
        case EAI_SERVICE: return UV_EAI_SERVICE;
        case EAI_SOCKTYPE: return UV_EAI_SOCKTYPE;
#ifdef EAI_NODATA
        case EAI_NODATA: return UV_EAI_NODATA;
#endif
#ifdef EAI_ADDRFAMILY
        case EAI_ADDRFAMILY: return UV_EAI_ADDRFAMILY;
#endif
        case EAI_SYSTEM: return error ? uv_translate_sys_error(error) : UV_EAI_FAIL;
        default: return UV_EAI_FAIL;
    }
}

/// Names the calling thread, as far as the system can: Linux keeps 15 bytes.
static inline void podoru_uv_name_thread(const char *name) {
#ifdef __linux__
    prctl(PR_SET_NAME, (unsigned long)name, 0UL, 0UL, 0UL);
#else
    (void)name;
#endif
}

/// Gives free pages of the heap back to the system, where the C library would keep them: glibc does, for each thread's arena.
static inline void podoru_uv_trim_heap(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/// Whether the kernel's clock is kept in step by NTP: 1 or 0, or -1 when it does not say. <sys/timex.h> is in no module of Swift's.
static inline int podoru_uv_clock_is_synchronised(void) {
#ifdef __linux__
    struct timex state;
    memset(&state, 0, sizeof state);  // modes 0: a question
    int answer = adjtimex(&state);
    return answer < 0 ? -1 : answer != TIME_ERROR && !(state.status & STA_UNSYNC);
#else
    return -1;
#endif
}

#endif
