/*
 * Asking the sidecar to start anew. The asking waits, so it has a thread of its own: daprd, while it
 * shuts down, still calls this component, and the loop answers.
 */
#include "serve/sidecar_restart.h"

#include "core/arena.h"
#include "core/pool.h"
#include "wire/grpc/rpc.h"
#include "wire/h2/client.h"

#include <dk/log.h>
#include <dk/option.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ATTEMPTS_MAX = 60,
    ATTEMPT_MS = 5000,
    PAUSE_MS = 1000,
    ANSWER_BYTES_MAX = 65536,
    PORT_MAX = 65535,
};

enum dk_error dk__sidecar_restart_read(
    struct dk__sidecar_restart *restart,
    dk__look_up_fn *look_up,
    void *context,
    struct dk_fault *fault) {
    const char *const port = look_up(context, "DAPR_GRPC_PORT");
    const char *const token = look_up(context, "DAPR_API_TOKEN");
    int64_t number = 50001;
    if (port != NULL && port[0] != '\0' &&
        (!dk_integer_parse(dk_bytes_of(port), &number) || number < 1 || number > PORT_MAX)) {
        return dk_fault_set(
            fault, DK_INVALID, "DAPR_GRPC_PORT: '%s' is no number from 1 to 65535", port);
    }
    (void)snprintf(restart->port, sizeof restart->port, "%d", (int)number);
    restart->token = token != NULL && token[0] != '\0' ? token : NULL;
    return DK_OK;
}

/* ── on the loop ────────────────────────────────────────────────────────────────────────────── */

static void watch_on_ended(
    struct dk__observer *observer, struct dk__rpc *rpc, const struct dk__status *status) {
    struct dk__sidecar_watch *watch = (struct dk__sidecar_watch *)(void *)observer;
    if (status->code == DK__CODE_OK && rpc->method != NULL &&
        strcmp(rpc->method->name, "Init") == 0) {
        atomic_store_explicit(&watch->restart->is_initialised, true, memory_order_relaxed);
    }
}

void dk__sidecar_watch_begin(
    struct dk__sidecar_watch *watch,
    struct dk__sidecar_restart *restart,
    struct dk__server *server) {
    watch->observer.on_ended = watch_on_ended;
    watch->restart = restart;
    dk__server_observe(server, &watch->observer);
}

/* ── on the thread ──────────────────────────────────────────────────────────────────────────── */

enum outcome { OUTCOME_TAKEN, OUTCOME_AGAIN, OUTCOME_REFUSED, OUTCOME_STOPPED };

/* `fault` says why not. */
static enum outcome ask(
    const struct dk__sidecar_restart *restart,
    struct dk__h2_client *client,
    struct dk__arena *arena,
    struct dk_fault *fault) {
    const struct dk_pair token = {
        .key = DK_BYTES("dapr-api-token"),
        .value = dk_bytes_of(restart->token == NULL ? "" : restart->token)};
    const struct dk__h2_request request = {
        .path = "/dapr.proto.runtime.v1.Dapr/Shutdown",
        .metadata = {.items = &token, .count = restart->token == NULL ? 0 : 1},
        .message = DK_BYTES(""),
        .wait_ms = ATTEMPT_MS,
    };
    struct dk__h2_answer answer;
    if (dk__h2_client_unary(client, &request, arena, &answer, fault) != DK_OK) {
        return fault->error == DK_CANCELLED ? OUTCOME_STOPPED : OUTCOME_AGAIN;
    }
    if (answer.code == DK__CODE_OK) {
        return OUTCOME_TAKEN;
    }
    (void)dk_fault_set(
        fault, DK_DENIED, "status %d: %.*s", answer.code, (int)answer.text.size, answer.text.data);
    return answer.code == DK__CODE_UNAVAILABLE ? OUTCOME_AGAIN : OUTCOME_REFUSED;
}

/* False: the thread shall end. */
static bool pause_a_while(const struct dk__sidecar_restart *restart) {
    struct pollfd stop = {.fd = restart->stop_descriptor, .events = POLLIN};
    return poll(&stop, 1, PAUSE_MS) == 0;
}

static bool is_initialised(const struct dk__sidecar_restart *restart) {
    return atomic_load_explicit(&restart->is_initialised, memory_order_relaxed);
}

static enum outcome ask_until_taken(
    const struct dk__sidecar_restart *restart,
    struct dk__h2_client *client,
    struct dk__arena *arena,
    struct dk_fault *fault) {
    enum outcome outcome = OUTCOME_AGAIN;
    for (int attempt = 0; attempt < ATTEMPTS_MAX && !is_initialised(restart); attempt++) {
        *fault = (struct dk_fault){0};
        outcome = ask(restart, client, arena, fault);
        dk__arena_reset(arena);
        if (outcome != OUTCOME_AGAIN) {
            break;
        }
        if (attempt == 0) {
            dk_log(
                DK_LOG_INFO,
                "serve",
                "the sidecar cannot be asked to start anew yet, trying on",
                "port=%s reason=\"%s\"",
                restart->port,
                fault->text);
        }
        if (!pause_a_while(restart)) {
            return OUTCOME_STOPPED;
        }
    }
    return outcome;
}

static void *restart_main(void *context) {
    struct dk__sidecar_restart *restart = context;
    struct dk__pool pool = {0};
    struct dk__arena arena = {.pool = &pool, .bytes_max = ANSWER_BYTES_MAX};
    const struct dk__h2_target target = {.host = "127.0.0.1", .port = restart->port};
    struct dk__h2_client *client = NULL;
    struct dk_fault fault = {0};
    enum outcome outcome = OUTCOME_REFUSED;

    if (dk__h2_client_new(&target, restart->stop_descriptor, &client, &fault) == DK_OK) {
        outcome = ask_until_taken(restart, client, &arena, &fault);
    }
    if (outcome == OUTCOME_TAKEN) {
        dk_log(
            DK_LOG_INFO,
            "serve",
            "an earlier life was found: the sidecar shuts down, to initialise this one",
            "port=%s",
            restart->port);
    } else if (is_initialised(restart)) {
        dk_log(DK_LOG_INFO, "serve", "the sidecar has started anew by itself", NULL);
    } else if (outcome != OUTCOME_STOPPED) {
        dk_log(
            DK_LOG_WARN,
            "serve",
            "an earlier life was found, but the sidecar does not start anew: restart it",
            "port=%s reason=\"%s\"",
            restart->port,
            fault.text);
    }
    dk__h2_client_free(client);
    dk__arena_reset(&arena);
    dk__pool_clear(&pool);
    return NULL;
}

/* ── begin and end ──────────────────────────────────────────────────────────────────────────── */

enum dk_error dk__sidecar_restart_begin(
    struct dk__sidecar_restart *restart, struct dk_fault *fault) {
    sigset_t every, before;
    restart->stop_descriptor = eventfd(0, EFD_CLOEXEC);
    if (restart->stop_descriptor < 0) {
        return dk_fault_set(fault, DK_EXHAUSTED, "restart-sidecar: no descriptor is left");
    }
    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &before);
    restart->is_begun = pthread_create(&restart->thread, NULL, restart_main, restart) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!restart->is_begun) {
        (void)close(restart->stop_descriptor);
        return dk_fault_set(fault, DK_EXHAUSTED, "restart-sidecar: the system gives no thread");
    }
    return DK_OK;
}

void dk__sidecar_restart_end(struct dk__sidecar_restart *restart) {
    const uint64_t one = 1;
    if (!restart->is_begun) {
        return;
    }
    const ssize_t written = write(restart->stop_descriptor, &one, sizeof one);
    (void)written; /* an eventfd takes its first number */
    (void)pthread_join(restart->thread, NULL);
    (void)close(restart->stop_descriptor);
    restart->is_begun = false;
}
