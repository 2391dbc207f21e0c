#ifndef PODORU_CCRASH_H
#define PODORU_CCRASH_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/// From now on a signal that ends this process because of a fault (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS) leaves
/// one line on standard error, and then ends it as it would have: the exit status and the core file stay.
///
/// `program` and `version` are kept, not copied. `priority` is written before the line, such as `<2>` for the journal, or is empty.
/// Who took such a signal before is asked after the line. To be called once, before the process has other threads.
void podoru_crash_install(const char *program, const char *version, const char *priority);

/// Gives the calling thread a stack of its own for the handler: one that has run out of stack has none left for it. Returns what
/// `podoru_crash_end_stack` takes at the end of the thread, or NULL.
void *podoru_crash_begin_stack(void);
void podoru_crash_end_stack(void *stack);

/// The calling thread runs the loop whose last turn the line tells; a SIGABRT from another process is handed to it, so that the line
/// has the backtrace of the thread that hangs. One a process.
void podoru_crash_watch_this_thread(void);
void podoru_crash_stop_watching(void);

/// When the watched loop last turned, in nanoseconds of CLOCK_MONOTONIC.
void podoru_crash_loop_turned(int64_t nanoseconds);

/// Whether the file that this process has mapped at `address` is called `name` or `other` (without folders): 1 or 0, or -1 where the
/// system does not tell. Safe in a signal handler.
int podoru_crash_is_mapped(uintptr_t address, const char *name, const char *other);

// For handlers of faults that mean more to who takes them than a crash. All but the first are safe in a handler.

/// Has `handler` take a signal with its context, on the thread's own stack for that where it has one, and tells who took it `before`.
int podoru_crash_take_signal(int number, void (*handler)(int, siginfo_t *, void *), struct sigaction *before);

/// Whether the signal comes of what the thread did, as against somebody's kill(2).
int podoru_crash_is_fault(const siginfo_t *info);

/// The address of such a signal, or 0.
uintptr_t podoru_crash_fault_address(const siginfo_t *info);

/// The instruction at which a signal came, of a handler's third argument; 0 where we do not know how to ask.
uintptr_t podoru_crash_interrupted_instruction(const void *context);

/// Leaves a signal to who took it `before`, for a handler that then returns: a fault comes again with its instruction, what was sent is
/// given on as it came.
void podoru_crash_hand_signal_on(int number, siginfo_t *info, const struct sigaction *before);

/// Writes to standard error.
void podoru_crash_say(const void *bytes, size_t count);

/// Ends the process at once.
_Noreturn void podoru_crash_exit(int code);

#endif
