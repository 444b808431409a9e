/*
 * The readiness datagram of systemd, without its library: one sendto.
 */
#include "serve/notify.h"

#include <dk/log.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void dk__notify(const char *state) {
    const char *const path =
        getenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): one thread */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') ||
        strlen(path) >= sizeof address.sun_path) {
        return;
    }
    const size_t size = strlen(path);
    memcpy(address.sun_path, path, size);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* the abstract namespace */
    }
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return;
    }
    const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (sendto(
            descriptor,
            state,
            strlen(state),
            MSG_NOSIGNAL,
            (const struct sockaddr *)&address,
            length) < 0) {
        dk_log(DK_LOG_WARN, "serve", "the service manager was not reached", "path=%s", path);
    }
    (void)close(descriptor);
}
