// Which file an address belongs to (proc(5), `/proc/self/maps`), for a signal handler: no allocation, no lock, no stdio.

#include "CCrash.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// A line has some seventy bytes before the path, which is what matters: the last bytes of a longer line are kept.
enum { kept_bytes = 512, part_bytes = 1024 };

static const char *read_hex(const char *text, uintptr_t *value) {
    *value = 0;
    for (;; text++) {
        int digit = *text >= '0' && *text <= '9' ? *text - '0' : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10 : -1;
        if (digit < 0) return text;
        *value = *value << 4 | (uintptr_t)digit;
    }
}

// Whether `text` ends with `/name`, also where the file has been unlinked.
static int ends_with(const char *text, const char *name) {
    static const char gone[] = " (deleted)";
    size_t length = strlen(text), wanted = strlen(name), tail = sizeof gone - 1;
    if (length > tail && memcmp(text + length - tail, gone, tail) == 0) length -= tail;
    return length > wanted && text[length - wanted - 1] == '/' && memcmp(text + length - wanted, name, wanted) == 0;
}

int podoru_crash_is_mapped(uintptr_t address, const char *name, const char *other) {
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    char head[40], tail[kept_bytes + 1], part[part_bytes];
    size_t head_length = 0, tail_length = 0;
    int found = 0;
    ssize_t count;
    while (!found && (count = read(file, part, sizeof part)) > 0) {
        for (ssize_t i = 0; i < count && !found; i++) {
            if (part[i] != '\n') {
                if (head_length < sizeof head - 1) head[head_length++] = part[i];
                if (tail_length == kept_bytes) {
                    memmove(tail, tail + kept_bytes / 2, kept_bytes / 2);
                    tail_length = kept_bytes / 2;
                }
                tail[tail_length++] = part[i];
                continue;
            }
            head[head_length] = tail[tail_length] = 0;
            uintptr_t begin, end;
            const char *rest = read_hex(head, &begin);
            if (*rest == '-') {
                read_hex(rest + 1, &end);
                if (address >= begin && address < end) found = ends_with(tail, name) || ends_with(tail, other) ? 1 : 2;
            }
            head_length = tail_length = 0;
        }
    }
    close(file);
    return found == 1;
}
