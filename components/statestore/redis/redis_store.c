/*
 * Redis as a state store: its life and the table of what it can. The operations have files of
 * their own; the client in clients/redis knows sockets.
 *
 *     open: settings ─▶ link ─▶ scripts loaded ─▶ ready
 */
#include "statestore/redis/redis_store.h"

#include "clients/redis/redis_error.h"
#include "clients/redis/redis_metrics.h"
#include "statestore/redis/redis_call.h"
#include "statestore/redis/redis_operations.h"

#include <dk/log.h>
#include <string.h>

/* ── open ───────────────────────────────────────────────────────────────────────────────────── */

static void open_finish(struct redis_state *state) {
    struct dk_reply *reply = state->open_reply;
    if (reply == NULL) {
        return;
    }
    state->open_reply = NULL;
    if (state->open_fault.error == DK_OK) {
        dk_reply_ok(reply);
    } else {
        dk_reply_fault(reply, &state->open_fault);
    }
}

static void open_on_script(void *context, const struct redisReply *answer) {
    struct redis_state *state = context;
    const size_t script = REDIS_SCRIPTS - state->loading; /* answers come in order */

    state->loading--;
    if (answer == NULL) {
        (void)dk_fault_set(
            state->open_fault.error == DK_OK ? &state->open_fault : NULL,
            DK_UNAVAILABLE,
            "%s",
            redis_link_trouble(state->link));
    } else if (answer->type == REDIS_REPLY_STRING && answer->len == REDIS_SHA_BYTES) {
        memcpy(state->shas[script], answer->str, REDIS_SHA_BYTES);
    } else if (state->open_fault.error == DK_OK) {
        const bool is_denied = redis_reply_is(answer, "NOPERM");
        (void)dk_fault_set(
            &state->open_fault,
            is_denied ? DK_DENIED : redis_error_of(answer),
            "redis: %s: %s",
            is_denied ? "writing takes scripts, the user lacks +@scripting"
                      : "the server takes no scripts",
            answer->type == REDIS_REPLY_ERROR ? answer->str : "unexpected answer");
    }
    if (state->loading == 0) {
        open_finish(state);
    }
}

static void open_on_link(void *context, const struct dk_fault *fault) {
    struct redis_state *state = context;

    state->settings.dial_timeout_ms = state->dial_timeout_ms;
    if (fault->error != DK_OK) {
        state->open_fault = *fault;
        open_finish(state);
        return;
    }
    for (size_t i = 0; i < REDIS_SCRIPTS; i++) {
        const struct dk_bytes words[] = {
            DK_BYTES("SCRIPT"), DK_BYTES("LOAD"), redis_script_text((enum redis_script)i)};
        if (redis_link_send(state->link, words, 3, open_on_script, state) == DK_OK) {
            state->loading++;
        }
    }
    if (state->loading < REDIS_SCRIPTS) {
        (void)dk_fault_set(&state->open_fault, DK_EXHAUSTED, "redis: scripts cannot be sent");
    }
    if (state->loading == 0) {
        open_finish(state);
    }
}

static void redis_open(struct dk_instance *store, struct dk_reply *reply) {
    struct redis_state *state = redis_state_of(store);
    struct dk_fault fault = {.error = DK_OK};

    state->confirm.on_turn_end = redis_call_on_turn_end;
    state->traced.turn_end.on_turn_end = redis_traced_on_turn_end;
    /* Both, also when the first fails: the link looks at the certificates, and all faults are told. */
    (void)redis_settings_make(store->configuration, store->properties, &state->settings, &fault);
    (void)redis_link_new(store->loop, &state->settings, &state->link, &fault);
    if (fault.error != DK_OK) {
        dk_reply_fault(reply, &fault);
        return;
    }
    redis_link_introduce(state->link, store->name, "main");
    state->dial_timeout_ms = state->settings.dial_timeout_ms;
    /* daprd gives Init as long as the dial may take: the user is to read what was wrong. */
    state->settings.dial_timeout_ms =
        dk_reply_patience_ms(reply, dk_loop_now_us(store->loop), state->dial_timeout_ms);
    state->open_reply = reply;
    redis_link_open(state->link, open_on_link, state);
}

static void redis_close(struct dk_instance *store) {
    struct redis_state *state = redis_state_of(store);
    struct redis_link *link = state->link;

    if (link == NULL) {
        return; /* it never got as far as a link */
    }
    dk_defer_stop(store->loop, &state->traced.turn_end);
    redis_traced_on_turn_end(&state->traced.turn_end);
    dk_defer_stop(store->loop, &state->confirm);
    redis_call_on_turn_end(&state->confirm);
    const struct redis_connection_counts counts = redis_link_counts(link);
    dk_log(
        DK_LOG_DEBUG,
        "redis",
        "the link is closed",
        "component=\"%s\" commands=%llu writes=%llu reads=%llu",
        store->name,
        (unsigned long long)counts.commands,
        (unsigned long long)counts.writes,
        (unsigned long long)counts.reads);
    redis_link_free(state->strong); /* answers every call on it */
    redis_link_free(link);
    state->strong = NULL;
    state->link = NULL;
}

/* ── ping ───────────────────────────────────────────────────────────────────────────────────── */

static void ping_on_answer(void *context, const struct redisReply *answer) {
    struct redis_call *call = context;
    if (answer == NULL) {
        redis_call_lost_read(call);
    } else if (answer->type == REDIS_REPLY_STATUS) {
        dk_reply_ok(call->reply);
    } else {
        redis_call_refuse(call, answer);
    }
}

static void ping_run(struct redis_call *call) {
    const struct dk_bytes words[] = {DK_BYTES("PING")};
    redis_call_send(call, words, 1, ping_on_answer);
}

static void redis_ping(struct dk_instance *store, struct dk_reply *reply) {
    redis_call_start(store, NULL, reply, sizeof(struct redis_call), ping_run);
}

const struct dk_state_backend redis_store = {
    .base =
        {
            .name = "dk-redis",
            .title = "Redis (dapr-kit)",
            .summary =
                "Keeps state in Redis or Valkey, in the layout of Dapr's built-in component.",
            .options = redis_options,
            .config_size = sizeof(struct redis_config),
            .instance_size = sizeof(struct redis_state),
            .metrics = redis_metrics,
            .open = redis_open,
            .close = redis_close,
        },
    .features = DK_STATE_ETAG | DK_STATE_TTL,
    .transaction_operations_max = REDIS_TRANSACTION_OPERATIONS_MAX,
    .get = redis_get,
    .set = redis_set,
    .remove = redis_delete,
    .bulk_get = redis_bulk_get,
    .bulk_set = redis_bulk_set,
    .bulk_delete = redis_bulk_delete,
    .transact = redis_transact,
    .ping = redis_ping,
};
