#ifndef DK_SERVE_SOCKET_H
#define DK_SERVE_SOCKET_H

#include "serve/settings.h"

#include <dk/error.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    DK__SOCKET_PATH_BYTES = 108,    /* sun_path, its NUL included */
    DK__SOCKET_LOCK_WAIT_MS = 5000, /* for another program that starts in the same folder */
};

/*
 * A socket's file. daprd looks into the folder once and waits for ever on a socket that does not
 * answer, so the file appears under its name only when somebody listens behind it:
 *
 *     dk__socket_prepare   makes the folder, removes a dead process' socket, refuses a living one,
 *                          and names a place to bind in a folder of its own, which daprd skips
 *     (the transport binds and listens there)
 *     dk__socket_publish   mode, group, rename to the real name
 *     dk__socket_remove    takes the file away, if it is still ours
 *
 * Thread: main. Owner: the caller's, zeroed before prepare; holds a lock on the folder from
 * prepare to publish, so that two starting programs see each other.
 */
struct dk__socket {
    char path[DK__SOCKET_PATH_BYTES];      /* where daprd finds it */
    char bind_path[DK__SOCKET_PATH_BYTES]; /* where it is born */
    char bind_dir[DK__SOCKET_PATH_BYTES];
    int lock;             /* descriptor plus one; 0: none */
    int64_t lock_wait_ms; /* 0: DK__SOCKET_LOCK_WAIT_MS; a test shortens it */
    dev_t device;
    ino_t inode; /* of the published file; 0: none */
};

/*
 * `stop`: signals, blocked by the caller, that end the wait for the folder's lock.
 *
 * Errors: DK_INVALID for a path over 107 bytes; DK_UNAVAILABLE when a living process answers there,
 *         when that cannot be told, when the folder cannot be used or its lock is not to be had:
 *         words say which; DK_CANCELLED after a signal of `stop`, which is then consumed.
 * Bound:  DK__SOCKET_LOCK_WAIT_MS for the lock.
 */
enum dk_error dk__socket_prepare(
    struct dk__socket *socket,
    const struct dk__settings *settings,
    const char *name,
    const sigset_t *stop,
    struct dk_fault *fault);
enum dk_error dk__socket_publish(
    struct dk__socket *socket, const struct dk__settings *settings, struct dk_fault *fault);
/* Accepts one in any state. */
void dk__socket_remove(struct dk__socket *socket);

#endif /* DK_SERVE_SOCKET_H */
