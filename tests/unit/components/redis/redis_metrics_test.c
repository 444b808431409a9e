/* What a link shows of itself to whoever scrapes the process, beside a server that comes and goes. */
#include "clients/redis/redis_metrics.h"

#include "clients/redis/redis_link.h"
#include "core/metric.h"
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
    dk__metrics_want(true);
    dk_metrics_add(redis_metrics);
}

static void end(void) {
    redis_rig_close(&rig);
    redis_server_stop(&server);
}

TestSuite(redis_metrics, .init = begin, .fini = end);

static void open(void) {
    redis_rig_open_well(
        &rig,
        (const char *const[]){
            "redisHost", server.host, "redisMaxRetryInterval", "20", "readTimeout", "3s", NULL});
}

static struct dk_metric *family(const char *name) {
    for (struct dk_metric *metric = redis_metrics; metric->name != NULL; metric++) {
        if (strcmp(metric->name, name) == 0) {
            return metric;
        }
    }
    cr_assert(false, "%s: no such family", name);
    return NULL;
}

/* The series of link "main"; NULL: there is none. `reason` NULL: the family has no such label. */
static const struct dk_series *series(const char *name, const char *reason) {
    const struct dk_series *at = family(name)->oldest;
    while (at != NULL && (strcmp(at->values[2], "main") != 0 ||
                          (reason != NULL && strcmp(at->values[3], reason) != 0))) {
        at = at->next;
    }
    return at;
}

static int64_t number(const char *name, const char *reason) {
    const struct dk_series *found = series(name, reason);
    (void)dk__metrics_walk_begin();
    const int64_t value = found == NULL ? -1 : dk__series_number(found);
    dk__metrics_walk_end();
    return value;
}

static bool is_connected(void *context) {
    (void)context;
    return number("dk_backend_connected", NULL) == 1;
}

static bool is_disconnected(void *context) {
    (void)context;
    return number("dk_backend_connected", NULL) == 0;
}

static const struct dk_set set_key = {.key = DK_BYTES("key"), .value = DK_BYTES("new")};

Test(redis_metrics, show_a_link_s_state_and_whose_it_is) {
    open();

    cr_assert(eq(i64, number("dk_backend_connected", NULL), 1));
    cr_assert(eq(i64, number("dk_backend_connections", NULL), 1));
    const struct dk_series *connected = series("dk_backend_connected", NULL);
    cr_assert(eq(str, (char *)connected->values[0], (char *)rig.store->name));
    cr_assert(eq(str, (char *)connected->values[1], "redis"));
}

Test(redis_metrics, show_what_is_under_way) {
    open();
    redis_server_pause(&server);
    for (int i = 0; i < 5; i++) {
        (void)redis_rig_set(&rig, set_key);
    }

    cr_assert(eq(i64, number("dk_backend_inflight", NULL), 5));
    cr_assert(gt(i64, number("dk_backend_queue_bytes", NULL), 5 * 3));
    redis_rig_turn(&rig);
    cr_assert(eq(i64, number("dk_backend_queue_bytes", NULL), 0));
    cr_assert(eq(i64, number("dk_backend_inflight", NULL), 5));
    redis_server_resume(&server);
}

/* The bucket of up to 64 gets one more, the sum 64. */
Test(redis_metrics, show_how_many_commands_leave_together) {
    open();
    struct redis_rig_call *calls[64];
    const struct dk_series *writes = series("dk_backend_write_commands", NULL);
    enum { UP_TO_64 = 6 };
    const int64_t bucket = writes->counts[UP_TO_64], sum = writes->number;
    for (size_t i = 0; i < 64; i++) {
        calls[i] = redis_rig_set(&rig, set_key);
    }
    for (size_t i = 0; i < 64; i++) {
        (void)redis_rig_wait(calls[i]);
    }

    cr_assert(eq(i64, writes->counts[UP_TO_64] - bucket, 1));
    cr_assert(eq(i64, writes->number - sum, 64));
}

Test(redis_metrics, count_losses_by_reason_and_returns) {
    open();
    cr_assert(eq(i64, number("dk_backend_reconnects_total", NULL), 0));
    redis_server_kill(&server);
    redis_rig_until(&rig, is_disconnected, NULL);
    struct redis_rig_call *call = redis_rig_set(&rig, set_key);
    cr_assert(eq(i64, number("dk_backend_waiting", NULL), 1));

    redis_server_again(&server);
    redis_rig_until(&rig, is_connected, NULL);

    (void)redis_rig_wait(call);
    cr_assert(eq(i64, number("dk_backend_reconnects_total", NULL), 1));
    cr_assert(ge(i64, number("dk_backend_errors_total", "unavailable"), 1));
    cr_assert(eq(i64, number("dk_backend_waiting", NULL), 0));
}

Test(redis_metrics, show_no_link_that_is_closed) {
    open();
    redis_rig_close_store(&rig);

    cr_assert(eq(ptr, (void *)(uintptr_t)series("dk_backend_connected", NULL), NULL));
}

Test(redis_metrics, cost_nothing_where_nobody_shows_them) {
    dk__metrics_want(false);
    open();
    cr_assert(eq(int, redis_rig_put(&rig, "key", "value"), DK_OK));

    cr_assert(eq(ptr, (void *)(uintptr_t)series("dk_backend_connected", NULL), NULL));
    cr_assert(eq(ptr, (void *)(uintptr_t)series("dk_backend_write_commands", NULL), NULL));
}
