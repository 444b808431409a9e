/*
 * Calls in flight over one connection, on this program's own loop.
 */
#include "bench/load/drive.h"

#include "bench/process.h"
#include "core/loop.h"
#include "support/h2_client.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* One of the calls in flight. */
struct flight {
    struct drive *drive;
    struct operation *operation;
    int64_t begun_us;
};

int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void drive_open(struct drive *drive, const char *address) {
    if (dk__loop_new(&drive->loop, NULL) != DK_OK) {
        fail("no loop");
    }
    drive->client = h2_client_new(drive->loop, address, NULL);
    drive->latencies_us = malloc(DRIVE_SAMPLES_MAX * sizeof *drive->latencies_us);
    if (drive->latencies_us == NULL) {
        fail("no memory for %d latencies", DRIVE_SAMPLES_MAX);
    }
}

void drive_close(struct drive *drive) {
    h2_client_free(drive->client);
    dk__loop_free(drive->loop);
    free(drive->latencies_us);
    *drive = (struct drive){0};
}

static struct h2_call *call_begin(
    const struct drive *drive, const char *path, struct dk_bytes request) {
    const char *const headers[] = {"x-component-instance", drive->instance, NULL};
    return h2_call_unary(
        drive->client, path, drive->instance == NULL ? headers + 2 : headers, request);
}

static void flight_begin(struct flight *flight);

static void flight_on_done(struct h2_call *call) {
    struct flight *flight = call->context;
    struct drive *drive = flight->drive;
    const struct operation *operation = flight->operation;
    const int64_t latency_us = now_us() - flight->begun_us;
    if (h2_call_status(call) != operation->status) {
        fail("%s: status %d: %s", operation->name, h2_call_status(call), h2_call_message(call));
    }
    if (!operation_answer_is_right(operation, h2_call_answer(call, 0))) {
        fail("%s: a wrong answer", operation->name);
    }
    if (drive->done < DRIVE_SAMPLES_MAX) {
        drive->latencies_us[drive->done] = latency_us;
    }
    drive->done++;
    h2_call_free(call);
    if (drive->begun < drive->wanted) {
        flight_begin(flight);
    }
}

static void flight_begin(struct flight *flight) {
    struct drive *drive = flight->drive;
    flight->operation = &drive->operations[drive->begun % drive->operation_count];
    const struct dk_bytes request = operation_next(flight->operation);
    flight->begun_us = now_us();
    drive->begun++;
    struct h2_call *call = call_begin(drive, flight->operation->path, request);
    call->context = flight;
    call->on_done = flight_on_done;
}

int64_t drive_run_mix(
    struct drive *drive,
    struct operation *operations,
    size_t count,
    uint64_t calls,
    size_t inflight) {
    struct flight flights[DRIVE_INFLIGHT_MAX];
    const int64_t start_us = now_us();
    drive->operations = operations;
    drive->operation_count = count;
    drive->begun = 0;
    drive->done = 0;
    drive->wanted = calls;
    for (size_t i = 0; i < inflight && i < calls; i++) {
        flights[i].drive = drive;
        flight_begin(&flights[i]);
    }
    while (drive->done < drive->wanted) {
        if (dk__loop_turn(drive->loop, 1000000) != DK_OK) {
            fail("the loop failed");
        }
    }
    return now_us() - start_us;
}

int64_t drive_run(
    struct drive *drive, struct operation *operation, uint64_t calls, size_t inflight) {
    return drive_run_mix(drive, operation, 1, calls, inflight);
}

void drive_once(struct drive *drive, const char *path, struct dk_bytes request) {
    struct h2_call *call = call_begin(drive, path, request);
    if (!h2_call_wait(call) || h2_call_status(call) != 0) {
        fail("%s: status %d: %s", path, h2_call_status(call), h2_call_message(call));
    }
    h2_call_free(call);
}

static int compare_latencies(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int64_t drive_latency_us(struct drive *drive, unsigned permille) {
    const size_t count = drive->done < DRIVE_SAMPLES_MAX ? (size_t)drive->done : DRIVE_SAMPLES_MAX;
    qsort(drive->latencies_us, count, sizeof *drive->latencies_us, compare_latencies);
    return drive->latencies_us[(count - 1) * permille / 1000];
}
