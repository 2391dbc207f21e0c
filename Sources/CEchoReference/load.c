#define _GNU_SOURCE
#include "CEchoReference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, READ_BUFFER = 1024 * 1024 };

typedef struct {
    int descriptor;
    size_t unsent;   // bytes of frames that were begun and not yet taken by the system
    size_t unread;   // bytes that are still to come back
    int is_watching; // for room to write
} client;

struct cecho_load {
    int poll, connections, depth;
    client *clients;
    char *out, *in; // `depth` equal frames in a row; what is read
    size_t frame_size, out_size;
    uint64_t to_start, to_finish;
};

static int watch(cecho_load *l, client *c, int writes) {
    struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0u), .data.ptr = c};
    c->is_watching = writes;
    return epoll_ctl(l->poll, EPOLL_CTL_MOD, c->descriptor, &event) == 0 ? 0 : -errno;
}

static int flush(cecho_load *l, client *c) {
    while (c->unsent > 0) {
        // All frames are equal, so what is unsent is a tail of a row of them.
        ssize_t n = send(c->descriptor, l->out + (l->out_size - c->unsent), c->unsent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN) return -errno;
            return c->is_watching ? 0 : watch(l, c, 1);
        }
        c->unsent -= (size_t)n;
    }
    return c->is_watching ? watch(l, c, 0) : 0;
}

static void start_frame(cecho_load *l, client *c) {
    if (l->to_start == 0) return;
    l->to_start -= 1;
    c->unsent += l->frame_size;
    c->unread += l->frame_size;
}

static int receive(cecho_load *l, client *c) {
    ssize_t n = recv(c->descriptor, l->in, READ_BUFFER, MSG_DONTWAIT);
    if (n == 0) return -ECONNRESET;
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    size_t count = (size_t)n, at = 0;
    if (count > c->unread) return -EBADMSG;
    while (at < count) {
        size_t place = (l->frame_size - c->unread % l->frame_size) % l->frame_size;
        size_t left = l->frame_size - place, piece = left < count - at ? left : count - at;
        size_t head = place < 4 ? (4 - place < piece ? 4 - place : piece) : 0;
        if (memcmp(l->in + at, l->out + place, head) != 0) return -EBADMSG;
        at += piece;
        c->unread -= piece;
        if (piece == left) {
            l->to_finish -= 1;
            start_frame(l, c);
        }
    }
    return flush(l, c);
}

static int open_client(cecho_load *l, client *c, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    c->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->descriptor < 0) return -errno;
    if (connect(c->descriptor, (struct sockaddr *)&address, sizeof address) != 0) return -errno;
    setsockopt(c->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    return epoll_ctl(l->poll, EPOLL_CTL_ADD, c->descriptor, &event) == 0 ? 0 : -errno;
}

int cecho_load_run(cecho_load *l, uint64_t frames) {
    l->to_start = l->to_finish = frames;
    for (int i = 0; i < l->connections; i++) {
        for (int d = 0; d < l->depth; d++) start_frame(l, &l->clients[i]);
        int result = flush(l, &l->clients[i]);
        if (result != 0) return result;
    }
    while (l->to_finish > 0) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(l->poll, events, EVENTS, 10000);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count < 0 ? -errno : -ETIMEDOUT;
        for (int i = 0; i < count; i++) {
            client *c = events[i].data.ptr;
            int result = events[i].events & ~(uint32_t)EPOLLOUT ? receive(l, c) : flush(l, c);
            if (result != 0) return result;
        }
    }
    return 0;
}

cecho_load *cecho_load_open(uint16_t port, int connections, int depth, uint32_t frame_bytes, int *result) {
    *result = -ENOMEM;
    cecho_load *l = calloc(1, sizeof *l);
    if (l == NULL) return NULL;
    l->poll = epoll_create1(EPOLL_CLOEXEC);
    l->connections = connections;
    l->depth = depth;
    l->frame_size = 4 + (size_t)frame_bytes;
    l->out_size = l->frame_size * (size_t)depth;
    l->out = malloc(l->out_size);
    l->in = malloc(READ_BUFFER);
    l->clients = calloc((size_t)connections, sizeof *l->clients);
    if (l->poll >= 0 && l->out && l->in && l->clients) {
        uint32_t prefix = htonl(frame_bytes);
        memset(l->out, 0x5a, l->out_size);
        for (int d = 0; d < depth; d++) memcpy(l->out + (size_t)d * l->frame_size, &prefix, sizeof prefix);
        *result = 0;
        for (int i = 0; i < connections && *result == 0; i++) *result = open_client(l, &l->clients[i], port);
    }
    if (*result == 0) return l;
    cecho_load_close(l);
    return NULL;
}

void cecho_load_close(cecho_load *l) {
    for (int i = 0; l->clients != NULL && i < l->connections; i++) {
        if (l->clients[i].descriptor > 0) close(l->clients[i].descriptor);
    }
    if (l->poll >= 0) close(l->poll);
    free(l->clients);
    free(l->in);
    free(l->out);
    free(l);
}
