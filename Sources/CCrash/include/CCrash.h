#ifndef PODORU_CCRASH_H
#define PODORU_CCRASH_H

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

#endif
