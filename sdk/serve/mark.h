#ifndef DK_SERVE_MARK_H
#define DK_SERVE_MARK_H

#include <dk/error.h>
#include <stdbool.h>

/*
 * A file beside a socket that outlives the process: whether this is the first life of a component in its
 * folder since the machine was started. For /sockets/dk-redis.sock it is /sockets/.dk-redis.sock.life.
 *
 * Leaves it, and tells whether an earlier life had left one. It stays behind also after an orderly
 * end, for daprd has lost its instances then too; one of before the machine's start counts for none.
 *
 * Thread: main, with the lock on the folder. Errors: DK_UNAVAILABLE, in words.
 */
enum dk_error dk__mark_leave(const char *socket_path, bool *ret_was_there, struct dk_fault *fault);

#endif /* DK_SERVE_MARK_H */
