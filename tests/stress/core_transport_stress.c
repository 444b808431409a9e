/*
 * gRPC C core behind the seam, under load from other threads: each client drives health checks and
 * watches over HTTP/2 and cancels some of both; a watch stays open until it is cancelled, a check
 * races with its answer. The thread sanitizer watches the hand-overs between gRPC's thread and the
 * loop; every call that nobody cancelled must have been answered well.
 */
#include "core/loop.h"
#include "support/h2_client.h"
#include "wire/grpc/services.h"
#include "wire/grpc/transport.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENTS = 4,
    CALLS = 3000, /* of each client */
    IN_FLIGHT = 32,
    WATCH_EACH = 7,
    CANCEL_EACH = 11,
    CODE_CANCEL = 8, /* RST_STREAM's */
};

static struct dk_loop *server_loop;
static struct dk__work stop_work;

static void on_stop(struct dk__work *work) {
    (void)work;
    dk__loop_stop(server_loop);
}

static _Atomic(unsigned) clients_left = CLIENTS;

struct load {
    char address[64];
    unsigned answered, cancelled;
};

struct slot {
    struct h2_call *call;
    bool is_cancelled;
};

static void slot_begin(struct slot *slot, struct h2_client *client, unsigned number) {
    const bool is_watch = number % WATCH_EACH == 0;
    slot->call = h2_call_unary(
        client,
        is_watch ? "/grpc.health.v1.Health/Watch" : "/grpc.health.v1.Health/Check",
        NULL,
        (struct dk_bytes){"", 0});
    slot->is_cancelled = is_watch || number % CANCEL_EACH == 0;
    if (slot->is_cancelled) {
        h2_call_reset(slot->call, CODE_CANCEL);
    }
}

static void slot_end(struct slot *slot, struct load *load) {
    if (slot->call == NULL) {
        return;
    }
    if (!h2_call_wait(slot->call)) {
        (void)fprintf(stderr, "a call never ended\n");
        exit(EXIT_FAILURE);
    }
    if (slot->is_cancelled) {
        load->cancelled++;
    } else if (h2_call_status(slot->call) == 0) {
        load->answered++;
    } else {
        (void)fprintf(stderr, "a call ended with status %d\n", h2_call_status(slot->call));
        exit(EXIT_FAILURE);
    }
    h2_call_free(slot->call);
    slot->call = NULL;
}

static void *drive(void *context) {
    struct load *load = context;
    struct dk_loop *loop = NULL;
    struct slot slots[IN_FLIGHT] = {{NULL, false}};
    if (dk__loop_new(&loop, NULL) != DK_OK) {
        abort();
    }
    struct h2_client *client = h2_client_new(loop, load->address, NULL);
    for (unsigned i = 0; i < CALLS; i++) {
        slot_end(&slots[i % IN_FLIGHT], load);
        slot_begin(&slots[i % IN_FLIGHT], client, i);
    }
    for (unsigned at = 0; at < IN_FLIGHT; at++) {
        slot_end(&slots[at], load);
    }
    h2_client_free(client);
    dk__loop_free(loop);
    if (atomic_fetch_sub(&clients_left, 1) == 1) {
        dk__loop_post(server_loop, &stop_work);
    }
    return NULL;
}

int main(void) {
    struct dk_fault fault = {0};
    struct dk__server server;
    struct dk__listener *listener = NULL;
    static struct load loads[CLIENTS];
    pthread_t clients[CLIENTS];
    unsigned answered = 0, cancelled = 0;

    stop_work.on_arrival = on_stop;
    if (dk__loop_new(&server_loop, &fault) != DK_OK ||
        dk__server_init(&server, server_loop, &dk__limits_default) != DK_OK ||
        dk__health_add(&server) != DK_OK ||
        dk__transport_core.listen(&server, "127.0.0.1:0", &listener, &fault) != DK_OK) {
        (void)fprintf(stderr, "%s\n", fault.text);
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        (void)snprintf(
            loads[i].address,
            sizeof loads[i].address,
            "127.0.0.1:%d",
            dk__transport_core.port(listener));
        if (pthread_create(&clients[i], NULL, drive, &loads[i]) != 0) {
            (void)fprintf(stderr, "no thread\n");
            return EXIT_FAILURE;
        }
    }
    if (dk__loop_run(server_loop) != DK_OK) {
        (void)fprintf(stderr, "the loop failed\n");
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        (void)pthread_join(clients[i], NULL);
        answered += loads[i].answered;
        cancelled += loads[i].cancelled;
    }
    dk__transport_core.close(listener);
    const uint64_t left = server.rpcs_open;
    dk__server_clear(&server);
    dk__loop_free(server_loop);
    (void)printf("%u answered, %u cancelled, %u left\n", answered, cancelled, (unsigned)left);
    return answered + cancelled == CLIENTS * CALLS && left == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
