/* A program's life from outside: how it starts beside others, and how it ends while callers still
 * wait for their answers. */
#include "core/loop.h"
#include "support/component.h"
#include "support/h2_client.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LARGE_BYTES = 3 << 20, WINDOW_BYTES = 64 << 10 };

#define STATE_STORE "/dapr.proto.components.v1.StateStore/"

static struct component component;
static struct dk_loop *loop;
static struct h2_client *client;
static char *large;

static void start(void) {
    struct dk_fault fault;
    cr_assert(eq(int, dk__loop_new(&loop, &fault), DK_OK));
    large = malloc(LARGE_BYTES);
    memset(large, 'x', LARGE_BYTES);
}

static void end(void) {
    h2_client_free(client);
    dk__loop_free(loop);
    free(large);
    component_stop(&component);
}

TestSuite(program, .init = start, .fini = end, .timeout = 60);

/* A caller that takes WINDOW_BYTES of an answer and no more until it is told to. */
static void connect_slowly(void) {
    const struct h2_options options = {.keeps_windows = true, .window_bytes = WINDOW_BYTES};
    client = h2_client_new(loop, component.address, &options);
}

static struct h2_call *begin(const char *method, struct dk_bytes message) {
    static const char *const headers[] = {"x-component-instance", "a", NULL};
    return h2_call_unary(client, method, headers, message);
}

static void ask(const char *method, struct dk_bytes message) {
    struct h2_call *call = begin(method, message);
    cr_assert(h2_call_wait(call));
    cr_assert(eq(int, h2_call_status(call), 0), "%s: %s", method, h2_call_message(call));
    h2_call_free(call);
}

/* Opens the instance and puts the large value behind "k". */
static void store_large(void) {
    char head[] = "\x0a\x01k\x12"; /* SetRequest: key = 1, value = 2 */
    const size_t head_size = sizeof head - 1, length_size = 4;
    char *message = malloc(head_size + length_size + LARGE_BYTES);
    size_t size = LARGE_BYTES;
    memcpy(message, head, head_size);
    for (size_t i = 0; i < length_size; i++, size >>= 7) {
        message[head_size + i] = (char)((size & 0x7f) | (i + 1 < length_size ? 0x80 : 0));
    }
    memcpy(message + head_size + length_size, large, LARGE_BYTES);
    ask(STATE_STORE "Init", dk_bytes_of(""));
    ask(STATE_STORE "Set", (struct dk_bytes){message, head_size + length_size + LARGE_BYTES});
    free(message);
}

/* The window is full: the store has answered, the answer is under way. */
static bool has_window(void *context) {
    const struct h2_call *call = context;
    return call->answer_size == WINDOW_BYTES;
}

static struct h2_call *begin_large(void) {
    struct h2_call *call = begin(STATE_STORE "Get", dk_bytes_of("\x0a\x01k"));
    cr_assert(h2_wait(loop, has_window, call));
    return call;
}

static bool is_draining(void *context) {
    return !component_has_socket(context);
}

static void stop_while_answering(const char *program, const char *const *options) {
    component_start(&component, program, options);
    connect_slowly();
    store_large();
    struct h2_call *call = begin_large();

    component_signal(&component, SIGTERM);
    component_await(&component, is_draining);
    for (size_t consumed = 0; !call->is_closed && !h2_client_is_closed(client);) {
        if (call->answer_size > consumed) {
            h2_client_consume(call, call->answer_size - consumed);
            consumed = call->answer_size;
        }
        cr_assert(eq(int, dk__loop_turn(loop, 100000), DK_OK));
    }

    cr_assert(eq(int, h2_call_status(call), 0), "%zu bytes came", call->answer_size);
    const struct dk_bytes answer = h2_call_answer(call, 0);
    cr_assert(gt(sz, answer.size, LARGE_BYTES));
    /* GetResponse: data = 1, whose size takes four bytes */
    cr_assert(eq(int, memcmp(answer.data + 5, large, LARGE_BYTES), 0));
    h2_call_free(call);
    h2_client_free(client);
    client = NULL;
    cr_assert(eq(int, component_wait(&component), 0));
}

Test(program, ends_after_a_slow_reader_has_its_answer) {
    static const char *const options[] = {"--drain-timeout", "30s", NULL};

    stop_while_answering("dk-memory", options);
}

Test(program, ends_after_a_slow_reader_has_its_answer_over_core) {
    static const char *const options[] = {"--drain-timeout", "30s", "--transport", "core", NULL};

    stop_while_answering("dk-memory-core", options);
}

static bool is_closed(void *context) {
    return h2_client_is_closed(context);
}

static void stop_without_readers(const char *program, const char *const *options) {
    component_start(&component, program, options);
    connect_slowly();
    store_large();
    struct h2_call *call = begin_large();

    component_signal(&component, SIGTERM);

    cr_assert(eq(int, component_wait(&component), 0));
    cr_assert(component_said(&component, "drain-timeout reached"));
    cr_assert(h2_wait(loop, is_closed, client));
    h2_call_free(call);
}

Test(program, waits_for_a_caller_that_never_reads_no_longer_than_told) {
    static const char *const options[] = {"--drain-timeout", "100ms", NULL};

    stop_without_readers("dk-memory", options);
}

Test(program, waits_for_a_caller_that_never_reads_no_longer_than_told_over_core) {
    static const char *const options[] = {"--drain-timeout", "100ms", "--transport", "core", NULL};

    stop_without_readers("dk-memory-core", options);
}

static bool is_told(void *context) {
    return h2_client_seen(context)->goaways > 0;
}

/* As daprd does, it goes when it is told and has no call open. */
static void stop_beside_an_idle_caller(const char *program, const char *const *options) {
    component_start(&component, program, options);
    client = h2_client_new(loop, component.address, NULL);
    ask(STATE_STORE "Init", dk_bytes_of(""));

    component_signal(&component, SIGTERM);
    cr_assert(h2_wait(loop, is_told, client));
    h2_client_free(client);
    client = NULL;

    cr_assert(eq(int, component_wait(&component), 0));
    cr_assert(not(component_said(&component, "drain-timeout reached")));
}

Test(program, does_not_wait_for_an_idle_caller) {
    static const char *const options[] = {"--drain-timeout", "10m", NULL};

    stop_beside_an_idle_caller("dk-memory", options);
}

Test(program, does_not_wait_for_an_idle_caller_over_core) {
    static const char *const options[] = {"--drain-timeout", "10m", "--transport", "core", NULL};

    stop_beside_an_idle_caller("dk-memory-core", options);
}

/* Starts a program in a folder whose lock the test holds; returns when it waits for the lock. */
static bool is_waiting(void *context) {
    return component_said(context, "waiting for a program that starts here");
}

static int start_behind_a_lock(void) {
    component_prepare(&component, "dk-memory");
    const int lock = open(component.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert(eq(int, flock(lock, LOCK_EX), 0));
    component_run(&component, "dk-memory", NULL);
    component_await(&component, is_waiting);
    return lock;
}

Test(program, serves_when_the_folder_s_lock_is_free_again) {
    const int lock = start_behind_a_lock();
    cr_assert(not(component_has_socket(&component)));

    (void)close(lock);

    component_await(&component, component_has_socket);
}

Test(program, ends_well_when_it_is_told_while_it_waits_for_the_folder_s_lock) {
    const int lock = start_behind_a_lock();

    component_signal(&component, SIGTERM);

    cr_assert(eq(int, component_wait(&component), 0));
    cr_assert(not(component_has_socket(&component)));
    (void)close(lock);
}

/* ── what it logs ───────────────────────────────────────────────────────────────────────────── */

static bool is_at_debug(void *context) {
    return component_said(context, "msg=\"the level has changed\" to=debug");
}

static bool is_at_warn(void *context) {
    return component_said(context, "msg=\"the level has changed\" to=warn");
}

Test(program, logs_more_when_it_is_told_and_less_when_told_again) {
    static const char *const options[] = {"--log-level", "warn", NULL};
    component_start(&component, "dk-memory", options);

    component_signal(&component, SIGUSR1);
    component_await(&component, is_at_debug);
    component_signal(&component, SIGUSR1);
    component_await(&component, is_at_warn);

    component_signal(&component, SIGTERM);
    cr_assert(eq(int, component_wait(&component), 0));
    cr_assert(not(component_said(&component, "level=debug")));
}

/* InitRequest with maxBytes = "x", which is no number. */
static void fail_inits(int count) {
    static const char message[] = "\x0a\x0f\x0a\x0d\x0a\x08maxBytes\x12\x01x";
    client = h2_client_new(loop, component.address, NULL);
    for (int i = 0; i < count; i++) {
        struct h2_call *call =
            begin(STATE_STORE "Init", (struct dk_bytes){message, sizeof message - 1});
        cr_assert(h2_call_wait(call));
        cr_assert(ne(int, h2_call_status(call), 0));
        h2_call_free(call);
    }
}

static bool has_told(void *context) {
    return component_said(
        context,
        "scope=dk-memory msg=\"more of these were not written\" lines=3 message=\"Init failed\"");
}

Test(program, tells_when_a_window_is_over_how_many_lines_it_has_held) {
    static const char *const options[] = {"--log-repeats-max", "2", NULL};
    component_start(&component, "dk-memory", options);
    fail_inits(5);
    cr_assert(component_said(&component, "msg=\"Init failed\" component=a"));

    component_await(&component, has_told); /* nothing else happens meanwhile */
}

Test(program, tells_at_its_end_how_many_lines_it_has_held) {
    static const char *const options[] = {"--log-repeats-max", "2", NULL};
    component_start(&component, "dk-memory", options);
    fail_inits(5);

    component_signal(&component, SIGTERM);

    cr_assert(eq(int, component_wait(&component), 0));
    cr_assert(has_told(&component));
}
