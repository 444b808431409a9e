#ifndef CLIENTS_REDIS_DIAL_H
#define CLIENTS_REDIS_DIAL_H

#include "clients/redis/redis_address.h"

#include <dk/loop.h>

struct addrinfo;
struct redis_names;

/* `descriptor` is connected and non-blocking and now the receiver's; −1 when no address answered,
 * `fault` then says which of "no such host", "refused" and "no route" it was. */
typedef void redis_dialled_fn(void *context, int descriptor, const struct dk_fault *fault);

/*
 * From an address to a connected socket: resolves, then tries each address found, one after the
 * other. How long it may take is the caller's to limit: redis_dial_stop.
 *
 * Thread: the loop's. Owner: a member of the caller's structure; zeroed is idle.
 */
struct redis_dial {
    struct dk_loop *loop;
    const struct redis_address *address; /* the caller's */
    struct redis_names *names;
    const struct addrinfo *next; /* of the addresses found */
    struct dk_watch watch;
    int error; /* errno of the latest address that failed */
    redis_dialled_fn *on_dialled;
    void *context;
};

/* Answers in a later turn, unless it fails here. */
enum dk_error redis_dial_start(
    struct redis_dial *dial,
    struct dk_loop *loop,
    const struct redis_address *address,
    redis_dialled_fn *on_dialled,
    void *context,
    struct dk_fault *fault);

/* Gives up; accepts an idle one. No answer comes afterwards. */
void redis_dial_stop(struct redis_dial *dial);

/* What an unfinished dial was waiting for, to tell a user: "the name server", "a connection". */
const char *redis_dial_waits_for(const struct redis_dial *dial);

#endif /* CLIENTS_REDIS_DIAL_H */
