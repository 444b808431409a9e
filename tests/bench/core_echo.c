/*
 * The least that a server on gRPC C core can do: a call comes, its message goes back as it is, with
 * status OK. No codec, no loop: one completion queue, whose thread is the main one. app_echo_bench
 * measures an application of ours beside it.
 *
 *     request call ─▶ receive a message ─▶ send headers, the same message, status ─▶ forget the call
 *
 * Arguments: the port on 127.0.0.1, and one of two words. "threads": a message goes to one of a few threads
 * under a mutex and a condition, and that thread sends the answer: the least where a handler may block.
 * "empty": the answer is an empty message, as an OTLP collector's that took everything. SIGTERM ends it at
 * once.
 */
#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAITING_CALLS = 256, /* that gRPC may hand over before the first is asked for again */
    THREADS = 32,        /* as many as an application of ours has workers */
};

struct call {
    struct call *next; /* that waits for a thread */
    void (*on_event)(struct call *call, bool is_ok);
    grpc_call *core;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *message;
    int is_cancelled;
};

static grpc_server *server;
static grpc_completion_queue *queue;
static grpc_byte_buffer *empty; /* NULL: the request's message goes back */
static bool has_threads;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of: */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct call *first, **end = &first; /* that wait for a thread, oldest first */

static void call_on_request(struct call *call, bool is_ok);

static void call_ask(struct call *call) {
    memset(call, 0, sizeof *call);
    call->on_event = call_on_request;
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    (void)grpc_server_request_call(
        server, &call->core, &call->details, &call->metadata, queue, queue, call);
}

static void call_on_end(struct call *call, bool is_ok) {
    (void)is_ok;
    grpc_byte_buffer_destroy(call->message);
    grpc_call_details_destroy(&call->details);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_unref(call->core);
    call_ask(call);
}

static void call_answer(struct call *call, bool has_message) {
    grpc_op operations[] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
        {.op = GRPC_OP_RECV_CLOSE_ON_SERVER},
        {.op = GRPC_OP_SEND_MESSAGE},
    };
    operations[1].data.send_status_from_server.status =
        has_message ? GRPC_STATUS_OK : GRPC_STATUS_INVALID_ARGUMENT;
    operations[2].data.recv_close_on_server.cancelled = &call->is_cancelled;
    operations[3].data.send_message.send_message = empty != NULL ? empty : call->message;
    call->on_event = call_on_end;
    (void)grpc_call_start_batch(call->core, operations, has_message ? 4 : 3, call, NULL);
}

static void *thread_main(void *context) {
    for (;;) {
        (void)pthread_mutex_lock(&mutex);
        while (first == NULL) {
            (void)pthread_cond_wait(&changed, &mutex);
        }
        struct call *call = first;
        first = call->next;
        if (first == NULL) {
            end = &first;
        }
        (void)pthread_mutex_unlock(&mutex);
        call_answer(call, true);
    }
    return context;
}

static void call_on_message(struct call *call, bool is_ok) {
    const bool has_message = is_ok && call->message != NULL;
    if (!has_message || !has_threads) {
        call_answer(call, has_message);
        return;
    }
    call->next = NULL;
    (void)pthread_mutex_lock(&mutex);
    *end = call;
    end = &call->next;
    (void)pthread_mutex_unlock(&mutex);
    (void)pthread_cond_signal(&changed);
}

static void call_on_request(struct call *call, bool is_ok) {
    grpc_op receive = {.op = GRPC_OP_RECV_MESSAGE};
    if (!is_ok) {
        return; /* the server ends */
    }
    receive.data.recv_message.recv_message = &call->message;
    call->on_event = call_on_message;
    (void)grpc_call_start_batch(call->core, &receive, 1, call, NULL);
}

int main(int argc, char **argv) {
    static struct call calls[WAITING_CALLS];
    char address[32];
    const long port = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    const bool is_empty = argc == 3 && strcmp(argv[2], "empty") == 0;
    has_threads = argc == 3 && strcmp(argv[2], "threads") == 0;
    if (port < 1 || port > 65535 || (argc != 2 && !is_empty && !has_threads)) {
        (void)fprintf(stderr, "usage: core_echo PORT [empty | threads]\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; has_threads && i < THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, thread_main, NULL) != 0) {
            (void)fprintf(stderr, "core_echo: no %d threads\n", THREADS);
            return EXIT_FAILURE;
        }
    }
    (void)snprintf(address, sizeof address, "127.0.0.1:%ld", port);
    grpc_init();
    server = grpc_server_create(NULL, NULL);
    queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server, queue, NULL);
    grpc_server_credentials *insecure = grpc_insecure_server_credentials_create();
    if (grpc_server_add_http2_port(server, address, insecure) != port) {
        (void)fprintf(stderr, "core_echo: %s is taken\n", address);
        return EXIT_FAILURE;
    }
    grpc_server_credentials_release(insecure);
    grpc_server_start(server);
    empty = is_empty ? grpc_raw_byte_buffer_create(NULL, 0) : NULL;
    for (size_t i = 0; i < WAITING_CALLS; i++) {
        call_ask(&calls[i]);
    }
    for (;;) {
        const grpc_event event =
            grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        struct call *call = event.tag;
        call->on_event(call, event.success != 0);
    }
}
