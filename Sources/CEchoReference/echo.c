#define _GNU_SOURCE
#include "CEchoReference.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

enum { PREFIX = 4, READ_BUFFER = 64 * 1024, LONGEST_FRAME = 10 * 1024 * 1024 };

struct cecho_server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t stop;
    uv_thread_t thread;
    char read_buffer[READ_BUFFER];
};

typedef struct {
    uv_tcp_t handle;
    char *partial; // a frame of which not everything has come, with its prefix
    size_t partial_count, partial_size;
    unsigned char prefix[PREFIX];
    size_t prefix_count;
} connection;

typedef struct {
    uv_write_t request;
    char bytes[];
} queued_write;

static void on_written(uv_write_t *request, int status) {
    (void)status;
    free(request);
}

static void on_connection_closed(uv_handle_t *handle) {
    connection *c = (connection *)handle;
    free(c->partial);
    free(c);
}

static void close_handle(uv_handle_t *handle, uv_close_cb closed) {
    if (!uv_is_closing(handle)) uv_close(handle, closed);
}

static void echo(connection *c, const char *bytes, size_t count) {
    uv_stream_t *stream = (uv_stream_t *)&c->handle;
    size_t sent = 0;
    if (uv_stream_get_write_queue_size(stream) == 0) {
        uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)count);
        int result = uv_try_write(stream, &buffer, 1);
        if (result >= 0)
            sent = (size_t)result;
        else if (result != UV_EAGAIN) {
            close_handle((uv_handle_t *)stream, on_connection_closed);
            return;
        }
    }
    if (sent == count) return;
    queued_write *write = malloc(sizeof *write + count - sent);
    memcpy(write->bytes, bytes + sent, count - sent);
    uv_buf_t buffer = uv_buf_init(write->bytes, (unsigned)(count - sent));
    if (uv_write(&write->request, stream, &buffer, 1, on_written) != 0) free(write);
}

static uint32_t frame_length(const void *prefix) {
    uint32_t word;
    memcpy(&word, prefix, sizeof word);
    return ntohl(word);
}

static void consume(connection *c, const char *bytes, size_t count) {
    while (count > 0 && !uv_is_closing((uv_handle_t *)&c->handle)) {
        if (c->partial == NULL && c->prefix_count == 0 && count >= PREFIX) {
            size_t length = frame_length(bytes);
            if (length == 0 || length > LONGEST_FRAME) {
                close_handle((uv_handle_t *)&c->handle, on_connection_closed);
                return;
            }
            if (count >= PREFIX + length) { // the usual case: the whole frame lies in the read buffer
                echo(c, bytes, PREFIX + length);
                bytes += PREFIX + length;
                count -= PREFIX + length;
                continue;
            }
        }
        if (c->partial == NULL) {
            size_t n = PREFIX - c->prefix_count < count ? PREFIX - c->prefix_count : count;
            memcpy(c->prefix + c->prefix_count, bytes, n);
            c->prefix_count += n;
            bytes += n;
            count -= n;
            if (c->prefix_count < PREFIX) return;
            size_t length = frame_length(c->prefix);
            if (length == 0 || length > LONGEST_FRAME) {
                close_handle((uv_handle_t *)&c->handle, on_connection_closed);
                return;
            }
            c->partial_size = PREFIX + length;
            c->partial = malloc(c->partial_size);
            memcpy(c->partial, c->prefix, PREFIX);
            c->partial_count = PREFIX;
            c->prefix_count = 0;
        }
        size_t missing = c->partial_size - c->partial_count;
        size_t n = missing < count ? missing : count;
        memcpy(c->partial + c->partial_count, bytes, n);
        c->partial_count += n;
        bytes += n;
        count -= n;
        if (c->partial_count == c->partial_size) {
            char *frame = c->partial;
            c->partial = NULL;
            echo(c, frame, c->partial_size);
            free(frame);
        }
    }
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)suggested;
    cecho_server *server = handle->loop->data;
    *buffer = uv_buf_init(server->read_buffer, READ_BUFFER);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    if (count > 0)
        consume((connection *)stream, buffer->base, (size_t)count);
    else if (count < 0)
        close_handle((uv_handle_t *)stream, on_connection_closed);
}

static void on_connection(uv_stream_t *listener, int status) {
    if (status != 0) return;
    connection *c = calloc(1, sizeof *c);
    uv_tcp_init(listener->loop, &c->handle);
    if (uv_accept(listener, (uv_stream_t *)&c->handle) != 0) {
        uv_close((uv_handle_t *)&c->handle, on_connection_closed);
        return;
    }
    uv_tcp_nodelay(&c->handle, 1);
    uv_read_start((uv_stream_t *)&c->handle, on_allocate, on_read);
}

static void close_any(uv_handle_t *handle, void *context) {
    cecho_server *server = context;
    int is_own = handle == (uv_handle_t *)&server->listener || handle == (uv_handle_t *)&server->stop;
    close_handle(handle, is_own ? NULL : on_connection_closed);
}

static void on_stop(uv_async_t *stop) { uv_walk(stop->loop, close_any, stop->loop->data); }

static void run(void *argument) {
    pthread_setname_np(pthread_self(), "echo-c"); // for profilers
    cecho_server *server = argument;
    uv_run(&server->loop, UV_RUN_DEFAULT);
}

cecho_server *cecho_server_start(uint16_t *port) {
    cecho_server *server = calloc(1, sizeof *server);
    if (server == NULL) return NULL;
    struct sockaddr_storage address;
    int count = sizeof address;
    uv_loop_init(&server->loop);
    server->loop.data = server;
    uv_async_init(&server->loop, &server->stop, on_stop);
    uv_tcp_init(&server->loop, &server->listener);
    uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *)&address);
    if (uv_tcp_bind(&server->listener, (struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&server->listener, 128, on_connection) != 0 ||
        uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &count) != 0 ||
        uv_thread_create(&server->thread, run, server) != 0) {
        on_stop(&server->stop);
        uv_run(&server->loop, UV_RUN_DEFAULT);
        uv_loop_close(&server->loop);
        free(server);
        return NULL;
    }
    *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    return server;
}

uint64_t cecho_server_cpu_ns(cecho_server *server) {
    clockid_t clock;
    struct timespec time = {0, 0};
    if (pthread_getcpuclockid(server->thread, &clock) == 0) clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t cecho_thread_cpu_ns(void) {
    struct timespec time = {0, 0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int cecho_server_stop(cecho_server *server) {
    uv_async_send(&server->stop);
    uv_thread_join(&server->thread);
    int result = uv_loop_close(&server->loop);
    free(server);
    return result;
}
