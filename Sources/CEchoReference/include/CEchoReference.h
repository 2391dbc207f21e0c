// What the event loop is measured against: an echo server on libuv in plain C, and the load for both servers.
#ifndef PODORU_CECHOREFERENCE_H
#define PODORU_CECHOREFERENCE_H

#include <stdint.h>

typedef struct cecho_server cecho_server;

/// Starts a server on a free port of 127.0.0.1, on a thread of its own; NULL when the system refuses. It cuts the
/// stream into frames (4 bytes of big-endian length, then so many bytes) and writes each frame back.
cecho_server *cecho_server_start(uint16_t *port);

/// The CPU time that the server's thread has used, in nanoseconds.
uint64_t cecho_server_cpu_ns(cecho_server *server);

/// Ends the thread and frees the server. Returns what uv_loop_close did: 0.
int cecho_server_stop(cecho_server *server);

/// The CPU time that the calling thread has used, in nanoseconds.
uint64_t cecho_thread_cpu_ns(void);

typedef struct cecho_load cecho_load;

/// Opens `connections` connections to 127.0.0.1:`port` for frames of `frame_bytes` (without the prefix), at most `depth`
/// under way on each. NULL, with a negative errno in `result`, when the system refuses.
cecho_load *cecho_load_open(uint16_t port, int connections, int depth, uint32_t frame_bytes, int *result);

/// Sends frames and waits until `frames` of them have come back in all; checks that each is the one that was sent: its
/// length and its prefix in its place. Runs on the calling thread, by epoll. Returns 0, or a negative errno.
int cecho_load_run(cecho_load *load, uint64_t frames);

/// Closes the connections.
void cecho_load_close(cecho_load *load);

#endif
