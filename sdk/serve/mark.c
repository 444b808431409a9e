/*
 * The mark of a life: the machine's boot id in a file. Runs once, at start, on the main thread.
 */
#include "serve/mark.h"

#include "core/system_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MARK_PATH_BYTES = 128, BOOT_ID_BYTES = 64 };

/* The first bytes of a file, as text without the newline; false when it cannot be read. */
static bool read_text(const char *path, char *text, size_t size) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    const ssize_t got = read(descriptor, text, size - 1);
    (void)close(descriptor);
    if (got < 0) {
        return false;
    }
    text[got] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return true;
}

enum dk_error dk__mark_leave(const char *socket_path, bool *ret_was_there, struct dk_fault *fault) {
    char path[MARK_PATH_BYTES], now[BOOT_ID_BYTES] = "unknown", before[BOOT_ID_BYTES];
    const char *const slash = strrchr(socket_path, '/');
    const int folder_size = slash == NULL ? 0 : (int)(slash - socket_path) + 1;
    (void)snprintf(
        path, sizeof path, "%.*s.%s.life", folder_size, socket_path, socket_path + folder_size);
    (void)read_text("/proc/sys/kernel/random/boot_id", now, sizeof now);
    const bool was_there = read_text(path, before, sizeof before) && strcmp(before, now) == 0;

    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const ssize_t size = (ssize_t)strlen(now);
    if (descriptor < 0 || write(descriptor, now, (size_t)size) != size) {
        char words[DK__SYSTEM_ERROR_BYTES];
        const int number = errno;
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return dk_fault_set(
            fault,
            DK_UNAVAILABLE,
            "restart-sidecar: the mark '%s' cannot be left: %s",
            path,
            dk__system_error(number, words));
    }
    (void)close(descriptor);
    *ret_was_there = was_there;
    return DK_OK;
}
