/*
 * The link under trouble: servers that die, stand still, are demoted or full, and callers that are
 * many. No answer is ever wrong, nothing waits for ever, and all comes back by itself.
 */
#include "clients/redis/redis_link.h"

#include "statestore/redis/redis_call.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static struct redis_server server;
static struct redis_rig rig;

static void begin(void) {
    redis_server_start(&server, NULL);
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

TestSuite(redis_link, .init = begin, .fini = end);

#define OPEN(...) \
    redis_rig_open_well(&rig, (const char *const[]){"redisHost", server.host, __VA_ARGS__, NULL})

static const struct dk_get get_key = {.key = DK_BYTES("key")};
static const struct dk_set set_key = {.key = DK_BYTES("key"), .value = DK_BYTES("new")};

static struct redis_link *link_of(void) {
    return redis_state_of(rig.store)->link;
}

static bool is_ready(void *context) {
    (void)context;
    return redis_link_is_ready(link_of());
}

static bool is_not_ready(void *context) {
    (void)context;
    return !redis_link_is_ready(link_of());
}

static void assert_failed(
    const struct redis_rig_call *call, enum dk_error error, const char *words) {
    cr_assert(eq(int, call->error, error), "%s", call->text);
    cr_assert(ne(ptr, strstr(call->text, words), NULL), "%s", call->text);
}

/* ── one write for many ─────────────────────────────────────────────────────────────────────── */

Test(redis_link, sends_the_commands_of_a_turn_in_one_write) {
    OPEN("readTimeout", "3s");
    struct redis_rig_call *calls[64];
    const struct redis_connection_counts before = redis_link_counts(link_of());

    for (size_t i = 0; i < 64; i++) {
        calls[i] = redis_rig_set(&rig, set_key);
    }
    for (size_t i = 0; i < 64; i++) {
        cr_assert(eq(int, redis_rig_wait(calls[i])->error, DK_OK));
    }

    const struct redis_connection_counts after = redis_link_counts(link_of());
    cr_assert(eq(u64, after.commands - before.commands, 64));
    cr_assert(eq(u64, after.writes - before.writes, 1));
}

Test(redis_link, visits_the_heap_no_more_once_it_is_warm) {
    OPEN("readTimeout", "3s");
    for (int i = 0; i < 20; i++) {
        cr_assert(eq(int, redis_rig_put(&rig, "key", "value"), DK_OK));
        cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "value"));
    }
    const uint64_t before = dk__loop_pool(rig.loop)->heap_takes;

    for (int i = 0; i < 200; i++) {
        cr_assert(eq(int, redis_rig_put(&rig, "key", "value"), DK_OK));
        cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "value"));
    }

    cr_assert(eq(u64, dk__loop_pool(rig.loop)->heap_takes, before));
}

Test(redis_link, answers_exhausted_at_once_when_it_is_full) {
    OPEN("inflightMax", "64");
    struct redis_rig_call *calls[70];
    for (size_t i = 0; i < 70; i++) {
        calls[i] = redis_rig_set(&rig, set_key);
    }

    for (size_t i = 64; i < 70; i++) {
        cr_assert(calls[i]->is_done);
        assert_failed(calls[i], DK_EXHAUSTED, "inflightMax");
    }

    for (size_t i = 0; i < 64; i++) {
        cr_assert(eq(int, redis_rig_wait(calls[i])->error, DK_OK));
    }
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "64"));
}

Test(redis_link, answers_a_get_that_fits_by_half) {
    OPEN("inflightMax", "65");
    struct redis_rig_call *calls[33];
    for (size_t i = 0; i < 33; i++) {
        calls[i] = redis_rig_get(&rig, get_key);
    }

    for (size_t i = 0; i < 32; i++) {
        cr_assert(eq(int, redis_rig_wait(calls[i])->error, DK_OK));
    }
    cr_assert(eq(int, redis_rig_wait(calls[32])->error, DK_EXHAUSTED));
}

/* ── death ──────────────────────────────────────────────────────────────────────────────────── */

Test(redis_link, comes_back_when_the_server_does) {
    OPEN("redisMaxRetryInterval", "20");
    cr_assert(eq(int, redis_rig_put(&rig, "key", "old"), DK_OK));
    redis_server_kill(&server);
    redis_rig_until(&rig, is_not_ready, NULL);

    redis_server_again(&server);

    cr_assert(eq(int, redis_rig_put(&rig, "key", "new"), DK_OK)); /* it waits for the link */
    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "new"));
}

Test(redis_link, lets_calls_wait_through_a_short_outage) {
    OPEN("redisMaxRetryInterval", "20");
    redis_server_kill(&server);
    redis_rig_until(&rig, is_not_ready, NULL);
    struct redis_rig_call *set_call = redis_rig_set(&rig, set_key);
    struct redis_rig_call *get_call = redis_rig_get(&rig, get_key);
    redis_rig_turn(&rig);
    cr_assert(not(set_call->is_done));

    redis_server_again(&server);

    cr_assert(eq(int, redis_rig_wait(set_call)->error, DK_OK), "%s", set_call->text);
    cr_assert(eq(int, redis_rig_wait(get_call)->error, DK_OK), "%s", get_call->text);
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "1"));
}

Test(redis_link, fails_calls_when_their_wait_is_spent) {
    OPEN("redisMaxRetryInterval", "20", "poolTimeout", "100");
    redis_server_kill(&server);
    redis_rig_until(&rig, is_not_ready, NULL);
    const int64_t before_us = dk_loop_now_us(rig.loop); /* a wait counts from its turn's start */

    struct redis_rig_call *call = redis_rig_wait(redis_rig_get(&rig, get_key));

    assert_failed(call, DK_UNAVAILABLE, "connection refused");
    cr_assert(ge(i64, dk_loop_now_us(rig.loop) - before_us, 100000));
}

Test(redis_link, sends_nothing_for_callers_that_have_gone) {
    OPEN("redisMaxRetryInterval", "20");
    redis_server_kill(&server);
    redis_rig_until(&rig, is_not_ready, NULL);
    struct redis_rig_call *call = redis_rig_set(&rig, set_key);
    call->call.is_over = true;

    redis_server_again(&server);

    cr_assert(eq(int, redis_rig_wait(call)->error, DK_CANCELLED));
    cr_assert(eq(int, (int)redis_server_number(&server, "EXISTS key"), 0));
}

Test(redis_link, bounds_how_many_calls_wait) {
    OPEN("inflightMax", "64", "redisMaxRetryInterval", "20");
    struct redis_rig_call *calls[70];
    redis_server_kill(&server);
    redis_rig_until(&rig, is_not_ready, NULL);

    for (size_t i = 0; i < 70; i++) {
        calls[i] = redis_rig_set(&rig, set_key);
    }

    for (size_t i = 64; i < 70; i++) {
        assert_failed(calls[i], DK_EXHAUSTED, "inflightMax");
    }
    redis_server_again(&server);
    for (size_t i = 0; i < 64; i++) {
        cr_assert(eq(int, redis_rig_wait(calls[i])->error, DK_OK), "%s", calls[i]->text);
    }
}

/* ── lost answers ───────────────────────────────────────────────────────────────────────────── */

/* Commands are on their way to a server that stands still; then it dies. */
static void lose_the_answer_of(struct redis_rig_call *call) {
    redis_rig_turn(&rig);
    cr_assert(not(call->is_done));
    redis_server_kill(&server);
    redis_server_again(&server);
    (void)redis_rig_wait(call);
}

Test(redis_link, sends_a_read_again_whose_answer_was_lost) {
    OPEN("redisMaxRetryInterval", "20");
    redis_server_pause(&server);
    struct redis_rig_call *call = redis_rig_get(&rig, get_key);

    lose_the_answer_of(call);

    cr_assert(eq(int, call->error, DK_OK), "%s", call->text);
}

/* The answer that is lost is GET's, after HGETALL's had said that the key is no hash. */
Test(redis_link, sends_a_read_of_an_old_plain_value_again_from_its_beginning) {
    OPEN("redisMaxRetryInterval", "20");
    redis_server_do(&server, "SET key old");
    struct redis_rig_call *call = redis_rig_get(&rig, get_key);
    redis_rig_turn(&rig);
    while (redis_server_calls(&server, "hgetall") == 0) {
    }
    (void)redis_server_calls(
        &server, "hgetall"); /* asked again, it has sent what it answered before */
    redis_server_pause(&server);
    const uint64_t before = redis_link_counts(link_of()).commands;
    while (redis_link_counts(link_of()).commands == before) {
        redis_rig_turn(&rig);
    }

    redis_server_kill(&server);
    redis_server_again(&server);
    redis_server_do(&server, "SET key old");

    cr_assert(eq(int, redis_rig_wait(call)->error, DK_OK), "%s", call->text);
    cr_assert(eq(str, (char *)call->items[0].data.data, "old"));
}

Test(redis_link, sends_no_read_again_when_told_so) {
    OPEN("redisMaxRetryInterval", "20", "redisMaxRetries", "-1");
    redis_server_pause(&server);
    struct redis_rig_call *call = redis_rig_get(&rig, get_key);

    lose_the_answer_of(call);

    cr_assert(eq(int, call->error, DK_UNAVAILABLE), "%s", call->text);
}

Test(redis_link, never_sends_a_write_again_whose_answer_was_lost) {
    OPEN("redisMaxRetryInterval", "20");
    redis_server_pause(&server);
    struct redis_rig_call *call = redis_rig_set(&rig, set_key);

    lose_the_answer_of(call);

    assert_failed(call, DK_UNAVAILABLE, "the write may have happened");
    cr_assert(eq(ptr, (void *)redis_rig_value(&rig, "key"), NULL));
}

Test(redis_link, calls_a_lost_guarded_write_unavailable_and_never_a_mismatch) {
    OPEN("redisMaxRetryInterval", "20");
    cr_assert(eq(int, redis_rig_put(&rig, "key", "old"), DK_OK));
    struct dk_set request = set_key;
    request.etag = dk_bytes_of("1");
    redis_server_pause(&server);
    struct redis_rig_call *call = redis_rig_set(&rig, request);

    lose_the_answer_of(call);

    cr_assert(eq(int, call->error, DK_UNAVAILABLE));
}

/* ── silence ────────────────────────────────────────────────────────────────────────────────── */

Test(redis_link, gives_a_server_up_that_stands_still_and_comes_back) {
    OPEN("readTimeout", "150", "redisMaxRetryInterval", "20", "redisMaxRetries", "0");
    redis_server_pause(&server);
    struct redis_rig_call *get_call = redis_rig_get(&rig, get_key);
    struct redis_rig_call *set_call = redis_rig_set(&rig, set_key);

    assert_failed(redis_rig_wait(get_call), DK_UNAVAILABLE, "silent");
    assert_failed(redis_rig_wait(set_call), DK_UNAVAILABLE, "the write may have happened");

    redis_server_resume(&server);
    redis_rig_until(&rig, is_ready, NULL);
    cr_assert(eq(int, redis_rig_put(&rig, "other", "v"), DK_OK));
}

Test(redis_link, gives_a_server_up_that_takes_no_bytes) {
    OPEN("readTimeout", "-1", "writeTimeout", "150", "redisMaxRetryInterval", "20");
    static char big[32 << 20];
    const struct dk_set request = {.key = DK_BYTES("big"), .value = {big, sizeof big}};
    redis_server_pause(&server);

    struct redis_rig_call *call = redis_rig_wait(redis_rig_set(&rig, request));

    cr_assert(eq(int, call->error, DK_UNAVAILABLE), "%s", call->text);
    redis_server_resume(&server);
}

Test(redis_link, does_not_give_up_an_idle_server) {
    OPEN(
        "readTimeout", "300"); /* so long, because a resumed server needs its turn on a busy core */
    const struct redis_connection_counts before = redis_link_counts(link_of());
    const int64_t until_ms = dk_clock_ms() + 400;
    redis_server_pause(&server); /* it owes nothing */

    while (dk_clock_ms() < until_ms) {
        cr_assert(eq(int, dk__loop_turn(rig.loop, 20000), DK_OK));
        cr_assert(redis_link_is_ready(link_of()));
    }

    redis_server_resume(&server);
    cr_assert(eq(int, redis_rig_put(&rig, "key", "v"), DK_OK));
    cr_assert(eq(u64, redis_link_counts(link_of()).commands, before.commands + 1));
}

Test(redis_link, bounds_the_bytes_that_wait_for_a_slow_server) {
    OPEN("readTimeout", "-1", "writeTimeout", "-1");
    static char big[30 << 20];
    const struct dk_set request = {.key = DK_BYTES("big"), .value = {big, sizeof big}};
    redis_server_pause(&server);
    struct redis_rig_call *calls[4];
    for (int i = 0; i < 4; i++) {
        calls[i] = redis_rig_set(&rig, request);
    }

    cr_assert(eq(int, redis_rig_wait(calls[3])->error, DK_EXHAUSTED));

    redis_server_resume(&server);
    cr_assert(eq(int, redis_rig_wait(calls[0])->error, DK_OK));
    cr_assert(eq(int, redis_rig_wait(calls[1])->error, DK_OK));
}

/* ── the server's own trouble ───────────────────────────────────────────────────────────────── */

Test(redis_link, says_that_the_server_is_out_of_memory) {
    OPEN("readTimeout", "3s");
    redis_server_do(&server, "CONFIG SET maxmemory 100kb");

    assert_failed(redis_rig_wait(redis_rig_set(&rig, set_key)), DK_EXHAUSTED, "out of memory");
    cr_assert(eq(int, redis_rig_wait(redis_rig_get(&rig, get_key))->error, DK_OK));

    redis_server_do(&server, "CONFIG SET maxmemory 0");
    cr_assert(eq(int, redis_rig_put(&rig, "key", "v"), DK_OK));
}

Test(redis_link, says_that_the_server_is_a_replica_and_still_reads_from_it) {
    OPEN("readTimeout", "3s");
    redis_server_do(&server, "REPLICAOF 127.0.0.1 1");

    assert_failed(redis_rig_wait(redis_rig_set(&rig, set_key)), DK_UNAVAILABLE, "READONLY");
    cr_assert(eq(int, redis_rig_wait(redis_rig_get(&rig, get_key))->error, DK_OK));
}

Test(redis_link, writes_when_the_server_behind_the_name_is_master_again) {
    OPEN("readTimeout", "3s");
    redis_server_do(&server, "REPLICAOF 127.0.0.1 1");
    struct redis_rig_call *call = redis_rig_set(&rig, set_key);
    redis_rig_until(&rig, is_not_ready, NULL); /* READONLY came: the link is being renewed */

    redis_server_do(&server, "REPLICAOF NO ONE");

    cr_assert(eq(int, redis_rig_wait(call)->error, DK_OK), "%s", call->text);
    cr_assert(eq(str, (char *)redis_rig_etag(&rig, "key"), "1"));
}

Test(redis_link, waits_while_a_restarted_server_loads) {
    redis_server_stop(&server);
    redis_server_start(
        &server,
        (const char *const[]){"--enable-debug-command", "yes", "--rdbcompression", "no", NULL});
    OPEN("redisMaxRetryInterval", "20", "poolTimeout", "10s");
    redis_server_do(&server, "DEBUG POPULATE 300 key 100");
    redis_server_do(&server, "SAVE");
    redis_server_kill(&server);
    redis_rig_until(&rig, is_not_ready, NULL);
    server.arguments[4] = "--key-load-delay";
    server.arguments[5] = "1000";
    server.arguments[6] = "--loading-process-events-interval-bytes";
    server.arguments[7] = "1024";
    redis_server_again(&server);

    cr_assert(eq(int, redis_rig_put(&rig, "key", "v"), DK_OK));
    cr_assert(eq(int, (int)redis_server_number(&server, "EXISTS key:299"), 1));
}

/* ── the end ────────────────────────────────────────────────────────────────────────────────── */

Test(redis_link, answers_every_call_when_the_store_closes) {
    OPEN("readTimeout", "3s");
    redis_server_pause(&server);
    struct redis_rig_call *in_flight = redis_rig_set(&rig, set_key);
    redis_rig_turn(&rig);
    struct redis_rig_call *queued = redis_rig_get(&rig, get_key);

    redis_rig_close_store(&rig);

    cr_assert(eq(int, in_flight->error, DK_UNAVAILABLE));
    cr_assert(eq(int, queued->error, DK_UNAVAILABLE));
    redis_server_resume(&server);
}

Test(redis_link, answers_waiting_calls_when_the_store_closes) {
    OPEN("redisMaxRetryInterval", "20");
    redis_server_kill(&server);
    redis_rig_until(&rig, is_not_ready, NULL);
    struct redis_rig_call *call = redis_rig_set(&rig, set_key);

    redis_rig_close_store(&rig);

    cr_assert(eq(int, call->error, DK_UNAVAILABLE));
}

Test(redis_link, comes_back_from_being_thrown_out_again_and_again) {
    OPEN("redisMaxRetryInterval", "20", "redisMaxRetries", "0");
    cr_assert(eq(int, redis_rig_put(&rig, "key", "v"), DK_OK));
    for (int i = 0; i < 5; i++) {
        redis_server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
        redis_rig_until(&rig, is_not_ready, NULL);
        redis_rig_until(&rig, is_ready, NULL);
    }

    cr_assert(eq(str, (char *)redis_rig_value(&rig, "key"), "v"));
}
