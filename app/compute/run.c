/*
 * From a content and functions to annotations. Each function's result is an Annotations of its own
 * with only its fields; protobuf's rule that messages written one after the other merge puts them
 * together. Thread: the worker of the call.
 */
#include "compute/run.h"

#include "compute/metrics.h"
#include "compute/service.h"
#include "compute/text_utf8.h"

#include <assert.h>
#include <dk/daprd.h>
#include <dk/log.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A follower whose leader fails tries to lead itself, so often at most. */
enum { TRIES_MAX = 3 };

struct running {
    const struct function_use *use;
    const char *key;
    struct flight *flight; /* NULL: left */
    bool leads;
    struct dk_bytes result; /* absent: not yet */
    bool is_new;            /* computed by this call, and not kept yet */
};

enum dk_error content_open(
    struct dk_call *call,
    struct dk_bytes bytes,
    const struct watch *watch,
    struct content *ret_content,
    struct dk_fault *fault) {
    const int64_t bytes_max = service_of(call)->config.content_bytes_max;
    *ret_content = (struct content){.bytes = bytes, .watch = watch};
    if (bytes.size > (uint64_t)bytes_max) {
        return dk_fault_set(
            fault,
            DK_TOO_LARGE,
            "content: %zu bytes are more than the %" PRId64 " of --content-bytes-max",
            bytes.size,
            bytes_max);
    }
    return hash_sha256(bytes, watch, ret_content->sha256, fault);
}

enum dk_error content_check_text(const struct content *content, struct dk_fault *fault) {
    return text_check(content->bytes, content->watch, fault);
}

void content_close(struct content *content) {
    content_forget(content);
}

/* ── one function ───────────────────────────────────────────────────────────────────────────── */

static enum dk_error running_join(
    struct dk_call *call, struct running *running, struct flights *flights) {
    struct dk_fault fault = {0};
    if (flights_join(flights, running->key, &running->flight, &running->leads, &fault) != DK_OK) {
        return dk_call_fail(call, fault.error, "%s", fault.text);
    }
    return DK_OK;
}

static enum dk_error running_compute(
    struct dk_call *call, struct content *content, struct running *running) {
    struct compute_service *service = service_of(call);
    const struct function *row = running->use->function;
    struct dk_fault fault = {0};
    pb_annotations part;
    dapr_kit__compute__v1__annotations__init(&part);
    part.content_sha256 = content->sha256; /* so that no result is empty, which reads as none */
    if (gate_enter(service->gate, content->watch, &fault) != DK_OK) {
        return dk_call_fail(call, fault.error, "%s", fault.text);
    }
    const int64_t start_us = compute_metrics_now_us();
    const enum dk_error error = row->run(call, content, running->use->parameters, &part);
    compute_metrics_ran(row->name, compute_metrics_now_us() - start_us, error);
    gate_leave(service->gate);
    if (error != DK_OK) {
        return error;
    }
    running->result = dk_call_pack(call, &part.base);
    if (running->result.data == NULL) {
        return compute_no_memory(call);
    }
    running->is_new = true;
    compute_metrics_result(row->name, COMPUTE_COMPUTED);
    return DK_OK;
}

static void running_finish(struct running *running, struct flights *flights) {
    if (running->flight != NULL && running->leads) {
        flight_finish(flights, running->flight, running->result);
        running->flight = NULL;
    }
}

static void *call_take(void *context, size_t size) {
    return dk_call_take(context, size);
}

/* DK_NOT_READY: the leader failed. */
static enum dk_error running_wait(
    struct dk_call *call,
    const struct content *content,
    struct running *running,
    struct flights *flights) {
    struct dk_fault fault = {0};
    struct flight *flight = running->flight;
    running->flight = NULL;
    if (flight_wait(flights, flight, content->watch, call_take, call, &running->result, &fault) !=
        DK_OK) {
        return dk_call_fail(call, fault.error, "%s", fault.text);
    }
    return DK_OK;
}

/* ── all of them ────────────────────────────────────────────────────────────────────────────── */

struct run {
    struct dk_call *call;
    struct content *content;
    struct flights *flights;
    struct running items[FUNCTIONS_MAX];
    size_t count;
    bool *cached;
};

/* Whether a stored result reads as one. What does not is computed anew and written over. */
static bool is_result(struct dk_call *call, struct dk_bytes value) {
    struct ProtobufCMessage *message = NULL;
    return value.data != NULL &&
           dk_call_unpack(call, &dapr_kit__compute__v1__annotations__descriptor, value, &message) ==
               DK_OK;
}

/* Takes what the store has of what this call leads. */
static enum dk_error run_read(struct run *run) {
    struct dk_bytes keys[FUNCTIONS_MAX];
    struct dk_state_item items[FUNCTIONS_MAX] = {0};
    size_t places[FUNCTIONS_MAX], count = 0;
    for (size_t i = 0; i < run->count; i++) {
        if (run->items[i].leads && run->items[i].result.data == NULL) {
            places[count] = i;
            keys[count] = dk_bytes_of(run->items[i].key);
            count++;
        }
    }
    if (count == 0) {
        return DK_OK;
    }
    const enum dk_error error =
        dk_daprd_get_many(run->call, service_of(run->call)->config.store, keys, count, items);
    for (size_t i = 0; error == DK_OK && i < count; i++) {
        if (is_result(run->call, items[i].value)) {
            run->items[places[i]].result = items[i].value;
            run->cached[places[i]] = true;
            compute_metrics_result(run->items[places[i]].use->function->name, COMPUTE_STORED);
        }
    }
    return error;
}

/* Ends every flight that this call leads, whatever came of it. */
static void run_finish(struct run *run) {
    for (size_t i = 0; i < run->count; i++) {
        running_finish(&run->items[i], run->flights);
    }
}

/* Keeps what was computed, all in one question. A result that is not kept is computed again one day. */
static void run_keep(struct run *run) {
    struct dk_state_item items[FUNCTIONS_MAX] = {0};
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++) {
        if (run->items[i].is_new) {
            items[count].key = dk_bytes_of(run->items[i].key);
            items[count].value = run->items[i].result;
            run->items[i].is_new = false;
            count++;
        }
    }
    const enum dk_error error =
        count == 0 ? DK_OK
                   : dk_daprd_save(run->call, service_of(run->call)->config.store, items, count);
    if (error != DK_OK) {
        dk_log(
            DK_LOG_WARN,
            "compute",
            "results are not kept",
            "content=%s results=%zu error=%s",
            run->content->sha256,
            count,
            dk_error_name(error));
    }
}

static enum dk_error run_lead(struct run *run) {
    enum dk_error error = run_read(run);
    for (size_t i = 0; error == DK_OK && i < run->count; i++) {
        struct running *running = &run->items[i];
        if (running->leads && running->result.data == NULL) {
            error = running_compute(run->call, run->content, running);
        }
    }
    /* In this order: who comes after a flight has finished must find its result in the store. */
    run_keep(run);
    run_finish(run);
    return error;
}

/* Waits for what others lead. A call that has failed only leaves their flights. */
static enum dk_error run_follow(struct run *run, enum dk_error error) {
    for (size_t i = 0; i < run->count; i++) {
        struct running *running = &run->items[i];
        if (running->flight == NULL) {
            continue;
        }
        if (error != DK_OK) {
            flight_leave(run->flights, running->flight);
            running->flight = NULL;
            continue;
        }
        const enum dk_error waited = running_wait(run->call, run->content, running, run->flights);
        run->cached[i] = waited == DK_OK;
        if (waited == DK_OK) {
            compute_metrics_result(running->use->function->name, COMPUTE_SHARED);
        }
        if (waited != DK_NOT_READY) {
            error = waited;
        }
    }
    return error;
}

static bool run_is_complete(const struct run *run) {
    for (size_t i = 0; i < run->count; i++) {
        if (run->items[i].result.data == NULL) {
            return false;
        }
    }
    return true;
}

static enum dk_error run_try(struct run *run) {
    enum dk_error error = DK_OK;
    for (size_t i = 0; error == DK_OK && i < run->count; i++) {
        if (run->items[i].result.data == NULL) {
            error = running_join(run->call, &run->items[i], run->flights);
        }
    }
    if (error == DK_OK) {
        error = run_lead(run);
    } else {
        run_finish(run);
    }
    return run_follow(run, error);
}

static enum dk_error run_merge(struct run *run, pb_annotations **ret_annotations) {
    struct ProtobufCMessage *message = NULL;
    size_t size = 0, at = 0;
    for (size_t i = 0; i < run->count; i++) {
        size += run->items[i].result.size;
    }
    char *bytes = dk_call_take(run->call, size + 1);
    if (bytes == NULL) {
        return compute_no_memory(run->call);
    }
    for (size_t i = 0; i < run->count; i++) {
        const struct dk_bytes part = run->items[i].result;
        memcpy(bytes + at, part.data, part.size);
        at += part.size;
    }
    const enum dk_error error = dk_call_unpack(
        run->call,
        &dapr_kit__compute__v1__annotations__descriptor,
        (struct dk_bytes){.data = bytes, .size = size},
        &message);
    if (error == DK_OK) {
        *ret_annotations = (pb_annotations *)message;
    }
    return error;
}

enum dk_error run_functions(
    struct dk_call *call,
    struct content *content,
    const struct function_use *uses,
    size_t count,
    pb_annotations **ret_annotations,
    bool *ret_cached) {
    struct run run = {
        .call = call,
        .content = content,
        .flights = service_of(call)->flights,
        .count = count,
        .cached = ret_cached};
    assert(count <= FUNCTIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        ret_cached[i] = false;
        run.items[i] =
            (struct running){.use = &uses[i], .key = function_key(call, content, &uses[i])};
        if (run.items[i].key == NULL) {
            return compute_no_memory(call);
        }
    }
    enum dk_error error = DK_OK;
    for (int tries = 0; error == DK_OK && !run_is_complete(&run); tries++) {
        if (tries == TRIES_MAX) {
            return dk_call_fail(call, DK_UNAVAILABLE, "compute: those who compute it keep failing");
        }
        error = run_try(&run);
    }
    return error == DK_OK ? run_merge(&run, ret_annotations) : error;
}
