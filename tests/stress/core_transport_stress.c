/*
 * gRPC C core behind the seam, under load from another thread: the client drives health checks and
 * watches over HTTP/2, cancels some of them, and the server drains under it at the end. The thread
 * sanitizer watches the hand-overs between gRPC's thread and the loop.
 */
#include "core/loop.h"
#include "support/h2_client.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CALLS = 4000, IN_FLIGHT = 32, CANCEL_EACH = 7, NO_ERROR_CANCEL = 8 };

static struct dk_loop *server_loop;
static struct dk__work stop_work;

static void on_stop(struct dk__work *work) {
    (void)work;
    dk__loop_stop(server_loop);
}

struct load {
    char address[64];
    unsigned answered, cancelled;
};

/* Health/Check of the whole server, and now and then a Watch that is reset. */
static void *drive(void *context) {
    struct load *load = context;
    struct dk_loop *loop = NULL;
    struct h2_call *calls[IN_FLIGHT] = {NULL};
    if (dk__loop_new(&loop, NULL) != DK_OK) {
        abort();
    }
    struct h2_client *client = h2_client_new(loop, load->address, NULL);
    for (unsigned i = 0; i < CALLS; i++) {
        const unsigned at = i % IN_FLIGHT;
        if (calls[at] != NULL) {
            if (!h2_call_wait(calls[at])) {
                (void)fprintf(stderr, "a call got no answer\n");
                exit(EXIT_FAILURE);
            }
            load->answered += h2_call_status(calls[at]) == 0;
            h2_call_free(calls[at]);
        }
        if (i % CANCEL_EACH == 0) {
            calls[at] = h2_call_unary(
                client, "/grpc.health.v1.Health/Watch", NULL, (struct dk_bytes){"", 0});
            h2_call_reset(calls[at], NO_ERROR_CANCEL);
            load->cancelled++;
        } else {
            calls[at] = h2_call_unary(
                client, "/grpc.health.v1.Health/Check", NULL, (struct dk_bytes){"", 0});
        }
    }
    for (unsigned at = 0; at < IN_FLIGHT; at++) {
        if (!h2_call_wait(calls[at])) {
            exit(EXIT_FAILURE);
        }
        load->answered += h2_call_status(calls[at]) == 0;
        h2_call_free(calls[at]);
    }
    h2_client_free(client);
    dk__loop_free(loop);
    dk__loop_post(server_loop, &stop_work);
    return NULL;
}

int main(void) {
    struct dk_fault fault = {0};
    struct dk__server server;
    struct dk__listener *listener = NULL;
    struct load load = {.answered = 0};
    pthread_t client;

    stop_work.on_arrival = on_stop;
    if (dk__loop_new(&server_loop, &fault) != DK_OK ||
        dk__server_init(&server, server_loop, &dk__limits_default) != DK_OK ||
        dk__health_add(&server) != DK_OK ||
        dk__transport_core.listen(&server, "127.0.0.1:0", &listener, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s\n", fault.text);
        return EXIT_FAILURE;
    }
    (void)snprintf(
        load.address, sizeof load.address, "127.0.0.1:%d", dk__transport_core.port(listener));
    if (pthread_create(&client, NULL, drive, &load) != 0 || dk__loop_run(server_loop) != DK_OK) {
        return EXIT_FAILURE;
    }
    (void)pthread_join(client, NULL);
    dk__transport_core.close(listener);
    dk__server_clear(&server);
    dk__loop_free(server_loop);
    (void)printf("%u answered, %u cancelled\n", load.answered, load.cancelled);
    return load.answered + load.cancelled >= CALLS && load.cancelled > 0 ? EXIT_SUCCESS
                                                                         : EXIT_FAILURE;
}
