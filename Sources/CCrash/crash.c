// What a crash leaves behind. Everything below `report` runs in a signal handler: no allocation, no lock, no stdio.

#define _GNU_SOURCE

#include "CCrash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <link.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#ifdef __GLIBC__
#include <execinfo.h>
#endif

enum {
    // The handler takes some kilobytes, the kernel's frame with AVX-512 three, the unwinder two.
    stack_bytes = 64 << 10,
    // One line: 64 frames of some 40 bytes, and what stands before them. The journal takes 48 KiB.
    line_bytes = 4096,
    most_frames = 64,
    // A node has some twenty libraries; frames of others are told by their address.
    most_modules = 48,
    // How often a thread looks whether another one has written its line, 10 ms apart: a stopped or stuck one must not keep
    // a broken process alive.
    most_looks = 100,
};

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
enum { fault_count = sizeof faults / sizeof *faults };

// Written before a handler can run, only read afterwards.
static const char *program = "", *version = "", *priority = "";
static struct sigaction others[fault_count];
static struct {
    uintptr_t begin, end;
    char name[40];
} modules[most_modules];
static int module_count;

// The watched loop; 0 for none.
static int watched_thread;
static int64_t last_turn;

// The thread that writes the line, or 0; who asked for it, when the signal came from another process.
static int reporter;
static int asking_process;

static char line[line_bytes];
static size_t line_length;

// MARK: Text

static void put(const char *text) {
    while (*text && line_length < line_bytes - 1) line[line_length++] = *text++;
}

static void put_number(uint64_t value, unsigned base) {
    char digits[24];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count && line_length < line_bytes - 1) line[line_length++] = digits[--count];
}

static void put_address(uintptr_t address) {
    for (int i = 0; i < module_count; i++) {
        if (address < modules[i].begin || address >= modules[i].end) continue;
        put(modules[i].name);
        put("+");
        address -= modules[i].begin;
        break;
    }
    put("0x");
    put_number(address, 16);
}

static void flush(void) {
    line[line_length++] = '\n';
    size_t done = 0;
    while (done < line_length) {
        ssize_t count = write(STDERR_FILENO, line + done, line_length - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += (size_t)count;
    }
}

// MARK: The system

static int this_thread(void) {
#ifdef __linux__
    return (int)syscall(SYS_gettid);
#else
    return 1;
#endif
}

static void send_to_thread(int thread, int number) {
#ifdef __linux__
    syscall(SYS_tgkill, getpid(), thread, number);
#else
    (void)thread;
    raise(number);
#endif
}

static void wait_for_another_thread(void) {
    struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    for (int i = 0; i < most_looks; i++) nanosleep(&pause, NULL);
}

static const char *name_of(int number) {
    switch (number) {
        case SIGSEGV: return "SIGSEGV";
        case SIGBUS: return "SIGBUS";
        case SIGILL: return "SIGILL";
        case SIGFPE: return "SIGFPE";
        case SIGTRAP: return "SIGTRAP";
        case SIGABRT: return "SIGABRT";
        default: return "SIGSYS";
    }
}

// The kernel's own signals have a positive code; kill(2), tgkill(2) and sigqueue(3) have none.
static int is_sent(const siginfo_t *info) { return info->si_code <= 0; }

// MARK: The line

static void put_cause(int number, const siginfo_t *info) {
    put(name_of(number));
    int sender = asking_process ? asking_process : is_sent(info) ? (int)info->si_pid : 0;
    if (is_sent(info) && sender != getpid()) {
        put(", sent by process ");
        put_number((uint64_t)sender, 10);
    } else if (number == SIGSEGV || number == SIGBUS) {
        put(" at address 0x");
        put_number((uintptr_t)info->si_addr, 16);
    }
    int64_t turned = __atomic_load_n(&last_turn, __ATOMIC_RELAXED);
    if (turned && __atomic_load_n(&watched_thread, __ATOMIC_RELAXED)) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t tenths = (now.tv_sec * 1000000000LL + now.tv_nsec - turned) / 100000000;
        if (tenths < 0) tenths = 0;
        put("; the event loop last ran ");
        put_number((uint64_t)tenths / 10, 10);
        put(".");
        put_number((uint64_t)tenths % 10, 10);
        put(" s ago");
    }
#ifdef __linux__
    char thread[17] = "";
    prctl(PR_GET_NAME, thread);
    put("; thread ");
    for (char *c = thread; *c; c++) {
        if (*c < ' ' || *c > '~') *c = '?';
    }
    put(thread);
#endif
}

static void put_backtrace(uintptr_t interrupted) {
    put("; backtrace");
    void *frames[most_frames];
    int count = 0;
#ifdef __GLIBC__
    count = backtrace(frames, most_frames);
#endif
    // What is above the place of the fault is this handler.
    int first = 0;
    for (int i = 0; i < count; i++) {
        if ((uintptr_t)frames[i] == interrupted) first = i;
    }
    if (!first && interrupted) {
        put(" ");
        put_address(interrupted);
    }
    for (int i = first; i < count; i++) {
        put(" ");
        put_address((uintptr_t)frames[i]);
    }
}

// Ends the process as the signal would have without this handler.
static void go_on(int number, const siginfo_t *info) {
    int index = 0;
    while (index < fault_count - 1 && faults[index] != number) index++;
    sigaction(number, &others[index], NULL);
    int is_handled = others[index].sa_handler != SIG_DFL && others[index].sa_handler != SIG_IGN;
    // The instruction is tried again, for another handler, with an address of its own. A trap has gone past its instruction.
    if (is_handled && !is_sent(info) && number != SIGTRAP) return;
    // What was sent does not come again of itself, and a handler that expects a fault returns.
    if (is_handled) send_to_thread(this_thread(), number);
    signal(number, SIG_DFL);
    send_to_thread(this_thread(), number);
}

static void report(int number, siginfo_t *info, void *context) {
    int error = errno;
    int me = this_thread();
    int watched = __atomic_load_n(&watched_thread, __ATOMIC_RELAXED);
    // A watchdog's: what the loop hangs in is what the operator wants to know.
    if (number == SIGABRT && is_sent(info) && info->si_pid != getpid() && watched && watched != me) {
        asking_process = (int)info->si_pid;
        send_to_thread(watched, SIGABRT);
        wait_for_another_thread();
    }
    int nobody = 0;
    if (__atomic_compare_exchange_n(&reporter, &nobody, me, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        put(priority);
        put(program);
        put(": ended by ");
        put_cause(number, info);
        put("; version ");
        put(version);
        put_backtrace(podoru_crash_interrupted_instruction(context));
        flush();
    } else if (nobody == me) {
        // A stack that cannot be walked: what there is, is told.
        put(" (the rest cannot be read)");
        flush();
    } else {
        wait_for_another_thread();
    }
    errno = error;
    go_on(number, info);
}

// MARK: Before it happens

#ifdef __linux__
static int note_module(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    (void)data;
    if (module_count == most_modules) return 1;
    uintptr_t end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && header->p_vaddr + header->p_memsz > end) end = header->p_vaddr + header->p_memsz;
    }
    const char *path = info->dlpi_name && *info->dlpi_name ? info->dlpi_name : program;
    const char *slash = strrchr(path, '/');
    modules[module_count].begin = info->dlpi_addr;
    modules[module_count].end = info->dlpi_addr + end;
    strncpy(modules[module_count].name, slash ? slash + 1 : path, sizeof modules[module_count].name - 1);
    module_count++;
    return 0;
}
#endif

void podoru_crash_install(const char *its_program, const char *its_version, const char *its_priority) {
    program = its_program;
    version = its_version;
    priority = its_priority;
#ifdef __linux__
    dl_iterate_phdr(note_module, NULL);
#endif
#ifdef __GLIBC__
    // The first call loads the unwinder.
    void *frame;
    backtrace(&frame, 1);
#endif
    podoru_crash_begin_stack();
    struct sigaction action = {.sa_sigaction = report};
    // The handler may fault itself, on a broken stack.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < fault_count; i++) sigaction(faults[i], &action, &others[i]);
}

void *podoru_crash_begin_stack(void) {
    stack_t stack = {.ss_size = stack_bytes};
    stack.ss_sp = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED) return NULL;
    if (sigaltstack(&stack, NULL) == 0) return stack.ss_sp;
    munmap(stack.ss_sp, stack_bytes);
    return NULL;
}

void podoru_crash_end_stack(void *stack) {
    if (!stack) return;
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(stack, stack_bytes);
}

void podoru_crash_watch_this_thread(void) {
    // Threads of a pool have it blocked, and so has what they start.
    sigset_t abort_only;
    sigemptyset(&abort_only);
    sigaddset(&abort_only, SIGABRT);
    pthread_sigmask(SIG_UNBLOCK, &abort_only, NULL);
    __atomic_store_n(&watched_thread, this_thread(), __ATOMIC_RELAXED);
}

void podoru_crash_stop_watching(void) {
    __atomic_store_n(&watched_thread, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&last_turn, 0, __ATOMIC_RELAXED);
}

void podoru_crash_loop_turned(int64_t nanoseconds) { __atomic_store_n(&last_turn, nanoseconds, __ATOMIC_RELAXED); }
