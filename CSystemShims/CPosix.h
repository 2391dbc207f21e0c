#ifndef PODORU_CPOSIX_H
#define PODORU_CPOSIX_H

// The one place where the C library is imported: the target `Platform` wraps what is declared here, and nothing else imports it.
// Function-like macros, variadics and what Swift sees differently in each C library go through the `static inline` shims below.

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/timex.h>
#endif

#ifdef __linux__
// Declared for GNU sources only.
int fallocate(int file, int mode, off_t offset, off_t length);
#endif
extern char **environ;

/// What the last call of this thread failed with.
static inline int podoru_errno(void) {
    return errno;
}

static inline char *const *podoru_environment(void) {
    return environ;
}

// Files.

/// Sets or takes away O_NONBLOCK.
static inline int podoru_set_nonblocking(int file, int is_nonblocking) {
    int flags = fcntl(file, F_GETFL);
    if (flags < 0) return -1;
    return fcntl(file, F_SETFL, is_nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static inline int podoru_set_cloexec(int file) {
    return fcntl(file, F_SETFD, FD_CLOEXEC);
}

/// A copy with the lowest free number from `least` on, which no child inherits.
static inline int podoru_duplicate_above(int file, int least) {
    return fcntl(file, F_DUPFD_CLOEXEC, least);
}

static inline int podoru_is_open(int file) {
    return fcntl(file, F_GETFD) != -1;
}

/// A file without a name in `folder`, or -1 where the file system has none. Neither C library gives this flag to Swift: the kernel's bit
/// beside O_DIRECTORY, on every architecture that Swift has.
static inline int podoru_open_nameless(const char *folder, mode_t mode) {
    return open(folder, 020000000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, mode);
}

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

/// Columns and rows of the terminal behind `file`; 0 where it does not say.
static inline int podoru_terminal_size(int file, int *columns, int *rows) {
    struct winsize size;
    if (ioctl(file, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return 0;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 1;
}

// Processes.

#ifdef __linux__
// Declared for GNU sources only.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
#endif

static inline void podoru_spawn_in_folder(posix_spawn_file_actions_t *actions, const char *folder) {
    posix_spawn_file_actions_addchdir_np(actions, folder);
}

/// The soft and the hard limit of open files.
static inline int podoru_open_file_limits(uint64_t *soft, uint64_t *hard) {
    struct rlimit limits;
    if (getrlimit(RLIMIT_NOFILE, &limits) != 0) return -1;
    *soft = limits.rlim_cur;
    *hard = limits.rlim_max;
    return 0;
}

static inline int podoru_set_open_file_limits(uint64_t soft, uint64_t hard) {
    struct rlimit limits = {soft, hard};
    return setrlimit(RLIMIT_NOFILE, &limits);
}

/// SIG_IGN and SIG_DFL are casts. Returns whether the signal was ignored before.
static inline int podoru_ignore_signal(int number) {
    return signal(number, SIG_IGN) == SIG_IGN;
}

static inline int podoru_default_signal(int number) {
    return signal(number, SIG_DFL) == SIG_IGN;
}

static inline int podoru_catch_signal(int number, void (*handler)(int)) {
    return signal(number, handler) == SIG_IGN;
}

/// Names the calling thread, as far as the system can: Linux keeps 15 bytes.
static inline void podoru_name_thread(const char *name) {
#ifdef __linux__
    prctl(PR_SET_NAME, (unsigned long)name, 0UL, 0UL, 0UL);
#else
    (void)name;
#endif
}

/// Gives free pages of the heap back to the system, where the C library would keep them: glibc does, for each thread's arena.
static inline void podoru_trim_heap(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/// Nanoseconds of a clock: enough for 292 years around its beginning.
static inline int64_t podoru_clock(clockid_t clock) {
    struct timespec now = {0, 0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// Rests for so long, whatever signals come.
static inline void podoru_sleep(int64_t milliseconds) {
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) continue;
}

/// Whether the kernel's clock is kept in step by NTP: 1 or 0, or -1 when it does not say. <sys/timex.h> is in no module of Swift's.
static inline int podoru_clock_is_synchronised(void) {
#ifdef __linux__
    struct timex state;
    memset(&state, 0, sizeof state);  // modes 0: a question
    int answer = adjtimex(&state);
    return answer < 0 ? -1 : answer != TIME_ERROR && !(state.status & STA_UNSYNC);
#else
    return -1;
#endif
}

static inline long podoru_page_bytes(void) {
    return sysconf(_SC_PAGESIZE);
}

// Sockets. SOCK_STREAM and its like are an enumeration in one C library and numbers in another.

/// A socket that no child inherits; `is_datagram` and `is_nonblocking` as it says.
static inline int podoru_socket(int family, int is_datagram, int is_nonblocking) {
    return socket(family, (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | (is_nonblocking ? SOCK_NONBLOCK : 0), 0);
}

static inline int podoru_stream_type(void) {
    return SOCK_STREAM;
}

static inline int podoru_socket_pair(int pair[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

/// Bytes that the path of a Unix socket may have, its terminator among them.
static inline size_t podoru_unix_path_bytes(void) {
    return sizeof ((struct sockaddr_un *)0)->sun_path;
}

/// The address of a Unix socket. An abstract one, whose first byte is 0, ends with its name; a path has a terminator. Returns its length,
/// or 0 where the path is too long.
static inline socklen_t podoru_unix_address(struct sockaddr_un *address, const void *path, size_t count) {
    memset(address, 0, sizeof *address);
    if (count >= sizeof address->sun_path) return 0;
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, count);
    if (count > 0 && address->sun_path[0] == 0) return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count);
    return (socklen_t)sizeof *address;
}

static inline int podoru_bind_unix(int file, const void *path, size_t count) {
    struct sockaddr_un address;
    socklen_t length = podoru_unix_address(&address, path, count);
    if (length == 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return bind(file, (struct sockaddr *)&address, length);
}

static inline int podoru_connect_unix(int file, const void *path, size_t count) {
    struct sockaddr_un address;
    socklen_t length = podoru_unix_address(&address, path, count);
    if (length == 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return connect(file, (struct sockaddr *)&address, length);
}

/// Sends a datagram to a Unix socket, or drops it: it neither waits nor raises SIGPIPE.
static inline ssize_t podoru_send_unix(int file, const void *bytes, size_t count, const void *path, size_t path_count) {
    struct sockaddr_un address;
    socklen_t length = podoru_unix_address(&address, path, path_count);
    if (length == 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return sendto(file, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, length);
}

static inline ssize_t podoru_send(int file, const void *bytes, size_t count, int waits) {
    return send(file, bytes, count, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
}

static inline int podoru_reuse_address(int file) {
    int yes = 1;
    return setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

static inline int podoru_send_at_once(int file) {
    int yes = 1;
    return setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static inline struct sockaddr_in podoru_loopback(uint16_t port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline int podoru_connect_loopback(int file, uint16_t port) {
    struct sockaddr_in address = podoru_loopback(port);
    return connect(file, (struct sockaddr *)&address, sizeof address);
}

/// Binds to the loopback address and returns the port, which the system chooses where `port` is 0; -1 when it cannot.
static inline int podoru_bind_loopback(int file, uint16_t port) {
    struct sockaddr_in address = podoru_loopback(port);
    socklen_t length = sizeof address;
    if (bind(file, (struct sockaddr *)&address, length) != 0) return -1;
    if (getsockname(file, (struct sockaddr *)&address, &length) != 0) return -1;
    return ntohs(address.sin_port);
}

#endif
