#ifndef PODORU_CUV_H
#define PODORU_CUV_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

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

/// Asks the system's resolver for the addresses of `host` for TCP, as long as that takes. The caller frees the list with `freeaddrinfo`.
/// Returns 0 or libuv's code.
static inline int podoru_uv_look_up(const char *host, struct addrinfo **list) {
    struct addrinfo hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    int code = getaddrinfo(host, NULL, &hints, list);
    return code == 0 ? 0 : podoru_uv_lookup_error(code, errno);
}

/// Reads `text` as an address into `bytes` (4 or 16 of them, network order) and `scope`, the interface behind a `%`. Returns 4, 6 or 0.
static inline int podoru_uv_address_parse(const char *text, uint8_t bytes[16], uint32_t *scope) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    *scope = 0;
    if (uv_ip4_addr(text, 0, &v4) == 0) {
        memcpy(bytes, &v4.sin_addr, 4);
        return 4;
    }
    if (uv_ip6_addr(text, 0, &v6) == 0) {
        memcpy(bytes, &v6.sin6_addr, 16);
        *scope = v6.sin6_scope_id;
        return 6;
    }
    return 0;
}

/// Keeps signals away from the calling thread, but those that come of what a thread does itself and the profiler's.
static inline void podoru_uv_leave_signals_to_others(void) {
    sigset_t signals;
    sigfillset(&signals);
    static const int kept[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) sigdelset(&signals, kept[i]);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

/// The calling thread as a number.
static inline uintptr_t podoru_uv_this_thread(void) {
    return (uintptr_t)pthread_self();
}

/// Nobody waits for the calling thread's end.
static inline void podoru_uv_detach_this_thread(void) {
    pthread_detach(pthread_self());
}

#endif
