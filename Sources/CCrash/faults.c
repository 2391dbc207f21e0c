// What a handler of a fault asks and does: no allocation, no lock, no stdio.

#define _GNU_SOURCE

#include "CCrash.h"

#include <ucontext.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

// Each C library has another name for the handler's place.
int podoru_crash_take_signal(int number, void (*handler)(int, siginfo_t *, void *), struct sigaction *before) {
    struct sigaction action = {0};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    action.sa_sigaction = handler;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, before);
}

// What is sent has a code of 0 or less.
int podoru_crash_is_fault(const siginfo_t *info) {
    return info->si_code > 0;
}

uintptr_t podoru_crash_fault_address(const siginfo_t *info) {
    return podoru_crash_is_fault(info) ? (uintptr_t)info->si_addr : 0;
}

uintptr_t podoru_crash_interrupted_instruction(const void *context) {
    const ucontext_t *interrupted = context;
#if defined(__linux__) && defined(__x86_64__)
    return (uintptr_t)interrupted->uc_mcontext.gregs[REG_RIP];
#elif defined(__linux__) && defined(__aarch64__)
    return (uintptr_t)interrupted->uc_mcontext.pc;
#else
    (void)interrupted;
    return 0;
#endif
}

void podoru_crash_hand_signal_on(int number, siginfo_t *info, const struct sigaction *before) {
    sigaction(number, before, NULL);
    if (podoru_crash_is_fault(info)) return;
#ifdef __linux__
    // With its sender. It waits until the handler has returned; a thread may send itself any code.
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)syscall(SYS_gettid), number, info) == 0) return;
#endif
    raise(number);
}

void podoru_crash_say(const void *bytes, size_t count) {
    // Nobody is left to hear that it failed.
    if (write(STDERR_FILENO, bytes, count) < 0) return;
}

void podoru_crash_exit(int code) {
    _exit(code);
}
