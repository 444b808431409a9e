/*
 * How often a warm component asks the heap for each call, its own code and every library apart, and how
 * often a payload is copied from one place of its memory to another, the kernel's two copies aside. One
 * JSON object per line. No call may cost its own code, what it gives nghttp2 included, anything;
 * more than ASKED_MAX, or a payload copied more often than COPIES_MAX, fails the benchmark. (The counting slows the program: state_bench has the times.)
 */
#include "bench/heap_count.h"
#include "bench/load/stage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    WARM_UP_CALLS = 4000,
    VALUE_BYTES = 128,
    LARGE_VALUE_BYTES = 4096,
    INFLIGHT = 64,
    WINDOWS_MAX = 4
};

/* For each call, in a window. */
#define ASKED_MAX 0.001
/* Of a payload in memory. A Get has four: to hiredis, to the reply, to the RPC, to the outbox. */
#define COPIES_MAX 5.0

/* The file that the program counts into. */
static struct heap_count *counts_open(const struct stage *stage, char *path, size_t size) {
    (void)snprintf(path, size, "%s/heap", stage->folder);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(struct heap_count)) != 0) {
        fail("'%s' cannot be made", path);
    }
    void *memory =
        mmap(NULL, sizeof(struct heap_count), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    if (memory == MAP_FAILED) {
        fail("'%s' cannot be mapped", path);
    }
    return memory;
}

/* What each part asked, minus what it had asked before. */
static void counts_take(const struct heap_count *counts, const uint64_t *before, uint64_t *asked) {
    for (size_t i = 0; i < HEAP_PARTS_MAX; i++) {
        asked[i] = counts->parts[i].asked - (before == NULL ? 0 : before[i]);
    }
}

static uint64_t copied_bytes(const struct heap_count *counts) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < HEAP_PARTS_MAX; i++) {
        bytes += counts->parts[i].copied_bytes;
    }
    return bytes;
}

/* The loader lists the program first, without a name. */
static void print_parts(
    const struct heap_count *counts, const uint64_t *asked, const char *program, uint64_t calls) {
    (void)printf("\"heap_per_call\":{\"%s\":%.4f", program, (double)asked[0] / (double)calls);
    for (size_t i = 1; i < HEAP_PARTS_MAX; i++) {
        const char *name = counts->parts[i].name;
        if (asked[i] > 0) {
            (void)printf(
                ",\"%s\":%.4f",
                name[0] == '\0' ? "others" : name,
                (double)asked[i] / (double)calls);
        }
    }
    (void)printf("}}\n");
}

/* What the program's own code asked for each call, in the first window that is warm: a moment in
 * which more is under way than ever before takes its chunks once, what each call asks is in every
 * window. */
static double measure(
    struct stage *stage,
    const char *program,
    enum operation_kind kind,
    size_t value_size,
    size_t inflight,
    uint64_t calls) {
    struct operation operation;
    struct subject subject;
    uint64_t before[HEAP_PARTS_MAX], asked[HEAP_PARTS_MAX], copied = 0;
    int window = 0;
    char path[128];
    struct heap_count *counts = counts_open(stage, path, sizeof path);
    if (setenv("HEAP_COUNT", path, 1) != 0 || setenv("LD_PRELOAD", HEAP_COUNT_LIBRARY, 1) != 0) {
        fail("no environment");
    }
    subject_open(&subject, stage, program, 0);
    (void)unsetenv("LD_PRELOAD");
    operation_make(&operation, OPERATION_SET, value_size);
    (void)drive_run(&subject.drive, &operation, OPERATION_KEYS, 16);
    operation_free(&operation);

    operation_make(&operation, kind, value_size);
    calls /= operation.calls_share;
    (void)drive_run(
        &subject.drive, &operation, WARM_UP_CALLS / operation.calls_share + 2 * inflight, inflight);
    do {
        window++;
        counts_take(counts, NULL, before);
        copied = copied_bytes(counts);
        (void)drive_run(&subject.drive, &operation, calls, inflight);
        copied = copied_bytes(counts) - copied;
        counts_take(counts, before, asked);
    } while ((double)asked[0] > ASKED_MAX * (double)calls && window < WINDOWS_MAX);
    (void)printf(
        "{\"program\":\"%s\",\"operation\":\"%s\",\"value_bytes\":%zu,\"in_flight\":%zu,"
        "\"calls\":%llu,\"window\":%d,",
        program,
        operation.name,
        value_size,
        inflight,
        (unsigned long long)calls,
        window);
    const double copies = (double)copied / (double)calls / (double)value_size;
    if (value_size >= LARGE_VALUE_BYTES) { /* smaller copies are not counted */
        (void)printf("\"copies_per_payload\":%.2f,", copies);
    }
    print_parts(counts, asked, program, calls);
    (void)fflush(stdout);
    if (value_size >= LARGE_VALUE_BYTES && copies > COPIES_MAX) {
        fail(
            "%s copies a payload %.2f times in each %s, at most %.1f are allowed",
            program,
            copies,
            operation.name,
            COPIES_MAX);
    }
    operation_free(&operation);
    subject_close(&subject);
    (void)munmap(counts, sizeof *counts);
    return (double)asked[0] / (double)calls;
}

int main(int argc, char **argv) {
    static const struct {
        const char *program;
        enum operation_kind kind;
        size_t value_bytes, in_flight;
    } rows[] = {
        {"dk-memory", OPERATION_PING, VALUE_BYTES, INFLIGHT},
        {"dk-redis", OPERATION_PING, VALUE_BYTES, 1},
        {"dk-redis", OPERATION_PING, VALUE_BYTES, INFLIGHT},
        {"dk-redis", OPERATION_SET, VALUE_BYTES, INFLIGHT},
        {"dk-redis", OPERATION_GET, VALUE_BYTES, INFLIGHT},
        {"dk-redis", OPERATION_SET, LARGE_VALUE_BYTES, INFLIGHT},
        {"dk-redis", OPERATION_GET, LARGE_VALUE_BYTES, INFLIGHT},
        {"dk-redis", OPERATION_TRANSACT, VALUE_BYTES, INFLIGHT},
        {"dk-redis", OPERATION_BULK_GET, VALUE_BYTES, 4},
        {"dk-redis", OPERATION_BULK_SET, VALUE_BYTES, 4},
        {"dk-redis", OPERATION_BULK_SET, VALUE_BYTES, INFLIGHT},
    };
    const uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    bool is_good = true;
    struct stage stage;
    if (calls < 1000 || calls > 100000000) {
        fail("'%s' is no number of calls from 1000 to 100000000", argv[1]);
    }
    stage_open(&stage);
    stage_print_machine();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double own = measure(
            &stage, rows[i].program, rows[i].kind, rows[i].value_bytes, rows[i].in_flight, calls);
        if (own > ASKED_MAX) {
            (void)fprintf(
                stderr,
                "heap: %s asks %.4f times in each %s, at most %.3f are allowed\n",
                rows[i].program,
                own,
                operation_name(rows[i].kind),
                ASKED_MAX);
            is_good = false;
        }
    }
    stage_close(&stage);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
