#include "wire/grpc/rpc_metrics.h"

#include "core/loop.h"
#include "core/metric.h"
#include "support/fake_state.h"
#include "support/fake_transport.h"
#include "wire/grpc/observer.h"
#include "wire/grpc/services.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define STORE "/dapr.proto.components.v1.StateStore/"

static const struct dk_bytes nothing = DK_BYTES("");
static const struct dk_bytes key_a = DK_BYTES("\x0a\x01"
                                              "a");

static struct fake_transport transport;
static struct dk_state_backend backend;
static struct dk__state_services *services;
static struct dk__rpc_metrics *metrics;

static void answer(struct dk__rpc *rpc, struct dk_bytes request) {
    dk__rpc_answer(rpc, request);
}

static void listen_on_message(struct dk__rpc *rpc, struct dk_bytes message) {
    (void)rpc;
    (void)message;
}

static const struct dk__streaming listening = {.on_message = listen_on_message};
static const struct dk__method methods[] = {
    {"Greet", answer}, {"Listen", .streaming = &listening}, {0}};
static const struct dk__service greeter = {
    .name = "t.Greeter", .methods = methods, .kind = DK__KIND_APP, .owner = "hello"};
static const struct dk__service own = {.name = "t.Own", .methods = methods};

/* Traces every call, as an observer would that was added before. */
static const unsigned char trace_id[16] = {0xAB};
static void trace(struct dk__observer *observer, struct dk__rpc *rpc) {
    (void)observer;
    rpc->trace_id = trace_id;
}
static void trace_end(
    struct dk__observer *observer, struct dk__rpc *rpc, const struct dk__status *status) {
    (void)observer;
    (void)rpc;
    (void)status;
}
static struct dk__observer tracer = {.on_begun = trace, .on_ended = trace_end};

static void setup(void) {
    dk_metrics_add(dk__component_metrics);
    dk_metrics_add(dk__app_metrics);
    dk_metrics_add(dk__grpc_metrics);
    fake_state_reset();
    fake_transport_open(&transport);
    backend = fake_state_backend;
    cr_assert(eq(int, dk__state_services_new(&transport.server, &backend, &services), DK_OK));
    cr_assert(eq(int, dk__server_add(&transport.server, &greeter), DK_OK));
    cr_assert(eq(int, dk__server_add(&transport.server, &own), DK_OK));
    dk__server_observe(&transport.server, &tracer);
    metrics = dk__rpc_metrics_new(&transport.server);
    cr_assert(ne(ptr, metrics, NULL));
}

static void teardown(void) {
    dk__state_services_free(services);
    dk__rpc_metrics_free(metrics);
    fake_transport_close(&transport);
    dk__metrics_clear();
}

TestSuite(rpc_metrics, .init = setup, .fini = teardown);

static void run(const char *path, struct dk_bytes message) {
    const struct dk__rpc_headers headers = fake_headers(path);
    struct fake_call call;
    fake_call_unary(&call, &transport, &headers, message);
    if (call.finishes == 0) { /* the fake keeps it */
        dk_reply_ok(fake_state_take(fake_state_last("get")));
    }
    cr_assert(eq(uint, call.finishes, 1));
    fake_call_free(&call);
    cr_assert(eq(int, dk__loop_turn(transport.loop, 0), DK_OK));
}

/* The series whose label values, joined by '|', are these; NULL: there is none. */
static const struct dk_series *series_of(const char *family, const char *values) {
    const struct dk_series *found = NULL;
    for (const struct dk_metric *metric = dk__metrics_walk_begin(); metric != NULL;
         metric = metric->next) {
        if (strcmp(metric->name, family) != 0) {
            continue;
        }
        for (const struct dk_series *at = metric->oldest; at != NULL; at = at->next) {
            char text[512] = "";
            for (size_t i = 0; i < dk__metric_label_count(metric); i++) {
                (void)snprintf(text + strlen(text), 200, "%s%s", i == 0 ? "" : "|", at->values[i]);
            }
            found = strcmp(text, values) == 0 ? at : found;
        }
    }
    dk__metrics_walk_end();
    return found;
}

static int64_t number_of(const char *family, const char *values) {
    const struct dk_series *series = series_of(family, values);
    (void)dk__metrics_walk_begin();
    const int64_t number = series == NULL ? -1 : dk__series_number(series);
    dk__metrics_walk_end();
    return number;
}

static int64_t observed(const char *family, const char *values) {
    const struct dk_series *series = series_of(family, values);
    int64_t count = series == NULL ? -1 : 0;
    for (size_t i = 0; series != NULL && i < series->bucket_count; i++) {
        count += series->counts[i];
    }
    return count;
}

#define REQUESTS "dk_component_requests_total"
#define DURATION "dk_component_request_duration_seconds"

Test(rpc_metrics, a_call_counts_under_its_instance_and_code) {
    run(STORE "Init", nothing);
    run(STORE "Get", key_a);
    run(STORE "Get", key_a);
    run(STORE "Get", (struct dk_bytes)DK_BYTES("\xFF"));

    cr_assert(eq(i64, number_of(REQUESTS, "|state|dk-fake|Init|OK"), 1));
    cr_assert(eq(i64, number_of(REQUESTS, "statestore|state|dk-fake|Get|OK"), 2));
    cr_assert(eq(i64, number_of(REQUESTS, "statestore|state|dk-fake|Get|INVALID_ARGUMENT"), 1));
    cr_assert(eq(i64, observed(DURATION, "statestore|state|dk-fake|Get"), 3));
}

Test(rpc_metrics, a_peers_words_become_no_label) {
    for (int i = 0; i < 50; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, STORE "Nonsense%d", i);
        run(path, nothing);
        (void)snprintf(path, sizeof path, "/nobody.Serves%d/It", i);
        run(path, nothing);
    }
    run(STORE "Get", key_a); /* its instance was never initialised */

    cr_assert(eq(i64, number_of("dk_grpc_other_requests_total", "|UNIMPLEMENTED"), 100));
    cr_assert(eq(i64, number_of(REQUESTS, "|state|dk-fake|Get|FAILED_PRECONDITION"), 1));
}

Test(rpc_metrics, an_application_has_a_role_and_full_names) {
    run("/t.Greeter/Greet", nothing);
    run("/t.Own/Greet", nothing);

    cr_assert(eq(i64, number_of("dk_app_requests_total", "hello|t.Greeter/Greet|OK"), 1));
    cr_assert(eq(i64, observed("dk_app_request_duration_seconds", "hello|t.Greeter/Greet"), 1));
    cr_assert(eq(i64, number_of("dk_grpc_other_requests_total", "t.Own|OK"), 1));
}

Test(rpc_metrics, a_stream_is_counted_and_its_life_is_no_duration) {
    const struct dk__rpc_headers headers = fake_headers("/t.Greeter/Listen");
    struct fake_call call;
    fake_call_open(&call, &transport, &headers);
    cr_assert(
        eq(ptr, (void *)series_of("dk_app_requests_total", "hello|t.Greeter/Listen|OK"), NULL));

    fake_call_reset(&call);
    fake_call_free(&call);
    cr_assert(eq(int, dk__loop_turn(transport.loop, 0), DK_OK));

    cr_assert(eq(i64, number_of("dk_app_requests_total", "hello|t.Greeter/Listen|CANCELLED"), 1));
    cr_assert(eq(i64, observed("dk_app_request_duration_seconds", "hello|t.Greeter/Listen"), -1));
}

Test(rpc_metrics, a_traced_call_leaves_its_trace_beside_its_bucket) {
    run("/t.Greeter/Greet", nothing);

    const struct dk_series *series =
        series_of("dk_app_request_duration_seconds", "hello|t.Greeter/Greet");
    size_t traced = 0;
    for (size_t i = 0; i < series->bucket_count; i++) {
        if (series->exemplars[i].is_set) {
            cr_assert(zero(memcmp(series->exemplars[i].trace_id, trace_id, sizeof trace_id)));
            traced++;
        }
    }
    cr_assert(eq(sz, traced, 1));
}

Test(rpc_metrics, more_calls_than_notes_in_a_turn_all_count) {
    const struct dk__rpc_headers headers = fake_headers("/t.Greeter/Greet");
    for (int i = 0; i < 1000; i++) {
        struct fake_call call;
        fake_call_unary(&call, &transport, &headers, nothing);
        fake_call_free(&call);
    }

    cr_assert(eq(int, dk__loop_turn(transport.loop, 0), DK_OK));

    cr_assert(eq(i64, observed("dk_app_request_duration_seconds", "hello|t.Greeter/Greet"), 1000));
}
