#ifndef CLIENTS_REDIS_NAMES_H
#define CLIENTS_REDIS_NAMES_H

#include <dk/error.h>
#include <dk/loop.h>
#include <stdint.h>

struct addrinfo;

/*
 * Host names to addresses without stopping the loop. The system's resolver blocks, so each
 * question has a thread of its own, which leaves its answer behind an eventfd; numeric addresses
 * are answered without one.
 *
 * Thread: the loop's. Owner: the question is the caller's until redis_names_drop; a thread still
 * asking then ends by itself and touches nothing of the loop.
 * Bound:  REDIS_NAMES_THREADS_MAX questions under way in the process; one more is DK_EXHAUSTED.
 */
struct redis_names;

enum { REDIS_NAMES_THREADS_MAX = 16 };

/* `found` belongs to the question; NULL with `code` for gai_strerror when there is none. */
typedef void redis_names_fn(void *context, const struct addrinfo *found, int code);

/* Asks; the answer comes in a later turn. */
enum dk_error redis_names_ask(
    struct dk_loop *loop,
    const char *host,
    uint16_t port,
    redis_names_fn *on_found,
    void *context,
    struct redis_names **ret_names,
    struct dk_fault *fault);

/* Accepts NULL. No answer comes afterwards. */
void redis_names_drop(struct redis_names *names);

#endif /* CLIENTS_REDIS_NAMES_H */
