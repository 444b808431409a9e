#ifndef CLIENTS_REDIS_LINK_H
#define CLIENTS_REDIS_LINK_H

#include "clients/redis/redis_connection.h"
#include "clients/redis/redis_queue.h"

/*
 * A lasting link to one Redis: finds the server, connects, logs in, and does so again whenever the
 * connection is lost. The one thing stores talk to.
 *
 *     IDLE ─▶ SEEKING (sentinels) ─▶ DIALING ─▶ LOGIN ─▶ READY ─▶ RENEWING ─▶ …
 *                   ▲                                       │ lost
 *                   └────────────── RESTING (back-off) ◀────┘
 *
 * Thread: the loop's. Owner: whoever made it. Nothing is ever sent twice by the link itself: a
 *         command whose answer was lost is answered NULL, and its sender knows what that means.
 */
struct redis_link;

/* `fault` has no error when the link is ready. */
typedef void redis_opened_fn(void *context, const struct dk_fault *fault);

/* The settings must outlive the link; ones with faults give a link that must not be opened. Errors:
 * DK_INVALID for bad PEM texts. */
enum dk_error redis_link_new(
    struct dk_loop *loop,
    const struct redis_settings *settings,
    struct redis_link **ret_link,
    struct dk_fault *fault);

/* From now on the link counts, and its log lines say whose it is: of the component, and which of its
 * links. Both texts outlive the link. Once, before it is opened. */
void redis_link_introduce(struct redis_link *link, const char *component, const char *name);

/* Ends at once: commands in flight are answered NULL, waiters are told. Accepts NULL. */
void redis_link_free(struct redis_link *link);

/* Connects once; without success the link stays idle and says why. Answers in a later turn. */
void redis_link_open(struct redis_link *link, redis_opened_fn *on_opened, void *context);

/* Instead of open, when a connection to this server is known to be possible: connects and keeps at
 * it. Calls wait for it, see redis_link_wait. Errors: DK_EXHAUSTED without memory. */
enum dk_error redis_link_keep(struct redis_link *link, struct dk_fault *fault);

bool redis_link_is_ready(const struct redis_link *link);

/* As redis_connection_send; DK_UNAVAILABLE while the link is not ready: see redis_link_wait. */
enum dk_error redis_link_send(
    struct redis_link *link,
    const struct dk_bytes *words,
    size_t count,
    redis_answer_fn *on_answer,
    void *context);

/* How many commands it would take now; 0 while it is not ready. */
size_t redis_link_room(const struct redis_link *link);

/* The same for a command that may keep the server silent for `block_ms`. */
enum dk_error redis_link_send_blocking(
    struct redis_link *link,
    const struct dk_bytes *words,
    size_t count,
    int64_t block_ms,
    redis_answer_fn *on_answer,
    void *context);

/*
 * Waits for the link to be ready again, at most settings' wait_ms. `on_wait_over` comes in a later
 * turn. Errors: DK_EXHAUSTED when inflightMax calls wait already, DK_UNAVAILABLE when the link
 * never opened or ends; `waiter` is then not called.
 */
enum dk_error redis_link_wait(struct redis_link *link, struct redis_waiter *waiter);

/* Replicas that were connected to the server when we logged in. */
int64_t redis_link_replicas(const struct redis_link *link);

/* Why the link is not ready, in words for a user; never NULL. */
const char *redis_link_trouble(const struct redis_link *link);

const struct redis_settings *redis_link_settings(const struct redis_link *link);

/* What it carries now. */
struct redis_link_loads {
    int64_t connections, inflight, waiting, queue_bytes;
};
struct redis_link_loads redis_link_loads(const struct redis_link *link);

/* Of the present connection; zero when there is none. */
struct redis_connection_counts redis_link_counts(const struct redis_link *link);

#endif /* CLIENTS_REDIS_LINK_H */
