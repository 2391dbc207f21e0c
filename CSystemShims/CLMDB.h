#ifndef PODORU_CLMDB_H
#define PODORU_CLMDB_H

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

// Function-like macros and variadics do not import into Swift: their `static inline` shims go here.

/// fcntl(2) is variadic.
static inline int podoru_set_cloexec(int file) {
    return fcntl(file, F_SETFD, FD_CLOEXEC);
}

#ifdef __linux__
// Declared for GNU sources only.
int fallocate(int file, int mode, off_t offset, off_t length);
long syscall(long number, ...);
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

/// Has `handler` take a signal with its context, on the thread's own stack for that where it has one, and tells who took it `before`.
/// Each C library has another name for the handler's place.
static inline int podoru_handle_signal(
    int number, void (*handler)(int, siginfo_t *, void *), struct sigaction *before) {
    struct sigaction action = {0};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    action.sa_sigaction = handler;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, before);
}

/// Whether the signal comes of what the thread did, as against somebody's kill(2), which has a code of 0 or less.
static inline int podoru_is_fault(const siginfo_t *info) {
    return info->si_code > 0;
}

/// The address of such a signal, or 0.
static inline uintptr_t podoru_fault_address(const siginfo_t *info) {
    return podoru_is_fault(info) ? (uintptr_t)info->si_addr : 0;
}

/// Leaves a signal to who took it `before`, for a handler that then returns: a fault comes again with its instruction, what was sent is
/// given on as it came.
static inline void podoru_hand_signal_on(int number, siginfo_t *info, const struct sigaction *before) {
    sigaction(number, before, NULL);
    if (podoru_is_fault(info)) return;
#ifdef __linux__
    // With its sender. It waits until the handler has returned; a thread may send itself any code.
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)syscall(SYS_gettid), number, info) == 0) return;
#endif
    raise(number);
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
