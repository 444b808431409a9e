/*
 * What the component plane's codec costs: one JSON object to standard output.
 *
 * Each figure is ns per operation. A sample is the mean of BATCH operations, because a clock's
 * own cost would drown a single one; p50 and p99 are of SAMPLES such samples. Arena and chain are
 * reset in every round, as a call does, so what they cost is part of the figure.
 *
 *     codec_bench [SAMPLES]
 */
#include "wire/nanopb/state.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

enum { BATCH = 1000, SAMPLES_DEFAULT = 1000, SAMPLES_MAX = 100000, BUDGET_NS = 300 };
enum { VALUE_BYTES = 128, ARENA_BYTES_MAX = 1 << 20, BULK_ITEMS = 100, MESSAGE_BYTES = 65536 };

/* ── messages, written by hand: the bench must not be measured by what it measures ──────────── */

struct message {
    size_t size;
    char bytes[MESSAGE_BYTES];
};

static void put_byte(struct message *message, unsigned byte) {
    message->bytes[message->size++] = (char)byte;
}

/* A length-delimited field with a number below 16. */
static void put(struct message *message, unsigned number, const void *bytes, size_t size) {
    put_byte(message, number << 3 | 2);
    for (size_t rest = size;; rest >>= 7) {
        put_byte(message, rest < 0x80 ? (unsigned)rest : (unsigned)(rest & 0x7F) | 0x80);
        if (rest < 0x80) {
            break;
        }
    }
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

/* SetRequest as daprd sends it: key, value, metadata, options; no etag. */
static void make_set(struct message *message) {
    static const char key[] = "myapp||order-1234567", entry[] = "\x0a\x0cttlInSeconds\x12\x02"
                                                                "60";
    char value[VALUE_BYTES];
    memset(value, 'v', sizeof value);
    put(message, 1, key, sizeof key - 1);
    put(message, 2, value, sizeof value);
    put(message, 4, entry, sizeof entry - 1);
    put(message, 5, "\x08\x01\x10\x02", 4);
}

static void make_get(struct message *message) {
    static const char key[] = "myapp||order-1234567";
    put(message, 1, key, sizeof key - 1);
    put_byte(message, 3 << 3);
    put_byte(message, 1);
}

static void make_bulk_set(struct message *message) {
    struct message item = {.size = 0};
    make_set(&item);
    for (int i = 0; i < BULK_ITEMS; i++) {
        put(message, 1, item.bytes, item.size);
    }
}

/* ── operations ─────────────────────────────────────────────────────────────────────────────── */

static struct message set_message, get_message, bulk_message;
static char value_bytes[VALUE_BYTES];

static void require(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "codec_bench: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static struct dk_bytes view(const struct message *message) {
    return (struct dk_bytes){message->bytes, message->size};
}

/* A fault of a call: its text is not zeroed, see wire/grpc/state.c. */
static void fault_begin(struct dk_fault *fault) {
    fault->error = DK_OK;
    fault->text[0] = '\0';
}

/* Set: decode; its reply is an empty message, so there is nothing to encode. */
static void run_set(struct dk__arena *arena, struct dk__chain *chain) {
    struct dk_fault fault;
    struct dk_set request;
    (void)chain;
    fault_begin(&fault);
    require(
        dk__decode_set(view(&set_message), arena, &request, &fault) == DK_OK &&
            request.value.size == VALUE_BYTES && request.metadata.count == 1,
        "the SetRequest was misread");
}

static void run_get(struct dk__arena *arena, struct dk__chain *chain) {
    static const struct dk_bytes etag = DK_BYTES("17");
    struct dk_fault fault;
    struct dk_get request;
    fault_begin(&fault);
    require(
        dk__decode_get(view(&get_message), arena, &request, &fault) == DK_OK &&
            request.consistency == DK_EVENTUAL,
        "the GetRequest was misread");
    const struct dk_item item = {.data = {value_bytes, VALUE_BYTES}, .etag = etag};
    require(dk__encode_get(chain, &item), "the GetResponse did not fit");
}

static void run_get_ttl(struct dk__arena *arena, struct dk__chain *chain) {
    const struct dk_item item = {
        .data = {value_bytes, VALUE_BYTES}, .expires_ms = INT64_C(1893456000000)};
    (void)arena;
    require(dk__encode_get(chain, &item), "the GetResponse did not fit");
}

static void run_bulk_set(struct dk__arena *arena, struct dk__chain *chain) {
    struct dk_fault fault;
    struct dk_bulk_set request;
    (void)chain;
    fault_begin(&fault);
    require(
        dk__decode_bulk_set(view(&bulk_message), arena, &request, &fault) == DK_OK &&
            request.count == BULK_ITEMS,
        "the BulkSetRequest was misread");
}

/* The goal's figure: a Set decoded, a Get answered. */
static void run_set_and_get_answer(struct dk__arena *arena, struct dk__chain *chain) {
    static const struct dk_bytes etag = DK_BYTES("17");
    const struct dk_item item = {.data = {value_bytes, VALUE_BYTES}, .etag = etag};
    run_set(arena, chain);
    require(dk__encode_get(chain, &item), "the GetResponse did not fit");
}

struct operation {
    const char *name;
    void (*run)(struct dk__arena *arena, struct dk__chain *chain);
    double budget_ns; /* 0: none */
};

static const struct operation operations[] = {
    {"set_decode", run_set, 0},
    {"get_decode_and_encode", run_get, 0},
    {"set_decode_and_get_encode", run_set_and_get_answer, BUDGET_NS},
    {"get_encode_with_ttl", run_get_ttl, 0},
    {"bulk_set_100_decode", run_bulk_set, 0},
};

/* ── measuring ──────────────────────────────────────────────────────────────────────────────── */

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int by_value(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(
    const struct operation *operation, struct dk__pool *pool, double *samples, size_t count) {
    struct dk__arena arena = {.pool = pool, .bytes_max = ARENA_BYTES_MAX};
    struct dk__chain chain = {.pool = pool, .bytes_max = ARENA_BYTES_MAX};
    for (size_t i = 0; i < count; i++) {
        const int64_t begin = now_ns();
        for (int k = 0; k < BATCH; k++) {
            operation->run(&arena, &chain);
            dk__arena_reset(&arena);
            dk__chain_reset(&chain);
        }
        samples[i] = (double)(now_ns() - begin) / BATCH;
    }
    qsort(samples, count, sizeof *samples, by_value);
}

int main(int argc, char **argv) {
    const size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : SAMPLES_DEFAULT;
    struct dk__pool pool = {.kept_max = 64};
    struct utsname machine;
    if (count == 0 || count > SAMPLES_MAX || uname(&machine) != 0) {
        (void)fprintf(stderr, "usage: %s [samples, 1 ... %d]\n", argv[0], SAMPLES_MAX);
        return EXIT_FAILURE;
    }
    double *samples = calloc(count, sizeof *samples);
    require(samples != NULL, "no memory for the samples");
    make_set(&set_message);
    make_get(&get_message);
    make_bulk_set(&bulk_message);

    (void)printf(
        "{\"bench\": \"codec\", \"machine\": \"%s %s\", \"value_bytes\": %d, \"batch\": %d, "
        "\"samples\": %zu, \"ns_per_operation\": {",
        machine.sysname,
        machine.machine,
        VALUE_BYTES,
        BATCH,
        count);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct operation *operation = &operations[i];
        measure(operation, &pool, samples, count);
        (void)printf(
            "%s\n  \"%s\": {\"min\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f",
            i == 0 ? "" : ",",
            operation->name,
            samples[0],
            samples[count / 2],
            samples[count * 99 / 100],
            samples[count - 1]);
        if (operation->budget_ns > 0) {
            (void)printf(
                ", \"budget\": %.0f, \"within\": %s",
                operation->budget_ns,
                samples[count / 2] <= operation->budget_ns ? "true" : "false");
        }
        (void)printf("}");
    }
    (void)printf("},\n  \"heap_takes\": %" PRIu64 "}\n", pool.heap_takes);
    free(samples);
    dk__pool_clear(&pool);
    return EXIT_SUCCESS;
}
