/*
 * Where a socket's file comes from and goes to. Runs at start and at the end, on the main thread.
 */
#include "serve/socket.h"

#include <dk/log.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* mkdtemp wants six X; the leading dot keeps it out of sight, and daprd does not look into folders. */
#define BIND_DIR_PATTERN "/.dk-XXXXXX"
#define BIND_NAME        "/s"

enum {
    LOCK_LOOK_MS = 10,
    FOLDER_BYTES_MAX = DK__SOCKET_PATH_BYTES - sizeof(BIND_DIR_PATTERN BIND_NAME)
};

static const char *errno_text(char *buffer, size_t size) {
    const int number = errno;
    if (strerror_r(number, buffer, size) != 0) {
        (void)snprintf(buffer, size, "error %d", number);
    }
    return buffer;
}

static enum dk_error fail_errno(
    struct dk_fault *fault, enum dk_error error, const char *what, const char *path) {
    char text[128];
    return dk_fault_set(fault, error, "%s '%s': %s", what, path, errno_text(text, sizeof text));
}

/* Every missing folder on the way, as `mkdir -p` does. */
static enum dk_error make_folder(const char *path, struct dk_fault *fault) {
    char part[DK__SOCKET_PATH_BYTES];
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(part, 0755); /* the last mkdir tells whether this one mattered */
        *slash = '/';
    }
    if (mkdir(part, 0755) != 0 && errno != EEXIST) {
        return fail_errno(fault, DK_UNAVAILABLE, "socket folder", path);
    }
    return DK_OK;
}

enum tenant { TENANT_NONE, TENANT_ALIVE, TENANT_UNKNOWN };

/* Who accepts connections there: nobody behind a dead process' file; unknown, and errno, when that
 * cannot be told, so that nothing is removed or said on a guess. */
static enum tenant tenant_of(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return TENANT_UNKNOWN;
    }
    const bool is_connected = connect(probe, (struct sockaddr *)&address, sizeof address) == 0;
    const int number = errno;
    (void)close(probe);
    errno = number;
    if (is_connected || number == EAGAIN) { /* EAGAIN: its backlog is full, so it lives */
        return TENANT_ALIVE;
    }
    return number == ECONNREFUSED || number == ENOENT ? TENANT_NONE : TENANT_UNKNOWN;
}

static enum dk_error refuse_tenant(enum tenant tenant, const char *path, struct dk_fault *fault) {
    char text[128];
    if (tenant == TENANT_ALIVE) {
        return dk_fault_set(
            fault,
            DK_UNAVAILABLE,
            "socket '%s': another process answers there; stop it, or choose another path",
            path);
    }
    return dk_fault_set(
        fault,
        DK_UNAVAILABLE,
        "socket '%s': whether a process answers there cannot be told: %s; remove the file if none "
        "does, or choose another path",
        path,
        errno_text(text, sizeof text));
}

static enum dk_error clear_path(const char *path, struct dk_fault *fault) {
    struct stat status;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT ? DK_OK : fail_errno(fault, DK_UNAVAILABLE, "socket", path);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return dk_fault_set(
            fault, DK_UNAVAILABLE, "socket '%s': a file that is no socket is in the way", path);
    }
    const enum tenant tenant = tenant_of(path);
    if (tenant != TENANT_NONE) {
        return refuse_tenant(tenant, path, fault);
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return fail_errno(fault, DK_UNAVAILABLE, "left-over socket", path);
    }
    dk_log(DK_LOG_INFO, "serve", "removed the socket of a dead process", "path=%s", path);
    return DK_OK;
}

static void unlock(struct dk__socket *socket) {
    if (socket->lock != 0) {
        (void)close(socket->lock - 1);
        socket->lock = 0;
    }
}

/* Waits for whoever holds the lock. No system call waits for a lock, for signals and for a time
 * together, so it looks again every LOCK_LOOK_MS, and waits for the signals in between. */
static enum dk_error await_lock(
    int descriptor,
    const char *folder,
    int64_t wait_ms,
    const sigset_t *stop,
    struct dk_fault *fault) {
    const struct timespec look = {.tv_nsec = (long)LOCK_LOOK_MS * 1000000};
    for (int64_t waited_ms = 0; flock(descriptor, LOCK_EX | LOCK_NB) != 0;
         waited_ms += LOCK_LOOK_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return fail_errno(fault, DK_UNAVAILABLE, "socket folder lock", folder);
        }
        if (waited_ms >= wait_ms) {
            return dk_fault_set(
                fault,
                DK_UNAVAILABLE,
                "socket folder '%s': another process has held its lock for %" PRId64
                " ms; a program that starts there does not finish",
                folder,
                wait_ms);
        }
        if (waited_ms == 0) {
            dk_log(
                DK_LOG_INFO, "serve", "waiting for a program that starts here", "path=%s", folder);
        }
        if (sigtimedwait(stop, NULL, &look) > 0) {
            return dk_fault_set(fault, DK_CANCELLED, "socket folder '%s': stopped", folder);
        }
    }
    return DK_OK;
}

/* Two programs of one name that start together: the second waits here, then finds the first. */
static enum dk_error lock_folder(
    struct dk__socket *socket, const char *folder, const sigset_t *stop, struct dk_fault *fault) {
    const int64_t wait_ms =
        socket->lock_wait_ms > 0 ? socket->lock_wait_ms : DK__SOCKET_LOCK_WAIT_MS;
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return fail_errno(fault, DK_UNAVAILABLE, "socket folder", folder);
    }
    if (await_lock(descriptor, folder, wait_ms, stop, fault) != DK_OK) {
        (void)close(descriptor);
        return fault->error;
    }
    socket->lock = descriptor + 1;
    return DK_OK;
}

enum dk_error dk__socket_prepare(
    struct dk__socket *socket,
    const struct dk__settings *settings,
    const char *name,
    const sigset_t *stop,
    struct dk_fault *fault) {
    const char *const folder = settings->socket_dir;
    const int path_size = snprintf(
        socket->path, sizeof socket->path, "%s/%s%s", folder, name, settings->socket_extension);
    const size_t bind_size = strlen(folder) + sizeof(BIND_DIR_PATTERN BIND_NAME);
    if (path_size >= (int)sizeof socket->path || bind_size > sizeof socket->bind_path) {
        return dk_fault_set(
            fault,
            DK_INVALID,
            "socket-dir: '%s' is too long, a socket's path has at most %d bytes",
            folder,
            DK__SOCKET_PATH_BYTES - 1);
    }
    if (make_folder(folder, fault) != DK_OK || lock_folder(socket, folder, stop, fault) != DK_OK ||
        clear_path(socket->path, fault) != DK_OK) {
        goto fail;
    }
    (void)snprintf(
        socket->bind_dir,
        sizeof socket->bind_dir,
        "%.*s%s",
        FOLDER_BYTES_MAX,
        folder,
        BIND_DIR_PATTERN);
    if (mkdtemp(socket->bind_dir) == NULL) {
        (void)fail_errno(fault, DK_UNAVAILABLE, "socket folder", folder);
        socket->bind_dir[0] = '\0';
        goto fail;
    }
    (void)snprintf(
        socket->bind_path,
        sizeof socket->bind_path,
        "%.*s%s",
        DK__SOCKET_PATH_BYTES - (int)sizeof BIND_NAME,
        socket->bind_dir,
        BIND_NAME);
    return DK_OK;

fail:
    unlock(socket);
    return fault->error;
}

enum dk_error dk__socket_publish(
    struct dk__socket *socket, const struct dk__settings *settings, struct dk_fault *fault) {
    struct stat status;
    if (settings->socket_gid != (gid_t)-1 &&
        chown(socket->bind_path, (uid_t)-1, settings->socket_gid) != 0) {
        return fail_errno(fault, DK_UNAVAILABLE, "socket-group of", socket->path);
    }
    if (chmod(socket->bind_path, settings->socket_mode) != 0 ||
        lstat(socket->bind_path, &status) != 0 || rename(socket->bind_path, socket->path) != 0) {
        return fail_errno(fault, DK_UNAVAILABLE, "socket", socket->path);
    }
    socket->device = status.st_dev;
    socket->inode = status.st_ino;
    (void)rmdir(socket->bind_dir);
    socket->bind_dir[0] = '\0';
    unlock(socket);
    return DK_OK;
}

void dk__socket_remove(struct dk__socket *socket) {
    struct stat status;
    /* Only what is ours: somebody may have put a socket of his own there meanwhile. */
    if (socket->inode != 0 && lstat(socket->path, &status) == 0 && status.st_ino == socket->inode &&
        status.st_dev == socket->device) {
        (void)unlink(socket->path);
    }
    socket->inode = 0;
    if (socket->bind_dir[0] != '\0') {
        (void)unlink(socket->bind_path);
        (void)rmdir(socket->bind_dir);
        socket->bind_dir[0] = '\0';
    }
    unlock(socket);
}
