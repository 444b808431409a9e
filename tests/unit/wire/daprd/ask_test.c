/* How a question is asked, whatever it asks: dk_daprd_get stands for all that do no harm asked
 * twice, dk_daprd_save for the others. */
#include "support/fake_daprd.h"
#include "support/span_records.h"
#include "wire/pbc/details.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dk/daprd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct fake_daprd fake;
static struct fake_handler handler;
static struct dk__daprd *daprd;

#define B(literal) ((struct dk_bytes)DK_BYTES(literal))

static void client_new_with(const struct dk__daprd_settings *settings, struct dk_pairs headers) {
    struct dk_fault fault = {.error = DK_OK};
    cr_assert(eq(int, dk__daprd_new(settings, &daprd, &fault), DK_OK), "%s", fault.text);
    fake_handler_begin(&handler, daprd, headers);
}

static void client_new(void) {
    const struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    client_new_with(&settings, (struct dk_pairs){0});
}

static void setup(void) {
    fake_daprd_open(&fake);
}

static void teardown(void) {
    if (daprd != NULL) {
        fake_handler_end(&handler);
    }
    dk__daprd_free(daprd);
    daprd = NULL;
    fake_daprd_close(&fake);
}

TestSuite(daprd_ask, .init = setup, .fini = teardown);

static enum dk_error get(void) {
    struct dk_state_item item;
    return dk_daprd_get(&handler.call, "store", B("k"), &item);
}

static enum dk_error save(void) {
    const struct dk_state_item item = {.key = B("k"), .value = B("v")};
    return dk_daprd_save(&handler.call, "store", &item, 1);
}

static void says(const char *words) {
    cr_assert(ne(ptr, strstr(handler.call.fault.text, words), NULL), "%s", handler.call.fault.text);
}

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ── what goes with a question ──────────────────────────────────────────────────────────────── */

#define BINARY                                                                 \
    "\x00\x00\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c" \
    "\x01\xb7\xad\x6b\x71\x69\x20\x33\x31\x02\x01"

Test(daprd_ask, token_and_trace_go_with_every_question) {
    const struct dk_pair pairs[] = {
        {B("traceparent"), B("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
        {B("tracestate"), B("a=1")},
        {B("baggage"), B("user=7")},
        {B("grpc-trace-bin"), B(BINARY)},
        {B("x-secret"), B("stays here")}};
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    settings.token = "s3cret";
    fake_daprd_start(&fake);
    client_new_with(&settings, (struct dk_pairs){pairs, 5});

    cr_assert(eq(int, get(), DK_OK), "%s", handler.call.fault.text);
    cr_assert(eq(int, save(), DK_OK), "%s", handler.call.fault.text);

    for (size_t i = 0; i < 2; i++) {
        cr_assert(dk_bytes_equal(fake_daprd_header(&fake, i, "dapr-api-token"), B("s3cret")));
        for (size_t pair = 0; pair < 4; pair++) {
            const struct dk_bytes value = fake_daprd_header(&fake, i, pairs[pair].key.data);
            cr_assert(dk_bytes_equal(value, pairs[pair].value), "%s", pairs[pair].key.data);
        }
        cr_assert(eq(ptr, (void *)fake_daprd_header(&fake, i, "x-secret").data, NULL));
    }
}

Test(daprd_ask, without_token_and_trace_nothing_of_them_is_sent) {
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, get(), DK_OK), "%s", handler.call.fault.text);

    cr_assert(eq(ptr, (void *)fake_daprd_header(&fake, 0, "dapr-api-token").data, NULL));
    cr_assert(eq(ptr, (void *)fake_daprd_header(&fake, 0, "traceparent").data, NULL));
    cr_assert(eq(ptr, (void *)fake_daprd_header(&fake, 0, "grpc-trace-bin").data, NULL));
}

Test(daprd_ask, a_recorded_question_is_a_span_and_names_itself) {
    const struct dk_pair pairs[] = {
        {B("traceparent"), B("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}};
    const struct dk__tracer_config config = {
        .sampler = DK__SAMPLER_PARENT_ALWAYS_ON,
        .queue_max = 4,
        .batch_max = 4,
        .format = &span_record_format};
    struct span_records records = {0};
    struct dk__tracer *tracer = NULL;
    struct dk__trace_context parent, said;
    struct dk_fault fault = {0};
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    fake_daprd_start(&fake);
    client_new_with(&settings, (struct dk_pairs){pairs, 1});
    cr_assert(eq(int, dk__tracer_new(&config, &tracer, &fault), DK_OK));
    cr_assert(dk__trace_find((struct dk_pairs){pairs, 1}, &parent));
    handler.call.task.call.trace.tracer = tracer;
    handler.call.task.call.trace.context = parent;

    cr_assert(eq(int, get(), DK_OK), "%s", handler.call.fault.text);

    const struct dk__span_record *record = span_records_next(&records, dk__tracer_queue(tracer));
    cr_assert(ne(ptr, (void *)record, NULL));
    cr_assert(eq(int, record->kind, DK_SPAN_CLIENT));
    cr_assert(eq(int, memcmp(record->parent_id, parent.span_id, sizeof parent.span_id), 0));
    cr_assert(dk__trace_parse_text(fake_daprd_header(&fake, 0, "traceparent"), &said));
    cr_assert(eq(int, memcmp(&said, &record->self, sizeof said), 0));
    cr_assert(dk__trace_parse_binary(fake_daprd_header(&fake, 0, "grpc-trace-bin"), &said));
    cr_assert(eq(int, memcmp(&said, &record->self, sizeof said), 0));
    span_records_end(&records, dk__tracer_queue(tracer));
    dk__tracer_free(tracer);
}

/* ── what is not sent ───────────────────────────────────────────────────────────────────────── */

Test(daprd_ask, a_bad_text_is_refused_before_anything_is_sent) {
    struct dk_state_item item;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, dk_daprd_get(&handler.call, "store", B("\xff"), &item), DK_INVALID));
    says("key: ");
    cr_assert(eq(int, dk_daprd_get(&handler.call, "", B("k"), &item), DK_INVALID));
    says("store: is missing");

    cr_assert(eq(int, handler.call.fault.error, DK_INVALID));
    cr_assert(eq(sz, fake_daprd_count(&fake), 0));
}

Test(daprd_ask, a_question_over_4_mib_is_refused_before_anything_is_sent) {
    char *value = calloc(1, 4 << 20);
    const struct dk_state_item item = {.key = B("k"), .value = {value, 4 << 20}};
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, dk_daprd_save(&handler.call, "store", &item, 1), DK_TOO_LARGE));

    says("more than the 4194304 that daprd takes");
    cr_assert(eq(sz, fake_daprd_count(&fake), 0));
    free(value);
}

Test(daprd_ask, the_memory_of_a_question_is_given_back) {
    char *value = calloc(1, 3 << 20);
    const struct dk_state_item item = {.key = B("k"), .value = {value, 3 << 20}};
    fake_daprd_start(&fake);
    client_new();

    for (int i = 0; i < 15; i++) { /* 45 MiB of questions in 36 MiB of memory */
        cr_assert(
            eq(int, dk_daprd_save(&handler.call, "store", &item, 1), DK_OK),
            "%s",
            handler.call.fault.text);
    }

    cr_assert(lt(sz, handler.call.task.call.arena.bytes_taken, 4096));
    free(value);
}

Test(daprd_ask, a_program_without_a_client_says_so) {
    fake_handler_begin(&handler, NULL, (struct dk_pairs){0});

    cr_assert(eq(int, get(), DK_NOT_READY));

    says("no client to its sidecar");
    fake_handler_end(&handler);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────── */

static void answer_large(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    (void)sidecar;
    (void)index;
    (void)request;
    char *bytes = dk__arena_take(&rpc->call.arena, (4 << 20) + 1);
    dk__rpc_answer(rpc, (struct dk_bytes){bytes, (4 << 20) + 1});
}

Test(daprd_ask, an_answer_over_4_mib_is_too_large) {
    fake.answer = answer_large;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, get(), DK_TOO_LARGE), "%s", handler.call.fault.text);

    cr_assert(eq(sz, fake_daprd_count(&fake), 1));
}

static void answer_stale(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    static const struct dk__status stale = {
        .code = DK__CODE_ABORTED, .message = DK_BYTES("failed saving state: etag mismatch")};
    (void)sidecar;
    (void)index;
    (void)request;
    dk__rpc_finish(rpc, &stale);
}

Test(daprd_ask, an_error_comes_with_the_sidecars_words) {
    fake.answer = answer_stale;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, save(), DK_ETAG_MISMATCH));

    says("daprd: SaveState: failed saving state: etag mismatch");
    cr_assert(eq(int, handler.call.fault.error, DK_ETAG_MISMATCH));
}

Test(daprd_ask, an_answer_leaves_what_was_noted_before) {
    fake_daprd_start(&fake);
    client_new();
    (void)dk_call_fail(&handler.call, DK_NOT_FOUND, "of the handler");

    cr_assert(eq(int, get(), DK_OK));

    says("of the handler");
}

/* ── trying again ───────────────────────────────────────────────────────────────────────────── */

/* The first `context` questions are lost on the way, the next is answered. */
static void answer_lost(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    static const struct dk__status lost = {
        .code = DK__CODE_UNAVAILABLE, .message = DK_BYTES("connection reset by peer")};
    (void)request;
    if (index < *(const size_t *)sidecar->context) {
        dk__rpc_finish(rpc, &lost);
    } else {
        dk__rpc_answer(rpc, B(""));
    }
}

Test(daprd_ask, what_does_no_harm_is_asked_again_twice_at_most) {
    size_t lost = 2;
    fake.answer = answer_lost;
    fake.context = &lost;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, get(), DK_OK), "%s", handler.call.fault.text);
    cr_assert(eq(sz, fake_daprd_count(&fake), 3));

    lost = 10;
    cr_assert(eq(int, get(), DK_UNAVAILABLE));
    says("connection reset by peer");
    cr_assert(eq(sz, fake_daprd_count(&fake), 6));
}

Test(daprd_ask, what_may_do_harm_is_asked_once) {
    const size_t lost = 1;
    fake.answer = answer_lost;
    fake.context = &lost;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, save(), DK_UNAVAILABLE));

    cr_assert(eq(sz, fake_daprd_count(&fake), 1));
}

static void answer_unavailable_store(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    const struct dk__status status =
        dk__status_of(DK_UNAVAILABLE, "redis: connection lost", &rpc->call.arena);
    (void)sidecar;
    (void)index;
    (void)request;
    dk__rpc_finish(rpc, &status);
}

Test(daprd_ask, an_unavailable_store_is_an_answer) {
    fake.answer = answer_unavailable_store;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, get(), DK_UNAVAILABLE));

    says("redis: connection lost");
    cr_assert(eq(sz, fake_daprd_count(&fake), 1));
}

/* ── a sidecar that is not there ────────────────────────────────────────────────────────────── */

Test(daprd_ask, no_sidecar_is_unavailable_at_its_address_after_a_while) {
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    settings.patience_ms = 60;
    client_new_with(&settings, (struct dk_pairs){0});

    cr_assert(eq(int, save(), DK_UNAVAILABLE));

    says("no sidecar answers at 'unix:/tmp/dk-daprd-");
}

Test(daprd_ask, the_deadline_of_the_call_ends_that_wait_too) {
    client_new();
    handler.call.task.call.deadline_us = now_us() + 30000;

    cr_assert(eq(int, save(), DK_TIMEOUT));
}

/* Takes one connection away, so that the client has certainly tried, and then comes up. */
static void *come_up(void *context) {
    const int socket_fd = *(const int *)context;
    const int peer = accept(socket_fd, NULL, NULL);
    (void)close(peer);
    (void)close(socket_fd);
    (void)unlink(fake.address + strlen("unix:"));
    fake_daprd_start(&fake);
    return NULL;
}

Test(daprd_ask, a_sidecar_that_comes_up_within_a_second_is_asked_once) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    pthread_t thread;
    int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(place.sun_path, sizeof place.sun_path, "%s", fake.address + strlen("unix:"));
    cr_assert(eq(int, bind(socket_fd, (struct sockaddr *)&place, sizeof place), 0));
    cr_assert(eq(int, listen(socket_fd, 1), 0));
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    settings.patience_ms = 10000; /* the test's patience on a busy machine, not the program's */
    client_new_with(&settings, (struct dk_pairs){0});
    cr_assert(eq(int, pthread_create(&thread, NULL, come_up, &socket_fd), 0));

    const enum dk_error error = save();

    cr_assert(eq(int, pthread_join(thread, NULL), 0));
    cr_assert(eq(int, error, DK_OK), "%s", handler.call.fault.text);
    cr_assert(eq(sz, fake_daprd_count(&fake), 1));
}

/* ── what ends a wait ───────────────────────────────────────────────────────────────────────── */

static void answer_never(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    (void)index;
    (void)request;
    fake_daprd_hold(sidecar, rpc);
}

Test(daprd_ask, the_deadline_of_the_call_ends_a_question) {
    fake.answer = answer_never;
    fake_daprd_start(&fake);
    client_new();
    handler.call.task.call.deadline_us = now_us() + 100000;

    cr_assert(eq(int, get(), DK_TIMEOUT));

    says("daprd: GetState: no answer before the deadline");
}

Test(daprd_ask, the_clients_own_timeout_ends_a_question_of_a_call_without_one) {
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    settings.timeout_ms = 100;
    fake.answer = answer_never;
    fake_daprd_start(&fake);
    client_new_with(&settings, (struct dk_pairs){0});

    cr_assert(eq(int, get(), DK_TIMEOUT));
}

static void *abandon(void *context) {
    fake_daprd_await_held(&fake, 1);
    fake_handler_abandon(context);
    return NULL;
}

Test(daprd_ask, a_caller_that_goes_away_ends_a_question) {
    pthread_t thread;
    fake.answer = answer_never;
    fake_daprd_start(&fake);
    client_new();
    cr_assert(eq(int, pthread_create(&thread, NULL, abandon, &handler), 0));

    const enum dk_error error = get();

    cr_assert(eq(int, pthread_join(thread, NULL), 0));
    cr_assert(eq(int, error, DK_CANCELLED), "%s", handler.call.fault.text);
    says("nobody waits for the answer any more");
    cr_assert(eq(int, save(), DK_CANCELLED));
    cr_assert(eq(sz, fake_daprd_count(&fake), 1));
}

static void *shut(void *context) {
    fake_daprd_await_held(&fake, 1);
    dk__daprd_close(context);
    return NULL;
}

Test(daprd_ask, the_end_of_the_program_ends_a_question_and_every_later_one) {
    pthread_t thread;
    fake.answer = answer_never;
    fake_daprd_start(&fake);
    client_new();
    cr_assert(eq(int, pthread_create(&thread, NULL, shut, daprd), 0));

    const enum dk_error error = get();

    cr_assert(eq(int, pthread_join(thread, NULL), 0));
    cr_assert(eq(int, error, DK_UNAVAILABLE), "%s", handler.call.fault.text);
    says("the program stops");
    cr_assert(eq(int, save(), DK_UNAVAILABLE));
    cr_assert(eq(sz, fake_daprd_count(&fake), 1));
}

static void *ask_beside(void *context) {
    struct fake_handler beside;
    struct dk_state_item item;
    fake_handler_begin(&beside, context, (struct dk_pairs){0});
    (void)dk_daprd_get(&beside.call, "store", B("k"), &item);
    fake_handler_end(&beside);
    return NULL;
}

Test(daprd_ask, one_question_over_the_bound_is_exhausted) {
    pthread_t thread;
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    settings.calls_max = 1;
    fake.answer = answer_never;
    fake_daprd_start(&fake);
    client_new_with(&settings, (struct dk_pairs){0});
    cr_assert(eq(int, pthread_create(&thread, NULL, ask_beside, daprd), 0));
    fake_daprd_await_held(&fake, 1);

    const enum dk_error error = get();

    dk__daprd_close(daprd);
    cr_assert(eq(int, pthread_join(thread, NULL), 0));
    cr_assert(eq(int, error, DK_EXHAUSTED), "%s", handler.call.fault.text);
    says("calls_max, 1, is reached");
}

/* ── waiting for it ─────────────────────────────────────────────────────────────────────────── */

Test(daprd_ask, a_wait_without_a_sidecar_names_its_address) {
    client_new();

    cr_assert(eq(int, dk_daprd_wait(&handler.call, 50), DK_UNAVAILABLE));

    says("no sidecar answers at 'unix:/tmp/dk-daprd-");
}

static void answer_denied(
    struct fake_daprd *sidecar, size_t index, struct dk__rpc *rpc, struct dk_bytes request) {
    static const struct dk__status denied = {
        .code = DK__CODE_UNAUTHENTICATED, .message = DK_BYTES("invalid token")};
    (void)sidecar;
    (void)index;
    (void)request;
    dk__rpc_finish(rpc, &denied);
}

Test(daprd_ask, a_wait_ends_with_any_answer) {
    fake.answer = answer_denied;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, dk_daprd_wait(&handler.call, 10000), DK_OK), "%s", handler.call.fault.text);

    cr_assert(eq(sz, fake_daprd_count(&fake), 1));
}

Test(daprd_ask, a_wait_goes_on_while_questions_are_lost) {
    const size_t lost = 4;
    fake.answer = answer_lost;
    fake.context = &lost;
    fake_daprd_start(&fake);
    client_new();

    cr_assert(eq(int, dk_daprd_wait(&handler.call, 10000), DK_OK), "%s", handler.call.fault.text);

    cr_assert(eq(sz, fake_daprd_count(&fake), 5));
}

Test(daprd_ask, a_wait_may_be_longer_than_the_timeout_of_questions) {
    struct dk__daprd_settings settings = fake_daprd_settings(&fake);
    settings.timeout_ms = 1;
    fake_daprd_start(&fake);
    client_new_with(&settings, (struct dk_pairs){0});

    cr_assert(eq(int, dk_daprd_wait(&handler.call, 10000), DK_OK), "%s", handler.call.fault.text);
}
