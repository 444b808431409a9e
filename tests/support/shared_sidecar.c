/* One question at a time: `ld --wrap` sends an application's dk_daprd_… here. */
#include "support/shared_sidecar.h"

#include <pthread.h>
#include <sched.h>

struct shared_sidecar shared_sidecar;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

void shared_sidecar_enter(void) {
    (void)pthread_mutex_lock(&turn);
    shared_sidecar.questions++;
}

void shared_sidecar_leave(void) {
    (void)pthread_mutex_unlock(&turn);
    (void)sched_yield();
}

static enum dk_error answered(enum dk_error error, bool is_write) {
    shared_sidecar.writes += is_write;
    if (is_write && shared_sidecar.on_write != NULL) {
        shared_sidecar.on_write();
    }
    shared_sidecar_leave();
    return error;
}

/* NAME(parameters) of the application's, answered by the fake's own function. */
#define WRAP(name, is_write, parameters, arguments)         \
    enum dk_error __real_##name parameters;                 \
    enum dk_error __wrap_##name parameters;                 \
    enum dk_error __wrap_##name parameters {                \
        shared_sidecar_enter();                             \
        return answered(__real_##name arguments, is_write); \
    }

WRAP(
    dk_daprd_get,
    false,
    (struct dk_call * call, const char *store, struct dk_bytes key, struct dk_state_item *ret_item),
    (call, store, key, ret_item))
WRAP(
    dk_daprd_get_many,
    false,
    (struct dk_call * call,
     const char *store,
     const struct dk_bytes *keys,
     size_t count,
     struct dk_state_item *ret_items),
    (call, store, keys, count, ret_items))
WRAP(
    dk_daprd_save,
    true,
    (struct dk_call * call, const char *store, const struct dk_state_item *items, size_t count),
    (call, store, items, count))
WRAP(
    dk_daprd_delete,
    true,
    (struct dk_call * call, const char *store, const struct dk_state_item *items, size_t count),
    (call, store, items, count))
WRAP(
    dk_daprd_transact,
    true,
    (struct dk_call * call, const char *store, const struct dk_state_step *steps, size_t count),
    (call, store, steps, count))

enum dk_error __wrap_dk_daprd_publish_many(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count,
    bool *ret_failed);
enum dk_error __wrap_dk_daprd_publish_many(
    struct dk_call *call,
    const char *pubsub,
    const char *topic,
    const struct dk_daprd_message *messages,
    size_t count,
    bool *ret_failed) {
    (void)call;
    (void)pubsub;
    shared_sidecar_enter();
    for (size_t i = 0; i < count; i++) {
        ret_failed[i] = !shared_sidecar.on_message(topic, &messages[i]);
    }
    return answered(DK_OK, false);
}

void __wrap_dk_call_wake(struct dk_call *call, const struct dk_app_task *row);
void __wrap_dk_call_wake(struct dk_call *call, const struct dk_app_task *row) {
    (void)call;
    (void)row; /* a stress program runs tasks itself */
}
