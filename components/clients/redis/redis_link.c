/*
 * Connection after connection, so that a store sees one. Calls during an outage wait here in the
 * order they came and are let go together; the link keeps no bytes of theirs, each then sends
 * itself anew.
 */
#include "clients/redis/redis_link.h"

#include "clients/redis/redis_backoff.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_login.h"
#include "clients/redis/redis_metrics.h"
#include "clients/redis/redis_sentinel.h"
#include "clients/redis/redis_tls.h"

#include <dk/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    US_PER_MS = 1000,
    RENEWAL_EVERY_US =
        1000 * 1000, /* a server that stays a replica is not dialled for every write */
};

enum state { IDLE, SEEKING, DIALING, LOGIN, READY, RENEWING, RESTING, ENDED };

struct redis_link {
    struct dk_loop *loop;
    const struct redis_settings *settings;
    struct redis_tls_context *tls;
    enum state state;
    bool is_lasting; /* from now on losses are mended */
    bool was_ready;

    struct redis_sentinel *sentinel;
    struct redis_address address; /* of the server, present or sought */
    struct redis_connection *connection;
    struct redis_login login;
    struct redis_backoff backoff;
    struct dk_timer rest;
    uint32_t random;
    int64_t renewed_us;

    redis_opened_fn *on_opened; /* NULL once answered */
    void *open_context;
    struct dk_fault trouble; /* the latest */
    int64_t replicas;

    struct redis_queue queue; /* calls that wait for us */

    const char *component; /* for logs; "": nobody's */
    struct redis_link_metrics metrics;
};

static void link_connect(struct redis_link *link);

/* ── trouble ────────────────────────────────────────────────────────────────────────────────── */

/* A small generator is enough to spread clients; it is no secret. */
static uint32_t link_random(struct redis_link *link) {
    link->random ^= link->random << 13;
    link->random ^= link->random >> 17;
    link->random ^= link->random << 5;
    return link->random;
}

static void link_disconnect(struct redis_link *link) {
    struct redis_connection *connection = link->connection;
    struct redis_sentinel *sentinel = link->sentinel;
    link->connection = NULL;
    link->sentinel = NULL;
    redis_connection_free(connection);
    redis_sentinel_free(sentinel);
}

static void link_finish_open(struct redis_link *link, const struct dk_fault *fault) {
    redis_opened_fn *on_opened = link->on_opened;
    if (on_opened != NULL) {
        link->on_opened = NULL;
        on_opened(link->open_context, fault);
    }
}

/* The way to the server failed or ended: say so, and come back after a rest. */
static void link_fail(struct redis_link *link, const struct dk_fault *fault) {
    const struct dk_fault copy = *fault; /* its owner may go with the connection */
    const bool is_news = link->state == READY;

    link->trouble = copy;
    link->state = link->is_lasting ? RESTING : IDLE;
    redis_link_metrics_failed(&link->metrics, copy.error);
    link_disconnect(link);
    if (!link->is_lasting) {
        link_finish_open(link, &copy);
        return;
    }
    const int64_t rest_us = redis_backoff_next_us(&link->backoff, link_random(link));
    dk_log(
        is_news ? DK_LOG_WARN : DK_LOG_DEBUG,
        "redis",
        is_news ? "connection lost, connecting again" : "still no connection",
        "component=\"%s\" host=%s retry_ms=%lld error=\"%s\"",
        link->component,
        redis_address_text(&link->address).text,
        (long long)(rest_us / US_PER_MS),
        copy.text);
    if (dk_timer_set(link->loop, &link->rest, rest_us) != DK_OK) {
        dk_log(
            DK_LOG_ERROR,
            "redis",
            "no memory to connect again",
            "component=\"%s\"",
            link->component);
    }
}

static void link_on_rested(struct dk_timer *timer) {
    struct redis_link *link =
        (struct redis_link *)(void *)((char *)timer - offsetof(struct redis_link, rest));
    link_connect(link);
}

/* ── connecting ─────────────────────────────────────────────────────────────────────────────── */

static void link_on_logged_in(void *context, const struct dk_fault *fault) {
    struct redis_link *link = context;

    if (fault->error != DK_OK) {
        link_fail(link, fault);
        return;
    }
    if (link->settings->config->failover && link->login.greeting.is_replica) {
        struct dk_fault own = {.error = DK_OK};
        (void)dk_fault_set(
            &own,
            DK_UNAVAILABLE,
            "redis: '%s', which the sentinels name as master, is a replica",
            redis_address_text(&link->address).text);
        link_fail(link, &own);
        return;
    }
    if (link->was_ready) {
        redis_link_metrics_reconnected(&link->metrics);
        dk_log(
            DK_LOG_INFO,
            "redis",
            "connected again",
            "component=\"%s\" host=%s",
            link->component,
            redis_address_text(&link->address).text);
    }
    link->replicas = link->login.greeting.replicas;
    link->state = READY;
    link->is_lasting = true;
    link->was_ready = true;
    redis_backoff_reset(&link->backoff);
    link_finish_open(link, fault);
    redis_queue_release(&link->queue, true);
}

static void link_on_open(void *context) {
    struct redis_link *link = context;
    const struct redis_config *config = link->settings->config;
    const struct redis_credentials credentials = {
        .username = config->username,
        .password = config->password,
        .database = config->database,
    };
    struct dk_fault fault = {.error = DK_OK};

    link->state = LOGIN;
    redis_connection_count(link->connection, link->metrics.write_commands);
    if (redis_login_start(
            &link->login, link->connection, &credentials, link_on_logged_in, link, &fault) !=
        DK_OK) {
        link_fail(link, &fault);
    }
}

/* Looks for the master anew. Answers still due are waited for; new commands wait for the link. */
static void link_renew(struct redis_link *link, const char *why) {
    dk_log(
        DK_LOG_WARN,
        "redis",
        why,
        "component=\"%s\" host=%s",
        link->component,
        redis_address_text(&link->address).text);
    link->state = RENEWING;
    redis_connection_finish(link->connection);
}

/* A server that became a replica answers reads but takes no writes, and behind the same name there
 * may be a new master by now. */
static void link_on_error(void *context, const struct redisReply *answer) {
    struct redis_link *link = context;
    const int64_t now_us = dk_loop_now_us(link->loop);

    if (link->state == READY && redis_reply_is(answer, "READONLY") &&
        now_us - link->renewed_us >= RENEWAL_EVERY_US) {
        link->renewed_us = now_us;
        link_renew(link, "the server became a replica, looking for its master");
    }
}

static void link_on_lost(void *context, const struct dk_fault *fault) {
    struct redis_link *link = context;
    if (link->state == RENEWING) {
        link_disconnect(link);
        link_connect(link);
        return;
    }
    link_fail(link, fault);
}

static const struct redis_connection_events link_events = {
    .on_open = link_on_open,
    .on_error = link_on_error,
    .on_lost = link_on_lost,
};

static void link_dial(struct redis_link *link) {
    struct dk_fault fault = {.error = DK_OK};
    link->state = DIALING;
    if (redis_connection_new(
            link->loop,
            link->settings,
            link->tls,
            &link->address,
            &link_events,
            link,
            &link->connection,
            &fault) != DK_OK) {
        link_fail(link, &fault);
    }
}

static void link_on_master(
    void *context, const struct redis_address *master, const struct dk_fault *fault) {
    struct redis_link *link = context;
    if (master == NULL) {
        link_fail(link, fault);
        return;
    }
    if (link->state == SEEKING) {
        link->address = *master;
        link_dial(link);
        return;
    }
    if (strcmp(link->address.host, master->host) == 0 && link->address.port == master->port) {
        return;
    }
    if (link->state == READY) {
        link_renew(link, "the master has moved");
    } else if (link->state == DIALING || link->state == LOGIN) {
        /* Nothing of a call is on this connection yet: the new master can be dialled at once. */
        struct redis_connection *connection = link->connection;
        link->connection = NULL;
        redis_connection_free(connection);
        link->address = *master;
        link_dial(link);
    } /* RENEWING: the sentinels are asked anew when the last answer is in */
}

static void link_connect(struct redis_link *link) {
    struct dk_fault fault = {.error = DK_OK};

    if (!link->settings->config->failover) {
        link->address = link->settings->addresses[0];
        link_dial(link);
        return;
    }
    link->state = SEEKING;
    redis_sentinel_free(link->sentinel);
    link->sentinel = NULL;
    if (redis_sentinel_follow(
            link->loop, link->settings, link->tls, link_on_master, link, &link->sentinel, &fault) !=
        DK_OK) {
        link_fail(link, &fault);
    }
}

/* ── the header's functions ─────────────────────────────────────────────────────────────────── */

enum dk_error redis_link_new(
    struct dk_loop *loop,
    const struct redis_settings *settings,
    struct redis_link **ret_link,
    struct dk_fault *fault) {
    struct redis_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory for a link");
    }
    link->loop = loop;
    link->settings = settings;
    link->component = "";
    link->address = settings->addresses[0];
    link->backoff =
        (struct redis_backoff){.ms_min = settings->retry_ms_min, .ms_max = settings->retry_ms_max};
    link->random = (uint32_t)dk_clock_ms() ^ (uint32_t)((uintptr_t)link >> 4) ^ 1U;
    link->random |= 1U; /* the generator would stay at 0 */
    link->renewed_us = INT64_MIN / 2;
    link->rest.on_due = link_on_rested;
    redis_queue_init(
        &link->queue, loop, (size_t)settings->config->inflight_max, settings->wait_ms * US_PER_MS);
    if (settings->config->is_tls &&
        redis_tls_context_new(settings->config, &link->tls, fault) != DK_OK) {
        redis_link_free(link);
        return fault == NULL ? DK_INVALID : fault->error;
    }
    *ret_link = link;
    return DK_OK;
}

void redis_link_introduce(struct redis_link *link, const char *component, const char *name) {
    link->component = component;
    redis_link_metrics_begin(&link->metrics, link, component, name);
}

void redis_link_free(struct redis_link *link) {
    if (link == NULL) {
        return;
    }
    struct dk_fault ended = {.error = DK_OK};
    (void)dk_fault_set(&ended, DK_UNAVAILABLE, "redis: the connection is being closed");
    link->trouble = ended;
    link->state = ENDED;
    redis_link_metrics_end(&link->metrics);
    dk_timer_stop(link->loop, &link->rest);
    link_disconnect(link);
    link_finish_open(link, &ended);
    redis_queue_release(&link->queue, false);
    redis_tls_context_free(link->tls);
    free(link);
}

/* Through the timer, so that no answer comes before its question has returned. */
static bool link_begin(struct redis_link *link) {
    const bool is_begun = dk_timer_set(link->loop, &link->rest, 0) == DK_OK;
    if (!is_begun) {
        (void)dk_fault_set(&link->trouble, DK_EXHAUSTED, "redis: no memory to connect");
    }
    return is_begun;
}

void redis_link_open(struct redis_link *link, redis_opened_fn *on_opened, void *context) {
    link->on_opened = on_opened;
    link->open_context = context;
    if (!link_begin(link)) {
        link_finish_open(link, &link->trouble);
    }
}

enum dk_error redis_link_keep(struct redis_link *link, struct dk_fault *fault) {
    if (!link_begin(link)) {
        return dk_fault_set(fault, DK_EXHAUSTED, "redis: no memory to connect");
    }
    link->is_lasting = true;
    link->state = RESTING;
    return DK_OK;
}

bool redis_link_is_ready(const struct redis_link *link) {
    return link->state == READY;
}

enum dk_error redis_link_send(
    struct redis_link *link,
    const struct dk_bytes *words,
    size_t count,
    redis_answer_fn *on_answer,
    void *context) {
    return redis_link_send_blocking(link, words, count, 0, on_answer, context);
}

size_t redis_link_room(const struct redis_link *link) {
    return link->state == READY ? redis_connection_room(link->connection) : 0;
}

enum dk_error redis_link_send_blocking(
    struct redis_link *link,
    const struct dk_bytes *words,
    size_t count,
    int64_t block_ms,
    redis_answer_fn *on_answer,
    void *context) {
    if (link->state != READY) {
        return DK_UNAVAILABLE;
    }
    return redis_connection_send(link->connection, words, count, block_ms, on_answer, context);
}

enum dk_error redis_link_wait(struct redis_link *link, struct redis_waiter *waiter) {
    if (!link->is_lasting || link->state == ENDED) {
        return DK_UNAVAILABLE;
    }
    return redis_queue_put(&link->queue, waiter);
}

int64_t redis_link_replicas(const struct redis_link *link) {
    return link->replicas;
}

const char *redis_link_trouble(const struct redis_link *link) {
    return link->trouble.text[0] == '\0' ? "redis: not connected" : link->trouble.text;
}

const struct redis_settings *redis_link_settings(const struct redis_link *link) {
    return link->settings;
}

struct redis_link_loads redis_link_loads(const struct redis_link *link) {
    const struct redis_connection *connection = link->connection;
    return (struct redis_link_loads){
        .connections = connection == NULL ? 0 : 1,
        .inflight = connection == NULL ? 0 : (int64_t)redis_connection_inflight(connection),
        .waiting = (int64_t)link->queue.count,
        .queue_bytes = connection == NULL ? 0 : (int64_t)redis_connection_unsent(connection),
    };
}

struct redis_connection_counts redis_link_counts(const struct redis_link *link) {
    const struct redis_connection_counts none = {0};
    return link->connection == NULL ? none : redis_connection_counts(link->connection);
}
