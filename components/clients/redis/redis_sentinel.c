/*
 * A walk over the sentinels: dial, log in, ask, and on any trouble the next one.
 */
#include "clients/redis/redis_sentinel.h"

#include "clients/redis/redis_connection.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_login.h"

#include <stdlib.h>
#include <string.h>

struct redis_sentinel {
    struct dk_loop *loop;
    const struct redis_settings *settings;
    struct redis_tls_context *tls;
    size_t at; /* of the settings' addresses */
    struct redis_connection *connection;
    struct redis_login login;
    struct dk_fault fault; /* what each so far had to say */
    redis_master_fn *on_master;
    void *context;
};

static void sentinel_try(struct redis_sentinel *sentinel);

/* This sentinel was of no use: its words are kept and the next one is asked. */
static void sentinel_fail(struct redis_sentinel *sentinel, const struct dk_fault *fault) {
    struct redis_connection *connection = sentinel->connection;
    const struct redis_address_text at =
        redis_address_text(&sentinel->settings->addresses[sentinel->at]);

    (void)dk_fault_set(&sentinel->fault, fault->error, "sentinel '%s': %s", at.text, fault->text);
    sentinel->connection = NULL;
    sentinel->at++;
    redis_connection_free(connection);
    sentinel_try(sentinel);
}

static enum dk_error address_read(
    const struct redisReply *answer, struct redis_address *address, struct dk_fault *fault) {
    int64_t port = 0;

    if (answer->type != REDIS_REPLY_ARRAY || answer->elements != 2 ||
        answer->element[0]->type != REDIS_REPLY_STRING ||
        answer->element[1]->type != REDIS_REPLY_STRING ||
        answer->element[0]->len >= sizeof address->host ||
        !dk_integer_parse(
            (struct dk_bytes){answer->element[1]->str, answer->element[1]->len}, &port) ||
        port < 1 || port > UINT16_MAX) {
        return dk_fault_set(fault, DK_UNAVAILABLE, "its answer is no address");
    }
    memcpy(address->host, answer->element[0]->str, answer->element[0]->len + 1);
    address->port = (uint16_t)port;
    return DK_OK;
}

static void sentinel_on_answer(void *context, const struct redisReply *answer) {
    struct redis_sentinel *sentinel = context;
    struct redis_address address = {.port = 0};
    struct dk_fault fault = {.error = DK_OK};

    if (answer == NULL) {
        return; /* on_lost has the reason, or nobody asks any more */
    }
    if (answer->type == REDIS_REPLY_NIL) {
        (void)dk_fault_set(
            &fault,
            DK_INVALID,
            "knows no master '%s' (sentinelMasterName)",
            sentinel->settings->config->master_name);
    } else if (answer->type == REDIS_REPLY_ERROR) {
        (void)redis_fault_of(answer, &fault);
    } else {
        (void)address_read(answer, &address, &fault);
    }
    if (fault.error != DK_OK) {
        sentinel_fail(sentinel, &fault);
        return;
    }
    sentinel->on_master(sentinel->context, &address, NULL);
}

static void sentinel_on_logged_in(void *context, const struct dk_fault *fault) {
    struct redis_sentinel *sentinel = context;
    const struct dk_bytes words[] = {
        DK_BYTES("SENTINEL"),
        DK_BYTES("get-master-addr-by-name"),
        dk_bytes_of(sentinel->settings->config->master_name)};
    struct dk_fault own = *fault;

    if (own.error == DK_OK &&
        redis_connection_send(sentinel->connection, words, 3, 0, sentinel_on_answer, sentinel) !=
            DK_OK) {
        (void)dk_fault_set(&own, DK_UNAVAILABLE, "the question cannot be sent");
    }
    if (own.error != DK_OK) {
        sentinel_fail(sentinel, &own);
    }
}

static void sentinel_on_open(void *context) {
    struct redis_sentinel *sentinel = context;
    const struct redis_credentials credentials = {
        .username = sentinel->settings->config->sentinel_username,
        .password = sentinel->settings->config->sentinel_password,
        .is_sentinel = true,
    };
    struct dk_fault fault = {.error = DK_OK};

    if (redis_login_start(
            &sentinel->login,
            sentinel->connection,
            &credentials,
            sentinel_on_logged_in,
            sentinel,
            &fault) != DK_OK) {
        sentinel_fail(sentinel, &fault);
    }
}

static void sentinel_on_lost(void *context, const struct dk_fault *fault) {
    sentinel_fail(context, fault);
}

static const struct redis_connection_events sentinel_events = {
    .on_open = sentinel_on_open,
    .on_lost = sentinel_on_lost,
};

static void sentinel_try(struct redis_sentinel *sentinel) {
    for (; sentinel->at < sentinel->settings->address_count; sentinel->at++) {
        const struct redis_address *address = &sentinel->settings->addresses[sentinel->at];
        struct dk_fault fault = {.error = DK_OK};
        if (redis_connection_new(
                sentinel->loop,
                sentinel->settings,
                sentinel->tls,
                address,
                &sentinel_events,
                sentinel,
                &sentinel->connection,
                &fault) == DK_OK) {
            return;
        }
        (void)dk_fault_set(
            &sentinel->fault,
            fault.error,
            "sentinel '%s': %s",
            redis_address_text(address).text,
            fault.text);
    }
    sentinel->on_master(sentinel->context, NULL, &sentinel->fault);
}

enum dk_error redis_sentinel_ask(
    struct dk_loop *loop,
    const struct redis_settings *settings,
    struct redis_tls_context *tls,
    redis_master_fn *on_master,
    void *context,
    struct redis_sentinel **ret_sentinel,
    struct dk_fault *fault) {
    struct redis_sentinel *sentinel = calloc(1, sizeof *sentinel);
    if (sentinel == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory to ask a sentinel");
    }
    sentinel->loop = loop;
    sentinel->settings = settings;
    sentinel->tls = tls;
    sentinel->on_master = on_master;
    sentinel->context = context;
    *ret_sentinel = sentinel;
    sentinel_try(sentinel);
    return DK_OK;
}

void redis_sentinel_free(struct redis_sentinel *sentinel) {
    if (sentinel == NULL) {
        return;
    }
    redis_connection_free(sentinel->connection);
    free(sentinel);
}
