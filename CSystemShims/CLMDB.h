#ifndef PODORU_CLMDB_H
#define PODORU_CLMDB_H

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

/// fcntl(2) is variadic.
static inline int podoru_set_cloexec(int file) {
    return fcntl(file, F_SETFD, FD_CLOEXEC);
}

#ifdef __linux__
// Declared for GNU sources only.
int fallocate(int file, int mode, off_t offset, off_t length);
#endif

/// Takes room on the disk for the first `length` bytes of a file and leaves the file's own length (FALLOC_FL_KEEP_SIZE).
static inline int podoru_reserve_room(int file, off_t length) {
#ifdef __linux__
    return fallocate(file, 1, 0, length);
#else
    (void)file;
    (void)length;
    return 0;
#endif
}

/// Has `handler` take a signal with its context, and tells who took it `before`. Each C library has another name for the handler's place.
static inline int podoru_handle_signal(
    int number, void (*handler)(int, siginfo_t *, void *), struct sigaction *before) {
    struct sigaction action = {0};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = handler;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, before);
}

/// The instruction at which a signal came, of a handler's third argument; 0 where we do not know how to ask.
static inline uintptr_t podoru_interrupted_instruction(const void *context) {
    const ucontext_t *interrupted = context;
#if defined(__linux__) && defined(__x86_64__)
    return (uintptr_t)interrupted->uc_mcontext.gregs[16];  // REG_RIP
#elif defined(__linux__) && defined(__aarch64__)
    return (uintptr_t)interrupted->uc_mcontext.pc;
#else
    (void)interrupted;
    return 0;
#endif
}

#endif
