/*
 * A walk over the sentinels: dial, log in, ask, subscribe; on any trouble the next one.
 *
 *     try ─▶ login ─▶ get-master-addr-by-name, SUBSCRIBE +switch-master ─▶ on_master ─▶ on_master …
 *      ▲                                                                                  │ lost
 *      └──────────────────────────────── rest ◀───────────────────────────────────────────┘
 */
#include "clients/redis/redis_sentinel.h"

#include "clients/redis/redis_backoff.h"
#include "clients/redis/redis_connection.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_login.h"

#include <stdlib.h>
#include <string.h>

enum { REST_MS_MIN = 250, REST_MS_MAX = 5000 };

struct redis_sentinel {
    struct dk_loop *loop;
    struct redis_settings settings; /* with times of our own, see hurry */
    struct redis_tls_context *tls;
    size_t at; /* of the settings' addresses */
    struct redis_connection *connection;
    struct redis_login login;
    struct dk_fault fault; /* what each of this walk had to say */
    bool has_answered;
    struct redis_backoff backoff;
    struct dk_timer rest;
    redis_master_fn *on_master;
    void *context;
};

static void sentinel_try(struct redis_sentinel *sentinel);

/* This sentinel was of no use: its words are kept and the next one is asked. */
static void sentinel_fail(struct redis_sentinel *sentinel, const struct dk_fault *fault) {
    struct redis_connection *connection = sentinel->connection;
    const struct redis_address_text at =
        redis_address_text(&sentinel->settings.addresses[sentinel->at]);

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

/* Without the right to subscribe a move shows when the old master hangs up or refuses a write. */
static void sentinel_on_subscribed(void *context, const struct redisReply *answer) {
    (void)context;
    (void)answer;
}

/* The next word of a message, blanks between. */
static struct dk_bytes word_take(const char **text) {
    const size_t size = strcspn(*text, " ");
    const struct dk_bytes word = {*text, size};
    *text += (*text)[size] == ' ' ? size + 1 : size;
    return word;
}

/* ["message", "+switch-master", "name old-host old-port new-host new-port"] */
static void sentinel_on_push(void *context, const struct redisReply *pushed) {
    struct redis_sentinel *sentinel = context;
    struct redis_address address = {.port = 0};
    int64_t port = 0;

    if (pushed->type != REDIS_REPLY_ARRAY || pushed->elements != 3 ||
        pushed->element[2]->type != REDIS_REPLY_STRING) {
        return;
    }
    const char *text = pushed->element[2]->str;
    const struct dk_bytes name = word_take(&text);
    (void)word_take(&text);
    (void)word_take(&text);
    const struct dk_bytes host = word_take(&text), port_text = word_take(&text);
    if (!dk_bytes_equal(name, dk_bytes_of(sentinel->settings.config->master_name)) ||
        host.size == 0 || host.size >= sizeof address.host || !dk_integer_parse(port_text, &port) ||
        port < 1 || port > UINT16_MAX) {
        return;
    }
    memcpy(address.host, host.data, host.size);
    address.port = (uint16_t)port;
    sentinel->on_master(sentinel->context, &address, NULL);
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
            sentinel->settings.config->master_name);
    } else if (answer->type == REDIS_REPLY_ERROR) {
        (void)redis_fault_of(answer, &fault);
    } else {
        (void)address_read(answer, &address, &fault);
    }
    if (fault.error != DK_OK) {
        sentinel_fail(sentinel, &fault);
        return;
    }
    sentinel->has_answered = true;
    redis_backoff_reset(&sentinel->backoff);
    sentinel->on_master(sentinel->context, &address, NULL); /* it may end the sentinel */
}

/* Both in one write, which the sentinel runs together: no move falls between answer and watch. */
static void sentinel_on_logged_in(void *context, const struct dk_fault *fault) {
    struct redis_sentinel *sentinel = context;
    const struct dk_bytes words[] = {
        DK_BYTES("SENTINEL"),
        DK_BYTES("get-master-addr-by-name"),
        dk_bytes_of(sentinel->settings.config->master_name)};
    const struct dk_bytes watch[] = {DK_BYTES("SUBSCRIBE"), DK_BYTES("+switch-master")};
    struct redis_connection *connection = sentinel->connection;
    struct dk_fault own = *fault;

    if (own.error == DK_OK &&
        (redis_connection_send(connection, words, 3, 0, sentinel_on_answer, sentinel) != DK_OK ||
         redis_connection_send(connection, watch, 2, 0, sentinel_on_subscribed, sentinel) !=
             DK_OK)) {
        (void)dk_fault_set(&own, DK_UNAVAILABLE, "the question cannot be sent");
    }
    if (own.error != DK_OK) {
        sentinel_fail(sentinel, &own);
    }
}

static void sentinel_on_open(void *context) {
    struct redis_sentinel *sentinel = context;
    const struct redis_credentials credentials = {
        .username = sentinel->settings.config->sentinel_username,
        .password = sentinel->settings.config->sentinel_password,
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
    .on_push = sentinel_on_push,
    .on_lost = sentinel_on_lost,
};

static void sentinel_try(struct redis_sentinel *sentinel) {
    for (; sentinel->at < sentinel->settings.address_count; sentinel->at++) {
        const struct redis_address *address = &sentinel->settings.addresses[sentinel->at];
        struct dk_fault fault = {.error = DK_OK};
        if (redis_connection_new(
                sentinel->loop,
                &sentinel->settings,
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
    if (!sentinel->has_answered) {
        sentinel->on_master(sentinel->context, NULL, &sentinel->fault);
        return;
    }
    const uint32_t random = (uint32_t)dk_loop_now_us(sentinel->loop) * 2654435761U;
    (void)dk_timer_set(
        sentinel->loop, &sentinel->rest, redis_backoff_next_us(&sentinel->backoff, random));
}

static void sentinel_on_rested(struct dk_timer *timer) {
    struct redis_sentinel *sentinel =
        (struct redis_sentinel *)(void *)((char *)timer - offsetof(struct redis_sentinel, rest));
    sentinel->at = 0;
    sentinel->fault.error = DK_OK;
    sentinel->fault.text[0] = '\0';
    sentinel_try(sentinel);
}

/* All sentinels, and the master after them, get one dialTimeout together: a walk past dead ones must
 * not outlive the patience of who waits for the end of it. */
static void hurry(struct redis_settings *settings) {
    const int64_t share_ms = settings->dial_timeout_ms / (int64_t)(settings->address_count + 1) + 1;
    settings->dial_timeout_ms = share_ms;
    if (settings->read_timeout_ms == 0 || settings->read_timeout_ms > share_ms) {
        settings->read_timeout_ms = share_ms;
    }
}

enum dk_error redis_sentinel_follow(
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
    sentinel->settings = *settings;
    hurry(&sentinel->settings);
    sentinel->tls = tls;
    sentinel->on_master = on_master;
    sentinel->context = context;
    sentinel->backoff = (struct redis_backoff){.ms_min = REST_MS_MIN, .ms_max = REST_MS_MAX};
    sentinel->rest.on_due = sentinel_on_rested;
    *ret_sentinel = sentinel;
    sentinel_try(sentinel);
    return DK_OK;
}

void redis_sentinel_free(struct redis_sentinel *sentinel) {
    if (sentinel == NULL) {
        return;
    }
    dk_timer_stop(sentinel->loop, &sentinel->rest);
    redis_connection_free(sentinel->connection);
    free(sentinel);
}
