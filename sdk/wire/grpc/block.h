#ifndef DK_WIRE_GRPC_BLOCK_H
#define DK_WIRE_GRPC_BLOCK_H

#include "core/instances.h"
#include "wire/grpc/rpc.h"

/*
 * What the services of every building block do alike: their instances, and the way of a call to
 * the backend's function:
 *
 *     instance ─▶ place for the request in the arena ─▶ decode ─▶ backend
 *
 * A step that fails gives the reply away and the walk ends.
 *
 * Thread: the loop's.
 */

/* The services of one backend; dk__service's context points to a structure that begins with it. */
struct dk__block {
    const struct dk_backend *backend;
    struct dk__instances *instances;
    struct dk__service row; /* of the service that has Init */
    /* The backend's, for who asks whether its server answers; NULL: there is nothing to ask. */
    void (*ping)(struct dk_instance *instance, struct dk_reply *reply);
};

/* `size` zeroed bytes that begin with a block, its service added to the server; NULL without
 * memory. `kind`: dk__service's. */
void *dk__block_new(
    struct dk__server *server,
    const struct dk_backend *backend,
    size_t size,
    const char *kind,
    const char *service,
    const struct dk__method *methods);
/* Closes every instance and frees it. Accepts NULL. */
void dk__block_free(struct dk__block *block);

struct dk__block *dk__block_of(const struct dk__rpc *rpc);

/* One call on its way. The fault's text is not zeroed: 2 KiB in every call. */
struct dk__walk {
    struct dk_instance *instance;
    void *request;
    struct dk_fault fault;
};

/* Finds the instance and holds it until the call is over. */
bool dk__walk_instance(struct dk__walk *walk, struct dk__rpc *rpc, const struct dk__reply_ops *ops);
/* The instance, and zeroed room for the decoded request. */
bool dk__walk_begin(
    struct dk__walk *walk,
    struct dk__rpc *rpc,
    const struct dk__reply_ops *ops,
    size_t request_size);
/* What the decode function gave, its words in walk->fault. */
bool dk__walk_decoded(struct dk__walk *walk, struct dk__rpc *rpc, enum dk_error error);

/* Whole methods. */
void dk__block_run_init(struct dk__rpc *rpc, struct dk_bytes message);
/* Answers with a list of words. */
void dk__block_answer_words(struct dk__rpc *rpc, const char *const *words, size_t count);
/* Asks the backend, or answers for it when `ping` is NULL. */
void dk__block_ping(
    struct dk__rpc *rpc, void (*ping)(struct dk_instance *instance, struct dk_reply *reply));

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

/* Ok is an empty message, or the one that was begun. */
extern const struct dk__reply_ops dk__plain_ops;

/* True when there is a message to add to: begun before or now. False for a late answer too. */
bool dk__answer_is_open(struct dk__rpc *rpc);
/* The answer must not be sent, and why: a literal. NULL: it grew over reply_bytes_max. */
void dk__answer_fault(struct dk__rpc *rpc, const char *text);

#endif /* DK_WIRE_GRPC_BLOCK_H */
